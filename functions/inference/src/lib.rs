//! Inference: requests of clients to Amazon Bedrock, admitted by the ledger and settled before the response ends.
//!
//! A module imports only modules of the layers before it: [`formats`], [`bedrock_client`], `pipeline`, `routes`.

pub mod bedrock_client;
pub mod formats;
mod pipeline;
mod routes;
#[cfg(target_os = "linux")]
pub mod tcp_nodelay;

pub use bedrock_client::BedrockClient;
pub use bedrock_client::config::{BedrockConfig, InvalidUpstream};
pub use pipeline::in_flight::{AbandonedCall, AbandonedSender};
pub use pipeline::settlement::Settler;
pub use pipeline::settlement::soft_budget_alerts::SoftBudgetAlerts;
pub use pipeline::state::{InferenceState, Settings};
pub use routes::router;
