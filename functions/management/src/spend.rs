//! What was spent: records, and sums of them.

mod activity;
mod calculate;
mod entry;
mod logs;
mod report;
mod row;
mod sessions;
mod span;
mod tags;

pub use activity::activity;
pub use calculate::calculate;
pub use logs::logs;
pub use report::{by_key, by_user, report};
pub use sessions::sessions;
pub use span::Days;
pub use tags::tags;
