//! The scheduled job: what nobody calls for is rolled and swept all the same.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use budget_reset::{IncompleteRun, Summary, reset};
use shared::runtime::clock::Clock;
use shared::store::Store;
use stargate_core::ledger::LedgerSettings;
use stargate_core::moment::Moment;
use stargate_core::scope::Scope;
use tests::calls::{budget_every, call_of, key, no_limits, pico, user};
use tests::table::Table;
use tokio::time::Instant;

/// 2025-01-26T00:00:00Z
const JANUARY_26: Moment = Moment::from_ms(1_737_849_600_000);
const DAY: i64 = 86_400_000;

fn clock_at(moment: Moment) -> Clock {
    let clock = Clock::default();
    clock.shift(moment.ms() - clock.now().ms());
    clock
}

fn near_deadline() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

/// A user with a monthly budget, who spends some of it by a call that is never settled.
async fn idle(store: &Store, clock: &Clock, name: &str) -> Scope {
    let owner = user(name, budget_every(1_000, "monthly"), clock.now());
    store.create_user(&owner).await.unwrap();
    let key = key(Some(&owner.id), no_limits(), clock.now());
    store.create_key(&key).await.unwrap();
    let pointer = store.find_pointer(&key.holder.secret).await.unwrap().unwrap();
    store.admit(&mut pointer.clone(), &call_of(100, 30), || clock.now()).await.unwrap();
    Scope::User(owner.id)
}

#[tokio::test]
async fn an_idle_user_is_swept_then_rolled_once_at_the_boundary() {
    let table = Table::fresh().await;
    let (store, clock) = (table.store(LedgerSettings::default()), clock_at(JANUARY_26));
    let scope = idle(&store, &clock, "idle").await;

    let nothing = reset(&store, &clock, near_deadline()).await.unwrap();
    assert_eq!(nothing, Summary::default(), "the lease still lives and the month still runs");

    clock.shift(DAY);
    let swept = reset(&store, &clock, near_deadline()).await.unwrap();
    assert_eq!(swept, Summary { swept: 2, ended: 2, ..Summary::default() }, "the key's lease and the user's");
    let state = table.audit(&scope).await;
    assert_eq!((state.spend, state.leases.len()), (pico(30), 0), "a lease left behind costs its floor");

    // A second before the first of February, nothing; then the new month.
    clock.shift(JANUARY_26.ms() + 6 * DAY - 5_000 - clock.now().ms());
    assert_eq!(reset(&store, &clock, near_deadline()).await.unwrap().rolled, 0);
    clock.shift(10_000);
    assert_eq!(reset(&store, &clock, near_deadline()).await.unwrap().rolled, 1);
    let state = table.audit(&scope).await;
    assert_eq!((state.spend, state.total_spend, state.headroom), (pico(0), pico(30), pico(1_000)));
    assert_eq!(state.budget_reset_at.map(|at| at.to_string()).as_deref(), Some("2025-03-01T00:00:00Z"));
    let history = table.item("U#idle", "period#1738368000").await.unwrap();
    assert_eq!(history["spend"], AttributeValue::N("30".to_owned()));

    let items = table.count().await;
    let again = reset(&store, &clock, near_deadline()).await.unwrap();
    assert_eq!((again.rolled, again.ended, again.more), (0, 0, false), "a repeated run finds nothing to do");
    assert_eq!((table.audit(&scope).await, table.count().await), (state, items));
}

/// Makes a user's scope unreadable.
async fn spoil(table: &Table, name: &str) {
    let update = table.raw().update_item().table_name(table.name()).update_expression("SET headroom = :none");
    let update = update.expression_attribute_values(":none", AttributeValue::S("none".to_owned()));
    let key = [("pk", format!("U#{name}")), ("sk", "scope".to_owned())];
    let update =
        key.into_iter().fold(update, |update, (part, value)| update.key(part, AttributeValue::S(value)));
    update.send().await.unwrap();
}

#[tokio::test]
async fn scopes_that_fail_keep_nobody_waiting() {
    let table = Table::fresh().await;
    let (store, clock) = (table.store(LedgerSettings::default()), clock_at(JANUARY_26));
    // More than a page of every shard, and due before the others.
    for number in 0..300 {
        let name = format!("spoilt {number}");
        store.create_user(&user(&name, budget_every(5, "hourly"), clock.now())).await.unwrap();
        spoil(&table, &name).await;
    }
    for number in 0..20 {
        let name = format!("sound {number}");
        store.create_user(&user(&name, budget_every(5, "daily"), clock.now())).await.unwrap();
    }
    clock.shift(DAY);
    let Err(IncompleteRun::Failed(summary)) = reset(&store, &clock, near_deadline()).await else {
        panic!("three hundred users cannot be rolled");
    };
    assert_eq!(summary, Summary { rolled: 20, failed: 300, ..Summary::default() });
}

#[tokio::test]
async fn a_run_without_time_says_that_there_is_more() {
    let table = Table::fresh().await;
    let (store, clock) = (table.store(LedgerSettings::default()), clock_at(JANUARY_26));
    let scope = idle(&store, &clock, "idle").await;
    clock.shift(40 * DAY);
    let Err(IncompleteRun::OutOfTime(late)) = reset(&store, &clock, Instant::now()).await else {
        panic!("what is left is no success");
    };
    assert_eq!(late, Summary { more: true, ..Summary::default() });
    let done = reset(&store, &clock, near_deadline()).await.unwrap();
    assert_eq!((done.rolled, done.ended, done.more), (1, 2, false));
    let next = table.audit(&scope).await.budget_reset_at.map(|at| at.to_string());
    assert_eq!(next.as_deref(), Some("2025-04-01T00:00:00Z"), "a month that nobody rolled is skipped");
}
