//! Bedrock's Converse API: one form for every chat model. Clients' dialects are put into it and told from it.

pub mod answer;
pub mod body;
pub mod event;
pub mod reasoning;
pub mod takes;
