
pub mod blocks;
pub mod request;
pub mod rewrite;
pub mod sse;
pub mod to_converse;
