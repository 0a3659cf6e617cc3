//! The process: its clock, settings, secrets, log and threads.

pub mod clock;
pub mod config;
pub mod exit;
pub mod offload;
pub mod secrets_manager;
pub mod telemetry;
