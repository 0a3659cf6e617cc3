//! The whole gateway on one machine: the real functions around an embedded DynamoDB and a scripted Bedrock.

pub mod bedrock;
pub mod data;
pub mod gateway;
pub mod import;
pub mod options;
pub mod secrets;
pub mod services;
pub mod standins;
pub mod table_alone;
pub mod welcome;
