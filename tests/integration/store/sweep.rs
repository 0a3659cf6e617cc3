//! Leases whose holders are not heard of any more: ended once, at the floor, whoever meets them and however often.

use std::time::Duration;

use futures_util::future::{join, join_all};
use shared::store::LeaseLost;
use tests::calls::{Caller, budget, call, call_of, no_limits, pico};
use tests::table::Table;

#[tokio::test]
async fn ends_what_is_overdue_by_more_than_the_margin_and_nothing_else() {
    let table = Table::fresh().await;
    let caller = table.caller(budget(1000), budget(1000)).await;
    let admission = caller.admit(&call_of(100, 30)).await.unwrap();
    let terms = caller.store.terms().clone();
    caller.wait(terms.lease_life + terms.lease_margin - Duration::from_secs(1));
    assert_eq!(caller.sweep().await, 0);
    let running = caller.admit(&call_of(50, 5)).await.unwrap();
    caller.wait(Duration::from_secs(2));
    assert_eq!(caller.sweep().await, 2);
    for state in table.audit_both(&caller).await {
        assert_eq!(state.leases.keys().copied().collect::<Vec<_>>(), [running.request()]);
        assert_eq!(state.closed[&admission.request()].charged, pico(30));
        assert_eq!(state.headroom, pico(1000 - 30 - 50));
    }
    assert_eq!(caller.recorded_cost().await, pico(30));
}

#[tokio::test]
async fn the_request_path_ends_what_stands_in_its_way() {
    let table = Table::fresh().await;
    let caller = table.caller(no_limits(), budget(100)).await;
    let dead = caller.admit(&call_of(100, 20)).await.unwrap();
    caller.outlive_leases();
    let admission = caller.admit(&call_of(80, 0)).await.unwrap();
    caller.settle(&admission, 80).await.unwrap();
    let user = table.audit(&caller.user()).await;
    assert_eq!((user.spend, user.headroom), (pico(100), pico(0)));
    // The key, which nobody had to wait for, follows when it is swept.
    assert!(table.audit(&caller.key()).await.leases.contains_key(&dead.request()));
    caller.sweep().await;
    assert_eq!(table.audit(&caller.key()).await.spend, pico(100));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_sweepers_at_once_end_a_lease_once() {
    let table = Table::fresh().await;
    let caller = table.caller(budget(10_000), budget(10_000)).await;
    for _ in 0..5 {
        caller.admit(&call_of(100, 30)).await.unwrap();
    }
    caller.outlive_leases();
    let sweepers: Vec<Caller> = (0..8).map(|at| caller.other_process(&table, at * 500)).collect();
    let ended: usize = join_all(sweepers.iter().map(Caller::sweep)).await.into_iter().sum();
    assert_eq!(ended, 10);
    for state in table.audit_both(&caller).await {
        assert_eq!((state.leases.len(), state.spend), (0, pico(150)));
    }
    assert_eq!(caller.recorded_cost().await, pico(150));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_and_its_holder_agree_whoever_is_first() {
    let table = Table::fresh().await;
    for at in 0..24 {
        let caller = table.caller(budget(1000), budget(1000)).await;
        let admission = caller.admit(&call_of(100, 30)).await.unwrap();
        caller.outlive_leases();
        let sweeper = caller.other_process(&table, 0);
        let renewal = caller.store.renew_all(&admission, pico(60), caller.now() + Duration::from_secs(60));
        if at % 2 == 0 {
            let (renewed, _) = join(renewal, Box::pin(sweeper.sweep())).await;
            // A holder that lost either lease settles at once.
            assert!(matches!(renewed, Ok(()) | Err(LeaseLost::Swept)), "{renewed:?}");
            caller.settle(&admission, 60).await.unwrap();
        } else {
            let (settled, _) = join(Box::pin(caller.settle(&admission, 60)), Box::pin(sweeper.sweep())).await;
            assert_eq!(settled.unwrap(), pico(60));
        }
        caller.outlive_leases();
        caller.sweep().await;
        for state in table.audit_both(&caller).await {
            assert_eq!((state.total_spend, state.leases.len()), (pico(60), 0));
        }
        assert_eq!(caller.recorded_cost().await, pico(60));
    }
}

#[tokio::test]
async fn a_scope_is_looked_at_again_until_nothing_is_left_of_its_leases() {
    let table = Table::fresh().await;
    let caller = table.caller(no_limits(), no_limits()).await;
    let due = async || caller.store.due_for_sweep(caller.now(), 100).await.unwrap();
    assert!(due().await.is_empty());
    caller.admit(&call(1)).await.unwrap();
    assert!(due().await.is_empty());
    caller.outlive_leases();
    assert_eq!(due().await.len(), 2);
    caller.sweep().await;
    assert!(due().await.is_empty());

    // A later one is found in its time, closed leases or not.
    caller.admit(&call(1)).await.unwrap();
    caller.outlive_leases();
    assert_eq!(due().await.len(), 2);
    caller.sweep().await;
    caller.wait(Duration::from_secs(2 * 3600));
    assert_eq!(due().await.len(), 2, "closed leases to forget");
    for _ in 0..2 {
        caller.sweep().await;
    }
    assert!(due().await.is_empty());
    for state in table.audit_both(&caller).await {
        assert!(state.closed.is_empty() && state.sweep_due.is_none());
    }
}
