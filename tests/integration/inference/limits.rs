//! Every limit but the budget, and what an answer tells of them.

use serde_json::{Value, json};
use stargate_core::moment::Moment;
use stargate_core::money::Money;
use stargate_core::scope::Limits;
use tests::gateway::{Stargate, ask, ask_stream, models};

fn short() -> Value {
    ask(&json!({"text": "ok", "input_tokens": 60, "output_tokens": 40}))
}

/// Puts the gateway at the beginning of a minute, so that no test of a minute's count meets its end.
pub(super) fn begin_minute(stargate: &Stargate) {
    let clock = &stargate.gateway.clock;
    clock.shift(clock.now().seconds_to_next_minute() * 1000);
}

#[tokio::test]
async fn the_request_that_passes_the_rpm_is_refused_until_the_minute_ends() {
    let stargate = Stargate::start().await;
    begin_minute(&stargate);
    let holder = stargate.keyholder(Limits::default(), Limits { rpm: Some(3), ..Limits::default() }).await;
    for left in [2, 1, 0] {
        let response = stargate.messages(&holder, &short()).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["anthropic-ratelimit-requests-limit"], "3");
        assert_eq!(response.headers()["x-ratelimit-remaining-requests"], left.to_string().as_str());
    }
    let response = stargate.messages(&holder, &short()).await;
    assert_eq!(response.status(), 429);
    let retry_after: i64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((50..=60).contains(&retry_after), "{retry_after}");
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["error"]["message"], "Rate limit exceeded: 3 RPM for this key");
    stargate.gateway.clock.shift(retry_after * 1000);
    assert_eq!(stargate.messages(&holder, &short()).await.status(), 200);
}

#[tokio::test]
async fn tpm_counts_what_was_used_and_refuses_the_next() {
    let stargate = Stargate::start().await;
    begin_minute(&stargate);
    let holder = stargate.keyholder(Limits { tpm: Some(150), ..Limits::default() }, Limits::default()).await;
    // Each uses a hundred: the second begins below the limit and may pass it, the third may not.
    for status in [200, 200, 429] {
        assert_eq!(stargate.messages(&holder, &short()).await.status(), status);
    }
    let minute = stargate.gateway.clock.now().minute();
    assert_eq!(stargate.wait_until_settled(&holder.user).await.tokens.get(&minute), Some(&200));
}

#[tokio::test]
async fn parallel_requests_are_counted_while_they_run() {
    let stargate = Stargate::start().await;
    let limits = Limits { max_parallel_requests: Some(1), ..Limits::default() };
    let holder = stargate.keyholder(Limits::default(), limits).await;
    let running =
        stargate.messages(&holder, &ask_stream(&json!({"text": "ab", "gate": "limits::parallel"}))).await;
    assert_eq!(running.status(), 200);
    let refused = stargate.messages(&holder, &short()).await;
    assert_eq!(refused.status(), 429);
    let body: Value = refused.json().await.unwrap();
    assert_eq!(body["error"]["message"], "Rate limit exceeded: 1 parallel requests for this key");
    stargate.fake().release("limits::parallel");
    running.text().await.unwrap();
    assert_eq!(stargate.messages(&holder, &short()).await.status(), 200);
}

#[tokio::test]
async fn models_are_allowed_by_any_of_their_names() {
    let stargate = Stargate::start().await;
    for (allowed, status) in [
        (vec!["claude-haiku-4-5"], 200),
        (vec!["claude-haiku-4-5-20251001"], 200),
        (vec!["anthropic/*"], 200),
        (vec!["*"], 200),
        (vec!["claude-opus-4-5", "claude-sonnet-4-5"], 403),
        (vec![], 200),
    ] {
        let holder = stargate.keyholder(models(&allowed), Limits::default()).await;
        let response = stargate.messages(&holder, &short()).await;
        assert_eq!(response.status(), status, "{allowed:?}");
        if status == 403 {
            let body: Value = response.json().await.unwrap();
            let told = format!("Model claude-haiku-4-5 not allowed for {}", holder.user);
            assert_eq!(
                (&body["error"]["type"], &body["error"]["message"]),
                (&json!("permission_error"), &json!(told))
            );
        }
    }
}

#[tokio::test]
async fn blocked_expired_and_deleted_keys_are_refused_at_once() {
    let stargate = Stargate::start().await;
    let now = stargate.gateway.clock.now();
    let soon = Moment::from_seconds(now.seconds() + 5);
    let blocked = stargate.keyholder(Limits::default(), Limits { blocked: true, ..Limits::default() }).await;
    let expiring =
        stargate.keyholder(Limits::default(), Limits { expires: Some(soon), ..Limits::default() }).await;
    let deleted = stargate.free_keyholder().await;
    for holder in [&expiring, &deleted] {
        assert_eq!(stargate.messages(holder, &short()).await.status(), 200);
    }
    stargate.gateway.clock.shift(6000);
    let stargate_core::scope::Scope::User(user) = &deleted.user else { unreachable!() };
    assert!(stargate.gateway.store.delete_user(user, now).await.unwrap());
    for (holder, told) in [
        (&blocked, "Invalid API key: this key is blocked".to_owned()),
        (&expiring, format!("Invalid API key: it expired at {soon}")),
        (&deleted, "Invalid API key".to_owned()),
    ] {
        let response = stargate.messages(holder, &short()).await;
        assert_eq!(
            (response.status().as_u16(), &response.headers()["x-should-retry"]),
            (401, &"false".parse().unwrap())
        );
        let body: Value = response.json().await.unwrap();
        assert_eq!(body["error"], json!({"type": "authentication_error", "message": told}));
    }
}

#[tokio::test]
async fn an_unknown_key_costs_a_read_and_never_a_write() {
    let stargate = Stargate::start().await;
    let before = stargate.gateway.store.capacity().used();
    for _ in 0..5 {
        let response = stargate.post("/v1/messages", "sk-unknown").json(&short()).send().await.unwrap();
        assert_eq!(response.status(), 401);
    }
    let after = stargate.gateway.store.capacity().used();
    assert_eq!(after.write_units, before.write_units);
    // And one for all of them: which models there are.
    assert_eq!(after.calls - before.calls, 5 + 1);
}

#[tokio::test]
async fn a_warm_request_takes_one_round_before_bedrock_and_eight_write_units() {
    let stargate = Stargate::start().await;
    let holder = stargate.free_keyholder().await;
    assert_eq!(stargate.messages(&holder, &short()).await.status(), 200);
    let tally = || stargate.gateway.store.capacity().used();
    let before = tally();
    let body =
        ask_stream(&json!({"text": "ab", "gate": "limits::warm", "input_tokens": 1, "output_tokens": 1}));
    let response = stargate.messages(&holder, &body).await;
    while stargate.fake().waiting("limits::warm") == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    // One update per scope, side by side, and no read.
    let reserved = tally();
    assert_eq!((reserved.calls - before.calls, reserved.read_units), (2, before.read_units));
    stargate.fake().release("limits::warm");
    response.text().await.unwrap();
    let settled = tally();
    let units = settled.write_units - before.write_units;
    println!("measured: {units} write units and {} calls a streamed request", settled.calls - before.calls);
    // Two to reserve, a transaction of record and aggregate at two each, two to settle.
    assert_eq!((settled.calls - before.calls, units), (5, 8.0));
    assert!(stargate.charged_amount(&holder).await > Money::ZERO);
}
