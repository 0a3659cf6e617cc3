//! Keys.

pub mod block;
pub mod delete;
pub mod generate;
pub mod health;
pub mod info;
pub mod list;
pub mod regenerate;
pub mod service_account;
pub mod update;
