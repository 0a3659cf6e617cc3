//! Bad input: the documented error in Anthropic's shape, the field named, nothing changed, and never a 500.

use serde_json::{Value, json};
use stargate_core::money::Money;
use tests::gateway::{Stargate, ask};

#[tokio::test]
async fn bad_bodies_name_the_field_and_change_nothing() {
    let stargate = Stargate::start().await;
    let holder = stargate.free_keyholder().await;
    let good = ask(&json!({"text": "ok"}));
    let with = |field: &str, value: Value| {
        let mut body = good.clone();
        body[field] = value;
        body.to_string()
    };
    let without = |field: &str| {
        let mut body = good.clone();
        body.as_object_mut().unwrap().remove(field);
        body.to_string()
    };
    let repeated = good.to_string().replacen('{', r#"{"model":"claude-opus-4-5","#, 1);
    for (name, body, status, told) in [
        ("not JSON", "{".to_owned(), 400, "the request body is not valid JSON"),
        ("empty", String::new(), 400, "the request body is not valid JSON"),
        ("an array", "[]".to_owned(), 400, "the request body is not valid JSON"),
        ("a field twice", repeated, 400, "the request body is not valid JSON: duplicate field \"model\""),
        ("no model", without("model"), 400, "model: Field required"),
        (
            "unknown model",
            with("model", json!("gpt-9")),
            404,
            "model: gpt-9 is not in this gateway's catalogue",
        ),
        ("no messages", without("messages"), 400, "messages: Field required"),
        ("messages a string", with("messages", json!("hi")), 400, "messages: must be an array"),
        ("no max_tokens", without("max_tokens"), 400, "max_tokens: Field required"),
        ("no tokens", with("max_tokens", json!(0)), 400, "max_tokens: must be a whole number above 0"),
        ("negative", with("max_tokens", json!(-5)), 400, "max_tokens: must be a whole number above 0"),
        ("a fraction", with("max_tokens", json!(1.5)), 400, "max_tokens: must be a whole number above 0"),
        ("too many", with("max_tokens", json!(1_000_000)), 400, "max_tokens: 1000000 > 64000"),
        ("thinking a number", with("thinking", json!(7)), 400, "thinking: must be an object"),
        ("tools a string", with("tools", json!("custom_20250101")), 400, "tools: must be an array"),
        ("empty messages", with("messages", json!([])), 400, "messages"),
    ] {
        let request =
            stargate.post("/v1/messages", &holder.secret).header("content-type", "application/json");
        let response = request.body(body).send().await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{name}");
        let id = response.headers()["request-id"].to_str().unwrap().to_owned();
        let body: Value = response.json().await.unwrap();
        let kind = if status == 404 { "not_found_error" } else { "invalid_request_error" };
        let message = body["error"]["message"].as_str().unwrap();
        assert!(message.starts_with(told), "{name}: {message}");
        assert_eq!(
            body,
            json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": id}),
            "{name}"
        );
    }
    assert_eq!(stargate.charged_amount(&holder).await, Money::ZERO);
}

#[tokio::test]
async fn wrong_types_sizes_keys_and_methods() {
    let stargate = Stargate::with(&[("STARGATE_MAX_BODY_BYTES", "2000")]).await;
    let holder = stargate.free_keyholder().await;
    let good = ask(&json!({"text": "ok"})).to_string();
    let large = ask(&json!({"text": "x".repeat(3000)})).to_string();
    for (name, key, media, body, status, kind) in [
        ("no media type", holder.secret.as_str(), None, &good, 415, "invalid_request_error"),
        (
            "form",
            &holder.secret,
            Some("application/x-www-form-urlencoded"),
            &good,
            415,
            "invalid_request_error",
        ),
        ("charset", &holder.secret, Some("application/json; charset=utf-8"), &good, 200, ""),
        ("too large", &holder.secret, Some("application/json"), &large, 413, "request_too_large"),
        ("foreign key", "sk-foreign", Some("application/json"), &good, 401, "authentication_error"),
        ("no key", "", Some("application/json"), &good, 401, "authentication_error"),
        ("not a key", "hello", Some("application/json"), &good, 401, "authentication_error"),
    ] {
        let mut request = stargate.post("/v1/messages", key).body(body.clone());
        if let Some(media) = media {
            request = request.header("content-type", media);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{name}");
        let body: Value = response.json().await.unwrap();
        if status != 200 {
            assert_eq!((&body["type"], &body["error"]["type"]), (&json!("error"), &json!(kind)), "{name}");
        }
    }
    for (method, path) in [("GET", "/v1/messages"), ("POST", "/v1/nothing"), ("DELETE", "/v1/models")] {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let response =
            stargate.http.request(method, format!("{}{path}", stargate.gateway.url())).send().await.unwrap();
        assert_eq!(response.status(), 404, "{path}");
        let body: Value = response.json().await.unwrap();
        assert_eq!(body["error"]["type"], "not_found_error", "{path}");
    }
}
