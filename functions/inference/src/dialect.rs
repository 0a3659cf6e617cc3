//! How clients speak: one folder a dialect, with its requests, its events and its usage.

pub mod anthropic;
pub mod raw;
