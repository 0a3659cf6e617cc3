//! A scope: anything with limits. One DynamoDB item holds its limits, its counters and its calls in flight.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::tz::TimeZone;

use crate::id::{KeyId, OrgId, RequestId, TeamId, UserId};
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
    Org(OrgId),
    /// What another scope allows of one model.
    Model(Box<Scope>, String),
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(id) => write!(f, "key {id}"),
            Self::User(id) => write!(f, "user {id}"),
            Self::Team(id) => write!(f, "team {id}"),
            Self::Member(team, user) => write!(f, "user {user} in team {team}"),
            Self::Org(id) => write!(f, "organization {id}"),
            Self::Model(whole, model) => write!(f, "{whole} for model {model}"),
        }
    }
}

/// The limit of a scope without a budget: a million million dollars, too large to matter, so that `headroom` is always a number.
pub const UNLIMITED: Money = Money::from_pico(1_000_000_000_000_000_000_000_000);

/// What an administrator sets. `None` is unlimited; zero is a limit like any other and blocks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    pub max_budget: Option<Money>,
    /// What may be spent before somebody is told. It refuses nothing.
    pub soft_budget: Option<Money>,
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
    /// The key and the model of the call: what a sweep needs to write its record, whichever scope it meets first.
    pub key: KeyId,
    pub model: String,
    /// Every other scope of the call. Only the key's lease tells; elsewhere it is empty.
    pub others: Vec<Scope>,
}

/// A lease that a sweep ended, kept so that its late holder can correct the charge once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedLease {
    pub charged: Money,
    pub at: Moment,
    /// Whether the spend record is known to say the same.
    pub confirmed: bool,
    /// Whether its late holder was about to replace what the record says.
    pub disputed: bool,
    pub key: KeyId,
    pub model: String,
    /// As in [`Lease`].
    pub others: Vec<Scope>,
}

impl Lease {
    /// This lease, ended.
    pub fn close(&self, charged: Money, at: Moment, confirmed: bool) -> ClosedLease {
        let Self { key, model, others, .. } = self.clone();
        ClosedLease { charged, at, confirmed, disputed: false, key, model, others }
    }
}

/// Which secret a key answers to, and whose it is: what the key's reservation proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyOwner {
    pub secret: SecretHash,
    pub user: Option<UserId>,
    pub team: Option<TeamId>,
}

/// What a scope's item says of further scopes that its calls are charged to, and of what they call. A process remembers
/// it as a hint, and the scope's reservation proves it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkedScopes {
    pub org: Option<OrgId>,
    /// Models, by their catalog names, that have limits of their own here.
    pub models: BTreeSet<String>,
    /// A key's own names of models, and what they stand for.
    pub aliases: BTreeMap<String, String>,
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
    pub closed: BTreeMap<RequestId, ClosedLease>,
    /// Requests and tokens by minute. Tokens may fall below zero when an estimate is corrected after its minute.
    pub requests: BTreeMap<i64, i64>,
    pub tokens: BTreeMap<i64, i64>,
    /// The period that ended last, until its history is written: when it ended, and what it cost.
    pub unwritten: Option<(Moment, Money)>,
    pub sweep_due: Option<Moment>,
    pub deleted: bool,
    /// Only a key has one.
    pub holder: Option<KeyOwner>,
    /// The secret that a rotation replaced, and until when it is good.
    pub previous: Option<(SecretHash, Moment)>,
    pub ties: LinkedScopes,
    /// Whether somebody was told that this period's spend has reached the soft budget.
    pub soft_told: bool,
    /// Counts edits, so that an edit that lands twice or late changes nothing.
    pub version: u64,
}

impl ScopeState {
    pub fn leased_amount(&self) -> Money {
        self.leases.values().map(|lease| lease.amount).sum()
    }

    /// What is spent in the period that runs now, and when it ends: a period that is over counts as over, whether or not
    /// anybody has rolled it yet.
    pub fn current(&self, now: Moment, zone: &TimeZone) -> (Money, Option<Moment>) {
        match (self.budget_reset_at, &self.limits.budget_duration) {
            (Some(over), Some(duration)) if over <= now => {
                let next = duration.next_reset(over.seconds(), now.seconds(), zone);
                (Money::ZERO, Some(Moment::from_seconds(next)))
            }
            (resets, _) => (self.spend, resets),
        }
    }

    /// What this period has left once nothing runs any more: may be negative.
    pub fn remaining(&self) -> Money {
        self.limits.ceiling() - self.spend
    }

    /// Whether the key belongs to `holder`, by its secret or by the one before it.
    pub fn is_held_by(&self, holder: &KeyOwner, now: Moment) -> bool {
        let Some(mine) = &self.holder else {
            return false;
        };
        let by_previous =
            || self.previous.as_ref().is_some_and(|(old, until)| *old == holder.secret && *until > now);
        mine.user == holder.user
            && mine.team == holder.team
            && (mine.secret == holder.secret || by_previous())
    }

    /// Rule 2 of the ledger: `headroom == limit - spend - sum(leases)`.
    pub fn is_balanced(&self) -> bool {
        self.headroom == self.remaining() - self.leased_amount()
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
