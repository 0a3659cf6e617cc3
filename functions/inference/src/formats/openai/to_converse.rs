//! Chat completions as requests of Converse.

pub mod caching;
pub mod media;
pub mod messages;
pub mod parts;
pub mod reasoning;
pub mod response_format;
pub mod sampling;
pub mod schema;
pub mod tool_calls;
pub mod tools;
