//! Admission over a key and its user: both grant, or neither keeps anything.

use std::time::{Duration, Instant};

use shared::store::{AdmissionError, CreateError, KeyRef};
use stargate_core::id::UserId;
use stargate_core::ledger::Reason;
use stargate_core::secret::Secret;
use tests::calls::{budget, call, call_of, no_limits, pico, shortenable};
use tests::table::Table;

use super::{reason, refusal};

#[tokio::test]
async fn reserves_from_both_and_charges_what_it_cost() {
    let table = Table::fresh().await;
    let caller = table.caller(budget(1000), budget(5000)).await;
    let admission = caller.admit(&call_of(100, 30)).await.unwrap();
    assert_eq!((admission.floor(), admission.holds().len()), (pico(30), 2));
    let [key, user] = table.audit_both(&caller).await;
    assert_eq!((key.headroom, user.headroom), (pico(900), pico(4900)));

    assert_eq!(caller.settle(&admission, 40).await.unwrap(), pico(40));
    for (state, left) in table.audit_both(&caller).await.iter().zip([960, 4960]) {
        assert_eq!((state.spend, state.total_spend, state.headroom), (pico(40), pico(40), pico(left)));
        assert!(state.leases.is_empty() && state.closed.is_empty());
    }
}

#[tokio::test]
async fn a_budget_may_be_spent_to_its_last_unit() {
    let table = Table::fresh().await;
    let caller = table.caller(budget(200), no_limits()).await;
    for _ in 0..2 {
        let admission = caller.admit(&call(100)).await.unwrap();
        caller.settle(&admission, 100).await.unwrap();
    }
    for amount in [0, 1] {
        let told = reason(caller.admit(&call(amount)).await);
        assert_eq!(told, Reason::Budget { spend: pico(200), limit: pico(200), resets: None });
    }
}

#[tokio::test]
async fn what_running_calls_hold_is_waited_for_and_never_final() {
    let table = Table::fresh().await;
    let caller = table.caller(budget(100), no_limits()).await;
    let running = caller.admit(&call(60)).await.unwrap();

    let begun = Instant::now();
    let told = refusal(caller.admit(&call(60)).await);
    assert_eq!((&told.scope, &told.reason), (&caller.key(), &Reason::Held));
    let waited = begun.elapsed();
    assert!(waited > Duration::from_millis(400), "four pauses, not {waited:?}");

    // It settles while another waits for it.
    let waiting = tokio::spawn({
        let caller = caller.clone();
        async move { caller.admit(&call(60)).await }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    caller.settle(&running, 10).await.unwrap();
    let admission = waiting.await.unwrap().unwrap();
    caller.settle(&admission, 60).await.unwrap();
    let [key, user] = table.audit_both(&caller).await;
    assert_eq!((key.spend, user.spend), (pico(70), pico(70)));
    assert_eq!(user.requests.values().sum::<i64>(), 2, "what the user was asked in vain is given back");
    // 31 could not fit whatever settles.
    assert!(matches!(reason(caller.admit(&call(31)).await), Reason::Budget { .. }));
}

#[tokio::test]
async fn a_worst_case_that_does_not_fit_is_shortened_to_what_does() {
    for (key, user, granted) in [
        (1000, 500, 250), // half of what the poorer has left
        (500, 1000, 250),
        (500, 150, 100), // half would be less than a useful answer
        (500, 100, 100),
        (900, 800, 800), // fits whole
    ] {
        let table = Table::fresh().await;
        let caller = table.caller(budget(key), budget(user)).await;
        let admission = caller.admit(&shortenable(800, 100)).await.unwrap();
        assert_eq!(admission.quote().max_cost(), pico(granted), "of {key} and {user}");
        for state in table.audit_both(&caller).await {
            assert_eq!(state.leased_amount(), pico(granted));
            assert_eq!(state.requests.values().sum::<i64>(), 1, "tries are not counted");
        }
    }
    let table = Table::fresh().await;
    let caller = table.caller(budget(1000), budget(99)).await;
    assert!(matches!(reason(caller.admit(&shortenable(800, 100)).await), Reason::Budget { .. }));
}

#[tokio::test]
async fn an_unknown_key_is_refused_and_nothing_is_written() {
    let table = Table::fresh().await;
    let caller = table.caller(no_limits(), no_limits()).await;
    let (items, before) = (table.count().await, caller.store.capacity().used());
    let secret = Secret::generate().unwrap();
    assert_eq!(caller.store.find_pointer(&secret.hash()).await.unwrap(), None);
    let after = caller.store.capacity().used();
    assert_eq!((after.calls - before.calls, after.write_units - before.write_units), (1, 0.0));
    assert_eq!(table.count().await, items);
}

#[tokio::test]
async fn a_pointer_is_proven_by_the_keys_own_reservation() {
    let table = Table::fresh().await;
    let caller = table.caller(no_limits(), no_limits()).await;
    let found = caller.store.find_pointer(&caller.pointer.holder.secret).await.unwrap();
    assert_eq!(found.as_ref(), Some(&caller.pointer));

    let true_one = &caller.pointer.holder;
    let other_secret = Secret::generate().unwrap().hash();
    let stranger = table.caller(no_limits(), no_limits()).await;
    for foreign in [
        stargate_core::scope::KeyOwner { secret: other_secret, ..true_one.clone() },
        stargate_core::scope::KeyOwner { user: stranger.pointer.holder.user.clone(), ..true_one.clone() },
        stargate_core::scope::KeyOwner { user: None, ..true_one.clone() },
    ] {
        let pointer = KeyRef::new(caller.pointer.key.clone(), foreign);
        let response = caller.store.admit(&mut pointer.clone(), &call(1), || caller.now()).await;
        assert!(matches!(response, Err(AdmissionError::Stale)), "{response:?}");
    }
    for caller in [&caller, &stranger] {
        assert!(table.audit_both(caller).await.iter().all(|state| state.leases.is_empty()));
    }
}

#[tokio::test]
async fn deleting_a_key_or_its_user_binds_the_next_request() {
    let table = Table::fresh().await;
    let caller = table.caller(no_limits(), no_limits()).await;
    caller.admit(&call(1)).await.unwrap();
    assert!(caller.store.delete_key(caller.key_id()).await.unwrap());
    let told = refusal(caller.admit(&call(1)).await);
    assert_eq!((told.scope, told.reason), (caller.key(), Reason::Unknown));
    assert_eq!(table.audit(&caller.user()).await.leases.len(), 1, "only what was running");

    let caller = table.caller(no_limits(), no_limits()).await;
    let running = caller.admit(&call(1)).await.unwrap();
    assert!(caller.store.delete_user(caller.user_id(), caller.now()).await.unwrap());
    assert_eq!(reason(caller.admit(&call(1)).await), Reason::Unknown);
    // What was running is still recorded.
    assert_eq!(caller.settle(&running, 1).await.unwrap(), pico(1));
    assert_eq!(caller.recorded_cost().await, pico(1));
}

#[tokio::test]
async fn a_key_without_a_user_has_one_scope() {
    let table = Table::fresh().await;
    let mut caller = table.caller(no_limits(), no_limits()).await;
    let key = tests::calls::key(None, budget(100), caller.now());
    caller.store.create_key(&key).await.unwrap();
    caller.pointer = KeyRef::new(key.id.clone(), key.holder.clone());
    let admission = caller.admit(&call(100)).await.unwrap();
    assert_eq!(admission.holds().len(), 1);
    caller.settle(&admission, 7).await.unwrap();
    assert_eq!(table.audit(&caller.key()).await.headroom, pico(93));
    // And one whose user never was, or was deleted meanwhile, is not made.
    let key = tests::calls::key(Some(&UserId::parse("nobody").unwrap()), no_limits(), caller.now());
    let made = caller.store.create_key(&key).await;
    assert!(matches!(made, Err(CreateError::Gone { field: "user_id" })), "{made:?}");
    assert_eq!(caller.store.find_pointer(&key.holder.secret).await.unwrap(), None);
}
