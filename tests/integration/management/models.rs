//! Models as data: what a deployment offers, changed through the API and followed by inference.

use axum::Router;
use axum::body::Body;
use http::Request;
use serde_json::{Value, json};
use tests::gateway::inference_on;
use tower::ServiceExt;

use super::Management;

/// Another process, with inference on the same table.
fn other_process(management: &Management) -> Router {
    // Nobody is asked: `/v1/models` is between the gateway and its table.
    inference::router(inference_on(management.store.clone(), "http://127.0.0.1:9", management.clock.clone()))
}

async fn list_models(router: &Router, key: &str) -> Vec<String> {
    let request = Request::builder().uri("/v1/models").header("x-api-key", key).body(Body::empty()).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let list: Value = serde_json::from_slice(&bytes).unwrap();
    list["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap().to_owned()).collect()
}

impl Management {
    async fn model(&self, name: &str) -> Option<Value> {
        let info = self.get("/model/info").await.ok();
        info["data"].as_array().unwrap().iter().find(|row| row["model_name"] == name).cloned()
    }
}

#[tokio::test]
async fn inference_follows_within_ten_seconds() {
    let management = Management::fresh().await;
    let made = management.post("/key/generate", r#"{"user_id": "u"}"#).await.ok();
    let (key, other) = (made["key"].as_str().unwrap(), other_process(&management));
    let before = list_models(&other, key).await;
    assert!(before.contains(&"claude-haiku-4-5".to_owned()) && !before.contains(&"fast".to_owned()));
    let fast = r#"{"model_name": "fast", "litellm_params": {"model": "bedrock/claude-haiku-4-5"}}"#;
    let id = management.post("/model/new", fast).await.ok()["model_id"].as_str().unwrap().to_owned();
    management.post("/model/delete", r#"{"id": "claude-opus-4-5"}"#).await.ok();
    management.clock.shift(10_000);
    let after = list_models(&other, key).await;
    assert!(
        after.contains(&"fast".to_owned()) && !after.contains(&"claude-opus-4-5".to_owned()),
        "{after:?}"
    );
    management.post("/model/delete", &json!({"id": id}).to_string()).await.ok();
    management.clock.shift(10_000);
    assert!(!list_models(&other, key).await.contains(&"fast".to_owned()));
}

#[tokio::test]
async fn a_model_of_ones_own_is_made_changed_and_deleted() {
    let management = Management::fresh().await;
    let new = r#"{"model_name": "acme", "litellm_params": {"model": "bedrock/acme.large-v1", "input_cost_per_token": 3e-06,
        "output_cost_per_token": 0.0000155, "input_cost_per_token_above_200k_tokens": 0.000006,
        "output_cost_per_token_above_200k_tokens": 0.00003},
        "model_info": {"id": "acme-1", "max_input_tokens": 300000, "max_output_tokens": 8192, "mode": "chat"}}"#;
    let made = management.post("/model/new", new).await.ok();
    assert_eq!(
        (&made["model_id"], &made["litellm_params"]["model"]),
        (&json!("acme-1"), &json!("bedrock/acme.large-v1"))
    );
    let info = &made["model_info"];
    for (name, want) in [
        ("db_model", json!(true)),
        ("input_cost_per_token", json!(0.000003)),
        ("output_cost_per_token", json!(0.0000155)),
        // What is not known is filled in upward, never as zero.
        ("cache_read_input_token_cost", json!(0.000003)),
        ("cache_creation_input_token_cost_above_1hr", json!(0.000006)),
        ("input_cost_per_token_above_200k_tokens", json!(0.000006)),
        ("max_input_tokens", json!(300_000)),
        ("max_tokens", json!(8192)),
    ] {
        assert_eq!(info[name], want, "{name}");
    }
    let cost = r#"{"model": "acme", "completion_response": {"model": "acme", "usage": {"input_tokens": 10, "output_tokens": 2}}}"#;
    assert_eq!(management.post("/spend/calculate", cost).await.ok()["cost"], json!(0.000061));
    // What is not sent stays; prices are replaced together.
    let dearer = r#"{"model_info": {"id": "acme-1"}, "litellm_params": {"input_cost_per_token": 1e-05, "output_cost_per_token": 2e-05}}"#;
    let row = management.post("/model/update", dearer).await.ok();
    assert_eq!(row["model_info"]["input_cost_per_token"], json!(0.00001));
    assert_eq!(row["model_info"]["input_cost_per_token_above_200k_tokens"], json!(null));
    assert_eq!(row["model_info"]["max_input_tokens"], 300_000);
    let request = super::admins()
        .method("PATCH")
        .uri("/model/acme-1/update")
        .header("content-type", "application/json");
    let row =
        management.send(request.body(Body::from(r#"{"model_name": "acme-large"}"#)).unwrap()).await.ok();
    assert_eq!(row["model_name"], "acme-large");
    assert!(management.model("acme").await.is_none());
    // The row of a list can be sent back.
    let sent = management.model("acme-large").await.unwrap();
    assert_eq!(
        management.post("/model/update", &sent.to_string()).await.ok()["model_info"],
        sent["model_info"]
    );
    management.post("/model/delete", r#"{"id": "acme-1"}"#).await.ok();
    assert!(management.model("acme-large").await.is_none());
    let gone = management.post("/model/delete", r#"{"id": "acme-1"}"#).await;
    assert_eq!(gone.refusal(), (404, Some("id"), "id: Model acme-1 not found"));
    let audit = management.get("/audit?table_name=LiteLLM_ProxyModelTable&page_size=100").await.ok();
    let actions: Vec<_> =
        audit["audit_logs"].as_array().unwrap().iter().map(|entry| entry["action"].clone()).collect();
    assert_eq!(actions, ["deleted", "updated", "updated", "updated", "created"]);
}

#[tokio::test]
async fn a_model_that_ships_is_repriced_renamed_left_out_and_restored() {
    let management = Management::fresh().await;
    let shipped = management.model("claude-haiku-4-5").await.unwrap();
    assert_eq!(shipped["model_info"]["db_model"], false);
    // By the ARN of an application's inference profile, which is how costs are told apart at AWS.
    let arn = "arn:aws:bedrock:eu-west-1:111122223333:application-inference-profile/abc";
    let body = json!({"model_info": {"id": "claude-haiku-4-5"}, "litellm_params": {"model": format!("bedrock/{arn}")}});
    let row = management.post("/model/update", &body.to_string()).await.ok();
    assert_eq!(row["litellm_params"]["model"], format!("bedrock/{arn}"));
    // Which of the model's ids it stands for is not known: it costs what the dearest does.
    assert_eq!(row["model_info"]["input_cost_per_token"], json!(0.0000011));
    let other = r#"{"model_info": {"id": "claude-haiku-4-5"}, "litellm_params": {"model": "bedrock/claude-opus-4-5"}}"#;
    let row = management.post("/model/update", other).await.ok();
    let opus = management.model("claude-opus-4-5").await.unwrap();
    for name in ["input_cost_per_token", "base_model"] {
        assert_eq!(
            row["model_info"][name], opus["model_info"][name],
            "another model has another price: {name}"
        );
    }
    let renamed = r#"{"model_info": {"id": "claude-opus-4-5"}, "model_name": "opus"}"#;
    assert_eq!(management.post("/model/update", renamed).await.refusal().1, Some("model_name"));
    // Nor does it keep prices of its own.
    let priced = r#"{"model_info": {"id": "claude-haiku-4-5"}, "litellm_params": {"input_cost_per_token": 1, "output_cost_per_token": 1}}"#;
    management.post("/model/update", priced).await.ok();
    let back = r#"{"model_info": {"id": "claude-haiku-4-5"}, "litellm_params": {"model": "bedrock/claude-haiku-4-5"}}"#;
    let row = management.post("/model/update", back).await.ok();
    for name in ["input_cost_per_token", "base_model", "max_input_tokens"] {
        assert_eq!(row["model_info"][name], shipped["model_info"][name], "{name}");
    }
    management.post("/model/delete", r#"{"id": "claude-haiku-4-5"}"#).await.ok();
    assert_eq!(management.model("claude-haiku-4-5").await, Some(shipped), "the deployment's own is gone");
    management.post("/model/delete", r#"{"id": "claude-haiku-4-5"}"#).await.ok();
    assert_eq!(management.model("claude-haiku-4-5").await, None, "and now it is left out");
    assert_eq!(management.post("/model/delete", r#"{"id": "claude-haiku-4-5"}"#).await.status, 404);
    let again =
        r#"{"model_name": "claude-haiku-4-5", "litellm_params": {"model": "bedrock/claude-haiku-4-5"}}"#;
    management.post("/model/new", again).await.ok();
    assert!(management.model("claude-haiku-4-5").await.is_some());
}

#[tokio::test]
async fn a_model_that_cannot_be_offered_is_refused_by_name() {
    let management = Management::fresh().await;
    let own = r#"{"model_name": "fast", "model_info": {"id": "f"}, "litellm_params": {"model": "bedrock/claude-haiku-4-5"}}"#;
    management.post("/model/new", own).await.ok();
    for (body, status, param) in [
        (r#"{"litellm_params": {"model": "bedrock/claude-haiku-4-5"}}"#, 400, "model_name"),
        (r#"{"model_name": "x"}"#, 400, "litellm_params.model"),
        (r#"{"model_name": "x", "litellm_params": {"model": "gpt-9"}}"#, 400, "litellm_params.model"),
        (
            r#"{"model_name": "x", "litellm_params": {"model": "bedrock/acme.v1"}}"#,
            400,
            "input_cost_per_token",
        ),
        (
            r#"{"model_name": "x", "litellm_params": {"model": "bedrock/acme.v1", "output_cost_per_token": 1}}"#,
            400,
            "input_cost_per_token",
        ),
        (
            r#"{"model_name": "x", "litellm_params": {"model": "bedrock/acme.v1", "input_cost_per_token": "free"}}"#,
            400,
            "input_cost_per_token",
        ),
        (
            r#"{"model_name": "x", "litellm_params": {"model": "bedrock/acme.v1", "input_cost_per_token": -1, "output_cost_per_token": 1}}"#,
            400,
            "input_cost_per_token",
        ),
        (
            r#"{"model_name": "x", "litellm_params": {"model": "bedrock/us.anthropic.claude-9"}, "model_info": {"base_model": "claude-9"}}"#,
            400,
            "base_model",
        ),
        (
            r#"{"model_name": "x", "litellm_params": {"model": "bedrock/claude-haiku-4-5", "aws_region_name": "eu-west-1"}}"#,
            400,
            "aws_region_name",
        ),
        (
            r#"{"model_name": "fast", "litellm_params": {"model": "bedrock/claude-haiku-4-5"}}"#,
            409,
            "model_name",
        ),
        (
            r#"{"model_name": "y", "model_info": {"id": "f"}, "litellm_params": {"model": "bedrock/claude-haiku-4-5"}}"#,
            409,
            "id",
        ),
        (
            r#"{"model_name": "claude-haiku-4-5-20251001", "litellm_params": {"model": "bedrock/claude-haiku-4-5"}}"#,
            400,
            "model_name",
        ),
    ] {
        let response = management.post("/model/new", body).await;
        let (got, named, message) = response.refusal();
        assert_eq!((got, named), (status, Some(param)), "{body}: {message}");
    }
    assert_eq!(management.store.own_models().await.unwrap().1.len(), 1, "and nothing was changed");
    // What is written comes before what may be meant.
    let slashed =
        r#"{"model_name": "anthropic/mine", "litellm_params": {"model": "bedrock/claude-haiku-4-5"}}"#;
    management.post("/model/new", slashed).await.ok();
    let cost = r#"{"model": "anthropic/mine", "messages": "x"}"#;
    management.post("/spend/calculate", cost).await.ok();
    let response = management.post("/model/update", r#"{"model_info": {"id": "none"}}"#).await;
    assert_eq!(response.refusal(), (404, Some("id"), "id: Model none not found"));
}

/// Every model that ships can be sent back as it is shown, dearer prices of long prompts and all.
#[tokio::test]
async fn every_row_can_be_sent_back() {
    let management = Management::fresh().await;
    let rows = management.get("/model/info").await.ok();
    for row in rows["data"].as_array().unwrap() {
        let sent = management.post("/model/update", &row.to_string()).await.ok();
        for (name, value) in
            row["model_info"].as_object().unwrap().iter().filter(|(name, _)| *name != "db_model")
        {
            assert_eq!(&sent["model_info"][name], value, "{} {name}", row["model_name"]);
        }
    }
}

#[tokio::test]
async fn everybody_sees_the_models_that_they_may_use() {
    let management = Management::fresh().await;
    let names = |info: &Value| -> Vec<String> {
        info["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["model_name"].as_str().unwrap().to_owned())
            .collect()
    };
    let all = names(&management.get("/model/info").await.ok());
    let body =
        r#"{"user_id": "u", "models": ["claude-haiku-4-5", "claude-opus-4-5"], "auto_create_key": true}"#;
    let own = management.post("/user/new", body).await.ok()["key"].as_str().unwrap().to_owned();
    assert_eq!(
        names(&management.get_as(&own, "/model/info").await.ok()),
        ["claude-opus-4-5", "claude-haiku-4-5"]
    );
    let of_nobody = management.post("/key/generate", r#"{"models": ["claude-haiku-4-5"]}"#).await.ok();
    let of_nobody = of_nobody["key"].as_str().unwrap();
    assert_eq!(names(&management.get_as(of_nobody, "/v1/model/info").await.ok()), ["claude-haiku-4-5"]);
    let free = management.post("/key/generate", r#"{"user_id": "free"}"#).await.ok();
    assert_eq!(names(&management.get_as(free["key"].as_str().unwrap(), "/model/info").await.ok()), all);
    let one = management.get("/model/info?litellm_model_id=claude-haiku-4-5").await.ok();
    assert_eq!(names(&one), ["claude-haiku-4-5"]);
    assert_eq!(
        management.get("/model/info?litellm_model_id=none").await.refusal().1,
        Some("litellm_model_id")
    );
}

/// Twenty at once: every one is there, whichever met whichever.
#[tokio::test]
async fn models_made_at_once_do_not_lose_each_other() {
    let management = Management::fresh().await;
    let bodies: Vec<String> = (0..20)
        .map(|n| {
            format!(r#"{{"model_name": "m{n}", "litellm_params": {{"model": "bedrock/claude-haiku-4-5"}}}}"#)
        })
        .collect();
    let answers =
        futures_util::future::join_all(bodies.iter().map(|body| management.post("/model/new", body))).await;
    let made = answers.iter().filter(|response| response.status == 200).count();
    // Whoever met too many others is told so, and made nothing.
    assert!(answers.iter().all(|response| [200, 409].contains(&response.status)));
    assert!(made > 0);
    assert_eq!(management.store.own_models().await.unwrap().1.len(), made);
}
