//! What one key spent on one model in one day: what reports are summed from.

use crate::id::{KeyId, TeamId, UserId};
use crate::money::Money;
use crate::pricing::TokenUsage;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DailySpend {
    /// In UTC: `2026-11-21`.
    pub day: String,
    pub user: Option<UserId>,
    pub key: KeyId,
    pub team: Option<TeamId>,
    /// The catalog's name of the model.
    pub model: String,
    pub figures: SpendTotals,
}

/// Sums of spend records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpendTotals {
    pub spend: Money,
    pub usage: TokenUsage,
    /// Signed: what a sweep assumed is taken back in another item than it was added to.
    pub requests: i64,
    pub failures: i64,
}

impl std::ops::AddAssign for SpendTotals {
    fn add_assign(&mut self, other: Self) {
        self.spend += other.spend;
        self.usage = self.usage + other.usage;
        self.requests = self.requests.saturating_add(other.requests);
        self.failures = self.failures.saturating_add(other.failures);
    }
}
