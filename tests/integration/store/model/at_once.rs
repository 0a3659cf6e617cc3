//! Steps at once, some of them killed half way: in the end every scope has cost what the records say.

use std::sync::Mutex;
use std::time::Duration;

use futures_util::future::join_all;
use shared::store::{Admission, StoreError};
use stargate_core::moment::Moment;
use stargate_core::scope::Limits;
use stargate_core::spend::SpendRecord;
use tests::calls::{back_off, budget_every, call_of, pico};
use tests::table::Table;

use super::{Step, World, histories};

/// So many steps side by side.
const TOGETHER: usize = 6;

#[test]
fn nothing_is_lost_when_everything_happens_at_once_and_processes_are_killed() {
    histories("at once, with kills", run);
}

async fn run(table: &Table, steps: Vec<Step>) {
    let limits = [budget_every(1500, "1h"), budget_every(1200, "30m")];
    let mut world = World::new(table, limits, Duration::from_secs(5)).await;
    let calls = Mutex::new(Vec::new());
    for steps in steps.chunks(TOGETHER) {
        join_all(steps.iter().enumerate().map(|(at, step)| run_and_kill(at, take(&world, &calls, step))))
            .await;
        for step in steps {
            if let Step::Wait { seconds } = step {
                world.wait(*seconds).await;
            }
        }
        for scope in &world.scopes {
            // Rule 1 is the audit's, as long as no late holder has corrected a sweep: no budget is lowered here.
            let state = table.audit_balance(scope).await;
            if state.closed.is_empty() && state.spend == state.total_spend {
                table.audit(scope).await;
            }
        }
    }
    world.ends_well().await;
}

/// Every third process dies within a few milliseconds: at any of its awaits.
async fn run_and_kill(at: usize, step: impl Future<Output = ()>) {
    if at % 3 == 2 {
        let random = std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), at);
        let life = Duration::from_micros(random % 12_000);
        tokio::time::timeout(life, step).await.unwrap_or_default();
    } else {
        step.await;
    }
}

async fn take(world: &World<'_>, calls: &Mutex<Vec<(usize, Admission)>>, step: &Step) {
    let pick = |which: usize| {
        let calls = calls.lock().unwrap();
        Some(calls[which.checked_rem(calls.len())?].clone())
    };
    match *step {
        Step::Admit { by, amount, floor } => {
            let (store, now) = world.process(by);
            let response =
                store.admit(&mut world.pointer.clone(), &call_of(amount, amount * floor / 100), || now).await;
            if let Ok(admission) = response {
                calls.lock().unwrap().push((by, admission));
            }
        }
        Step::Renew { which, floor } => {
            let Some((by, admission)) = pick(which) else { return };
            let (store, now) = world.process(by);
            let floor = admission.quote().max_cost().pico() * floor / 100;
            let expires = now + Duration::from_secs(60);
            // Lost or not, the call goes on to its settlement.
            store.renew_all(&admission, pico(floor), expires).await.unwrap_or_default();
        }
        Step::Settle { which, cost } => {
            let Some((by, admission)) = pick(which) else { return };
            let (store, now) = world.process(by);
            let cost = admission.quote().max_cost().pico() * cost / 100;
            // On a busy machine the table may not answer in two seconds.
            let mut tries = 0;
            while store.settle(&admission, &record(world, &admission, cost, now), || now).await.is_err() {
                back_off(tries).await;
                tries += 1;
            }
        }
        Step::Sweep { by, scope } => {
            let (store, now) = world.process(by);
            assert_unavailable(store.sweep(&world.scopes[scope], now).await);
        }
        Step::Roll { by, scope } => {
            let (store, now) = world.process(by);
            assert_unavailable(store.reset_period(&world.scopes[scope], now).await);
        }
        Step::Edit { scope, limit } => {
            let (store, now) = world.process(0);
            let raised = |limits: &Limits| {
                let more = limits.max_budget.unwrap().max(pico(limit.unwrap_or_default()));
                Ok::<_, StoreError>(Limits { max_budget: Some(more), ..limits.clone() })
            };
            assert_unavailable(store.edit(&world.scopes[scope], raised, now).await);
        }
        Step::Fault { by, skip, fault } => {
            // A few at once: a call may well fail of them.
            (0..3).for_each(|at| world.wires[by].plan_anywhere(skip + at, 1, fault));
        }
        Step::Land => world.land().await,
        Step::Wait { .. } => {}
    }
}

/// The table may not have answered; then it is done another time.
fn assert_unavailable<T>(response: Result<T, StoreError>) {
    if let Err(error) = response {
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    }
}

/// The record of a call of this world.
pub fn record(world: &World<'_>, admission: &Admission, cost: i128, now: Moment) -> SpendRecord {
    SpendRecord { cost: pico(cost), ..tests::calls::record(&world.pointer, admission, now) }
}
