//! Users.

pub mod delete;
pub mod filter;
pub mod info;
pub mod list;
pub mod new;
pub mod roles;
pub mod update;
