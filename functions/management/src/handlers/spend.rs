//! What was spent: records, and sums of them.

pub mod activity;
pub mod calculate;
pub mod logs;
pub mod report;
pub mod sessions;
pub mod tags;
