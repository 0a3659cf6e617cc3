//! AWS on one machine: a scripted Bedrock, Secrets Manager, and an embedded DynamoDB. It speaks AWS's protocols and knows
//! nothing of the gateway.

pub mod bedrock;
pub mod dynamodb;
mod endpoint;
pub mod secrets_manager;

pub use endpoint::{local_sdk_config, serve};
