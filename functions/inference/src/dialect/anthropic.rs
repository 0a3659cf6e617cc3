//! Anthropic's Messages API, passed through to Bedrock: only what Bedrock needs changed is changed.

pub mod blocks;
pub mod request;
pub mod rewrite;
pub mod sse;
