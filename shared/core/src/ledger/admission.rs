//! What one request asks of a scope, and why a scope refused it. The table decides; this reads its answer.

#[cfg(test)]
mod tests;

use crate::id::RequestId;
use crate::moment::Moment;
use crate::money::Money;
use crate::pricing::CostBound;
use crate::scope::{KeyOwner, Lease, LinkedScopes, Scope, ScopeState};

/// Ended leases that an item remembers before its scope is refused as busy: with a thousand running calls beside them
/// it stays under half of the 400 KB that DynamoDB allows.
pub const MAX_CLOSED: usize = 1000;

/// What one request asks of every scope that it is charged to.
#[derive(Clone, Debug)]
pub struct ReserveRequest {
    pub request: RequestId,
    pub quote: CostBound,
    pub lease: Lease,
    /// What the client called the model: for messages.
    pub model: String,
    /// Every entry of an allow-list that permits the model: its names and its wildcards.
    pub permitted_by: Vec<String>,
    /// Tokens that the request will likely use: counts toward TPM until it settles.
    pub tokens: u64,
    pub now: Moment,
    /// Calls in flight beyond which a scope is refused as busy.
    pub max_leases: u64,
}

/// What a request takes for granted of one scope; its reservation proves it.
#[derive(Clone, Debug, Default)]
pub struct ScopeExpectation {
    /// Whose the key is: of a key's scope only.
    pub holder: Option<KeyOwner>,
    pub ties: LinkedScopes,
    /// Whether its list of models is not asked: a user's own list is for personal keys, a team's key has the team's.
    pub any_model: bool,
    /// The call's other scopes, for the key's lease to tell.
    pub others: Vec<Scope>,
}

impl ScopeExpectation {
    /// The lease that the scope is asked for.
    pub fn lease(&self, ask: &ReserveRequest) -> Lease {
        Lease { others: self.others.clone(), ..ask.lease.clone() }
    }
}

/// What the image of a refused reservation says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefusalCause {
    /// Our lease is there: an earlier answer was lost on its way.
    Admitted,
    /// The budget period is over: roll it and ask again.
    PeriodOver,
    /// The item belongs to another secret or owner than the hint said: read the pointer again.
    Foreign,
    /// Its calls are charged to other scopes than the hint said: reserve in those.
    Tied(LinkedScopes),
    /// The worst case does not fit but a shorter answer does.
    Short(Money),
    Refused(Reason),
    /// Nothing stands against it now: ask again.
    Unclear,
}

/// Why a scope refuses a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// No such key, or its owner is gone.
    Unknown,
    Expired(Moment),
    Blocked,
    Model(String),
    Budget {
        spend: Money,
        limit: Money,
        resets: Option<Moment>,
    },
    /// Running calls hold what this one needs; when they settle it may fit.
    Held,
    Rpm {
        limit: u64,
        retry_after: i64,
    },
    Tpm {
        limit: u64,
        retry_after: i64,
    },
    Parallel {
        limit: u64,
    },
    /// More calls in flight than one item should hold.
    Busy,
}

impl Reason {
    /// How final it is: of several scopes' refusals the most final is told.
    fn rank(&self) -> u8 {
        match self {
            Self::Unknown => 9,
            Self::Expired(_) => 8,
            Self::Blocked => 7,
            Self::Model(_) => 6,
            Self::Budget { .. } => 5,
            Self::Rpm { .. } => 4,
            Self::Tpm { .. } => 3,
            Self::Parallel { .. } => 2,
            Self::Busy => 1,
            Self::Held => 0,
        }
    }

    /// Whether ending overdue leases might lift it.
    pub fn is_about_leases(&self) -> bool {
        matches!(self, Self::Held | Self::Parallel { .. } | Self::Busy)
    }

    /// The word for it in records and metrics.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Expired(_) => "expired",
            Self::Blocked => "blocked",
            Self::Model(_) => "model",
            Self::Budget { .. } => "budget",
            Self::Held => "held",
            Self::Rpm { .. } => "rpm",
            Self::Tpm { .. } => "tpm",
            Self::Parallel { .. } => "parallel",
            Self::Busy => "busy",
        }
    }
}

/// One scope's refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub scope: Scope,
    pub reason: Reason,
}

impl Refusal {
    /// Of several, the most final; among equals the first, which is the narrowest scope.
    pub fn most_final(refusals: Vec<Refusal>) -> Option<Refusal> {
        let rank = |refusal: &Refusal| std::cmp::Reverse(refusal.reason.rank());
        refusals.into_iter().min_by_key(rank)
    }
}

/// Reads why a reservation was refused from the item as it then was; `None` is an item that does not exist.
///
/// It repeats the conditions of the write one by one, so it finds nothing only where the item has changed since or the
/// refusal was for want of a lease that is already there.
pub fn explain_refusal(
    state: Option<&ScopeState>,
    claim: &ScopeExpectation,
    ask: &ReserveRequest,
) -> RefusalCause {
    let Some(state) = state else {
        return RefusalCause::Refused(Reason::Unknown);
    };
    if state.deleted {
        return RefusalCause::Refused(Reason::Unknown);
    }
    if claim.holder.as_ref().is_some_and(|holder| !state.is_held_by(holder, ask.now)) {
        return RefusalCause::Foreign;
    }
    if state.leases.contains_key(&ask.request) {
        return RefusalCause::Admitted;
    }
    if state.ties != claim.ties {
        return RefusalCause::Tied(state.ties.clone());
    }
    standing(state, claim, ask)
        .or_else(|| money(state, ask))
        .or_else(|| rate(state, ask))
        .unwrap_or(RefusalCause::Unclear)
}

/// What holds whatever the call costs: blocked, expired, models.
fn standing(state: &ScopeState, claim: &ScopeExpectation, ask: &ReserveRequest) -> Option<RefusalCause> {
    let stands = match claim.any_model {
        true => check_active(state, ask.now),
        false => may_use(state, &ask.model, &ask.permitted_by, ask.now),
    };
    stands.err().map(RefusalCause::Refused)
}

/// Whether a scope is there, has not expired and is not blocked.
pub fn check_active(state: &ScopeState, now: Moment) -> Result<(), Reason> {
    if state.deleted {
        return Err(Reason::Unknown);
    }
    if let Some(expires) = state.limits.expires
        && expires <= now
    {
        return Err(Reason::Expired(expires));
    }
    if state.limits.blocked {
        return Err(Reason::Blocked);
    }
    Ok(())
}

/// Whether a scope lets a model be used at all: for requests that reserve nothing.
pub fn may_use(state: &ScopeState, model: &str, permitted_by: &[String], now: Moment) -> Result<(), Reason> {
    check_active(state, now)?;
    let models = &state.limits.models;
    if !models.is_empty() && !permitted_by.iter().any(|name| models.contains(name)) {
        return Err(Reason::Model(model.to_owned()));
    }
    Ok(())
}

fn money(state: &ScopeState, ask: &ReserveRequest) -> Option<RefusalCause> {
    if state.budget_reset_at.is_some_and(|reset| reset <= ask.now) {
        return Some(RefusalCause::PeriodOver);
    }
    if state.headroom >= ask.lease.amount && state.headroom > Money::ZERO {
        return None;
    }
    let least = ask.quote.min_cost();
    Some(if state.remaining() < least || state.remaining() <= Money::ZERO {
        RefusalCause::Refused(Reason::Budget {
            spend: state.spend,
            limit: state.limits.ceiling(),
            resets: state.budget_reset_at,
        })
    } else if state.headroom >= least && state.headroom > Money::ZERO {
        RefusalCause::Short(state.headroom)
    } else {
        RefusalCause::Refused(Reason::Held)
    })
}

fn rate(state: &ScopeState, ask: &ReserveRequest) -> Option<RefusalCause> {
    let now = ask.now;
    let full = |counts: &std::collections::BTreeMap<i64, i64>, limit: Option<u64>| {
        let limit = limit?;
        let reached = match counts.get(&now.minute()) {
            Some(count) => i128::from(*count) >= i128::from(limit),
            None => limit == 0,
        };
        reached.then_some(limit)
    };
    let retry_after = now.seconds_to_next_minute();
    let running = state.leases.len() as u64;
    let reason = if let Some(limit) = full(&state.requests, state.limits.rpm) {
        Reason::Rpm { limit, retry_after }
    } else if let Some(limit) = full(&state.tokens, state.limits.tpm) {
        Reason::Tpm { limit, retry_after }
    } else if let Some(limit) = state.limits.max_parallel_requests.filter(|limit| running >= *limit) {
        Reason::Parallel { limit }
    } else if running >= ask.max_leases || state.closed.len() >= MAX_CLOSED {
        Reason::Busy
    } else {
        return None;
    };
    Some(RefusalCause::Refused(reason))
}
