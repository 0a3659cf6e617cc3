//! One scope's ledger on paper: what the store must agree with.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use stargate_core::id::RequestId;
use stargate_core::moment::Moment;
use stargate_core::period::BudgetDuration;
use stargate_core::scope::{ScopeState, UNLIMITED};

const MARGIN: Duration = Duration::from_secs(10);
/// How long a lease that was ended is remembered.
const KEPT: Duration = Duration::from_secs(3600);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    pub amount: i128,
    pub floor: i128,
    pub expires: Moment,
}

/// What every scope was or will be charged for a call.
#[derive(Clone, Copy, Debug)]
pub struct RecordedCall {
    pub cost: i128,
    pub by: By,
}

/// Who says so.
#[derive(Clone, Copy, Debug)]
pub enum By {
    Holder,
    /// A sweep that wrote the record, and when it had ended the lease.
    Sweep(Moment),
    /// A sweep that has not come to that yet.
    NoRecord,
}

/// A lease that a sweep ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClosedCall {
    pub charged: i128,
    pub at: Moment,
    pub confirmed: bool,
}

pub type Records = BTreeMap<RequestId, RecordedCall>;

#[derive(Clone, Debug)]
pub struct Book {
    pub limit: Option<i128>,
    pub spend: i128,
    pub total: i128,
    pub period: BudgetDuration,
    pub ends: Moment,
    pub leases: BTreeMap<RequestId, Lease>,
    pub closed: BTreeMap<RequestId, ClosedCall>,
}

/// What a scope says to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    Yes,
    PeriodOver,
    Held,
    Spent,
    /// It would take more rolls and sweeps than a request makes on its way.
    TooMuch,
}

impl Book {
    pub fn new(limit: i128, period: BudgetDuration, ends: Moment) -> Self {
        let (leases, closed) = (BTreeMap::new(), BTreeMap::new());
        Self { limit: Some(limit), spend: 0, total: 0, period, ends, leases, closed }
    }

    fn ceiling(&self) -> i128 {
        self.limit.unwrap_or(UNLIMITED.pico())
    }

    fn leased_amount(&self) -> i128 {
        self.leases.values().map(|lease| lease.amount).sum()
    }

    pub fn is_overspent(&self) -> bool {
        self.spend + self.leased_amount() > self.ceiling()
    }

    pub fn word(&self, amount: i128, now: Moment) -> Word {
        let left = self.ceiling() - self.spend;
        let headroom = left - self.leased_amount();
        if self.ends <= now {
            Word::PeriodOver
        } else if headroom >= amount && headroom > 0 {
            Word::Yes
        } else if left < amount || left <= 0 {
            Word::Spent
        } else {
            Word::Held
        }
    }

    pub fn has_overdue(&self, now: Moment) -> bool {
        self.leases.values().any(|lease| now > lease.expires + MARGIN)
    }

    pub fn roll(&mut self, now: Moment) {
        if self.ends <= now {
            let zone = jiff::tz::TimeZone::UTC;
            let next = self.period.next_reset(self.ends.seconds(), now.seconds(), &zone);
            (self.spend, self.ends) = (0, Moment::from_seconds(next));
        }
    }

    pub fn renew(&mut self, id: RequestId, was: Moment, floor: i128, expires: Moment) {
        if let Some(lease) = self.leases.get_mut(&id).filter(|lease| lease.expires == was) {
            (lease.floor, lease.expires) = (floor, expires);
        }
    }

    /// One round of a sweep, of at most `most` leases; answers whether there are more.
    pub fn sweep(&mut self, now: Moment, records: &mut Records, most: usize) -> bool {
        let is_overdue = |lease: &Lease| now > lease.expires + MARGIN;
        let overdue = self.leases.iter().filter(|(_, lease)| is_overdue(lease));
        let mut overdue: Vec<_> = overdue.map(|(id, lease)| (*id, lease.amount)).collect();
        overdue.sort_by_key(|(_, amount)| Reverse(*amount));
        // In whole seconds, as it is stored.
        let at = Moment::from_seconds(now.seconds());
        for (id, _) in overdue.iter().take(most) {
            let Lease { floor, .. } = self.leases.remove(id).unwrap();
            let charged = records.entry(*id).or_insert(RecordedCall { cost: floor, by: By::NoRecord }).cost;
            self.charge(charged);
            self.closed.insert(*id, ClosedCall { charged, at, confirmed: false });
        }
        let is_due = |closed: &ClosedCall| !closed.confirmed || closed.at + KEPT < now;
        let due: Vec<_> =
            self.closed.iter().filter(|(_, closed)| is_due(closed)).map(|(id, _)| *id).collect();
        for id in due.iter().take(most) {
            let closed = self.closed.get_mut(id).unwrap();
            if closed.confirmed {
                self.closed.remove(id);
                continue;
            }
            closed.confirmed = true;
            let recorded = records.get_mut(id).unwrap();
            if let By::NoRecord = recorded.by {
                recorded.by = By::Sweep(closed.at);
            }
        }
        overdue.len() > most || due.len() > most
    }

    /// Ends a call, or corrects what a sweep charged for it.
    pub fn settle(&mut self, id: RequestId, cost: i128) {
        if self.leases.remove(&id).is_some() {
            self.charge(cost);
        } else if let Some(closed) = self.closed.get_mut(&id) {
            closed.confirmed = true;
            let more = cost - std::mem::replace(&mut closed.charged, cost);
            self.charge(more);
        }
    }

    fn charge(&mut self, cost: i128) {
        self.spend += cost;
        self.total += cost;
    }

    /// Every figure of the scope is the one on paper.
    pub fn assert_is(&self, state: &ScopeState, after: &str) {
        let lease = |lease: &stargate_core::scope::Lease| Lease {
            amount: lease.amount.pico(),
            floor: lease.floor.pico(),
            expires: lease.expires,
        };
        let leases: BTreeMap<_, _> = state.leases.iter().map(|(id, held)| (*id, lease(held))).collect();
        assert_eq!(leases, self.leases, "leases after {after}");
        let closed = |closed: &stargate_core::scope::ClosedLease| ClosedCall {
            charged: closed.charged.pico(),
            at: closed.at,
            confirmed: closed.confirmed,
        };
        // Beside what sweeps have closed there may be tombstones, in the way of requests that may land late.
        let is_tombstone = |id: &RequestId| !self.closed.contains_key(id) && state.closed[id].confirmed;
        let swept = state.closed.iter().filter(|(id, _)| !is_tombstone(id));
        let closed: BTreeMap<_, _> = swept.map(|(id, was)| (*id, closed(was))).collect();
        assert_eq!(closed, self.closed, "closed leases after {after}");
        let figures = (state.spend.pico(), state.total_spend.pico(), state.headroom.pico());
        let headroom = self.ceiling() - self.spend - self.leased_amount();
        assert_eq!(figures, (self.spend, self.total, headroom), "spend, total, headroom after {after}");
        assert_eq!(state.budget_reset_at, Some(self.ends), "the period's end after {after}");
    }
}
