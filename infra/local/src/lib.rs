//! The whole gateway on one machine: the real functions around an embedded DynamoDB and a scripted Bedrock.

pub mod banner;
pub mod data_dir;
pub mod gateway;
pub mod import_table;
pub mod local_services;
pub mod options;
pub mod services;
