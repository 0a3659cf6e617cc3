//! Stargate, tried as a whole: one binary, so that it is linked once.

mod binding;
mod faults;
mod import;
mod inference;
mod layers;
mod local;
mod management;
mod reset;
mod store;
mod tokens;
mod vault;
