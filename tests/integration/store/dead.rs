//! Processes that died between two writes: whatever they left, the next sweeps complete.

use std::collections::HashMap;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use shared::store::Admission;
use stargate_core::ledger::LedgerSettings;
use stargate_core::scope::Scope;
use stargate_core::spend::Status;
use tests::calls::{Caller, budget, call_of, pico};
use tests::table::{Table, partition};
use tests::wire::Fault;
use tokio::runtime::Handle;

#[tokio::test]
async fn a_sweep_that_died_after_its_first_step_is_completed_by_the_next() {
    let table = Table::fresh().await;
    let caller = table.caller(budget(1000), budget(1000)).await;
    let admission = caller.admit(&call_of(100, 30)).await.unwrap();
    caller.outlive_leases();
    end_lease_and_die(&table, &caller, &caller.key(), &admission, 30).await;
    assert!(caller.store.find_record(admission.request()).await.unwrap().is_none());

    assert_eq!(caller.sweep().await, 1, "the user's");
    for state in table.audit_both(&caller).await {
        assert_eq!(state.spend, pico(30));
        assert!(state.closed[&admission.request()].confirmed);
    }
    let record = caller.store.find_record(admission.request()).await.unwrap().unwrap();
    assert_eq!((record.status, record.cost), (Status::Swept, pico(30)));
}

#[tokio::test]
async fn the_record_is_the_judge_of_what_a_dead_sweep_charged() {
    let table = Table::fresh().await;
    let caller = table.caller(budget(1000), budget(1000)).await;
    let admission = caller.admit(&call_of(100, 30)).await.unwrap();
    // The holder wrote its record and died; so did a sweep that had not seen it.
    caller.store.put_record(&caller.record(&admission, 77)).await.unwrap();
    caller.outlive_leases();
    end_lease_and_die(&table, &caller, &caller.key(), &admission, 30).await;
    caller.sweep().await;
    for state in table.audit_both(&caller).await {
        assert_eq!(state.total_spend, pico(77));
    }
    assert_eq!(caller.recorded_cost().await, pico(77));
}

#[tokio::test]
async fn a_holder_that_died_between_its_late_record_and_its_correction_is_completed() {
    let table = Table::fresh().await;
    let quiet = table.caller(budget(1000), budget(1000)).await;
    let (store, wire) = table.wired_store(LedgerSettings::default());
    let faulty = Caller { store, ..quiet.clone() };
    let admission = faulty.admit(&call_of(100, 30)).await.unwrap();
    quiet.outlive_leases();
    quiet.sweep().await;
    wire.plan("correct", 0, usize::MAX, Fault::Cut);
    faulty.settle(&admission, 77).await.unwrap_err();
    for state in table.audit_both(&quiet).await {
        assert_eq!(state.total_spend, pico(30));
    }
    // The very next sweep finds that the record was about to change, and asks it until its holder is not believed any more.
    for (minutes, closed) in [(0, 1), (16, 1), (120, 0)] {
        quiet.wait(Duration::from_secs(minutes * 60));
        for _ in 0..2 {
            quiet.sweep().await;
        }
        for state in table.audit_both(&quiet).await {
            assert_eq!((state.total_spend, state.closed.len()), (pico(77), closed), "{minutes}");
            assert_eq!(state.closed.values().any(|closed| closed.disputed), minutes == 0, "{minutes}");
        }
    }
}

/// A process that stood still in the middle of a settlement goes on with the record that it had made.
#[tokio::test]
async fn a_record_that_comes_when_every_scope_has_forgotten_its_call_changes_nothing() {
    let table = Table::fresh().await;
    let caller = table.caller(budget(1000), budget(1000)).await;
    let admission = caller.admit(&call_of(100, 30)).await.unwrap();
    let record = caller.record(&admission, 77);
    caller.outlive_leases();
    caller.sweep().await;
    caller.wait(Duration::from_secs(2 * 3600));
    caller.sweep().await;
    let settled = caller.store.settle(&admission, &record, || caller.now()).await.unwrap();
    assert_eq!((settled.cost, caller.recorded_cost().await), (pico(30), pico(30)));
    for state in table.audit_both(&caller).await {
        assert_eq!((state.total_spend, state.closed.len()), (pico(30), 0));
    }
}

/// A process that stood still while it reserved holds what a sweep may have ended: it gives that back and asks again.
#[tokio::test]
async fn a_call_that_was_held_up_while_it_reserved_begins_anew() {
    let table = Table::fresh().await;
    let caller = table.caller(budget(1000), budget(1000)).await;
    let asked = AtomicUsize::new(0);
    let held_up = || {
        // The first try is asked for now, and answered when its lease is as good as over.
        let late = if asked.fetch_add(1, Relaxed) == 0 { 0 } else { 55 };
        caller.now() + Duration::from_secs(late)
    };
    let admission =
        caller.store.admit(&mut caller.pointer.clone(), &call_of(100, 30), held_up).await.unwrap();
    assert!(admission.expires().unwrap() > caller.now() + Duration::from_secs(100), "its leases are new");
    for state in table.audit_both(&caller).await {
        let leases: Vec<_> = state.leases.keys().copied().collect();
        assert_eq!((leases, state.headroom), (vec![admission.request()], pico(900)));
    }
}

/// The same where another process has ended one of its leases meanwhile, and charged what may have been sent: what was given
/// back beside that would be charged in one scope and not in the other.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_was_held_up_and_swept_is_charged_the_same_everywhere() {
    let table = Table::fresh().await;
    for is_key in [true, false] {
        let caller = table.caller(budget(1000), budget(1000)).await;
        let swept = if is_key { caller.key() } else { caller.user() };
        let (asked, later) = (AtomicUsize::new(0), caller.now() + Duration::from_secs(75));
        let held_up = || {
            let asked = asked.fetch_add(1, Relaxed);
            if asked == 1 {
                let sweep = caller.store.sweep(&swept, later);
                let ended = tokio::task::block_in_place(|| Handle::current().block_on(sweep)).unwrap();
                assert_eq!(ended, 1);
            }
            if asked == 0 { caller.now() } else { later }
        };
        let call = call_of(100, 30);
        let admission = caller.store.admit(&mut caller.pointer.clone(), &call, held_up).await.unwrap();
        let record = caller.record(&admission, 60);
        caller.store.settle(&admission, &record, || later).await.unwrap();
        caller.clock.shift(75_000);
        caller.sweep().await;
        for state in table.audit_both(&caller).await {
            let (total, left) = (state.total_spend, state.headroom);
            assert_eq!((total, left, state.leases.len()), (pico(60), pico(940), 0), "{is_key}");
        }
        assert_eq!(caller.recorded_cost().await, pico(60), "{is_key}");
    }
}

#[tokio::test]
async fn a_lease_that_only_one_scope_granted_costs_nothing() {
    let table = Table::fresh().await;
    for left_in_key in [true, false] {
        let caller = table.caller(budget(1000), budget(1000)).await;
        let admission = caller.admit(&call_of(100, 30)).await.unwrap();
        // As if one scope had refused and the process had died before it gave the other's back.
        let (kept, refused) =
            if left_in_key { (caller.key(), caller.user()) } else { (caller.user(), caller.key()) };
        table.forget_lease(&refused, admission.request()).await;
        caller.outlive_leases();
        assert_eq!(caller.sweep().await, 1);
        assert!(table.audit(&kept).await.leases.is_empty());
        for state in table.audit_both(&caller).await {
            assert_eq!((state.total_spend, state.headroom), (pico(0), pico(1000)), "{left_in_key}");
        }
        assert_eq!(caller.recorded_cost().await, pico(0));
    }
}

/// The first step of a sweep, and nothing after it.
async fn end_lease_and_die(
    table: &Table,
    caller: &Caller,
    scope: &Scope,
    admission: &Admission,
    floor: i128,
) {
    let number = |value: i128| AttributeValue::N(value.to_string());
    let closed = HashMap::from([
        ("c".to_owned(), number(floor)),
        ("t".to_owned(), number(caller.now().seconds().into())),
        ("v".to_owned(), AttributeValue::Bool(false)),
        ("k".to_owned(), AttributeValue::S(caller.key_id().to_string())),
        ("m".to_owned(), AttributeValue::S(admission.model().to_owned())),
    ]);
    let amount = admission.quote().max_cost().pico();
    write(table, scope, admission)
        .update_expression(
            "SET closed.#r = :closed, headroom = headroom + :unspent, spend = spend + :floor, \
             total_spend = total_spend + :floor REMOVE leases.#r",
        )
        .expression_attribute_values(":closed", AttributeValue::M(closed))
        .expression_attribute_values(":unspent", number(amount - floor))
        .expression_attribute_values(":floor", number(floor))
        .send()
        .await
        .unwrap();
}

/// Makes a scope look as if it had never granted the call.
fn write(table: &Table, scope: &Scope, admission: &Admission) -> UpdateItemFluentBuilder {
    let text = |value: &str| AttributeValue::S(value.to_owned());
    let update = table.raw().update_item().table_name(table.name());
    let update = update.key("pk", text(&partition(scope))).key("sk", text("scope"));
    update.expression_attribute_names("#r", admission.request().as_str())
}

#[tokio::test]
async fn more_dead_calls_than_one_update_can_name_are_all_ended() {
    let table = Table::fresh().await;
    let caller = table.caller(budget(1000), budget(1000)).await;
    for _ in 0..130 {
        caller.admit(&call_of(5, 3)).await.unwrap();
    }
    caller.outlive_leases();
    assert_eq!(caller.sweep().await, 260);
    for state in table.audit_both(&caller).await {
        assert_eq!(state.total_spend, pico(130 * 3));
        assert!(state.closed.values().all(|closed| closed.confirmed));
    }
    assert_eq!(caller.recorded_cost().await, pico(130 * 3));
}
