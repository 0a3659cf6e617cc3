//! What every function of Stargate shares, in layers. A module imports only modules of the layers before it.
//!
//! 1. `stargate_core` the rules, without input or output
//! 2. [`runtime`] clock, settings, secrets, log, threads
//! 3. [`store`] DynamoDB
//! 4. [`api`] HTTP bodies, errors, middleware
//! 5. [`auth`] keys, tokens, the master key

pub mod api;
pub mod auth;
pub mod runtime;
pub mod store;
