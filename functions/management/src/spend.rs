//! Spend records.

mod entry;
mod logs;
mod row;
mod span;

pub use logs::logs;
pub use span::Days;
