//! Bedrock's own API, spoken by clients of its SDKs and by Claude Code in Bedrock mode: bodies pass as they come, and so
//! does every frame. Only what a call may cost is read from them.

pub mod converse;
pub mod invoke;
pub mod passthrough;
mod priced_extras;
pub mod token_headers;

pub use converse::ConverseRequest;
pub use invoke::InvokeRequest;
