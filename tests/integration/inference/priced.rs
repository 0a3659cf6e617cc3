//! What would cost other than the catalog says, on Bedrock's own paths: refused before Bedrock is asked, or reserved for.

use serde_json::{Value, json};
use stargate_core::money::Money;
use stargate_core::scope::Limits;
use tests::gateway::{Keyholder, Stargate, budget};

const HAIKU: &str = "claude-haiku-4-5";
const CLAUDE: &str = "anthropic.claude-haiku-4-5-20251001-v1:0";
const NOVA: &str = "amazon.nova-premier-v1:0";
const GPT: &str = "openai.gpt-oss-120b-1:0";

fn claude(more: &Value) -> Value {
    merge_json(
        json!({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 100,
                  "messages": [{"role": "user", "content": "hi"}]}),
        more,
    )
}

fn converse(more: &Value) -> Value {
    merge_json(json!({"messages": [{"role": "user", "content": [{"text": "hi"}]}]}), more)
}

fn chat(more: &Value) -> Value {
    merge_json(json!({"messages": [{"role": "user", "content": "hi"}]}), more)
}

fn merge_json(mut body: Value, more: &Value) -> Value {
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

/// Asserts that a request is a 400 whose message begins with `field`, and that Bedrock never sees it.
async fn assert_refused(
    stargate: &Stargate,
    holder: &Keyholder,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
    field: &str,
) {
    let before = stargate.fake().count();
    let mut request = stargate.post(path, &holder.secret).header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.body(body.to_owned()).send().await.unwrap();
    assert_eq!(response.status(), 400, "{path} takes {headers:?} {body}");
    let text = response.text().await.unwrap();
    let told: Value = serde_json::from_str(&text).unwrap();
    let message = told["message"].as_str().or_else(|| told["error"]["message"].as_str()).unwrap();
    assert!(message.starts_with(field), "{field}: {message}");
    assert_eq!(stargate.fake().count(), before, "{path} {body} reached Bedrock");
}

#[tokio::test]
async fn priced_extras_are_refused_on_every_path_of_bedrock() {
    let stargate = Stargate::start().await;
    let holder = stargate.free_keyholder().await;
    let grounding = json!({"toolConfig": {"tools": [{"systemTool": {"name": "nova_grounding"}}]}});
    let priority = json!({"serviceTier": {"type": "priority"}});
    let optimized = json!({"performanceConfig": {"latency": "optimized"}});
    let guardrail = json!({"guardrailConfig": {"guardrailIdentifier": "mine", "guardrailVersion": "1"}});
    let search = json!({"tools": [{"type": "web_search_20250305", "name": "web_search"}]});
    let custom_search = json!({"tools": [{"type": "mcp_toolset", "mcp_server_name": "x"}]});
    for (model, operation, body, field) in [
        (NOVA, "converse", converse(&grounding), "toolConfig"),
        (NOVA, "converse-stream", converse(&grounding), "toolConfig"),
        (NOVA, "invoke", converse(&grounding), "toolConfig"),
        (NOVA, "invoke-with-response-stream", converse(&grounding), "toolConfig"),
        (NOVA, "converse", converse(&priority), "serviceTier"),
        (NOVA, "invoke", converse(&priority), "serviceTier"),
        (NOVA, "converse", converse(&optimized), "performanceConfig"),
        (NOVA, "invoke", converse(&optimized), "performanceConfig"),
        (NOVA, "converse", converse(&guardrail), "guardrailConfig"),
        (NOVA, "invoke", converse(&guardrail), "guardrailConfig"),
        (NOVA, "converse", converse(&json!({"newPricedThing": {"on": true}})), "newPricedThing"),
        (GPT, "invoke", chat(&json!({"service_tier": "priority"})), "service_tier"),
        (
            GPT,
            "invoke",
            chat(&json!({"web_search_options": {"search_context_size": "high"}})),
            "web_search_options",
        ),
        (GPT, "invoke", chat(&json!({"tools": [{"type": "web_search"}]})), "tools"),
        (GPT, "invoke", chat(&json!({"n": 3})), "n"),
        (CLAUDE, "invoke", claude(&search), "tools"),
        (CLAUDE, "invoke-with-response-stream", claude(&search), "tools"),
        (CLAUDE, "invoke", claude(&custom_search), "tools"),
        (CLAUDE, "invoke", claude(&json!({"service_tier": "priority"})), "service_tier"),
        (CLAUDE, "invoke", claude(&json!({"speed": "fast"})), "speed"),
        (CLAUDE, "invoke", claude(&json!({"mcp_servers": []})), "mcp_servers"),
    ] {
        let path = format!("/bedrock/model/{model}/{operation}");
        assert_refused(&stargate, &holder, &path, &[], &body.to_string(), field).await;
    }
    for body in [search, custom_search] {
        let body = merge_json(claude(&body), &json!({"model": HAIKU}));
        assert_refused(&stargate, &holder, "/v1/messages", &[], &body.to_string(), "tools").await;
    }
    // `InvokeModel` takes these as headers.
    for model in [CLAUDE, NOVA] {
        for (name, value, field) in [
            ("x-amzn-bedrock-service-tier", "priority", "x-amzn-bedrock-service-tier"),
            (
                "x-amzn-bedrock-performanceconfig-latency",
                "optimized",
                "x-amzn-bedrock-performanceconfig-latency",
            ),
            ("x-amzn-bedrock-guardrailidentifier", "mine", "guardrailConfig"),
        ] {
            let path = format!("/bedrock/model/{model}/invoke");
            assert_refused(
                &stargate,
                &holder,
                &path,
                &[(name, value)],
                &claude(&json!({})).to_string(),
                field,
            )
            .await;
        }
    }
}

#[tokio::test]
async fn a_field_that_is_there_twice_cannot_hide_a_limit() {
    let stargate = Stargate::start().await;
    let holder = stargate.free_keyholder().await;
    let messages = r#""messages": [{"role": "user", "content": [{"text": "hi"}]}]"#;
    for (operation, twice, field) in [
        (
            "converse",
            r#""additionalModelRequestFields": {"inferenceConfig": {"topK": 1}, "inferenceConfig": {"maxTokens": 9}}"#,
            "additionalModelRequestFields",
        ),
        (
            "converse",
            r#""additionalModelRequestFields": {"inferenceConfig": {"maxTokens": 9, "maxTokens": 1, "topK": 1}}"#,
            "additionalModelRequestFields",
        ),
        ("invoke", r#""inferenceConfig": {"maxTokens": 99999, "maxTokens": 9}"#, "inferenceConfig"),
    ] {
        let body = format!("{{{messages}, {twice}}}");
        assert_refused(&stargate, &holder, &format!("/bedrock/model/{NOVA}/{operation}"), &[], &body, field)
            .await;
    }
}

#[tokio::test]
async fn the_deployments_own_guardrail_may_be_named_and_no_other() {
    let setting = json!({"guardrails": {"*": {"id": "gr-own", "version": "3"}}}).to_string();
    let stargate = Stargate::with(&[("STARGATE_UPSTREAM", &setting)]).await;
    let holder = stargate.free_keyholder().await;
    let named = |id: &str, version: &str| json!({"guardrailConfig": {"guardrailIdentifier": id, "guardrailVersion": version}});
    let path = format!("/bedrock/model/{NOVA}/converse");
    for (id, version) in [("mine", "3"), ("gr-own", "DRAFT")] {
        assert_refused(
            &stargate,
            &holder,
            &path,
            &[],
            &converse(&named(id, version)).to_string(),
            "guardrailConfig",
        )
        .await;
    }
    let response =
        stargate.post(&path, &holder.secret).json(&converse(&named("gr-own", "3"))).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let sent = stargate.fake().requests().pop().unwrap().json();
    assert_eq!(sent["guardrailConfig"], json!({"guardrailIdentifier": "gr-own", "guardrailVersion": "3"}));
}

/// A native body whose model makes more than the catalog says, and one over which a deployment announces less.
#[tokio::test]
async fn no_native_body_spends_beyond_its_budget() {
    let stargate = Stargate::start().await;
    let script = json!({"text": "x", "input_tokens": 100, "output_tokens": 128_000});
    let body = |more: &Value| {
        chat(&merge_json(
            json!({"messages": [{"role": "user", "content": format!("<<fake {script}>>")}]}),
            more,
        ))
    };
    let rich = stargate.keyholder(budget("0.06"), Limits::default()).await;
    let path = format!("/bedrock/model/{GPT}/invoke");
    let asked = body(&json!({"max_completion_tokens": 128_000})).to_string();
    assert_refused(&stargate, &rich, &path, &[], &asked, "max_completion_tokens").await;
    assert_eq!(stargate.charged_amount(&rich).await, Money::ZERO);

    // A custom model announces 4,000 tokens. Its base goes on until its context is full, if nothing limits it.
    let base = json!({"model": format!("bedrock/{GPT}")});
    stargate.make_custom_model(&rich, "house", &base, &json!({"max_output_tokens": 4000})).await;
    let path = "/bedrock/model/house/invoke";
    let holder = stargate.keyholder(budget("0.30"), Limits::default()).await;
    let asked = body(&json!({"max_tokens": 20_000})).to_string();
    assert_refused(&stargate, &holder, path, &[], &asked, "max_tokens").await;
    let endless = json!({"text": "x", "input_tokens": 100, "output_tokens": 131_072});
    let unlimited = chat(&json!({"messages": [{"role": "user", "content": format!("<<fake {endless}>>")}]}));
    for _ in 0..12 {
        stargate.post(path, &holder.secret).json(&unlimited).send().await.unwrap();
    }
    let spent = stargate.charged_amount(&holder).await;
    assert!(spent > Money::ZERO && spent <= Money::parse("0.30").unwrap(), "{spent}");
}
