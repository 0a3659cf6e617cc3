//! The functions as a server: the routers that Lambda runs, behind ports of one process.
//!
//! - [`AppBuilder`] both functions, made of a deployment's settings
//! - [`Server`] a router on a port, until it is stopped: streams end or are settled
//! - [`health`] whether it lives and can serve
//! - [`scheduler`] the scheduled job, by a clock of its own

mod app;
pub mod health;
pub mod scheduler;
mod server;

pub use app::{AppBuilder, combined_router};
pub use server::{Server, spawn};

pub use shared::runtime::exit::BoxError;
