//! What the tests are made of: a fresh table for each, and builders that read like sentences.

pub mod calls;
pub mod gateway;
pub mod issuer;
pub mod process;
pub mod rotation;
mod site;
pub mod sources;
pub mod table;
pub mod tls;
pub mod wire;
