//! Responses of Converse as chat completions.

pub mod chunk;
pub mod completion;
pub mod stream;
pub mod usage;
