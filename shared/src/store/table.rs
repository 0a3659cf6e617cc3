//! Requests to DynamoDB: keys and items, update expressions, retries, paging and capacity.

pub mod batch;
pub mod capacity;
pub mod error;
pub mod item;
pub mod lease_item;
pub mod paging;
pub mod request;
pub mod schema;
pub mod sharded_log;
pub mod update_expression;
