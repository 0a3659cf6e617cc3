//! One file per route. Handlers never import handlers.

pub mod audit;
pub mod invitations;
pub mod keys;
pub mod models;
pub mod organizations;
pub mod sessions;
pub mod spend;
pub mod teams;
pub mod users;
