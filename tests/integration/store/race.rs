//! Many at once against one budget: exactly as many are admitted as fit.

use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use shared::store::AdmissionError;
use stargate_core::ledger::Reason;
use stargate_core::scope::Limits;
use stargate_core::secret::Secret;
use tests::calls::{Caller, back_off, budget, call, no_limits, pico};
use tests::rotation::Rotation;
use tests::table::Table;

const TASKS: usize = 64;
const REQUESTS: usize = 2000;
const COST: i128 = 100;

/// Sends 2,000 requests, 64 at a time, from two processes; those that are only held come again. Exactly `fits` must be
/// admitted, with the ledger in balance at every instant and to the unit afterwards.
async fn assert_admits_exactly(fits: usize, key: Limits, user: Limits) {
    let table = Arc::new(Table::fresh().await);
    let caller = table.caller(key, user).await;
    let processes = [caller.clone(), caller.other_process(&table, 5000)];
    let (left, admitted) = (Arc::new(AtomicUsize::new(REQUESTS)), Arc::new(AtomicUsize::new(0)));
    let over = Arc::new(AtomicBool::new(false));
    let auditor = tokio::spawn({
        let (table, caller, over) = (table.clone(), caller.clone(), over.clone());
        async move {
            while !over.load(SeqCst) {
                table.audit_both(&caller).await;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    });
    let begun = Instant::now();
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let (caller, left, admitted) = (processes[task % 2].clone(), left.clone(), admitted.clone());
            tokio::spawn(async move {
                while left.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok() {
                    match caller.admit_patiently(&call(COST)).await {
                        Ok(admission) => {
                            admitted.fetch_add(1, SeqCst);
                            caller.settle_until_done(&admission, COST).await;
                        }
                        Err(AdmissionError::Refused(refusal)) => {
                            assert!(matches!(refusal.reason, Reason::Budget { .. }), "{refusal:?}");
                        }
                        // As above: the client is told 503, and asks again.
                        Err(AdmissionError::Store(_)) => {
                            left.fetch_add(1, SeqCst);
                            back_off(2).await;
                        }
                        Err(other) => panic!("{other:?}"),
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let took = begun.elapsed();
    over.store(true, SeqCst);
    auditor.await.unwrap();

    let spent = pico(COST * i128::try_from(fits).unwrap());
    assert_eq!(admitted.load(SeqCst), fits);
    for state in table.audit_both(&caller).await {
        assert!(state.leases.is_empty());
        assert_eq!((state.spend, state.total_spend), (spent, spent));
        assert_eq!(
            state.requests.values().sum::<i64>(),
            i64::try_from(fits).unwrap(),
            "refusals are not counted"
        );
    }
    assert_eq!(caller.recorded_cost().await, spent);
    println!("measured: {REQUESTS} requests, {TASKS} at a time: {fits} admitted, overspend 0, {took:.1?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_thousand_requests_exactly_those_are_admitted_that_fit() {
    let races = vec![
        (300, budget(500 * COST + 37), budget(301 * COST - 1)),
        (700, budget(700 * COST), budget(700 * COST)),
    ];
    // One after the other: each alone keeps an engine busy.
    for (fits, key, user) in Rotation::from_env().select(2, races) {
        assert_admits_exactly(fits, key, user).await;
    }
}

/// The same for limits that count: of `TASKS` at once exactly `fits` get through.
async fn through_at_once(limits: Limits) -> usize {
    let table = Table::fresh().await;
    let caller = table.caller(no_limits(), limits).await;
    let ask = call(1);
    let racing = (0..TASKS).map(|_| caller.admit(&ask));
    let answers = futures_util::future::join_all(racing).await;
    let through = answers.iter().filter(|response| response.is_ok()).count();
    let [key, user] = table.audit_both(&caller).await;
    assert_eq!((key.leases.len(), user.leases.len()), (through, through));
    assert_eq!(key.requests.values().sum::<i64>(), i64::try_from(through).unwrap());
    through
}

#[tokio::test(flavor = "multi_thread")]
async fn no_race_passes_a_limit_that_counts() {
    for (name, limits, fits) in [
        ("rpm", Limits { rpm: Some(17), ..no_limits() }, 17),
        ("parallel", Limits { max_parallel_requests: Some(9), ..no_limits() }, 9),
        ("tpm, each counts 10", Limits { tpm: Some(95), ..no_limits() }, 10),
    ] {
        assert_eq!(through_at_once(limits).await, fits, "{name}");
    }
}

/// Calls of 32 at once, some of which are never heard of again, until the key or its user is deleted under them; answers
/// how many were admitted.
async fn until_deleted(table: &Arc<Table>, caller: &Caller, user_too: bool) -> usize {
    let admitted = Arc::new(AtomicUsize::new(0));
    let tasks = (0..TASKS / 2).map(|task| {
        let (caller, admitted) = (caller.clone(), admitted.clone());
        tokio::spawn(async move {
            for turn in 0.. {
                match caller.admit_patiently(&call(COST)).await {
                    Ok(_) if turn % 8 == task % 8 => {}
                    Ok(admission) => caller.settle_until_done(&admission, COST).await,
                    Err(AdmissionError::Refused(refusal)) => {
                        assert_eq!(refusal.reason, Reason::Unknown);
                        return;
                    }
                    Err(AdmissionError::Store(_)) => continue,
                    Err(other) => panic!("{other:?}"),
                }
                admitted.fetch_add(1, SeqCst);
            }
        })
    });
    let tasks: Vec<_> = tasks.collect();
    let store = table.store(caller.store.terms().clone());
    while admitted.load(SeqCst) < 50 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let deleted = if user_too {
        store.delete_user(caller.user_id(), caller.now()).await
    } else {
        store.delete_key(caller.key_id()).await
    };
    assert!(deleted.unwrap());
    let refused = caller.admit(&call(COST)).await;
    assert!(matches!(refused, Err(AdmissionError::Refused(refusal)) if refusal.reason == Reason::Unknown));
    for task in tasks {
        task.await.unwrap();
    }
    admitted.load(SeqCst)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_deleted_in_mid_race_loses_nothing() {
    let table = Arc::new(Table::fresh().await);
    let caller = table.caller(no_limits(), budget(1_000_000)).await;
    let admitted = until_deleted(&table, &caller, false).await;
    caller.outlive_leases();
    caller.store.sweep(&caller.user(), caller.now()).await.unwrap();
    let user = table.audit(&caller.user()).await;
    assert!(user.leases.is_empty());
    assert_eq!(
        user.total_spend,
        table.aggregated_spend(&caller.user()).await,
        "the user and the records agree"
    );
    assert_eq!(user.total_spend, caller.recorded_cost().await);
    assert!(user.total_spend <= pico(COST * i128::try_from(admitted).unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_is_deleted_in_mid_race_leaves_only_records() {
    let table = Arc::new(Table::fresh().await);
    let caller = table.caller(no_limits(), budget(1_000_000)).await;
    until_deleted(&table, &caller, true).await;
    let left = caller.store.scope_states(&[caller.key(), caller.user()]).await.unwrap();
    assert!(left.iter().all(Option::is_none), "a late settlement brings nothing back: {left:#?}");
    assert!(caller.recorded_cost().await > pico(0));
    assert_eq!(caller.recorded_cost().await, table.aggregated_spend(&caller.user()).await);
}

/// Two secrets, given out one after the other while calls are made with whichever is known: one key, one budget.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_rotated_in_mid_race_is_never_overspent() {
    let table = Arc::new(Table::fresh().await);
    let caller = table.caller(budget(COST * 100), no_limits()).await;
    let admitted = Arc::new(AtomicUsize::new(0));
    let newest = Arc::new(Mutex::new(caller.pointer.holder.secret.clone()));
    let tasks = (0..TASKS / 4).map(|_| {
        let (caller, admitted, newest) = (caller.clone(), admitted.clone(), newest.clone());
        tokio::spawn(async move {
            loop {
                let secret = newest.lock().unwrap().clone();
                let Ok(Some(pointer)) = caller.store.find_pointer(&secret).await else { continue };
                let caller = Caller { pointer, ..caller.clone() };
                match caller.admit_patiently(&call(COST)).await {
                    Ok(admission) => {
                        admitted.fetch_add(1, SeqCst);
                        caller.settle_until_done(&admission, COST).await;
                    }
                    Err(AdmissionError::Refused(refusal)) => {
                        assert!(matches!(refusal.reason, Reason::Budget { .. }), "{refusal:?}");
                        return;
                    }
                    // The secret that it held was replaced meanwhile.
                    Err(AdmissionError::Stale | AdmissionError::Renamed | AdmissionError::Store(_)) => {}
                }
            }
        })
    });
    let tasks: Vec<_> = tasks.collect();
    let store = table.store(caller.store.terms().clone());
    let mut rotations = 0;
    while tasks.iter().any(|task| !task.is_finished()) {
        let entry = store.keys(std::slice::from_ref(caller.key_id())).await.unwrap().pop().unwrap();
        let secret = Secret::generate().unwrap();
        let grace = (rotations % 2 == 0).then(|| caller.now() + Duration::from_secs(60));
        if store.rotate_key(&entry.key, &secret, grace).await.unwrap() {
            *newest.lock().unwrap() = secret.hash();
            rotations += 1;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for task in tasks {
        task.await.unwrap();
    }
    let [key, user] = table.audit_both(&caller).await;
    assert_eq!(
        (admitted.load(SeqCst), key.spend, user.total_spend),
        (100, pico(COST * 100), pico(COST * 100))
    );
    assert_eq!(table.aggregated_spend(&caller.user()).await, pico(COST * 100));
    assert!(rotations > 2, "{rotations}");
    println!("measured: {rotations} rotations beside 100 calls");
}
