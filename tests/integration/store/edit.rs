//! Edits of limits, while calls run and while others edit.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use shared::store::StoreError;
use stargate_core::ledger::Reason;
use stargate_core::moment::Moment;
use stargate_core::period::BudgetDuration;
use stargate_core::scope::{Limits, Scope, ScopeState};
use tests::calls::{Caller, budget, budget_every, call, no_limits, pico};
use tests::table::Table;

use super::reason;

type Edit = Box<dyn Fn(&mut Limits)>;

async fn edit(caller: &Caller, change: impl Fn(&mut Limits)) -> ScopeState {
    let edited = |limits: &Limits| {
        let mut limits = limits.clone();
        change(&mut limits);
        Ok::<_, StoreError>(limits)
    };
    caller.store.edit(&caller.key(), edited, caller.now()).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_budget_moves_under_running_calls() {
    let table = Table::fresh().await;
    let caller = table.caller(budget(1000), no_limits()).await;
    let spent = caller.admit(&call(200)).await.unwrap();
    caller.settle(&spent, 200).await.unwrap();
    let running = caller.admit(&call(300)).await.unwrap();

    for (limit, headroom) in [(Some(2000), 1500), (Some(600), 100), (Some(500), 0)] {
        let state = edit(&caller, |limits| limits.max_budget = limit.map(pico)).await;
        assert_eq!(
            (state.headroom, state.leased_amount(), state.spend),
            (pico(headroom), pico(300), pico(200))
        );
        table.audit(&caller.key()).await;
    }
    // Below what is committed: the one way to a negative headroom, and then nothing is admitted.
    edit(&caller, |limits| limits.max_budget = Some(pico(150))).await;
    let key = table.audit_balance(&caller.key()).await;
    assert_eq!(key.headroom, pico(-350));
    for amount in [0, 1] {
        assert!(matches!(reason(caller.admit(&call(amount)).await), Reason::Budget { .. }));
    }
    caller.settle(&running, 300).await.unwrap();
    assert_eq!(table.audit_balance(&caller.key()).await.headroom, pico(-350));

    // Without a limit, and with one again.
    edit(&caller, |limits| limits.max_budget = None).await;
    let admission = caller.admit(&call(1_000_000)).await.unwrap();
    table.audit(&caller.key()).await;
    caller.settle(&admission, 10).await.unwrap();
    let state = edit(&caller, |limits| limits.max_budget = Some(pico(1000))).await;
    assert_eq!(state.headroom, pico(1000 - 510));
    table.audit(&caller.key()).await;
}

#[tokio::test]
async fn a_period_begins_when_it_is_given_and_ends_when_it_is_taken() {
    let table = Table::fresh().await;
    let caller = table.caller(budget(1000), no_limits()).await;
    let period = |text: &'static str| {
        move |limits: &mut Limits| limits.budget_duration = Some(BudgetDuration::parse(text).unwrap())
    };
    let state = edit(&caller, period("1h")).await;
    let reset = state.budget_reset_at.unwrap();
    assert!(reset > caller.now() && reset <= caller.now() + Duration::from_secs(3600));
    let state = edit(&caller, |limits| limits.rpm = Some(5)).await;
    assert_eq!(state.budget_reset_at, Some(reset), "another edit leaves it");
    let state = edit(&caller, period("30d")).await;
    assert_eq!(state.budget_reset_at.unwrap().to_string().get(8..), Some("01T00:00:00Z"));
    let state = edit(&caller, |limits| limits.budget_duration = None).await;
    assert_eq!((state.budget_reset_at, state.limits.budget_duration), (None, None));
    assert!(
        !caller.store.reset_period(&caller.key(), caller.now() + Duration::from_secs(1 << 40)).await.unwrap()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_edits_of_different_fields_lose_none() {
    let table = Table::fresh().await;
    let caller = table.caller(budget(1000), no_limits()).await;
    let running = caller.admit(&call(100)).await.unwrap();
    let mut edits: Vec<Edit> = vec![
        Box::new(|limits| limits.max_budget = Some(pico(2000))),
        Box::new(|limits| limits.budget_duration = Some(BudgetDuration::parse("1d").unwrap())),
        Box::new(|limits| limits.rpm = Some(11)),
        Box::new(|limits| limits.tpm = Some(12)),
        Box::new(|limits| limits.max_parallel_requests = Some(13)),
    ];
    // 50 in all: the others add a model each to the same set.
    for at in 0..45 {
        edits.push(Box::new(move |limits| assert!(limits.models.insert(format!("model-{at}")))));
    }
    let processes: Vec<Caller> = (0..5).map(|_| caller.other_process(&table, 0)).collect();
    let racing = edits.iter().enumerate().map(|(at, change)| edit(&processes[at % 5], change));
    let states: Vec<ScopeState> = join_all(racing).await;
    assert_eq!(
        states.iter().map(|state| state.version).collect::<BTreeSet<_>>().len(),
        50,
        "each its version"
    );

    let state = table.audit(&caller.key()).await;
    let Limits { max_budget, budget_duration, rpm, tpm, max_parallel_requests, models, .. } = state.limits;
    assert_eq!(
        (max_budget, rpm, tpm, max_parallel_requests),
        (Some(pico(2000)), Some(11), Some(12), Some(13))
    );
    assert_eq!((budget_duration.unwrap().as_str(), models.len(), state.version), ("1d", 45, 50));
    assert_eq!(state.headroom, pico(1900));
    caller.settle(&running, 100).await.unwrap();
    table.audit(&caller.key()).await;
}

#[tokio::test]
async fn every_limit_can_be_set_and_removed_and_is_read_back() {
    let table = Table::fresh().await;
    let caller = table.caller(no_limits(), no_limits()).await;
    let all = Limits {
        rpm: Some(0),
        tpm: Some(u64::MAX),
        max_parallel_requests: Some(3),
        models: BTreeSet::from(["a".to_owned(), "b/*".to_owned()]),
        blocked: true,
        expires: Some(Moment::from_seconds(1_900_000_000)),
        ..budget_every(0, "monthly")
    };
    for limits in [all, no_limits(), budget_every(5, "90s"), budget(7)] {
        edit(&caller, |now| *now = limits.clone()).await;
        assert_eq!(table.audit(&caller.key()).await.limits, limits);
    }
}

#[tokio::test]
async fn an_edit_that_is_refused_or_of_nobody_changes_nothing() {
    let table = Table::fresh().await;
    let caller = table.caller(budget(100), no_limits()).await;
    let no = |_: &Limits| Err(StoreError::Corrupt { attribute: "no".to_owned() });
    assert!(caller.store.edit(&caller.key(), no, caller.now()).await.is_err());
    assert_eq!(table.audit(&caller.key()).await.version, 0);
    let same = |limits: &Limits| Ok::<_, StoreError>(limits.clone());
    let nobody = Scope::Key(stargate_core::id::random_key_id().unwrap());
    assert!(caller.store.edit(&nobody, same, caller.now()).await.unwrap().is_none());
    caller.store.delete_user(caller.user_id(), caller.now()).await.unwrap();
    assert!(caller.store.edit(&caller.user(), same, caller.now()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_new_duration_begins_without_what_an_old_period_spent() {
    let table = Table::fresh().await;
    let caller = table.caller(budget_every(100, "30m"), no_limits()).await;
    let spent = caller.admit(&call(100)).await.unwrap();
    caller.settle(&spent, 100).await.unwrap();
    caller.wait(Duration::from_secs(3600));
    // The period is over and nobody has met that yet.
    let monthly =
        |limits: &mut Limits| limits.budget_duration = Some(BudgetDuration::parse("monthly").unwrap());
    let state = edit(&caller, monthly).await;
    assert_eq!((state.spend, state.total_spend, state.headroom), (pico(0), pico(100), pico(100)));
    caller.admit(&call(100)).await.unwrap();
}
