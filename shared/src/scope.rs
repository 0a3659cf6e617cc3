//! A scope: anything with limits. One DynamoDB item holds its limits, its counters and its calls in flight.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::id::{KeyId, RequestId, TeamId, UserId};
use crate::moment::Moment;
use crate::money::Money;
use crate::period::BudgetDuration;
use crate::secret::SecretHash;

/// Whose limits: the compiler names every place that a new kind must be thought of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    Key(KeyId),
    User(UserId),
    Team(TeamId),
    /// A user's membership in a team.
    Member(TeamId, UserId),
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(id) => write!(f, "key {id}"),
            Self::User(id) => write!(f, "user {id}"),
            Self::Team(id) => write!(f, "team {id}"),
            Self::Member(team, user) => write!(f, "user {user} in team {team}"),
        }
    }
}

/// The limit of a scope without a budget: a million million dollars, too large to matter, so that `headroom` is always a number.
pub const UNLIMITED: Money = Money::from_pico(1_000_000_000_000_000_000_000_000);

/// What an administrator sets. `None` is unlimited; zero is a limit like any other and blocks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    pub max_budget: Option<Money>,
    pub budget_duration: Option<BudgetDuration>,
    pub rpm: Option<u64>,
    pub tpm: Option<u64>,
    pub max_parallel_requests: Option<u64>,
    /// Names and wildcards that may be used; empty is every model.
    pub models: BTreeSet<String>,
    pub blocked: bool,
    pub expires: Option<Moment>,
}

impl Limits {
    /// The number that `headroom` is measured from.
    pub fn ceiling(&self) -> Money {
        self.max_budget.unwrap_or(UNLIMITED)
    }
}

/// A call in flight, as one scope holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// What is reserved: the call's worst case.
    pub amount: Money,
    /// What a sweep charges if the holder is never heard of again: at least what has left the gateway.
    pub floor: Money,
    /// When the holder must have renewed or settled.
    pub expires: Moment,
    /// The key and the model of the call: all that a sweep needs to write its record, whichever scope it meets first.
    pub key: KeyId,
    pub model: String,
}

/// A lease that a sweep ended, kept so that its late holder can correct the charge once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    pub charged: Money,
    pub at: Moment,
    /// Whether the spend record is known to say the same.
    pub confirmed: bool,
    pub key: KeyId,
    pub model: String,
}

/// Which secret a key answers to, and whose it is: what the key's reservation proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    pub secret: SecretHash,
    pub user: Option<UserId>,
    pub team: Option<TeamId>,
}

/// A scope's item as the table last showed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeState {
    pub limits: Limits,
    pub spend: Money,
    pub total_spend: Money,
    pub headroom: Money,
    pub budget_reset_at: Option<Moment>,
    pub leases: BTreeMap<RequestId, Lease>,
    pub closed: BTreeMap<RequestId, Closed>,
    /// Requests and tokens by minute. Tokens may fall below zero when an estimate is corrected after its minute.
    pub requests: BTreeMap<i64, i64>,
    pub tokens: BTreeMap<i64, i64>,
    /// The period that ended last, until its history is written: when it ended, and what it cost.
    pub unwritten: Option<(Moment, Money)>,
    pub sweep_due: Option<Moment>,
    pub deleted: bool,
    /// Only a key has one.
    pub holder: Option<Holder>,
    /// Counts edits, so that an edit that lands twice or late changes nothing.
    pub version: u64,
}

impl ScopeState {
    pub fn leased(&self) -> Money {
        self.leases.values().map(|lease| lease.amount).sum()
    }

    /// What this period has left once nothing runs any more: may be negative.
    pub fn left(&self) -> Money {
        self.limits.ceiling() - self.spend
    }

    /// Rule 2 of the ledger: `headroom == limit - spend - sum(leases)`.
    pub fn is_balanced(&self) -> bool {
        self.headroom == self.left() - self.leased()
    }

    /// Leases whose holders are overdue by more than `margin`.
    pub fn overdue(&self, now: Moment, margin: std::time::Duration) -> Vec<(RequestId, Lease)> {
        let is_overdue = |lease: &Lease| now > lease.expires + margin;
        self.leases
            .iter()
            .filter(|(_, lease)| is_overdue(lease))
            .map(|(id, lease)| (*id, lease.clone()))
            .collect()
    }
}
