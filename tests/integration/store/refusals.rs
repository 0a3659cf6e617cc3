//! Every reason to refuse, on either scope, with every other limit present and with none.

use std::collections::BTreeSet;
use std::time::Duration;

use shared::store::AdmissionRequest;
use stargate_core::ledger::{Reason, Refusal};
use stargate_core::moment::Moment;
use stargate_core::money::Money;
use stargate_core::period::BudgetDuration;
use stargate_core::scope::Limits;
use tests::calls::{Caller, MODEL, call, no_limits, pico};
use tests::table::Table;

use super::refusal;

/// Every limit there is, and none in the way.
fn roomy(now: Moment) -> Limits {
    Limits {
        soft_budget: None,
        max_budget: Some(pico(1_000_000)),
        budget_duration: Some(BudgetDuration::parse("30d").unwrap()),
        rpm: Some(1000),
        tpm: Some(100_000),
        max_parallel_requests: Some(100),
        models: BTreeSet::from([MODEL.to_owned()]),
        blocked: false,
        expires: Some(now + Duration::from_secs(86_400)),
    }
}

/// A limit made too tight for a call, and what the refusal must be. `None` for what it cannot know to the second.
struct Case {
    tight: fn(&mut Limits, Moment),
    call: AdmissionRequest,
    want: fn(&Reason, Moment) -> bool,
}

fn cases() -> Vec<(&'static str, Case)> {
    vec![
        (
            "a budget below the cost",
            Case {
                tight: |limits, _| limits.max_budget = Some(pico(99)),
                call: call(100),
                want: |reason, _| matches!(reason, Reason::Budget { spend: Money::ZERO, limit, .. } if *limit == pico(99)),
            },
        ),
        (
            "a budget of zero, even for a free model",
            Case {
                tight: |limits, _| limits.max_budget = Some(Money::ZERO),
                call: call(0),
                want: |reason, _| matches!(reason, Reason::Budget { limit: Money::ZERO, .. }),
            },
        ),
        (
            "no requests a minute",
            Case {
                tight: |limits, _| limits.rpm = Some(0),
                call: call(1),
                want: |reason, now| match reason {
                    Reason::Rpm { limit: 0, retry_after } => {
                        (1..=now.seconds_to_next_minute()).contains(retry_after)
                    }
                    _ => false,
                },
            },
        ),
        (
            "no tokens a minute",
            Case {
                tight: |limits, _| limits.tpm = Some(0),
                call: call(1),
                want: |reason, _| matches!(reason, Reason::Tpm { limit: 0, .. }),
            },
        ),
        (
            "no parallel requests",
            Case {
                tight: |limits, _| limits.max_parallel_requests = Some(0),
                call: call(1),
                want: |reason, _| *reason == Reason::Parallel { limit: 0 },
            },
        ),
        (
            "another model",
            Case {
                tight: |limits, _| limits.models = BTreeSet::from(["gpt-5".to_owned()]),
                call: call(1),
                want: |reason, _| *reason == Reason::Model(MODEL.to_owned()),
            },
        ),
        (
            "blocked",
            Case {
                tight: |limits, _| limits.blocked = true,
                call: call(1),
                want: |reason, _| *reason == Reason::Blocked,
            },
        ),
        (
            "expired as this minute began",
            Case {
                tight: |limits, now| limits.expires = Some(Moment::from_seconds(now.seconds())),
                call: call(1),
                want: |reason, now| *reason == Reason::Expired(Moment::from_seconds(now.seconds())),
            },
        ),
    ]
}

/// A process whose key or user has `tight` among `others`.
async fn caller(table: &Table, others: &Limits, tight: &Limits, on_user: bool) -> Caller {
    let (key, user) = if on_user { (others, tight) } else { (tight, others) };
    table.caller(key.clone(), user.clone()).await
}

#[tokio::test]
async fn every_limit_refuses_on_either_scope_among_all_others_or_alone() {
    let table = Table::fresh().await;
    for (name, Case { tight, call, want }) in cases() {
        for (on_user, among_others) in [(false, false), (false, true), (true, false), (true, true)] {
            let about = format!("{name}, on user: {on_user}, among others: {among_others}");
            // The minute that has just begun for every caller.
            let now = table.caller(no_limits(), no_limits()).await.now();
            let now = Moment::from_seconds(now.minute() * 60);
            let others = if among_others { roomy(now) } else { no_limits() };
            let mut limits = others.clone();
            tight(&mut limits, now);
            let caller = caller(&table, &others, &limits, on_user).await;

            let Refusal { scope, reason } = refusal(caller.admit(&call).await);

            assert_eq!(scope, if on_user { caller.user() } else { caller.key() }, "{about}");
            assert!(want(&reason, now), "{about}: {reason:?}");
            for state in table.audit_both(&caller).await {
                assert!(state.leases.is_empty() && state.closed.is_empty(), "{about}");
                assert_eq!((state.headroom, state.spend), (state.limits.ceiling(), Money::ZERO), "{about}");
                assert!(state.requests.values().all(|count| *count == 0), "{about}: given back");
                assert!(state.tokens.values().all(|count| *count == 0), "{about}: given back");
            }
        }
    }
}

#[tokio::test]
async fn nothing_refuses_where_there_is_room() {
    let table = Table::fresh().await;
    let now = table.caller(no_limits(), no_limits()).await.now();
    for (key, user) in [
        (no_limits(), no_limits()),
        (roomy(now), no_limits()),
        (no_limits(), roomy(now)),
        (roomy(now), roomy(now)),
    ] {
        let caller = table.caller(key, user).await;
        let admission = caller.admit(&call(100)).await.unwrap();
        for state in table.audit_both(&caller).await {
            assert_eq!(state.leases[&admission.request()].amount, pico(100));
            assert_eq!(state.headroom, state.limits.ceiling() - pico(100));
            assert_eq!(state.requests.values().sum::<i64>(), 1);
            assert_eq!(state.tokens.values().sum::<i64>(), 10);
            assert!(state.sweep_due.is_some());
        }
    }
}

#[tokio::test]
async fn the_most_final_refusal_is_told() {
    let table = Table::fresh().await;
    let rate = Limits { rpm: Some(0), ..no_limits() };
    let blocked = Limits { blocked: true, ..no_limits() };
    let caller = table.caller(rate, blocked).await;
    let told = refusal(caller.admit(&call(1)).await);
    assert_eq!(told, Refusal { scope: caller.user(), reason: Reason::Blocked });
}
