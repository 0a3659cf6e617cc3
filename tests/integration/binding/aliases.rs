//! What a key calls models.

use serde_json::{Value, json};
use tests::gateway::ask;

use super::Admin;

/// A key's own names of models come before the catalog's, and another set of them binds the next request.
#[tokio::test]
async fn what_a_key_calls_models_binds_at_once() {
    let admin = Admin::start().await;
    let key = admin.key(json!({"user_id": "mario", "aliases": {"fast": "claude-haiku-4-5"}})).await;
    let asked = async |model: &str, path: &str| {
        let mut body = ask(&json!({"text": "ok", "input_tokens": 1000, "output_tokens": 10}));
        body["model"] = json!(model);
        body["tools"] = json!([{"name": "read", "input_schema": {"type": "object"}}]);
        let response = admin.stargate.post(path, &key).json(&body).send().await.unwrap();
        (response.status().as_u16(), response.json::<Value>().await.unwrap())
    };
    let invoked = || admin.stargate.fake().requests().last().map(|request| request.model.clone());
    for path in ["/v1/messages", "/v1/messages/count_tokens"] {
        assert_eq!(asked("fast", path).await.0, 200, "{path}");
        assert_eq!(asked("slow", path).await.0, 404, "{path}");
    }
    let update =
        async |aliases: Value| admin.post("/key/update", json!({"key": key, "aliases": aliases})).await;
    // A name of the catalog means something else, to this key.
    for (aliases, asked_for, called) in [
        (json!({"claude-haiku-4-5": "claude-sonnet-4-5"}), "claude-haiku-4-5", "claude-sonnet-4-5"),
        (json!({"claude-haiku-4-5": "claude-opus-4-5"}), "claude-haiku-4-5", "claude-opus-4-5"),
        (Value::Null, "claude-haiku-4-5", "claude-haiku-4-5"),
    ] {
        assert_eq!(
            update(aliases.clone()).await["aliases"],
            if aliases.is_null() { json!({}) } else { aliases }
        );
        assert_eq!(asked(asked_for, "/v1/messages").await.0, 200);
        assert!(invoked().unwrap().contains(called), "{:?}", invoked());
        let records = admin.stargate.records().await;
        assert_eq!(records.last().unwrap().model, called);
    }
    assert_eq!(asked("fast", "/v1/messages").await.0, 404, "it was replaced");
    // Also where what was meant before could not be called at all, so that no reservation would have told.
    for path in ["/v1/messages", "/v1/messages/count_tokens"] {
        update(json!({"fast": "jamba-instruct-v1:0"})).await;
        assert_eq!(asked("fast", path).await.0, 400, "{path}: it calls no tools");
        update(json!({"fast": "claude-haiku-4-5"})).await;
        assert_eq!(asked("fast", path).await.0, 200, "{path}");
        update(json!({})).await;
        assert_eq!(asked("fast", path).await.0, 404, "{path}");
    }
    // And where another key has come to the same secret.
    let own =
        json!({"user_id": "mario", "key": "sk-of-my-own-choice", "aliases": {"fast": "claude-opus-4-5"}});
    let call = async || {
        let mut body = ask(&json!({"text": "ok"}));
        body["model"] = json!("fast");
        let response =
            admin.stargate.post("/v1/messages", "sk-of-my-own-choice").json(&body).send().await.unwrap();
        response.status().as_u16()
    };
    admin.key(own.clone()).await;
    assert_eq!(call().await, 200);
    admin.post("/key/delete", json!({"keys": ["sk-of-my-own-choice"]})).await;
    admin.key(json!({"user_id": "mario", "key": "sk-of-my-own-choice"})).await;
    assert_eq!(call().await, 404, "this key has no name for a model");
    // What is permitted is asked of the model that is meant.
    admin
        .post(
            "/key/update",
            json!({"key": key, "models": ["claude-haiku-4-5"], "aliases": {"best": "claude-opus-4-5"}}),
        )
        .await;
    assert_eq!(asked("best", "/v1/messages").await.0, 403);
    let url = format!("{}/v1/models/best", admin.stargate.gateway.url());
    assert_eq!(admin.stargate.http.get(url).bearer_auth(&key).send().await.unwrap().status(), 404);
}
