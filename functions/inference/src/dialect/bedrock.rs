//! Bedrock's own API, spoken by clients of its SDKs and by Claude Code in Bedrock mode: bodies pass as they come, and so
//! does every frame. Only what a call may cost is read from them.

pub mod conversed;
pub mod counts;
pub mod framed;
pub mod invoked;
mod priced_extras;

pub use conversed::ConverseRequest;
pub use invoked::InvokeRequest;
