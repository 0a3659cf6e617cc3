//! The end of a budget period.

use std::time::Duration;

use futures_util::future::join_all;
use stargate_core::ledger::Reason;
use stargate_core::moment::Moment;
use tests::calls::{Caller, budget, budget_every, call, call_of, no_limits, pico};
use tests::table::{Table, number, partition};

use super::reason;

const HOUR: Duration = Duration::from_secs(3600);

/// What a finished period cost, as its history says.
async fn history(table: &Table, caller: &Caller, end: Moment) -> Option<i128> {
    let item = table.item(&partition(&caller.key()), &format!("period#{}", end.seconds())).await?;
    Some(number(&item["spend"]))
}

#[tokio::test]
async fn a_spent_budget_opens_again_at_the_end_of_its_period() {
    let table = Table::fresh().await;
    let caller = table.caller(budget_every(100, "1h"), no_limits()).await;
    let admission = caller.admit(&call(100)).await.unwrap();
    caller.settle(&admission, 100).await.unwrap();
    let end = table.audit(&caller.key()).await.budget_reset_at.unwrap();
    let told = reason(caller.admit(&call(1)).await);
    assert_eq!(told, Reason::Budget { spend: pico(100), limit: pico(100), resets: Some(end) });

    // To the second: one before it is closed, at it it is open.
    let wait = |until: Moment| caller.clock.shift(until.ms() - caller.now().ms());
    wait(Moment::from_ms(end.ms() - 900));
    assert!(matches!(reason(caller.admit(&call(1)).await), Reason::Budget { .. }));
    wait(end);
    caller.admit(&call(60)).await.unwrap();
    let [key, user] = table.audit_both(&caller).await;
    assert_eq!((key.spend, key.total_spend, key.leased_amount()), (pico(0), pico(100), pico(60)));
    assert_eq!(key.budget_reset_at, Some(end + HOUR));
    assert_eq!(user.spend, pico(100), "the user has no periods");
    assert_eq!((history(&table, &caller, end).await, key.unwritten), (Some(100), None));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_racing_rollers_roll_once_and_running_calls_survive_it() {
    let table = Table::fresh().await;
    let caller = table.caller(budget_every(1000, "1h"), no_limits()).await;
    let spent = caller.admit(&call(300)).await.unwrap();
    caller.settle(&spent, 250).await.unwrap();
    let running = caller.admit(&call(400)).await.unwrap();
    let end = table.audit(&caller.key()).await.budget_reset_at.unwrap();
    caller.wait(HOUR);

    let rollers: Vec<Caller> = (0..32).map(|at| caller.other_process(&table, at * 150)).collect();
    let key = caller.key();
    let rolls = rollers.iter().map(|roller| roller.store.reset_period(&key, roller.now()));
    let rolled = join_all(rolls).await.into_iter().filter(|rolled| *rolled.as_ref().unwrap()).count();
    assert_eq!(rolled, 1);
    let state = table.audit(&key).await;
    assert_eq!((state.spend, state.leased_amount(), state.headroom), (pico(0), pico(400), pico(600)));
    assert_eq!(state.budget_reset_at, Some(end + HOUR));
    assert_eq!(history(&table, &caller, end).await, Some(250));

    // Charged to the period in which it settles.
    caller.settle(&running, 400).await.unwrap();
    let state = table.audit(&key).await;
    assert_eq!((state.spend, state.total_spend), (pico(400), pico(650)));
}

#[tokio::test(flavor = "multi_thread")]
async fn racing_requests_open_a_new_period_together() {
    let table = Table::fresh().await;
    let caller = table.caller(budget_every(1000, "1h"), budget_every(2000, "1h")).await;
    let spent = caller.admit(&call(1000)).await.unwrap();
    caller.settle(&spent, 1000).await.unwrap();
    caller.wait(HOUR);
    let (calls, answers) = (call(100), (0..10).map(|_| ()));
    let answers = join_all(answers.map(|()| caller.admit(&calls))).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    for state in table.audit_both(&caller).await {
        assert_eq!((state.spend, state.leased_amount(), state.unwritten), (pico(0), pico(1000), None));
    }
}

#[tokio::test]
async fn many_missed_periods_are_one_roll() {
    let table = Table::fresh().await;
    let caller = table.caller(budget_every(100, "1h"), no_limits()).await;
    let end = table.audit(&caller.key()).await.budget_reset_at.unwrap();
    caller.wait(HOUR * 50);
    assert!(caller.store.due_for_reset(caller.now(), 10).await.unwrap().contains(&caller.key()));
    assert!(caller.store.reset_period(&caller.key(), caller.now()).await.unwrap());
    assert!(!caller.store.reset_period(&caller.key(), caller.now()).await.unwrap());
    let state = table.audit(&caller.key()).await;
    let next = state.budget_reset_at.unwrap();
    assert!(next > caller.now() && next <= caller.now() + HOUR);
    assert_eq!((next.seconds() - end.seconds()) % 3600, 0, "the rhythm stays");
    assert!(caller.store.due_for_reset(caller.now(), 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_scope_without_a_period_or_one_that_runs_is_left_alone() {
    let table = Table::fresh().await;
    for limits in [no_limits(), budget(100), budget_every(100, "1h")] {
        let caller = table.caller(limits, no_limits()).await;
        assert!(!caller.store.reset_period(&caller.key(), caller.now()).await.unwrap());
    }
    let nobody = stargate_core::scope::Scope::Key(stargate_core::id::random_key_id().unwrap());
    let caller = table.caller(no_limits(), no_limits()).await;
    assert!(!caller.store.reset_period(&nobody, caller.now()).await.unwrap());
    assert!(table.item(&partition(&nobody), "scope").await.is_none(), "and not made");
}

#[tokio::test]
async fn a_lease_of_the_old_period_that_is_swept_in_the_new_one_is_charged_to_the_new_one() {
    let table = Table::fresh().await;
    let caller = table.caller(budget_every(100, "1h"), no_limits()).await;
    let dead = caller.admit(&call_of(100, 70)).await.unwrap();
    caller.wait(HOUR);
    // The roll alone frees nothing: the call may still run. Its sweep does.
    let admission = caller.admit(&call_of(30, 0)).await.unwrap();
    let key = table.audit(&caller.key()).await;
    assert_eq!((key.spend, key.leased_amount()), (pico(70), pico(30)));
    caller.settle(&admission, 30).await.unwrap();
    // What is known better later is a refund or a surcharge of the running period.
    caller.settle(&dead, 20).await.unwrap();
    let key = table.audit(&caller.key()).await;
    assert_eq!((key.spend, key.total_spend), (pico(50), pico(50)));
}
