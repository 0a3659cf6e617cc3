//! Budgets through HTTP: never overspent, and the person told why.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use stargate_core::money::Money;
use stargate_core::period::BudgetDuration;
use stargate_core::scope::Limits;
use tests::calls::back_off;
use tests::gateway::{Stargate, ask, ask_stream, budget};

/// A call that costs exactly this: a thousand tokens in and as many out as it may make.
const COST: i128 = 1000 * 1_000_000 + 1024 * 5_000_000;

fn call() -> Value {
    ask(&json!({"text": "ok", "input_tokens": 1000, "output_tokens": 1024}))
}

/// What one such call reserves: read from the ledger, while it runs.
async fn reserved_amount(stargate: &Stargate) -> Money {
    let holder = stargate.free_keyholder().await;
    let body =
        ask(&json!({"text": "ok", "gate": "budgets::reserve", "input_tokens": 1000, "output_tokens": 1024}));
    let look = async {
        while stargate.fake().waiting("budgets::reserve") == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let leased = stargate.state(&holder.key).await.leased_amount();
        stargate.fake().release("budgets::reserve");
        leased
    };
    tokio::join!(look, stargate.messages(&holder, &body)).0
}

/// Makes `requests` calls, `at_once` at a time, each retried while the budget is only held; answers how many were let in.
async fn storm(stargate: &Arc<Stargate>, key: &str, requests: usize, at_once: usize) -> usize {
    let calls = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let workers = (0..at_once).map(|_| {
        let (stargate, key, calls) = (Arc::clone(stargate), key.to_owned(), Arc::clone(&calls));
        tokio::spawn(async move {
            let mut admitted = 0;
            while calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed) < requests {
                for tries in 0.. {
                    let response = stargate.post("/v1/messages", &key).json(&call()).send().await.unwrap();
                    match response.status().as_u16() {
                        200 => admitted += 1,
                        // What runs holds it, or a busy machine kept the store waiting: the client is told to come back.
                        429 | 503 if !response.headers().contains_key("x-should-retry") => {
                            back_off(tries).await;
                            continue;
                        }
                        429 => {}
                        other => panic!("{other}: {}", response.text().await.unwrap()),
                    }
                    break;
                }
            }
            admitted
        })
    });
    let mut admitted = 0;
    for worker in workers.collect::<Vec<_>>() {
        admitted += worker.await.unwrap();
    }
    admitted
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_racing_requests_never_overspend() {
    let stargate = Arc::new(Stargate::start().await);
    let fits = 150;
    // The last call needs its whole worst case free; everything before it has settled to its cost.
    let enough = |calls: i128, worst: Money| Money::from_pico(COST * (calls - 1)) + worst;
    let worst = reserved_amount(&stargate).await;
    for (name, of_user, of_key, admitted) in [
        ("one size", enough(fits, worst), enough(fits, worst), fits),
        ("the key is smaller", enough(fits, worst), enough(40, worst), 40),
    ] {
        let limits = |budget| Limits { max_budget: Some(budget), ..Limits::default() };
        let holder = stargate.keyholder(limits(of_user), limits(of_key)).await;
        let requests = if admitted == fits { 2000 } else { 200 };
        let got = storm(&stargate, &holder.secret, requests, 64).await;
        assert_eq!(got as i128, admitted, "{name}");
        let spent = stargate.charged_amount(&holder).await;
        assert_eq!(spent, Money::from_pico(COST * admitted), "{name}");
        let (key, user) = (stargate.state(&holder.key).await, stargate.state(&holder.user).await);
        assert!(key.spend <= of_key && user.spend <= of_user, "{name}");
        assert!(!key.headroom.is_negative() && !user.headroom.is_negative(), "{name}");
    }
}

#[tokio::test]
async fn a_spent_budget_is_told_in_full_and_once() {
    let stargate = Stargate::start().await;
    let limits =
        Limits { budget_duration: Some(BudgetDuration::parse("monthly").unwrap()), ..budget("0.000001") };
    let holder = stargate.keyholder(limits, Limits::default()).await;
    let response = stargate.messages(&holder, &call()).await;
    assert_eq!(
        (response.status().as_u16(), &response.headers()["x-should-retry"]),
        (429, &"false".parse().unwrap())
    );
    let retry_after: i64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    let resets = stargate.state(&holder.user).await.budget_reset_at.unwrap();
    let left = stargate.gateway.clock.now().seconds_until(resets);
    assert!((left..=left + 1).contains(&retry_after), "{retry_after} {left}");
    let body: Value = response.json().await.unwrap();
    let message = body["error"]["message"].as_str().unwrap();
    assert_eq!(body["error"]["type"], "rate_limit_error");
    assert_eq!(
        message,
        format!(
            "Budget exceeded for {}: $0.00 spent of $0.000001, and this request may cost more than is left (resets {resets})",
            holder.user
        )
    );
    // Nothing was called but the free count, nothing is held, and the other scope has its share back.
    let key = stargate.wait_until_settled(&holder.key).await;
    assert!(key.requests.values().all(|count| *count == 0), "the count of requests was given back");
    assert_eq!(stargate.charged_amount(&holder).await, Money::ZERO);
}

#[tokio::test]
async fn a_low_budget_shortens_the_answer_and_says_so() {
    let stargate = Stargate::start().await;
    // The prompt's bound costs about $0.0022; a token out costs $0.000005; 20,000 of them do not fit.
    let holder = stargate.keyholder(budget("0.03"), Limits::default()).await;
    let mut body = ask(&json!({"text": "ok", "input_tokens": 100, "output_tokens": 20_000}));
    body["max_tokens"] = json!(20_000);
    let response = stargate.messages(&holder, &body).await;
    assert_eq!(response.status(), 200);
    let granted: u64 = response.headers()["x-stargate-max-tokens"].to_str().unwrap().parse().unwrap();
    assert!((1024..4000).contains(&granted), "at most half of what is left: {granted}");
    let message: Value = response.json().await.unwrap();
    assert_eq!(message["usage"]["output_tokens"], granted);
    assert_eq!(
        stargate.charged_amount(&holder).await,
        Money::from_pico(100 * 1_000_000 + i128::from(granted) * 5_000_000)
    );

    let strict = Stargate::with(&[("STARGATE_ON_LOW_BUDGET", "reject")]).await;
    let holder = strict.keyholder(budget("0.03"), Limits::default()).await;
    assert_eq!(strict.messages(&holder, &body).await.status(), 429);
}

#[tokio::test]
async fn thinking_leaves_room_for_an_answer_or_is_refused() {
    let stargate = Stargate::start().await;
    let mut body = ask(&json!({"text": "ok", "input_tokens": 100, "output_tokens": 100}));
    body["max_tokens"] = json!(32_000);
    body["thinking"] = json!({"type": "enabled", "budget_tokens": 8000});
    // 9,024 tokens out at least, which is $0.04512, and the prompt.
    for (dollars, status) in [("0.04", 429), ("0.06", 200)] {
        let holder = stargate.keyholder(budget(dollars), Limits::default()).await;
        let response = stargate.messages(&holder, &body).await;
        assert_eq!(response.status(), status, "{dollars}");
        if status == 200 {
            assert_eq!(response.headers()["x-stargate-max-tokens"], "9024");
        }
    }
}

#[tokio::test]
async fn a_prompt_that_only_its_bytes_make_dear_is_counted_before_it_is_refused() {
    let stargate = Stargate::start().await;
    // 200 kB of text bound the prompt at 200,000 tokens: $0.20. Counted, it is 50,000: $0.05.
    let holder = stargate.keyholder(budget("0.10"), Limits::default()).await;
    let script = json!({"text": "ok", "input_tokens": 50_000, "output_tokens": 10});
    let mut body = ask(&script);
    let text = format!("{} <<fake {script}>>", "word ".repeat(40_000));
    body["messages"][0]["content"] = json!(text);
    let response = stargate.messages(&holder, &body).await;
    assert_eq!(response.status(), 200, "{}", response.text().await.unwrap());
    assert_eq!(stargate.charged_amount(&holder).await, Money::from_pico(50_000 * 1_000_000 + 10 * 5_000_000));
    // What does not fit even so is refused, and nothing is held.
    let response = stargate.messages(&holder, &body).await;
    assert_eq!(response.status(), 429);
}

#[tokio::test]
async fn a_budget_opens_at_the_second_its_period_ends() {
    let stargate = Stargate::start().await;
    let limits = Limits { budget_duration: Some(BudgetDuration::parse("30m").unwrap()), ..budget("0.012") };
    let holder = stargate.keyholder(limits, Limits::default()).await;
    assert_eq!(stargate.messages(&holder, &call()).await.status(), 200);
    let refused = stargate.messages(&holder, &call()).await;
    assert_eq!(refused.status(), 429);
    let seconds: i64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    stargate.gateway.clock.shift(seconds * 1000);
    let (status, _) =
        stargate.stream(&holder, &ask_stream(&json!({"input_tokens": 1, "output_tokens": 1}))).await;
    assert_eq!(status, 200);
    let user = stargate.wait_until_settled(&holder.user).await;
    assert_eq!(user.spend, Money::from_pico(6_000_000));
    assert_eq!(user.total_spend, Money::from_pico(COST + 6_000_000));
}
