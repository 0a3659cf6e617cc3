//! Stories of calls: admitted, refused, settled, swept, rolled, edited.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use shared::store::StoreError;
use stargate_core::scope::Limits;
use tests::calls::{budget, budget_every, call_of, pico};
use tests::wire::Fault;

use super::Scenario;
use super::entities::check_nothing;
use super::stage::{AMOUNT, COST, End, FLOOR, Fixture, Outcome};

pub fn roomy() -> [Limits; 2] {
    [budget(1000), budget(1000)]
}

pub const STORIES: [Scenario; 12] = [
    Scenario { name: "a call", limits: roomy, before: &[], play: a_call, after: check_nothing },
    Scenario {
        name: "a call that one scope refuses",
        limits: || [budget(1000), budget(AMOUNT - 1)],
        before: &[],
        play: a_call,
        after: check_nothing,
    },
    Scenario {
        name: "a call whose reservations are never answered",
        limits: roomy,
        before: &[("reserve", 6, Fault::CutAfter)],
        play: a_call,
        after: check_nothing,
    },
    Scenario {
        name: "a call whose reservations never arrive",
        limits: roomy,
        before: &[("reserve", 6, Fault::Cut)],
        play: a_call,
        after: check_nothing,
    },
    Scenario {
        name: "a call after a budget's end",
        limits: || [budget_every(1000, "1h"), budget_every(1000, "30m")],
        before: &[],
        play: reset_period,
        after: check_nothing,
    },
    Scenario { name: "a sweep", limits: roomy, before: &[], play: sweep, after: check_nothing },
    Scenario {
        name: "a sweep of what only its record tells",
        limits: roomy,
        before: &[("settle", usize::MAX, Fault::Cut)],
        play: settle_after_sweep,
        after: check_nothing,
    },
    Scenario { name: "a holder who is late", limits: roomy, before: &[], play: late, after: check_nothing },
    Scenario {
        name: "a sweep that forgets",
        limits: roomy,
        before: &[],
        play: settle_forgotten,
        after: check_nothing,
    },
    Scenario {
        name: "a call that reaches a soft budget",
        limits: || [roomy_but_told(), budget(1000)],
        before: &[],
        play: a_call,
        after: check_nothing,
    },
    Scenario { name: "a raised budget", limits: roomy, before: &[], play: edit_limits, after: check_nothing },
    Scenario { name: "a spend that is said", limits: roomy, before: &[], play: set_spend, after: is_said },
];

fn roomy_but_told() -> Limits {
    Limits { soft_budget: Some(pico(COST)), ..budget(1000) }
}

fn a_call(stage: &Fixture) -> BoxFuture<'_, End> {
    stage.call().boxed()
}

fn reset_period(stage: &Fixture) -> BoxFuture<'_, End> {
    async {
        let first = stage.quiet.admit(&call_of(AMOUNT, FLOOR)).await.unwrap();
        stage.quiet.settle(&first, COST).await.unwrap();
        stage.quiet.wait(Duration::from_secs(3600));
        let End { told, least, most } = stage.call().await;
        End { told, least: least + COST, most: most + COST }
    }
    .boxed()
}

fn sweep(stage: &Fixture) -> BoxFuture<'_, End> {
    async {
        stage.quiet.admit(&call_of(AMOUNT, FLOOR)).await.unwrap();
        stage.quiet.outlive_leases();
        sweep_both(stage, FLOOR).await
    }
    .boxed()
}

fn settle_after_sweep(stage: &Fixture) -> BoxFuture<'_, End> {
    async {
        let admission = stage.quiet.admit(&call_of(AMOUNT, FLOOR)).await.unwrap();
        let settled = stage.settle(&admission, FLOOR).await;
        stage.quiet.outlive_leases();
        End { least: settled.least, ..sweep_both(stage, COST).await }
    }
    .boxed()
}

fn late(stage: &Fixture) -> BoxFuture<'_, End> {
    async {
        let admission = stage.quiet.admit(&call_of(AMOUNT, FLOOR)).await.unwrap();
        stage.quiet.outlive_leases();
        stage.quiet.sweep().await;
        stage.settle(&admission, FLOOR).await
    }
    .boxed()
}

fn settle_forgotten(stage: &Fixture) -> BoxFuture<'_, End> {
    async {
        let admission = stage.quiet.admit(&call_of(AMOUNT, FLOOR)).await.unwrap();
        stage.quiet.outlive_leases();
        stage.quiet.sweep().await;
        // The holder wrote its record and died before it corrected what the sweep had charged.
        stage.quiet.store.put_record(&stage.quiet.record(&admission, COST)).await.unwrap();
        stage.quiet.wait(Duration::from_secs(4000));
        sweep_both(stage, COST).await
    }
    .boxed()
}

/// Sweeps both scopes; in the end it must come to `cost`.
async fn sweep_both(stage: &Fixture, cost: i128) -> End {
    let mut told = Outcome::Done;
    for scope in [stage.faulty.key(), stage.faulty.user()] {
        if let Err(error) = stage.faulty.store.sweep(&scope, stage.faulty.now()).await {
            told = error.into();
        }
    }
    End { told, least: cost, most: cost }
}

fn set_spend(stage: &Fixture) -> BoxFuture<'_, End> {
    async {
        let said = stage.faulty.store.set_spend(&stage.faulty.user(), pico(300), stage.faulty.now()).await;
        let told = said.map_or_else(Into::into, |state| {
            assert_eq!(state.unwrap().spend, pico(300));
            Outcome::Done
        });
        End { told, least: 0, most: 0 }
    }
    .boxed()
}

/// Once, however often it lands: the headroom is what is left of the budget. Taken back, so that the scopes agree again.
fn is_said(stage: &Fixture) -> BoxFuture<'_, ()> {
    async {
        stage.wire.land().await;
        let (store, user) = (&stage.quiet.store, stage.quiet.user());
        let state = stage.table.audit_balance(&user).await;
        assert!([pico(0), pico(300)].contains(&state.spend), "{}", state.spend);
        assert_eq!(state.total_spend, pico(0), "what was charged ever is what the records say");
        store.set_spend(&user, pico(0), stage.quiet.now()).await.unwrap();
    }
    .boxed()
}

fn edit_limits(stage: &Fixture) -> BoxFuture<'_, End> {
    async {
        let raise = |limits: &Limits| {
            Ok::<_, StoreError>(Limits {
                max_budget: limits.max_budget.map(|budget| budget + pico(500)),
                ..limits.clone()
            })
        };
        let edited = stage.faulty.store.edit(&stage.faulty.user(), raise, stage.faulty.now()).await;
        let [_, user] = stage.states().await;
        let raised = user.limits.max_budget == Some(pico(1500));
        let told = match edited {
            Ok(_) => {
                assert!(raised, "once, and not twice");
                Outcome::Done
            }
            Err(error) => error.into(),
        };
        End { told, least: 0, most: 0 }
    }
    .boxed()
}
