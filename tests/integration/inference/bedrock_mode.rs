//! Bedrock's own API through the gateway, spoken by the real AWS SDK with a key of the gateway as its bearer token.

use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::config::retry::RetryConfig;
use aws_sdk_bedrockruntime::config::{BehaviorVersion, Region, Token};
use aws_sdk_bedrockruntime::error::ProvideErrorMetadata;
use aws_sdk_bedrockruntime::primitives::Blob;
use aws_sdk_bedrockruntime::types::{
    ContentBlock, ContentBlockDelta, ConversationRole, ConverseStreamOutput, InferenceConfiguration, Message,
    ResponseStream, StopReason,
};
use aws_smithy_runtime_api::client::auth::AuthSchemeId;
use serde_json::{Value, json};
use stargate_core::money::Money;
use stargate_core::scope::Limits;
use stargate_core::spend::Status;
use tests::gateway::{Keyholder, Stargate, budget, models};

const HAIKU: &str = "us.anthropic.claude-haiku-4-5-20251001-v1:0";
const NOVA: &str = "us.amazon.nova-lite-v1:0";

/// Haiku 4.5 for 100 tokens in and 7 out; the same of Nova Lite.
const OF_HAIKU: i128 = 100 * 1_000_000 + 7 * 5_000_000;
const OF_NOVA: i128 = 100 * 60_000 + 7 * 240_000;

fn sdk(stargate: &Stargate, key: &str) -> Client {
    let config = aws_sdk_bedrockruntime::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .bearer_token(Token::new(key, None))
        .auth_scheme_preference([AuthSchemeId::new("httpBearerAuth")])
        .retry_config(RetryConfig::disabled())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(format!("{}/bedrock", stargate.gateway.url()))
        .build();
    Client::from_conf(config)
}

fn body(script: &Value) -> Blob {
    let body = json!({
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 1000,
        "messages": [{"role": "user", "content": format!("Hi <<fake {script}>>")}],
    });
    Blob::new(body.to_string())
}

fn user_message(script: &Value) -> Message {
    let text = ContentBlock::Text(format!("Hi <<fake {script}>>"));
    Message::builder().role(ConversationRole::User).content(text).build().unwrap()
}

fn script() -> Value {
    json!({"text": "Hello there", "deltas": 3, "input_tokens": 100, "output_tokens": 7})
}

async fn charged_once(stargate: &Stargate, holder: &Keyholder, pico: i128) {
    assert_eq!(stargate.charged_amount(holder).await, Money::from_pico(pico));
    let records = stargate.records().await;
    assert_eq!(records.iter().map(|record| record.status).collect::<Vec<_>>(), [Status::Success]);
}

#[tokio::test]
async fn invokes_claude() {
    let stargate = Stargate::start().await;
    let holder = stargate.free_keyholder().await;
    let sdk = sdk(&stargate, &holder.secret);
    let response = sdk.invoke_model().model_id(HAIKU).body(body(&script())).send().await.unwrap();
    let message: Value = serde_json::from_slice(response.body.as_ref()).unwrap();
    assert_eq!(message["content"][0]["text"], "Hello there");
    charged_once(&stargate, &holder, OF_HAIKU).await;
}

#[tokio::test]
async fn streams_claude() {
    let stargate = Stargate::start().await;
    let holder = stargate.free_keyholder().await;
    let request = sdk(&stargate, &holder.secret).invoke_model_with_response_stream();
    let mut response = request.model_id(HAIKU).body(body(&script())).send().await.unwrap();
    let mut text = String::new();
    while let Some(ResponseStream::Chunk(chunk)) = response.body.recv().await.unwrap() {
        let event: Value = serde_json::from_slice(chunk.bytes.unwrap().as_ref()).unwrap();
        text.push_str(event["delta"]["text"].as_str().unwrap_or_default());
    }
    assert_eq!(text, "Hello there");
    charged_once(&stargate, &holder, OF_HAIKU).await;
}

#[tokio::test]
async fn converses_with_any_model() {
    for (model, cost) in [(NOVA, OF_NOVA), (HAIKU, OF_HAIKU)] {
        let stargate = Stargate::start().await;
        let holder = stargate.free_keyholder().await;
        let request =
            sdk(&stargate, &holder.secret).converse().model_id(model).messages(user_message(&script()));
        let response = request.send().await.unwrap();
        let message = response.output.unwrap().as_message().unwrap().clone();
        assert_eq!(message.content[0].as_text().unwrap(), "Hello there");
        assert_eq!(response.stop_reason, StopReason::EndTurn);
        charged_once(&stargate, &holder, cost).await;
    }
}

#[tokio::test]
async fn streams_a_conversation() {
    let stargate = Stargate::start().await;
    let holder = stargate.free_keyholder().await;
    let request =
        sdk(&stargate, &holder.secret).converse_stream().model_id(NOVA).messages(user_message(&script()));
    let mut response = request.send().await.unwrap();
    let (mut text, mut usage) = (String::new(), None);
    while let Some(event) = response.stream.recv().await.unwrap() {
        match event {
            ConverseStreamOutput::ContentBlockDelta(event) => {
                if let Some(ContentBlockDelta::Text(piece)) = event.delta {
                    text.push_str(&piece);
                }
            }
            ConverseStreamOutput::Metadata(event) => usage = event.usage,
            _ => {}
        }
    }
    assert_eq!((text.as_str(), usage.unwrap().output_tokens), ("Hello there", 7));
    charged_once(&stargate, &holder, OF_NOVA).await;
}

#[tokio::test]
async fn a_models_own_form_passes_and_is_charged_by_what_bedrock_counted() {
    let stargate = Stargate::start().await;
    let native = || Blob::new(json!({"prompt": format!("Hi <<fake {}>>", script())}).to_string());
    let whole = stargate.free_keyholder().await;
    let request = sdk(&stargate, &whole.secret).invoke_model().model_id(NOVA).body(native());
    assert!(!request.send().await.unwrap().body.as_ref().is_empty());
    assert_eq!(stargate.charged_amount(&whole).await, Money::from_pico(OF_NOVA));
    let streamed = stargate.free_keyholder().await;
    let request = sdk(&stargate, &streamed.secret).invoke_model_with_response_stream();
    let mut response = request.model_id(NOVA).body(native()).send().await.unwrap();
    while response.body.recv().await.unwrap().is_some() {}
    assert_eq!(stargate.charged_amount(&streamed).await, Money::from_pico(OF_NOVA));
    // Its limit of tokens cannot be read, so nothing shorter than all that the model makes can be promised.
    let poor = stargate.keyholder(budget("0.001"), Limits::default()).await;
    let request = sdk(&stargate, &poor.secret).invoke_model().model_id(NOVA).body(native());
    assert_eq!(request.send().await.unwrap_err().code(), Some("AccessDeniedException"));
}

#[tokio::test]
async fn every_byte_of_a_stream_passes_as_it_came() {
    // Two scripted Bedrocks that have answered nothing yet say the same, down to their ids.
    let (direct, through) = (Stargate::start().await, Stargate::start().await);
    let holder = through.free_keyholder().await;
    for (path, body) in [
        ("invoke-with-response-stream", body(&script())),
        (
            "converse-stream",
            Blob::new(
                json!({
                    "messages": [{"role": "user", "content": [{"text": format!("Hi <<fake {}>>", script())}]}],
                    "inferenceConfig": {"maxTokens": 1000},
                })
                .to_string(),
            ),
        ),
    ] {
        let of = |base: String| {
            let request = direct.http.post(format!("{base}/model/{HAIKU}/{path}")).bearer_auth(&holder.secret);
            let request = request.body(body.as_ref().to_vec());
            async move { request.send().await.unwrap().bytes().await.unwrap() }
        };
        let sent = of(direct.gateway.fake_url.clone().unwrap()).await;
        let passed = of(format!("{}/bedrock", through.gateway.url())).await;
        assert!(sent.len() > 500 && sent == passed, "{path}");
    }
}

#[tokio::test]
async fn tokens_are_counted_in_the_head_as_bedrock_does() {
    let stargate = Stargate::start().await;
    let holder = stargate.free_keyholder().await;
    let script = json!({"input_tokens": 100, "output_tokens": 7, "cache_read": 5});
    let haiku = serde_json::from_slice(&body(&script).into_inner()).unwrap();
    let nova = json!({"inputText": format!("Hi <<fake {script}>>")});
    for (path, body, counts) in [
        (format!("/bedrock/model/{NOVA}/invoke"), &nova, ["100", "7", "5", "0"]),
        (format!("/bedrock/model/{HAIKU}/invoke"), &haiku, ["100", "7", "5", "0"]),
        ("/v1/messages".to_owned(), &tests::gateway::ask(&script), [""; 4]),
    ] {
        let response = stargate.post(&path, &holder.secret).json(body).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        let told = ["input", "output", "cache-read-input", "cache-write-input"].map(|kind| {
            let header = response.headers().get(format!("x-amzn-bedrock-{kind}-token-count"));
            header.map_or("", |value| value.to_str().unwrap())
        });
        assert_eq!(told, counts, "{path}");
    }
}

#[tokio::test]
async fn policy_refuses_so_that_nobody_tries_again() {
    let stargate = Stargate::start().await;
    let limited = stargate.keyholder(budget("0.0001"), Limits::default()).await;
    let other = stargate.keyholder(models(&["claude-opus-4-5"]), Limits::default()).await;
    for (key, status, code, words) in [
        ("sk-unknown", 401, "UnrecognizedClientException", "Invalid API key"),
        (limited.secret.as_str(), 429, "AccessDeniedException", "Budget exceeded"),
        (other.secret.as_str(), 429, "AccessDeniedException", "not allowed"),
    ] {
        for path in ["invoke", "invoke-with-response-stream"] {
            let url = format!("{}/bedrock/model/{HAIKU}/{path}", stargate.gateway.url());
            let request = stargate.http.post(url).bearer_auth(key).header("content-type", "application/json");
            let response = request.body(body(&script()).into_inner()).send().await.unwrap();
            assert_eq!(response.status().as_u16(), status, "{code}");
            assert_eq!(response.headers()["x-should-retry"], "false", "{code}");
            assert_eq!(response.headers()["x-amzn-errortype"], code);
            let told: Value = response.json().await.unwrap();
            assert!(told["message"].as_str().unwrap().contains(words), "{told}");
        }
    }
    assert_eq!(stargate.fake().requests().iter().filter(|asked| asked.model == HAIKU).count(), 0);
}

#[tokio::test]
async fn what_would_cost_other_than_is_reserved_is_refused() {
    let stargate = Stargate::start().await;
    let holder = stargate.free_keyholder().await;
    let converse = |more: Value| {
        let mut body = json!({"messages": [{"role": "user", "content": [{"text": "hi"}]}]});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        stargate.post(&format!("/bedrock/model/{NOVA}/converse"), &holder.secret).json(&body)
    };
    for (more, field) in [
        (
            json!({"additionalModelRequestFields": {"max_new_tokens": 9}}),
            "additionalModelRequestFields.max_new_tokens",
        ),
        (json!({"serviceTier": {"type": "priority"}}), "serviceTier.type"),
        (json!({"performanceConfig": {"latency": "optimized"}}), "performanceConfig.latency"),
        (json!({"inferenceConfig": {"maxTokens": 0}}), "inferenceConfig.maxTokens"),
        (json!({"inferenceConfig": {"maxTokens": 10_001}}), "inferenceConfig.maxTokens"),
        (json!({"inferenceConfig": 7}), "inferenceConfig"),
    ] {
        let response = converse(more).send().await.unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["x-amzn-errortype"]),
            (400, &"ValidationException".parse().unwrap())
        );
        let told: Value = response.json().await.unwrap();
        assert!(told["message"].as_str().unwrap().starts_with(field), "{told}");
    }
    let ordinary = json!({"serviceTier": {"type": "default"}, "performanceConfig": {"latency": "standard"}});
    assert_eq!(converse(ordinary).send().await.unwrap().status(), 200);
    assert_eq!(stargate.fake().requests().len(), 1);
}

#[tokio::test]
async fn a_short_budget_shortens_a_conversation() {
    let stargate = Stargate::start().await;
    let holder = stargate.keyholder(budget("0.02"), Limits::default()).await;
    let inference = InferenceConfiguration::builder().max_tokens(60_000).build();
    let request = sdk(&stargate, &holder.secret).converse().model_id(HAIKU).messages(user_message(&script()));
    request.inference_config(inference).send().await.unwrap();
    let asked = stargate.fake().requests().last().unwrap().json();
    let granted = asked["inferenceConfig"]["maxTokens"].as_u64().unwrap();
    assert!((1024..4000).contains(&granted), "{granted}");
}

#[tokio::test]
async fn a_failure_in_mid_stream_is_an_exception_that_the_sdk_knows() {
    let stargate = Stargate::start().await;
    let holder = stargate.free_keyholder().await;
    for (fault, name) in [
        (
            json!({"exception": {"type": "throttlingException", "message": "mid", "after": 2}}),
            "ThrottlingException",
        ),
        (json!({"cut_after": 2}), "InternalServerException"),
    ] {
        let mut script = script();
        script.as_object_mut().unwrap().extend(fault.as_object().unwrap().clone());
        let request = sdk(&stargate, &holder.secret).invoke_model_with_response_stream();
        let mut response = request.model_id(HAIKU).body(body(&script)).send().await.unwrap();
        let broken = loop {
            match response.body.recv().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("a clean end would be taken for success"),
                Err(error) => break error,
            }
        };
        assert!(format!("{:?}", broken.as_service_error().unwrap()).starts_with(name), "{broken:?}");
    }
    assert!(stargate.charged_amount(&holder).await > Money::ZERO);
}

#[tokio::test]
async fn tokens_are_counted_and_profiles_listed() {
    let stargate = Stargate::start().await;
    let holder = stargate.keyholder(models(&["claude-haiku-4-5"]), budget("0")).await;
    let inner = body(&json!({"input_tokens": 321}));
    let request = aws_sdk_bedrockruntime::types::InvokeModelTokensRequest::builder().body(inner);
    let input = aws_sdk_bedrockruntime::types::CountTokensInput::InvokeModel(request.build().unwrap());
    let counting = sdk(&stargate, &holder.secret).count_tokens().input(input);
    assert_eq!(counting.clone().model_id(HAIKU).send().await.unwrap().input_tokens, 321);
    let denied = counting.model_id("anthropic.claude-opus-4-6-v1").send().await.unwrap_err();
    assert_eq!(denied.code(), Some("AccessDeniedException"));
    let url = format!("{}/bedrock/inference-profiles?type=SYSTEM_DEFINED", stargate.gateway.url());
    let listed: Value =
        stargate.http.get(url).bearer_auth(&holder.secret).send().await.unwrap().json().await.unwrap();
    let ids: Vec<&str> = listed["inferenceProfileSummaries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|profile| profile["inferenceProfileId"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["global.anthropic.claude-haiku-4-5-20251001-v1:0"]);
}
