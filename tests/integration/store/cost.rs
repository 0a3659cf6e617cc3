//! What a request costs the table: rounds and write units are exact on any machine.

use std::time::Duration;

use shared::store::Used;
use stargate_core::ledger::LedgerSettings;
use tests::calls::{Caller, budget, call, pico};
use tests::table::Table;
use tests::wire::Wire;

/// A process on the warm path: its connections are open, its scopes are in use.
async fn warm(table: &Table) -> (Caller, Wire) {
    let (store, wire) = table.wired_store(LedgerSettings::default());
    let caller = table.caller_on(store, budget(1_000_000), budget(1_000_000)).await;
    for _ in 0..2 {
        let admission = caller.admit(&call(100)).await.unwrap();
        caller.settle(&admission, 100).await.unwrap();
    }
    wire.take_rounds();
    (caller, wire)
}

fn units_between(before: Used, after: Used) -> (u64, f64) {
    (after.calls - before.calls, after.write_units - before.write_units)
}

#[tokio::test]
async fn one_round_trip_admits_and_two_settle() {
    let table = Table::fresh().await;
    let (caller, wire) = warm(&table).await;

    let before = caller.store.capacity().used();
    let admission = caller.admit(&call(100)).await.unwrap();
    let admitted = caller.store.capacity().used();
    assert_eq!(wire.take_rounds(), [["reserve", "reserve"]], "side by side, before Bedrock is called");

    caller.store.renew_all(&admission, pico(50), caller.now() + Duration::from_secs(60)).await.unwrap();
    let renewed = caller.store.capacity().used();
    assert_eq!(wire.take_rounds(), [["renew", "renew"]]);

    caller.settle(&admission, 100).await.unwrap();
    let settled = caller.store.capacity().used();
    assert_eq!(wire.take_rounds(), [vec!["put_record"], vec!["settle", "settle"]]);

    let [admit, renew, settle] =
        [units_between(before, admitted), units_between(admitted, renewed), units_between(renewed, settled)];
    println!("measured: admit {} write units, renew {}, settle {}", admit.1, renew.1, settle.1);
    assert_eq!((admit, renew), ((2, 2.0), (2, 2.0)));
    // Two items in a transaction at two units each, and one update per scope.
    assert_eq!(settle, (3, if table.is_embedded() { 6.0 } else { 4.0 }));
}

#[tokio::test]
async fn a_refusal_costs_one_round_and_gives_back_in_another() {
    let table = Table::fresh().await;
    let (store, wire) = table.wired_store(LedgerSettings::default());
    let caller = table.caller_on(store, budget(1000), budget(50)).await;
    caller.admit(&call(10)).await.unwrap();
    wire.take_rounds();
    caller.admit(&call(100)).await.unwrap_err();
    assert_eq!(wire.take_rounds(), [vec!["reserve", "reserve"], vec!["give_back"]]);
}

#[tokio::test]
async fn an_idle_sweep_and_roll_write_nothing() {
    let table = Table::fresh().await;
    let (caller, wire) = warm(&table).await;
    caller.store.reset_period(&caller.key(), caller.now()).await.unwrap();
    assert_eq!(wire.take_rounds(), [["roll"]]);
}

/// How many bytes a lease adds decides how many calls in flight cost one more write unit.
#[tokio::test]
async fn write_units_by_running_calls() {
    let table = Table::fresh().await;
    let mut line = Vec::new();
    for running in [10, 100] {
        let (store, _) = table.wired_store(LedgerSettings::default());
        let caller = table.caller_on(store, budget(1_000_000_000), budget(1_000_000_000)).await;
        for _ in 0..running {
            caller.admit(&call(100)).await.unwrap();
        }
        let before = caller.store.capacity().used();
        let admission = caller.admit(&call(100)).await.unwrap();
        let (_, admit) = units_between(before, caller.store.capacity().used());
        let before = caller.store.capacity().used();
        caller.settle(&admission, 1).await.unwrap();
        let (_, settle) = units_between(before, caller.store.capacity().used());
        line.push(format!("{running} running: admit {admit}, settle {settle}"));
        // At 110 bytes a lease, ten share the first two KB of the item.
        assert!(admit <= 2.0 * (1.0 + f64::from(running) * 0.125).ceil(), "{running}: {admit}");
    }
    println!("measured: write units with {}", line.join("; "));
}
