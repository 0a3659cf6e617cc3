//! Renewals and settlements, one by one and again.

use std::time::Duration;

use shared::store::LeaseLost;
use stargate_core::spend::Status;
use tests::calls::{budget, call_of, no_limits, pico};
use tests::table::Table;

#[tokio::test]
async fn a_settlement_may_be_repeated_and_charges_once() {
    let table = Table::fresh().await;
    let caller = table.caller(budget(1000), budget(1000)).await;
    let admission = caller.admit(&call_of(100, 30)).await.unwrap();
    for _ in 0..3 {
        assert_eq!(caller.settle(&admission, 55).await.unwrap(), pico(55));
    }
    // The record is the judge: a second opinion changes nothing.
    assert_eq!(caller.settle(&admission, 99).await.unwrap(), pico(55));
    for state in table.audit_both(&caller).await {
        assert_eq!((state.spend, state.headroom), (pico(55), pico(945)));
    }
    assert_eq!(caller.recorded_cost().await, pico(55));
}

#[tokio::test]
async fn settlements_of_different_calls_do_not_touch_each_other() {
    let table = Table::fresh().await;
    let caller = table.caller(budget(1000), no_limits()).await;
    let calls =
        [caller.admit(&call_of(100, 0)).await.unwrap(), caller.admit(&call_of(200, 0)).await.unwrap()];
    caller.settle(&calls[1], 150).await.unwrap();
    let [key, _] = table.audit_both(&caller).await;
    assert_eq!(key.leases.keys().copied().collect::<Vec<_>>(), [calls[0].request()]);
    assert_eq!(key.headroom, pico(1000 - 100 - 150));
}

#[tokio::test]
async fn a_call_that_costs_nothing_or_all_of_it_settles_to_the_unit() {
    for cost in [0, 1, 99, 100] {
        let table = Table::fresh().await;
        let caller = table.caller(budget(100), budget(100)).await;
        let admission = caller.admit(&call_of(100, 0)).await.unwrap();
        caller.settle(&admission, cost).await.unwrap();
        for state in table.audit_both(&caller).await {
            assert_eq!((state.spend, state.headroom), (pico(cost), pico(100 - cost)));
        }
    }
}

#[tokio::test]
async fn a_cost_above_the_reservation_is_charged_and_shows_as_negative_headroom() {
    let table = Table::fresh().await;
    let caller = table.caller(budget(100), no_limits()).await;
    let admission = caller.admit(&call_of(100, 0)).await.unwrap();
    caller.settle(&admission, 130).await.unwrap();
    let key = table.audit_balance(&caller.key()).await;
    assert_eq!((key.spend, key.headroom), (pico(130), pico(-30)));
    assert!(caller.admit(&call_of(0, 0)).await.is_err(), "then nothing is admitted");
}

#[tokio::test]
async fn a_renewal_raises_the_floor_and_puts_off_the_end_in_every_scope() {
    let table = Table::fresh().await;
    let caller = table.caller(budget(1000), no_limits()).await;
    let admission = caller.admit(&call_of(100, 10)).await.unwrap();
    let expires = caller.now() + Duration::from_secs(90);
    caller.store.renew_all(&admission, pico(40), expires).await.unwrap();
    for state in table.audit_both(&caller).await {
        let lease = &state.leases[&admission.request()];
        assert_eq!((lease.floor, lease.expires, lease.amount), (pico(40), expires, pico(100)));
    }
    // The same again is no news; what follows needs the renewed admission.
    caller.store.renew_all(&admission, pico(40), expires).await.unwrap();
    let later = expires + Duration::from_secs(15);
    let stale = caller.store.renew_all(&admission, pico(60), later).await;
    assert!(matches!(stale, Err(LeaseLost::Swept)), "{stale:?}");
    let admission = admission.with_renewal(pico(40), expires);
    assert_eq!((admission.floor(), admission.expires()), (pico(40), Some(expires)));
    caller.store.renew_all(&admission, pico(60), later).await.unwrap();
    caller.settle(&admission.with_renewal(pico(60), later), 50).await.unwrap();
    assert_eq!(table.audit_both(&caller).await.map(|state| state.spend), [pico(50), pico(50)]);
}

#[tokio::test]
async fn nothing_is_renewed_once_it_is_settled_or_swept() {
    let table = Table::fresh().await;
    let caller = table.caller(budget(1000), no_limits()).await;
    let settled = caller.admit(&call_of(100, 10)).await.unwrap();
    caller.settle(&settled, 20).await.unwrap();
    let swept = caller.admit(&call_of(100, 10)).await.unwrap();
    caller.outlive_leases();
    assert_eq!(caller.sweep().await, 2);
    for admission in [&settled, &swept] {
        let response =
            caller.store.renew_all(admission, pico(50), caller.now() + Duration::from_secs(60)).await;
        assert!(matches!(response, Err(LeaseLost::Swept)), "{response:?}");
    }
    assert_eq!(table.audit_both(&caller).await.map(|state| state.spend), [pico(30), pico(30)]);
}

#[tokio::test]
async fn a_late_settlement_corrects_what_the_sweep_charged_once() {
    for cost in [0, 30, 31, 100] {
        let table = Table::fresh().await;
        let caller = table.caller(budget(1000), budget(500)).await;
        let admission = caller.admit(&call_of(100, 30)).await.unwrap();
        caller.outlive_leases();
        assert_eq!(caller.sweep().await, 2);
        for state in table.audit_both(&caller).await {
            assert_eq!(state.spend, pico(30), "the floor");
            assert!(state.closed[&admission.request()].confirmed);
        }
        let swept = caller.store.find_record(admission.request()).await.unwrap().unwrap();
        assert_eq!(
            (swept.status, swept.cost, &swept.user),
            (Status::Swept, pico(30), &caller.pointer.holder.user)
        );

        for _ in 0..2 {
            assert_eq!(caller.settle(&admission, cost).await.unwrap(), pico(cost));
        }
        for state in table.audit_both(&caller).await {
            assert_eq!((state.spend, state.total_spend), (pico(cost), pico(cost)));
        }
        let record = caller.store.find_record(admission.request()).await.unwrap().unwrap();
        assert_eq!((record.status, record.cost), (Status::Success, pico(cost)));
        assert_eq!(caller.recorded_cost().await, pico(cost));
    }
}

#[tokio::test]
async fn a_holder_back_after_its_closed_lease_is_forgotten_changes_nothing() {
    let table = Table::fresh().await;
    let caller = table.caller(budget(1000), no_limits()).await;
    let admission = caller.admit(&call_of(100, 30)).await.unwrap();
    caller.outlive_leases();
    caller.sweep().await;
    caller.wait(Duration::from_secs(2 * 3600));
    caller.sweep().await;
    assert_eq!(caller.settle(&admission, 80).await.unwrap(), pico(30), "too late: the floor stands");
    for state in table.audit_both(&caller).await {
        assert!(state.closed.is_empty());
        assert_eq!(state.total_spend, pico(30));
    }
    assert_eq!(caller.recorded_cost().await, pico(30));
}
