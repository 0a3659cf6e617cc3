//! Where a story is played: a key and its user, one process whose requests meet faults, and one whose requests do not.

use std::time::Duration;

use shared::store::{Admission, AdmissionError, CreateError, LeaseLost, StoreError};
use stargate_core::entity::Key;
use stargate_core::ledger::{LedgerSettings, Reason};
use stargate_core::scope::{Limits, ScopeState};
use tests::calls::{Caller, call_of, key, no_limits, pico};
use tests::table::Table;
use tests::wire::Wire;

/// What every call of a story reserves, covers from the start, covers once renewed, and costs.
pub const AMOUNT: i128 = 100;
pub const FLOOR: i128 = 30;
pub const RENEWED: i128 = 50;
pub const COST: i128 = 60;

pub struct Fixture {
    pub table: &'static Table,
    pub faulty: Caller,
    pub quiet: Caller,
    pub wire: Wire,
    /// A key that is nowhere yet.
    pub spare: Key,
}

/// What a caller is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    Done,
    /// A limit refused, as it should.
    Refused,
    /// 503: the store did not answer.
    Unavailable,
    /// The call's leases are gone, so it was ended.
    Ended,
}

/// How a story ended, and what it may have cost then, as picodollars: from what was sent to what was generated.
#[derive(Clone, Copy, Debug)]
pub struct End {
    pub told: Outcome,
    pub least: i128,
    pub most: i128,
}

impl Fixture {
    pub async fn set(table: &'static Table, [of_key, of_user]: [Limits; 2]) -> Self {
        // A team's key only looks at its user, beside the other scopes: another call site.
        let (store, wire) =
            table.wired_store(LedgerSettings { user_pays_for_team: false, ..LedgerSettings::default() });
        let quiet = table.caller(of_key, of_user).await;
        let faulty = Caller { store, ..quiet.clone() };
        let spare = key(None, no_limits(), quiet.now());
        Self { table, faulty, quiet, wire, spare }
    }

    /// A call of the faulty process, to its end. What its client gets is what its leases cover.
    pub async fn call(&self) -> End {
        let admission = match self.faulty.admit(&call_of(AMOUNT, FLOOR)).await {
            Ok(admission) => admission,
            Err(error) => return self.not_admitted(error.into()).await,
        };
        let expires = self.faulty.now() + LedgerSettings::default().lease_life;
        let kept = self.faulty.store.renew_all(&admission, pico(RENEWED), expires).await;
        let sent = if kept.is_ok() { RENEWED } else { FLOOR };
        let ended = self.settle(&admission, sent).await;
        match kept {
            Ok(()) => ended,
            Err(lost) => End { told: lost.into(), ..ended },
        }
    }

    /// A call that was not admitted costs nothing, unless the table also failed when it was to be given back, in both
    /// scopes: then a sweep cannot tell it from one whose process died.
    async fn not_admitted(&self, told: Outcome) -> End {
        self.wire.heal();
        let is_left = self.states().await.iter().all(|state| !state.leases.is_empty());
        End { told, least: 0, most: if is_left { FLOOR } else { 0 } }
    }

    /// Ends a call of which `sent` has left.
    pub async fn settle(&self, admission: &Admission, sent: i128) -> End {
        match self.faulty.settle(admission, COST).await {
            Ok(cost) => End { told: Outcome::Done, least: cost.pico(), most: cost.pico() },
            Err(error) => End { told: error.into(), least: sent, most: COST },
        }
    }

    pub async fn states(&self) -> [ScopeState; 2] {
        self.table.audit_both(&self.quiet).await
    }

    /// The leases that are held right now, over both scopes.
    pub async fn leases(&self) -> usize {
        self.states().await.iter().map(|state| state.leases.len()).sum()
    }

    /// Lets everything run out that may, and answers what was charged: the same to the key, to the user and in the
    /// records, however it is added up, and with nothing left over.
    pub async fn rest(&self) -> i128 {
        self.wire.land().await;
        let mut states = self.states().await;
        for wait in [100, 8000, 100, 100] {
            if states.iter().all(is_at_rest) {
                break;
            }
            self.quiet.wait(Duration::from_secs(wait));
            self.quiet.sweep().await;
            states = self.states().await;
        }
        let [key, user] = states;
        let recorded = self.table.aggregated_spend(&self.quiet.user()).await;
        assert_eq!((key.total_spend, user.total_spend), (recorded, recorded), "scopes and records disagree");
        for state in [key, user] {
            assert!(is_at_rest(&state), "something is left, or due for nothing: {state:#?}");
        }
        recorded.pico()
    }
}

/// No call runs in it, none is remembered, and no sweep has to look at it.
fn is_at_rest(state: &ScopeState) -> bool {
    state.leases.is_empty() && state.closed.is_empty() && state.sweep_due.is_none()
}

impl From<StoreError> for Outcome {
    fn from(error: StoreError) -> Self {
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
        Self::Unavailable
    }
}

impl From<AdmissionError> for Outcome {
    fn from(error: AdmissionError) -> Self {
        match error {
            AdmissionError::Refused(refusal) => {
                assert!(matches!(refusal.reason, Reason::Budget { .. }), "{refusal:?}");
                Self::Refused
            }
            AdmissionError::Store(error) => error.into(),
            AdmissionError::Stale | AdmissionError::Renamed => panic!("the pointer is right"),
        }
    }
}

impl From<CreateError> for Outcome {
    fn from(error: CreateError) -> Self {
        match error {
            CreateError::Store(error) => error.into(),
            other => panic!("nothing is in the way: {other:?}"),
        }
    }
}

impl From<LeaseLost> for Outcome {
    fn from(_: LeaseLost) -> Self {
        Self::Ended
    }
}
