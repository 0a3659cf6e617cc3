//! Records of spend and of refusals.

pub mod daily_spend;
pub mod refusal_counter;
pub mod spend_record;

pub use daily_spend::{DailySpend, SpendTotals};
pub use refusal_counter::{RefusalCounter, RefusalRecord};
pub use spend_record::{SpendRecord, Status};
