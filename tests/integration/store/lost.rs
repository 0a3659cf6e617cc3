//! Answers that are lost on their way: the write took place, and is made again by whoever was not told.

use std::time::Duration;

use shared::store::{AdmissionError, StoreError};
use stargate_core::ledger::LedgerSettings;
use stargate_core::scope::Limits;
use tests::calls::{Caller, budget, budget_every, call, call_of, key, pico, user};
use tests::table::Table;
use tests::wire::Wire;

async fn fallible(table: &Table) -> (Caller, Wire) {
    let (store, wire) = table.wired_store(LedgerSettings::default());
    (table.caller_on(store, budget(1000), budget(1000)).await, wire)
}

#[tokio::test]
async fn a_lost_reservation_is_found_and_settles_once() {
    for lost in [1, 2] {
        let table = Table::fresh().await;
        let (caller, wire) = fallible(&table).await;
        wire.lose_answers("reserve", lost);
        let admission = caller.admit(&call_of(100, 30)).await.unwrap();
        for state in table.audit_both(&caller).await {
            assert_eq!((state.leased_amount(), state.requests.values().sum::<i64>()), (pico(100), 1));
        }
        caller.settle(&admission, 60).await.unwrap();
        let [key, user] = table.audit_both(&caller).await;
        assert_eq!((key.spend, user.spend), (pico(60), pico(60)));
        // A copy of the reservation that lands only now must find the tombstone.
        let tombstones = key.closed.len() + user.closed.len();
        assert_eq!(tombstones, lost, "{lost} lost");
    }
}

#[tokio::test]
async fn reservations_that_are_never_answered_leave_nothing() {
    let table = Table::fresh().await;
    let (caller, wire) = fallible(&table).await;
    // Three tries of each scope's reservation.
    wire.lose_answers("reserve", 6);
    let response = caller.admit(&call_of(100, 30)).await;
    assert!(matches!(response, Err(AdmissionError::Store(StoreError::Unavailable { .. }))), "{response:?}");
    for state in table.audit_both(&caller).await {
        assert!(state.leases.is_empty());
        assert_eq!((state.headroom, state.requests.values().sum::<i64>()), (pico(1000), 0));
        assert_eq!(state.closed.len(), 1, "and never will: the tombstone is in its way");
        assert!(state.sweep_due.is_some(), "which is forgotten in its time");
    }
}

#[tokio::test]
async fn a_settlement_whose_answers_are_lost_charges_once() {
    for (operation, lost) in
        [("put_record", 1), ("put_record", 4), ("settle", 1), ("settle", 2), ("settle", 7)]
    {
        let table = Table::fresh().await;
        let (caller, wire) = fallible(&table).await;
        let admission = caller.admit(&call_of(100, 30)).await.unwrap();
        wire.lose_answers(operation, lost);
        assert_eq!(caller.settle(&admission, 60).await.unwrap(), pico(60));
        for state in table.audit_both(&caller).await {
            assert_eq!((state.spend, state.leases.len()), (pico(60), 0), "{operation} x {lost}");
        }
        assert_eq!(caller.recorded_cost().await, pico(60));
    }
}

#[tokio::test]
async fn a_store_that_stays_silent_leaves_the_lease_to_the_sweep_which_finds_the_record() {
    let table = Table::fresh().await;
    let (caller, wire) = fallible(&table).await;
    let admission = caller.admit(&call_of(100, 30)).await.unwrap();
    wire.lose_answers("put_record", usize::MAX);
    assert!(caller.settle(&admission, 60).await.is_err(), "after two seconds");
    wire.heal();
    caller.outlive_leases();
    assert_eq!(caller.sweep().await, 2);
    assert_eq!(table.audit_both(&caller).await.map(|state| state.total_spend), [pico(60), pico(60)]);
}

#[tokio::test]
async fn renewals_edits_rolls_and_sweeps_survive_lost_answers() {
    let table = Table::fresh().await;
    let (store, wire) = table.wired_store(LedgerSettings::default());
    let caller = table.caller_on(store, budget_every(1000, "1h"), budget(1000)).await;
    let admission = caller.admit(&call_of(100, 10)).await.unwrap();
    let expires = caller.now() + Duration::from_secs(70);
    wire.lose_answers("renew", 2);
    caller.store.renew_all(&admission, pico(40), expires).await.unwrap();

    wire.lose_answers("edit", 1);
    let raise =
        |limits: &Limits| Ok::<_, StoreError>(Limits { max_budget: Some(pico(1500)), ..limits.clone() });
    let state = caller.store.edit(&caller.key(), raise, caller.now()).await.unwrap().unwrap();
    assert_eq!(state.headroom, pico(1400));

    caller.wait(Duration::from_secs(3600));
    for site in ["end_lease", "put_record"] {
        wire.lose_answers(site, 2);
        caller.sweep().await;
    }
    for _ in 0..2 {
        wire.lose_answers("roll", 1);
        caller.store.reset_period(&caller.key(), caller.now()).await.unwrap();
    }
    let [key, user] = table.audit_both(&caller).await;
    assert_eq!((key.spend, key.total_spend, user.spend), (pico(0), pico(40), pico(40)));
    assert_eq!((key.unwritten, key.leases.len()), (None, 0));
    assert_eq!(caller.recorded_cost().await, pico(40));
}

#[tokio::test]
async fn a_creation_whose_answer_was_lost_is_not_taken_by_itself() {
    let table = Table::fresh().await;
    let (caller, wire) = fallible(&table).await;
    wire.lose_answers("create_user", 1);
    let created = user("lost", budget(1), caller.now());
    caller.store.create_user(&created).await.unwrap();
    wire.lose_answers("create_key", 2);
    caller.store.create_key(&key(Some(&created.id), budget(1), caller.now())).await.unwrap();
    assert_eq!(caller.store.keys_of_user(&created.id).await.unwrap().len(), 1);
    assert!(caller.admit(&call(1)).await.is_ok());
}
