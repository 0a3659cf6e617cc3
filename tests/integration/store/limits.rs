//! Limits that count: what would pass one is refused, and what was refused is not counted.

use std::collections::BTreeSet;
use std::time::Duration;

use stargate_core::ledger::{LedgerSettings, Reason};
use stargate_core::scope::Limits;
use tests::calls::{MODEL, budget, call, no_limits};
use tests::table::Table;

use super::reason;

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn requests_are_counted_by_the_minute_whatever_becomes_of_them() {
    let table = Table::fresh().await;
    let caller = table.caller(no_limits(), Limits { rpm: Some(2), ..no_limits() }).await;
    let first = caller.admit(&call(1)).await.unwrap();
    caller.settle(&first, 1).await.unwrap();
    caller.admit(&call(1)).await.unwrap();
    for _ in 0..3 {
        assert!(matches!(reason(caller.admit(&call(1)).await), Reason::Rpm { limit: 2, .. }));
    }
    caller.wait(MINUTE);
    caller.admit(&call(1)).await.unwrap();
    let [key, _] = table.audit_both(&caller).await;
    assert_eq!(key.requests.values().sum::<i64>(), 3, "refusals of the user are not the key's");
}

#[tokio::test]
async fn tokens_are_post_paid_and_corrected_to_what_was_used() {
    let table = Table::fresh().await;
    let caller = table.caller(Limits { tpm: Some(15), ..no_limits() }, no_limits()).await;
    let estimated = |tokens| shared::store::AdmissionRequest { tokens, ..call(1) };
    // 14 of 15: below the limit, so one more is admitted, however large.
    let first = caller.admit(&estimated(14)).await.unwrap();
    let large = caller.admit(&estimated(1000)).await.unwrap();
    assert!(matches!(reason(caller.admit(&estimated(1)).await), Reason::Tpm { limit: 15, .. }));
    // Both used 10: 20 is still not below 15.
    caller.settle(&large, 1).await.unwrap();
    caller.settle(&first, 1).await.unwrap();
    let [key, _] = table.audit_both(&caller).await;
    assert_eq!(key.tokens.values().sum::<i64>(), 20);
    assert!(matches!(reason(caller.admit(&estimated(1)).await), Reason::Tpm { .. }));
    caller.wait(MINUTE);
    caller.admit(&estimated(1)).await.unwrap();
}

#[tokio::test]
async fn a_call_that_ends_in_another_minute_counts_there_what_its_estimate_fell_short_of() {
    for (estimate, later) in [(4, 6), (10, 0), (25, 0)] {
        let table = Table::fresh().await;
        let caller = table.caller(no_limits(), no_limits()).await;
        let before = caller.now().minute();
        let call = shared::store::AdmissionRequest { tokens: estimate, ..call(1) };
        let admission = caller.admit(&call).await.unwrap();
        caller.wait(MINUTE);
        caller.settle(&admission, 1).await.unwrap();
        let [key, _] = table.audit_both(&caller).await;
        assert_eq!(key.tokens.get(&before).copied(), i64::try_from(estimate).ok());
        assert_eq!(key.tokens.get(&(before + 1)).copied(), Some(later), "estimated {estimate}, used 10");
    }
}

#[tokio::test]
async fn a_clock_that_is_set_back_between_two_minutes_hinders_no_settlement() {
    let table = Table::fresh().await;
    let caller = table.caller(no_limits(), no_limits()).await;
    caller.admit(&call(1)).await.unwrap();
    caller.wait(MINUTE);
    let admission = caller.admit(&call(1)).await.unwrap();
    caller.clock.shift(-60_000);
    caller.settle(&admission, 1).await.unwrap();
    assert_eq!(table.audit_both(&caller).await.map(|state| state.leases.len()), [1, 1]);
}

#[tokio::test]
async fn counts_of_past_minutes_do_not_pile_up() {
    let table = Table::fresh().await;
    let caller = table.caller(no_limits(), no_limits()).await;
    for _ in 0..6 {
        let admission = caller.admit(&call(1)).await.unwrap();
        caller.settle(&admission, 1).await.unwrap();
        caller.wait(MINUTE);
    }
    for state in table.audit_both(&caller).await {
        assert!(state.requests.len() <= 2 && state.tokens.len() <= 2, "{:?}", state.requests);
    }
}

#[tokio::test]
async fn a_clock_ahead_opens_no_minute_twice() {
    let table = Table::fresh().await;
    let caller = table.caller(Limits { rpm: Some(2), ..no_limits() }, no_limits()).await;
    let ahead = caller.other_process(&table, 60_000);
    for _ in 0..2 {
        caller.admit(&call(1)).await.unwrap();
    }
    // The other process is in the next minute already, and its image shows ours as past.
    let admission = ahead.admit(&call(1)).await.unwrap();
    ahead.settle(&admission, 1).await.unwrap();
    assert!(matches!(reason(caller.admit(&call(1)).await), Reason::Rpm { .. }));
}

#[tokio::test]
async fn parallel_requests_end_when_they_settle() {
    let table = Table::fresh().await;
    let caller = table.caller(no_limits(), Limits { max_parallel_requests: Some(2), ..no_limits() }).await;
    let first = caller.admit(&call(1)).await.unwrap();
    let second = caller.admit(&call(1)).await.unwrap();
    assert_eq!(reason(caller.admit(&call(1)).await), Reason::Parallel { limit: 2 });
    caller.settle(&first, 1).await.unwrap();
    let third = caller.admit(&call(1)).await.unwrap();
    assert_eq!(reason(caller.admit(&call(1)).await), Reason::Parallel { limit: 2 });
    for admission in [second, third] {
        caller.settle(&admission, 1).await.unwrap();
    }
    let [key, user] = table.audit_both(&caller).await;
    assert!(key.leases.is_empty() && user.leases.is_empty());
}

#[tokio::test]
async fn a_scope_with_too_many_calls_in_flight_is_busy() {
    let table = Table::fresh().await;
    let store = table.store(LedgerSettings { max_leases: 2, ..LedgerSettings::default() });
    let caller = table.caller_on(store, no_limits(), no_limits()).await;
    for _ in 0..2 {
        caller.admit(&call(1)).await.unwrap();
    }
    assert_eq!(reason(caller.admit(&call(1)).await), Reason::Busy);
    // They were never heard of again: whoever meets them ends them.
    caller.outlive_leases();
    caller.admit(&call(1)).await.unwrap();
}

#[tokio::test]
async fn a_model_is_allowed_by_its_name_or_any_of_its_wildcards() {
    let table = Table::fresh().await;
    for (allowed, admitted) in
        [(vec![MODEL], true), (vec!["*"], true), (vec!["gpt-5", MODEL], true), (vec!["claude-haiku"], false)]
    {
        let models: BTreeSet<String> = allowed.iter().map(|name| (*name).to_owned()).collect();
        let caller = table.caller(Limits { models, ..budget(100) }, no_limits()).await;
        assert_eq!(caller.admit(&call(1)).await.is_ok(), admitted, "{allowed:?}");
    }
}

#[tokio::test]
async fn hours_of_refusals_by_one_scope_leave_nothing_in_the_other() {
    let table = Table::fresh().await;
    let caller = table.caller(no_limits(), budget(0)).await;
    // The key grants and is given its share back, once a minute for hours: each minute was counted.
    for _ in 0..200 {
        assert!(matches!(reason(caller.admit(&call(1)).await), Reason::Budget { .. }));
        caller.wait(MINUTE);
    }
    let [key, _] = table.audit_both(&caller).await;
    assert!(key.requests.len() <= 3 && key.tokens.len() <= 3, "{key:#?}");
}
