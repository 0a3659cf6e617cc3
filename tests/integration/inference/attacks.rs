//! What somebody tries who knows the code and wants more than is due.

use std::time::Duration;

use axum::body::Body;
use http::Request;
use http::header::CONTENT_TYPE;
use lambda_http::{Context, RequestExt};
use serde_json::{Value, json};
use shared::runtime::clock::Clock;
use stargate_core::ledger::LedgerSettings;
use stargate_core::money::Money;
use stargate_core::scope::Limits;
use tests::calls::{Caller, employ, no_limits};
use tests::gateway::{Keyholder, Stargate, ask, ask_stream, budget, events, inference_on, models, names};
use tests::table::Table;
use tests::wire::Fault;
use tower::ServiceExt;

const HAIKU: &str = "anthropic.claude-haiku-4-5-20251001-v1:0";
const NOVA: &str = "amazon.nova-lite-v1:0";
const JAMBA: &str = "ai21.jamba-1-5-large-v1:0";

async fn with(setting: &Value) -> Stargate {
    Stargate::with(&[("STARGATE_UPSTREAM", &setting.to_string())]).await
}

async fn converse(stargate: &Stargate, holder: &Keyholder, model: &str, more: Value) -> reqwest::Response {
    let mut body = json!({
        "messages": [{"role": "user", "content": [{"text": "hi"}]}],
        "inferenceConfig": {"maxTokens": 10},
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    stargate
        .post(&format!("/bedrock/model/{model}/converse"), &holder.secret)
        .json(&body)
        .send()
        .await
        .unwrap()
}

fn long_schema() -> Value {
    json!({"type": "object", "properties": {"a": {"type": "string", "description": "word ".repeat(80_000)}}})
}

async fn never_overspent(stargate: &Stargate, holder: &Keyholder, what: &str) {
    let spent = stargate.charged_amount(holder).await;
    let limit = stargate.state(&holder.user).await.limits.max_budget.unwrap();
    assert!(spent <= limit, "{what}: {spent} of {limit}");
}

/// The count that may let a request in leaves out what stands beside the messages, the system prompt and the tools.
#[tokio::test]
async fn a_schema_of_converse_is_paid_for() {
    let stargate = Stargate::start().await;
    let holder = stargate.keyholder(budget("0.01"), Limits::default()).await;
    let schema = json!({"schema": long_schema().to_string(), "name": "a"});
    let format =
        json!({"outputConfig": {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": schema}}}});
    converse(&stargate, &holder, HAIKU, format).await.bytes().await.unwrap();
    never_overspent(&stargate, &holder, "outputConfig").await;
}

#[tokio::test]
async fn additional_fields_of_converse_are_paid_for() {
    let stargate = Stargate::start().await;
    let holder = stargate.keyholder(budget("0.01"), Limits::default()).await;
    let more = json!({"additionalModelRequestFields": {"output_config": {"format": {"type": "json_schema", "schema": long_schema()}}}});
    converse(&stargate, &holder, HAIKU, more).await.bytes().await.unwrap();
    never_overspent(&stargate, &holder, "additionalModelRequestFields").await;
}

#[tokio::test]
async fn a_schema_of_chat_is_paid_for() {
    let stargate = Stargate::start().await;
    let holder = stargate.keyholder(budget("0.01"), Limits::default()).await;
    let body = json!({
        "model": "claude-haiku-4-5", "max_tokens": 10, "messages": [{"role": "user", "content": "hi"}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": long_schema()}},
    });
    let response = stargate.post("/v1/chat/completions", &holder.secret).json(&body).send().await.unwrap();
    response.bytes().await.unwrap();
    never_overspent(&stargate, &holder, "response_format").await;
}

/// Only the names at the top are looked at.
#[tokio::test]
async fn no_limit_or_price_hides_in_additional_fields() {
    let stargate = Stargate::start().await;
    let holder = stargate.free_keyholder().await;
    let mut passed = Vec::new();
    for (model, fields) in [
        (NOVA, json!({"inferenceConfig": {"max_new_tokens": 10_000}})),
        (NOVA, json!({"inferenceConfig": {"maxTokens": 10_000}})),
        ("amazon.titan-text-express-v1", json!({"textGenerationConfig": {"maxTokenCount": 8000}})),
        (JAMBA, json!({"n": 16})),
        ("cohere.command-text-v14", json!({"num_generations": 5})),
        ("ai21.j2-mid-v1", json!({"numResults": 16})),
        ("openai.gpt-oss-120b-1:0", json!({"service_tier": "priority"})),
        (
            HAIKU,
            json!({"anthropic_beta": ["compact-2026-01-12"], "context_management": {"edits": [{"type": "compact_20260112"}]}}),
        ),
    ] {
        let before = stargate.fake().count();
        let response =
            converse(&stargate, &holder, model, json!({"additionalModelRequestFields": fields})).await;
        let body = response.text().await.unwrap();
        if stargate.fake().count() > before {
            passed.push(format!("{model} {fields}: {}", body.chars().take(120).collect::<String>()));
        }
    }
    assert!(passed.is_empty(), "reached Bedrock:\n{}", passed.join("\n"));
}

#[tokio::test]
async fn a_body_in_the_models_own_form_makes_one_answer() {
    let stargate = Stargate::start().await;
    // All that one answer can cost is what a budget of this size is for.
    let holder = stargate.keyholder(budget("0.03"), Limits::default()).await;
    let script = json!({"text": "x", "input_tokens": 10, "output_tokens": 5 * 4096});
    let body = json!({"prompt": format!("Hi <<fake {script}>>"), "max_tokens": 4096, "num_generations": 5});
    let path = "/bedrock/model/cohere.command-text-v14/invoke";
    let response = stargate.post(path, &holder.secret).json(&body).send().await.unwrap();
    assert_eq!(response.status(), 400);
    never_overspent(&stargate, &holder, "num_generations").await;
}

/// In Bedrock mode a body may ask for compaction, whose tokens are told apart from the message's.
#[tokio::test]
async fn compaction_does_not_pass_in_bedrock_mode() {
    let stargate = Stargate::start().await;
    let holder = stargate.free_keyholder().await;
    let body = json!({
        "anthropic_version": "bedrock-2023-05-31", "max_tokens": 100,
        "anthropic_beta": ["compact-2026-01-12", "context-management-2025-06-27"],
        "context_management": {"edits": [{"type": "compact_20260112"}]},
        "messages": [{"role": "user", "content": "hi"}],
    });
    let path = "/bedrock/model/anthropic.claude-opus-4-6-v1/invoke";
    let response = stargate.post(path, &holder.secret).json(&body).send().await.unwrap();
    assert_eq!((response.status().as_u16(), stargate.fake().count()), (400, 0), "compaction reached Bedrock");
}

/// What a proxy between here and Bedrock answers says nothing about the model.
#[tokio::test]
async fn an_error_without_a_name_is_not_free() {
    let stargate = Stargate::start().await;
    for status in [502, 504] {
        let holder = stargate.free_keyholder().await;
        let response = stargate.messages(&holder, &ask(&json!({"status": status}))).await;
        assert!(response.status().is_server_error());
        assert!(stargate.charged_amount(&holder).await > Money::ZERO, "{status}: it may have run");
    }
}

/// A process that stood still while it paused before another try has no lease any more.
#[tokio::test]
async fn nobody_is_asked_again_without_a_lease() {
    let (table, stargate) = (Table::fresh().await, Stargate::start().await);
    let clock = Clock::default();
    let store = table.store(LedgerSettings::default());
    let (secret, pointer) = employ(&store, no_limits(), no_limits(), clock.now()).await;
    let quiet = Caller { store: store.clone(), clock: clock.clone(), pointer };
    let router =
        inference::router(inference_on(store, stargate.gateway.fake_url.as_ref().unwrap(), clock.clone()));
    let body = ask(&json!({"error": "ThrottlingException", "failures": 1, "text": "ok"}));
    let request =
        Request::post("/v1/messages").header("x-api-key", &secret).header(CONTENT_TYPE, "application/json");
    let asked = router.oneshot(request.body(Body::from(body.to_string())).unwrap());
    let frozen = async {
        while stargate.fake().count() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        quiet.outlive_leases();
        quiet.sweep().await
    };
    let (answer, swept) = tokio::join!(asked, frozen);
    assert!(answer.unwrap().status().is_server_error());
    assert!(swept > 0, "the leases were ended while it paused");
    assert_eq!(stargate.fake().count(), 1, "asked again although its leases were swept");
}

/// Whoever has a fallback that is none gets fewer tries than whoever has none at all.
#[tokio::test]
async fn a_fallback_that_cannot_be_used_costs_no_tries() {
    let stargate = with(&json!({"fallbacks": {"claude-opus-4-5": [{"model": "claude-sonnet-4-5"}]}})).await;
    let holder = stargate.keyholder(models(&["claude-opus-4-5"]), Limits::default()).await;
    let mut body = ask(&json!({"error": "ThrottlingException", "failures": 2}));
    body["model"] = json!("claude-opus-4-5");
    let response = stargate.messages(&holder, &body).await;
    assert_eq!((response.status().as_u16(), stargate.fake().count()), (200, 3));
}

/// A body in Claude's form is not one that Nova takes.
#[tokio::test]
async fn a_body_in_one_makers_form_does_not_fall_back_to_anothers() {
    let stargate = with(&json!({"fallbacks": {"claude-haiku-4-5": [{"model": "nova-lite-v1:0"}]}})).await;
    let holder = stargate.free_keyholder().await;
    let script = json!({"error": "ThrottlingException", "only_for": "haiku", "text": "hello"});
    let body = json!({
        "anthropic_version": "bedrock-2023-05-31", "max_tokens": 100,
        "messages": [{"role": "user", "content": format!("Hi <<fake {script}>>")}],
    });
    let path = format!("/bedrock/model/{HAIKU}/invoke");
    let response = stargate.post(&path, &holder.secret).json(&body).send().await.unwrap();
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    assert_eq!(status, 429, "{text}");
}

/// The account's number is nobody's business.
#[tokio::test]
async fn the_accounts_number_reaches_no_client() {
    let stargate = Stargate::start().await;
    let holder = stargate.free_keyholder().await;
    let mut leaks = Vec::new();
    for error in
        ["ResourceNotFoundException", "ThrottlingException", "InternalServerException", "ValidationException"]
    {
        let message =
            "The arn:aws:bedrock:us-east-1:123456789012:inference-profile/x of account 123456789012";
        let response = stargate.messages(&holder, &ask(&json!({"error": error, "message": message}))).await;
        if response.text().await.unwrap().contains("123456789012") {
            leaks.push(error);
        }
    }
    assert!(leaks.is_empty(), "{leaks:?}");
}

/// Whoever writes `guardContent` decides what a guardrail looks at.
#[tokio::test]
async fn the_deployments_guardrail_sees_everything() {
    let stargate = with(&json!({"guardrails": {"*": {"id": "gr", "version": "1"}}})).await;
    let holder = stargate.free_keyholder().await;
    let content = json!([{"guardContent": {"text": {"text": "harmless"}}}, {"text": "harmful"}]);
    let told =
        converse(&stargate, &holder, HAIKU, json!({"messages": [{"role": "user", "content": content}]}));
    assert_eq!(told.await.status(), 400);
    let own = json!({"tagSuffix": "x", "streamProcessingMode": "ASYNCHRONOUS"});
    let body = json!({"prompt": "harmful", "amazon-bedrock-guardrailConfig": own});
    let path = format!("/bedrock/model/{NOVA}/invoke");
    let response = stargate.post(&path, &holder.secret).json(&body).send().await.unwrap();
    assert_eq!((response.status().as_u16(), stargate.fake().count()), (400, 0));
}

/// What a client says of itself is kept with its record, however long it is.
#[tokio::test]
async fn a_session_of_any_length_is_recorded() {
    let stargate = Stargate::start().await;
    let holder = stargate.free_keyholder().await;
    let body = ask(&json!({"text": "ok", "input_tokens": 1000, "output_tokens": 1000}));
    let request = stargate.post("/v1/messages", &holder.secret).json(&body);
    let request = request.header("x-claude-code-session-id", "s".repeat(205_000));
    let response = request.header("x-claude-code-agent-id", "a".repeat(205_000)).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let state = stargate.state(&holder.key).await;
    assert!(state.leases.is_empty(), "not settled");
}

/// Nothing but its own renewals ends a call that waits to be covered.
#[tokio::test]
async fn a_call_that_waits_to_be_covered_ends_in_time() {
    let (table, stargate) = (Table::fresh().await, Stargate::start().await);
    for streams in [true, false] {
        let (store, wire) = table.wired_store(LedgerSettings::default());
        let clock = Clock::default();
        let (secret, _) =
            employ(&table.store(LedgerSettings::default()), no_limits(), no_limits(), clock.now()).await;
        let router = inference::router(inference_on(
            store,
            stargate.gateway.fake_url.as_ref().unwrap(),
            clock.clone(),
        ));
        let script = json!({"text": "x".repeat(2000), "times": 10, "deltas": 20, "input_tokens": 10, "output_tokens": 20_000});
        let mut body = if streams { ask_stream(&script) } else { ask(&script) };
        body["max_tokens"] = json!(32_000);
        wire.plan("renew", 0, usize::MAX, Fault::Failed);
        let mut context = Context::default();
        context.deadline = u64::try_from(clock.now().ms()).unwrap() + 9_000;
        let request = Request::post("/v1/messages")
            .header("x-api-key", &secret)
            .header(CONTENT_TYPE, "application/json");
        let request = request.body(Body::from(body.to_string())).unwrap().with_lambda_context(context);
        let answered = async {
            let response = router.oneshot(request).await.unwrap();
            let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
            String::from_utf8(bytes.to_vec()).unwrap()
        };
        let ended = tokio::time::timeout(Duration::from_secs(10), answered).await;
        assert!(ended.is_ok(), "streams {streams}: Lambda has ended it by now, unsettled");
        if streams {
            assert_eq!(names(&events(&ended.unwrap())).last(), Some(&"error"));
        }
    }
}

/// `cargo lambda watch` tells 1970, and no Lambda runs on after its end.
#[tokio::test]
async fn a_deadline_that_is_past_when_its_request_comes_is_none() {
    let (table, stargate) = (Table::fresh().await, Stargate::start().await);
    let (store, clock) = (table.store(LedgerSettings::default()), Clock::default());
    let (secret, _) = employ(&store, no_limits(), no_limits(), clock.now()).await;
    let router =
        inference::router(inference_on(store, stargate.gateway.fake_url.as_ref().unwrap(), clock.clone()));
    for (deadline, status) in [
        (0, 200),
        (clock.now().ms() - 1, 200),
        // Too near for anything but to say so.
        (clock.now().ms() + 2_000, 504),
    ] {
        let mut context = Context::default();
        context.deadline = u64::try_from(deadline).unwrap();
        let request = Request::post("/v1/messages")
            .header("x-api-key", &secret)
            .header(CONTENT_TYPE, "application/json");
        let body = ask(&json!({"text": "ok", "input_tokens": 10, "output_tokens": 2}));
        let request = request.body(Body::from(body.to_string())).unwrap().with_lambda_context(context);
        assert_eq!(router.clone().oneshot(request).await.unwrap().status(), status, "{deadline}");
    }
}

/// What is dropped is told in a header and in the log, so it must not be what a client writes.
#[tokio::test]
async fn a_beta_is_a_name_and_no_text() {
    let stargate = Stargate::start().await;
    let holder = stargate.free_keyholder().await;
    for (beta, status, dropped) in
        [("my prompt, all of it", 400, None), ("claude-code-20250219", 200, Some("claude-code-20250219"))]
    {
        let body = json!({
            "anthropic_version": "bedrock-2023-05-31", "max_tokens": 100, "anthropic_beta": [beta],
            "messages": [{"role": "user", "content": "hi"}],
        });
        let path = format!("/bedrock/model/{HAIKU}/invoke");
        let response = stargate.post(&path, &holder.secret).json(&body).send().await.unwrap();
        let told = response.headers().get("x-stargate-dropped").map(|names| names.to_str().unwrap());
        assert_eq!((response.status().as_u16(), told), (status, dropped));
    }
    // The text did not reach Bedrock, the name did once, and then no more.
    assert_eq!(stargate.fake().count(), 2);
}
