//! What the tests are made of: a fresh table for each, and builders that read like sentences.

pub mod calls;
pub mod gateway;
mod site;
pub mod table;
pub mod wire;
