//! What a deployment sets for its calls: another try, another model, another region, how long, and what goes along.

use std::time::Duration;

use axum::body::Body;
use fake_aws::bedrock::RecordedRequest;
use http::Request;
use http::header::CONTENT_TYPE;
use lambda_http::{Context, RequestExt};
use serde_json::{Value, json};
use stargate_core::money::Money;
use stargate_core::scope::Limits;
use stargate_core::spend::Status;
use tests::gateway::{Stargate, ask, ask_stream, events, inference_on, models, names};
use tower::ServiceExt;

pub async fn with(setting: &Value) -> Stargate {
    Stargate::with(&[("STARGATE_UPSTREAM", &setting.to_string())]).await
}

pub fn throttled_setting(more: &Value) -> Value {
    let mut script = json!({"error": "ThrottlingException", "message": "Too many requests",
                            "input_tokens": 100, "output_tokens": 7});
    script.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    script
}

fn opus(script: &Value) -> Value {
    let mut body = ask(script);
    body["model"] = json!("claude-opus-4-5");
    body
}

fn requested_models(stargate: &Stargate) -> Vec<String> {
    let model =
        |received: &RecordedRequest| received.model.trim_start_matches("global.anthropic.").to_owned();
    stargate.fake().requests().iter().map(model).collect()
}

#[tokio::test]
async fn who_is_throttled_is_asked_again_and_charged_once() {
    for body in [ask, ask_stream] {
        let stargate = Stargate::start().await;
        let holder = stargate.free_keyholder().await;
        let response = stargate.messages(&holder, &body(&throttled_setting(&json!({"failures": 2})))).await;
        assert_eq!(response.status(), 200);
        response.text().await.unwrap();
        assert_eq!(stargate.fake().count(), 3);
        assert_eq!(stargate.charged_amount(&holder).await, Money::from_pico(100 * 1_000_000 + 7 * 5_000_000));
        assert_eq!(stargate.records().await.len(), 1);
    }
}

#[tokio::test]
async fn what_may_have_run_or_was_refused_for_what_it_is_goes_out_once() {
    let stargate = Stargate::start().await;
    let holder = stargate.free_keyholder().await;
    for script in [
        json!({"error": "InternalServerException"}),
        json!({"error": "ModelTimeoutException"}),
        json!({"error": "ModelErrorException"}),
        json!({"error": "ValidationException"}),
        json!({"error": "AccessDeniedException"}),
        json!({"cut_after": 0}),
    ] {
        let before = stargate.fake().count();
        let response = stargate.messages(&holder, &ask(&script)).await;
        assert!(response.status().is_client_error() || response.status().is_server_error());
        assert_eq!(stargate.fake().count(), before + 1, "{script}");
    }
}

#[tokio::test]
async fn a_model_that_is_away_is_stood_in_for_by_the_next_of_its_chain() {
    let setting = json!({"fallbacks": {"claude-opus-4-5": [{"model": "claude-sonnet-4-5"}, {"model": "claude-haiku-4-5"}]}});
    let stargate = with(&setting).await;
    let holder = stargate.free_keyholder().await;
    let script = throttled_setting(
        &json!({"error": "ServiceUnavailableException", "only_for": "opus", "text": "stood in"}),
    );
    let response = stargate.messages(&holder, &opus(&script)).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["x-stargate-model"], "claude-sonnet-4-5");
    let message: Value = response.json().await.unwrap();
    assert_eq!(message["content"][0]["text"], "stood in");
    assert_eq!(
        requested_models(&stargate),
        ["claude-opus-4-5-20251101-v1:0", "claude-sonnet-4-5-20250929-v1:0"]
    );
    // Sonnet's price, and a record of each.
    assert_eq!(stargate.charged_amount(&holder).await, Money::from_pico(100 * 3_000_000 + 7 * 15_000_000));
    let records = stargate.records().await;
    let told = |at: usize| {
        let record: &stargate_core::spend::SpendRecord = &records[at];
        (record.model.as_str(), record.status, record.fallback_from.as_deref())
    };
    let mut both = [told(0), told(1)];
    both.sort_by_key(|(model, ..)| *model);
    assert_eq!(
        both,
        [
            ("claude-opus-4-5", Status::Failure, None),
            ("claude-sonnet-4-5", Status::Success, Some("claude-opus-4-5"))
        ]
    );
    let url = format!("{}/spend/logs", stargate.gateway.url());
    let logs = stargate.http.get(url).bearer_auth(stargate.gateway.master_key.reveal()).query(&[(
        "request_id",
        records.iter().find(|record| record.fallback_from.is_some()).unwrap().request.as_str(),
    )]);
    let logs: Value = logs.send().await.unwrap().json().await.unwrap();
    let row = &logs[0];
    assert_eq!(
        (&row["model"], &row["model_group"], &row["metadata"]["fallback_from"]),
        (&json!("claude-sonnet-4-5"), &json!("claude-opus-4-5"), &json!("claude-opus-4-5")),
        "{logs}"
    );
}

#[tokio::test]
async fn the_same_model_may_stand_in_for_itself_in_another_region() {
    let stargate = with(&json!({"fallbacks": {"claude-haiku-4-5": [{"region": "eu-west-3"}]}})).await;
    let holder = stargate.free_keyholder().await;
    let response = stargate.messages(&holder, &ask_stream(&throttled_setting(&json!({"failures": 1})))).await;
    assert_eq!(
        (response.status().as_u16(), &response.headers()["x-stargate-region"]),
        (200, &"eu-west-3".parse().unwrap())
    );
    response.text().await.unwrap();
    let scopes: Vec<String> = stargate
        .fake()
        .requests()
        .iter()
        .map(|received| {
            received.headers["authorization"].to_str().unwrap().split('/').nth(2).unwrap().to_owned()
        })
        .collect();
    assert_eq!(scopes, ["us-east-1", "eu-west-3"], "each is signed for its region");
    let regions: Vec<_> = stargate.records().await.into_iter().map(|record| record.region).collect();
    assert!(regions.contains(&Some("eu-west-3".to_owned())) && regions.contains(&None), "{regions:?}");
}

#[tokio::test]
async fn a_key_falls_back_only_to_what_it_may_use_and_what_is_there() {
    let setting = json!({"fallbacks": {"claude-opus-4-5": [{"model": "claude-sonnet-4-5"}, {"model": "claude-haiku-4-5"}]}});
    let stargate = with(&setting).await;
    let script = throttled_setting(&json!({"only_for": "opus"}));
    let both = stargate.keyholder(models(&["claude-opus-4-5", "claude-haiku-4-5"]), Limits::default()).await;
    let response = stargate.messages(&both, &opus(&script)).await;
    assert_eq!(response.headers()["x-stargate-model"], "claude-haiku-4-5");
    let one = stargate.keyholder(models(&["claude-opus-4-5"]), Limits::default()).await;
    let response = stargate.messages(&one, &opus(&script)).await;
    assert_eq!(response.status(), 429, "the first refusal is what it is told");
    assert!(response.text().await.unwrap().contains("Too many requests"));
    assert_eq!(stargate.charged_amount(&one).await, Money::ZERO);
    // One that an administrator takes away while the gateway runs is passed over.
    let url = format!("{}/model/delete", stargate.gateway.url());
    let gone = stargate.http.post(url).bearer_auth(stargate.gateway.master_key.reveal());
    assert_eq!(gone.json(&json!({"id": "claude-sonnet-4-5"})).send().await.unwrap().status(), 200);
    let all = stargate.free_keyholder().await;
    let url = format!("{}/v1/models/claude-sonnet-4-5", stargate.gateway.url());
    while stargate.http.get(&url).bearer_auth(&all.secret).send().await.unwrap().status() == 200 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let response = stargate.messages(&all, &opus(&script)).await;
    assert_eq!(response.headers()["x-stargate-model"], "claude-haiku-4-5");
}

#[tokio::test]
async fn a_request_that_is_wrong_is_wrong_everywhere() {
    let stargate = with(&json!({"fallbacks": {"claude-opus-4-5": [{"model": "claude-haiku-4-5"}]}})).await;
    let holder = stargate.free_keyholder().await;
    let response = stargate.messages(&holder, &opus(&json!({"error": "ValidationException"}))).await;
    assert_eq!((response.status().as_u16(), stargate.fake().count()), (400, 1));
}

#[tokio::test]
async fn guardrails_tiers_and_who_asks_go_along() {
    let setting = json!({
        "guardrails": {"*": {"id": "gr-everybody", "version": "3"}, "claude-opus-4-5": null},
        "service_tiers": {"claude-haiku-4-5": {"tier": "flex", "price_percent": 50}},
    });
    let stargate = with(&setting).await;
    let holder = stargate.free_keyholder().await;
    let script = json!({"input_tokens": 100, "output_tokens": 7});
    let response = stargate.messages(&holder, &ask(&script)).await;
    let id = response.headers()["request-id"].to_str().unwrap().trim_start_matches("req_").to_owned();
    let sent = stargate.fake().requests().pop().unwrap();
    assert_eq!(sent.headers["x-amzn-bedrock-guardrailidentifier"], "gr-everybody");
    assert_eq!(sent.headers["x-amzn-bedrock-guardrailversion"], "3");
    assert_eq!(sent.headers["x-amzn-bedrock-service-tier"], "flex");
    let metadata: Value =
        serde_json::from_str(sent.headers["x-amzn-bedrock-request-metadata"].to_str().unwrap()).unwrap();
    assert_eq!(metadata["stargate_request"], id);
    let user = metadata["stargate_user"].as_str().unwrap();
    assert!(user.len() == 64 && !holder.user.to_string().contains(user), "hashed");
    // Half of Haiku's price.
    assert_eq!(stargate.charged_amount(&holder).await, Money::from_pico(100 * 500_000 + 7 * 2_500_000));
    stargate.messages(&holder, &opus(&script)).await;
    let sent = stargate.fake().requests().pop().unwrap();
    assert!(!sent.headers.contains_key("x-amzn-bedrock-guardrailidentifier"));

    // Converse has them in its body, where the client's own metadata stay beside them.
    let body = json!({
        "messages": [{"role": "user", "content": [{"text": "hi"}]}],
        "requestMetadata": {"mine": "1"},
    });
    let response =
        stargate.post("/bedrock/model/claude-haiku-4-5/converse", &holder.secret).json(&body).send();
    assert_eq!(response.await.unwrap().status(), 200);
    let sent = stargate.fake().requests().pop().unwrap().json();
    assert_eq!(
        sent["guardrailConfig"],
        json!({"guardrailIdentifier": "gr-everybody", "guardrailVersion": "3"})
    );
    assert_eq!(sent["serviceTier"], json!({"type": "flex"}));
    assert_eq!(
        (&sent["requestMetadata"]["mine"], &sent["requestMetadata"]["stargate_user"]),
        (&json!("1"), &json!(user))
    );
}

#[tokio::test]
async fn silence_ends_a_stream_and_what_was_seen_is_charged() {
    let stargate = with(&json!({"timeouts": {"silence_seconds": 1}})).await;
    let holder = stargate.free_keyholder().await;
    let script = json!({"text": "abcdefgh", "deltas": 4, "silence_after": 2, "input_tokens": 100, "output_tokens": 50});
    let (status, events) = stargate.stream(&holder, &ask_stream(&script)).await;
    assert_eq!((status.as_u16(), names(&events).last()), (200, Some(&"error")));
    assert_eq!(stargate.fake().open_streams(), 0, "the upstream was closed");
    assert_eq!(stargate.charged_amount(&holder).await, Money::from_pico(100 * 1_000_000 + 2 * 5_000_000));
}

#[tokio::test]
async fn an_answer_that_does_not_begin_is_given_up_and_paid_for_as_if_it_had_run() {
    let stargate = with(&json!({"timeouts": {"open_seconds": 1, "whole_seconds": 1}})).await;
    for body in [ask, ask_stream] {
        let holder = stargate.free_keyholder().await;
        let response = stargate.messages(&holder, &body(&json!({"head_ms": 3000}))).await;
        assert_eq!(response.status(), 504);
        assert!(response.text().await.unwrap().contains("timeout_error"));
        // It may be running still: the prompt's bound is the least that it can cost.
        assert!(stargate.charged_amount(&holder).await > Money::ZERO);
    }
}

#[tokio::test]
async fn a_lambda_ends_its_stream_before_it_is_ended() {
    let stargate = Stargate::start().await;
    let holder = stargate.free_keyholder().await;
    let url = stargate.gateway.fake_url.clone().unwrap();
    let app = inference_on(stargate.gateway.store.clone(), &url, stargate.gateway.clock.clone());
    let router = inference::router(app);
    let script = json!({"text": "abcdefgh", "deltas": 4, "silence_after": 2, "input_tokens": 100, "output_tokens": 50});
    for (body, status) in [(ask_stream(&script), 200), (ask(&script), 504)] {
        let mut context = Context::default();
        // Eight seconds are kept for the end, so there is one for the answer.
        context.deadline = u64::try_from(stargate.gateway.clock.now().ms()).unwrap() + 9_000;
        let request = Request::post("/v1/messages")
            .header("x-api-key", &holder.secret)
            .header(CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()))
            .unwrap()
            .with_lambda_context(context);
        let answered = async {
            let response = router.clone().oneshot(request).await.unwrap();
            let status = response.status();
            let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
            (status.as_u16(), String::from_utf8(bytes.to_vec()).unwrap())
        };
        let (code, text) =
            tokio::time::timeout(Duration::from_secs(4), answered).await.expect("it ends in time");
        assert_eq!(code, status);
        if status == 200 {
            assert_eq!(names(&events(&text)).last(), Some(&"error"));
        }
        assert!(text.contains("timeout_error"), "{text}");
        // Settled by the time the answer is out: nothing is left for a sweep.
        assert!(stargate.state(&holder.key).await.leases.is_empty());
    }
    assert!(stargate.records().await.iter().all(|record| record.status == Status::Failure));
    assert!(stargate.charged_amount(&holder).await > Money::from_pico(100 * 1_000_000 + 2 * 5_000_000));
}

#[tokio::test]
async fn what_bedrock_does_not_take_is_dropped_once_and_told() {
    // A deployment lets through what Bedrock does not know (yet, or any more).
    let rules = json!({"rules": {"claude-haiku-4-5": {
        "betas": {"invented-2027-01-01": "invented-2027-01-01"},
        "fields": ["anthropic_version", "anthropic_beta", "max_tokens", "messages", "speed", "mood"],
    }}});
    let stargate = with(&rules).await;
    let holder = stargate.free_keyholder().await;
    let script = json!({"text": "ok", "input_tokens": 100, "output_tokens": 7});
    let ask = |more: Value, beta: &'static str| {
        let mut body = ask_stream(&script);
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        stargate.post("/v1/messages", &holder.secret).header("anthropic-beta", beta).json(&body)
    };
    for (more, beta, dropped, count) in [
        (json!({}), "invented-2027-01-01", Some("invented-2027-01-01"), 2),
        (json!({"speed": "fast"}), "", Some("speed"), 2),
        (json!({}), "", None, 1),
    ] {
        let before = stargate.fake().count();
        let response = ask(more, beta).send().await.unwrap();
        let told =
            response.headers().get("x-stargate-dropped").map(|value| value.to_str().unwrap().to_owned());
        assert_eq!((response.status().as_u16(), told.as_deref()), (200, dropped));
        assert!(response.text().await.unwrap().contains("message_stop"));
        assert_eq!(stargate.fake().count() - before, count, "{dropped:?}");
        let sent = stargate.fake().requests().pop().unwrap().json();
        assert!(sent.get("anthropic_beta").is_none() && sent.get("speed").is_none());
    }
    // Twice is too often: the second refusal is told as it is.
    let response = ask(json!({"speed": "fast", "mood": "good"}), "").send().await.unwrap();
    assert_eq!(response.status(), 400);
    assert!(response.text().await.unwrap().contains("Extra inputs are not permitted"));
    let each = 100 * 1_000_000 + 7 * 5_000_000;
    assert_eq!(stargate.charged_amount(&holder).await, Money::from_pico(3 * each), "each answer once");
}
