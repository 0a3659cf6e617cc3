use std::collections::BTreeMap;
use std::time::Duration;

use super::*;
use crate::id::{KeyId, OrgId, UserId};
use crate::money::Rate;
use crate::scope::Limits;
use crate::secret::Secret;

const NOW: Moment = Moment::from_ms(1_763_000_010_000);

fn key() -> KeyId {
    KeyId::parse("k").unwrap()
}

fn ask(amount: i64) -> ReserveRequest {
    let quote = CostBound {
        input: Money::from_usd(amount),
        output_rate: Rate::parse("0").unwrap(),
        max_tokens: 10,
        least_tokens: 10,
        window: 10,
    };
    let expires = NOW + Duration::from_secs(60);
    ReserveRequest {
        request: RequestId::from_parts(NOW.ms(), 1),
        quote,
        lease: Lease {
            amount: quote.max_cost(),
            floor: quote.committed_cost(0),
            expires,
            key: key(),
            model: "m".into(),
            others: Vec::new(),
        },
        model: "claude-haiku-4-5".into(),
        permitted_by: vec!["claude-haiku-4-5".into(), "*".into()],
        tokens: 100,
        now: NOW,
        max_leases: 1000,
    }
}

fn state(budget: Option<i64>, spend: i64) -> ScopeState {
    let limits = Limits { max_budget: budget.map(Money::from_usd), ..Limits::default() };
    ScopeState {
        headroom: limits.ceiling() - Money::from_usd(spend),
        limits,
        spend: Money::from_usd(spend),
        total_spend: Money::from_usd(spend),
        budget_reset_at: None,
        leases: BTreeMap::new(),
        closed: BTreeMap::new(),
        requests: BTreeMap::new(),
        tokens: BTreeMap::new(),
        unwritten: None,
        sweep_due: None,
        deleted: false,
        holder: None,
        previous: None,
        ties: LinkedScopes::default(),
        soft_told: false,
        version: 0,
    }
}

fn with_lease(mut state: ScopeState, amount: i64) -> ScopeState {
    let lease = Lease {
        amount: Money::from_usd(amount),
        floor: Money::ZERO,
        expires: NOW,
        key: key(),
        model: "m".into(),
        others: Vec::new(),
    };
    state.headroom -= lease.amount;
    state.leases.insert(RequestId::from_parts(0, 7), lease);
    state
}

#[test]
fn budgets_refuse_hold_or_clamp() {
    let spent = |spend, limit| {
        RefusalCause::Refused(Reason::Budget {
            spend: Money::from_usd(spend),
            limit: Money::from_usd(limit),
            resets: None,
        })
    };
    for (name, state, cost, want) in [
        ("fits to the last cent", state(Some(10), 5), 5, RefusalCause::Unclear),
        ("a dollar too dear for the period", state(Some(10), 5), 6, spent(5, 10)),
        (
            "a running call holds it",
            with_lease(state(Some(10), 5), 3),
            5,
            RefusalCause::Refused(Reason::Held),
        ),
        ("zero blocks even a free model", state(Some(0), 0), 0, spent(0, 0)),
        ("a spent budget blocks even a free model", state(Some(10), 10), 0, spent(10, 10)),
        ("overdrawn by a correction", state(Some(10), 11), 0, spent(11, 10)),
        ("no limit", state(None, 1_000_000), 1_000_000, RefusalCause::Unclear),
    ] {
        assert!(state.is_balanced());
        assert_eq!(explain_refusal(Some(&state), &ScopeExpectation::default(), &ask(cost)), want, "{name}");
    }
}

#[test]
fn a_shorter_answer_is_offered_where_it_fits() {
    let mut long = ask(1);
    long.quote.output_rate = Rate::parse("1000000").unwrap(); // a dollar a token
    long.lease.amount = long.quote.max_cost(); // 11 dollars
    long.quote.least_tokens = 4;
    for (budget, want) in [
        (11, RefusalCause::Unclear),
        (10, RefusalCause::Short(Money::from_usd(10))),
        (5, RefusalCause::Short(Money::from_usd(5))),
    ] {
        assert_eq!(
            explain_refusal(Some(&state(Some(budget), 0)), &ScopeExpectation::default(), &long),
            want,
            "{budget}"
        );
    }
    let refused = explain_refusal(Some(&state(Some(4), 0)), &ScopeExpectation::default(), &long);
    assert!(matches!(refused, RefusalCause::Refused(Reason::Budget { .. })));
}

#[test]
fn every_other_limit_has_its_reason() {
    let limited = |change: &dyn Fn(&mut ScopeState)| {
        let mut state = with_lease(state(Some(10), 0), 1);
        change(&mut state);
        state
    };
    let minute = NOW.minute();
    let cases: [(&str, ScopeState, RefusalCause); 12] = [
        ("deleted", limited(&|s| s.deleted = true), RefusalCause::Refused(Reason::Unknown)),
        ("blocked", limited(&|s| s.limits.blocked = true), RefusalCause::Refused(Reason::Blocked)),
        (
            "expired now",
            limited(&|s| s.limits.expires = Some(NOW)),
            RefusalCause::Refused(Reason::Expired(NOW)),
        ),
        (
            "other models only",
            limited(&|s| s.limits.models = ["claude-opus-4-5".to_owned()].into()),
            RefusalCause::Refused(Reason::Model("claude-haiku-4-5".into())),
        ),
        ("wildcard", limited(&|s| s.limits.models = ["*".to_owned()].into()), RefusalCause::Unclear),
        ("period over", limited(&|s| s.budget_reset_at = Some(NOW)), RefusalCause::PeriodOver),
        (
            "rpm reached",
            limited(&|s| {
                s.limits.rpm = Some(3);
                s.requests.insert(minute, 3);
            }),
            RefusalCause::Refused(Reason::Rpm { limit: 3, retry_after: NOW.seconds_to_next_minute() }),
        ),
        (
            "rpm of the last minute does not count",
            limited(&|s| {
                s.limits.rpm = Some(3);
                s.requests.insert(minute - 1, 3);
            }),
            RefusalCause::Unclear,
        ),
        (
            "rpm zero blocks",
            limited(&|s| s.limits.rpm = Some(0)),
            RefusalCause::Refused(Reason::Rpm { limit: 0, retry_after: NOW.seconds_to_next_minute() }),
        ),
        (
            "tpm is post-paid: below it a large request passes",
            limited(&|s| {
                s.limits.tpm = Some(10);
                s.tokens.insert(minute, 9);
            }),
            RefusalCause::Unclear,
        ),
        (
            "parallel",
            limited(&|s| s.limits.max_parallel_requests = Some(1)),
            RefusalCause::Refused(Reason::Parallel { limit: 1 }),
        ),
        ("nothing", limited(&|_| ()), RefusalCause::Unclear),
    ];
    for (name, state, want) in cases {
        assert_eq!(explain_refusal(Some(&state), &ScopeExpectation::default(), &ask(1)), want, "{name}");
    }
    assert_eq!(
        explain_refusal(None, &ScopeExpectation::default(), &ask(1)),
        RefusalCause::Refused(Reason::Unknown)
    );
}

#[test]
fn a_lost_answer_is_recognized_by_its_lease() {
    let ask = ask(1);
    let mut state = state(Some(1), 0);
    state.leases.insert(ask.request, ask.lease.clone());
    assert_eq!(explain_refusal(Some(&state), &ScopeExpectation::default(), &ask), RefusalCause::Admitted);
}

#[test]
fn a_key_must_be_the_one_the_hint_named() {
    let holder = |secret: &str| KeyOwner { secret: Secret::new(secret).hash(), user: None, team: None };
    let claim =
        |secret: &str| ScopeExpectation { holder: Some(holder(secret)), ..ScopeExpectation::default() };
    let mut state = state(None, 0);
    state.holder = Some(holder("sk-new"));
    assert_eq!(explain_refusal(Some(&state), &claim("sk-old"), &ask(1)), RefusalCause::Foreign);
    assert_eq!(explain_refusal(Some(&state), &claim("sk-new"), &ask(1)), RefusalCause::Unclear);
    // The secret before it is good until its grace is over.
    for (until, want) in [(NOW + Duration::from_secs(1), RefusalCause::Unclear), (NOW, RefusalCause::Foreign)]
    {
        state.previous = Some((Secret::new("sk-old").hash(), until));
        assert_eq!(explain_refusal(Some(&state), &claim("sk-old"), &ask(1)), want);
    }
}

#[test]
fn a_scope_says_what_else_its_calls_are_charged_to() {
    let mut state = state(Some(0), 0);
    state.ties.org = OrgId::parse("acme").ok();
    // Before anything else is refused: another scope may have the last word.
    assert_eq!(
        explain_refusal(Some(&state), &ScopeExpectation::default(), &ask(1)),
        RefusalCause::Tied(state.ties.clone())
    );
    let claim = ScopeExpectation { ties: state.ties.clone(), ..ScopeExpectation::default() };
    assert!(matches!(
        explain_refusal(Some(&state), &claim, &ask(1)),
        RefusalCause::Refused(Reason::Budget { .. })
    ));
}

#[test]
fn a_list_of_models_binds_unless_another_does() {
    let mut state = state(None, 0);
    state.limits.models.insert("claude-opus-4-5".into());
    let claim = |any_model| ScopeExpectation { any_model, ..ScopeExpectation::default() };
    let refused = RefusalCause::Refused(Reason::Model("claude-haiku-4-5".into()));
    assert_eq!(explain_refusal(Some(&state), &claim(false), &ask(1)), refused);
    assert_eq!(explain_refusal(Some(&state), &claim(true), &ask(1)), RefusalCause::Unclear);
}

#[test]
fn the_most_final_refusal_is_told() {
    let refusal = |scope: Scope, reason: Reason| Refusal { scope, reason };
    let key = Scope::Key(KeyId::parse("k").unwrap());
    let user = Scope::User(UserId::parse("u").unwrap());
    let told =
        Refusal::most_final(vec![refusal(key.clone(), Reason::Held), refusal(user.clone(), Reason::Blocked)]);
    assert_eq!(told, Some(refusal(user.clone(), Reason::Blocked)));
    let told = Refusal::most_final(vec![refusal(key.clone(), Reason::Held), refusal(user, Reason::Held)]);
    assert_eq!(told.map(|refusal| refusal.scope), Some(key));
}
