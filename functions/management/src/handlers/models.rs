//! The deployment's own models.

pub mod delete;
pub mod info;
pub mod new;
pub mod update;
