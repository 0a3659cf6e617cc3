//! Bedrock's Converse API: one form for every chat model. Clients' API formats are put into it and told from it.

pub mod capabilities;
pub mod event;
pub mod reasoning;
pub mod request;
pub mod response;
