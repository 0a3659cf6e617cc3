//! What happened: spend records, daily spend, refusals and the audit log.

pub mod audit;
pub mod daily_spend;
pub mod refusals;
pub mod spend_records;
