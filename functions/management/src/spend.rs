//! Spend records.

mod logs;
mod row;
mod span;

pub use logs::logs;
