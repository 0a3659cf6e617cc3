//! The routes around `/v1/messages`, and every way to spell it.

use serde_json::{Value, json};
use shared::scope::Limits;
use tests::gateway::{Stargate, ask, budget, models};

#[tokio::test]
async fn every_base_url_that_people_set_works() {
    let stargate = Stargate::start().await;
    let holder = stargate.free_keyholder().await;
    let body = ask(&json!({"text": "ok"}));
    for path in ["/v1/messages", "/v1/messages?beta=true", "/v1/v1/messages", "/messages"] {
        let answer = stargate.post(path, &holder.secret).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
    }
    let bearer =
        stargate.http.post(format!("{}/v1/messages", stargate.gateway.url())).bearer_auth(&holder.secret);
    assert_eq!(bearer.json(&body).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn the_small_routes_that_claude_code_touches_answer() {
    let stargate = Stargate::start().await;
    let url = stargate.gateway.url();
    for path in ["/", "/api/hello"] {
        assert_eq!(stargate.http.head(format!("{url}{path}")).send().await.unwrap().status(), 200, "{path}");
    }
    let batch = stargate.http.post(format!("{url}/api/event_logging/batch")).json(&json!({"events": []}));
    assert_eq!(batch.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn whatever_the_document_tells_of_inference_is_served() {
    let stargate = Stargate::start().await;
    let holder = stargate.free_keyholder().await;
    let url = stargate.gateway.url();
    let document: Value =
        stargate.http.get(format!("{url}/openapi.json")).send().await.unwrap().json().await.unwrap();
    let mut asked = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, told) in item.as_object().unwrap() {
            if told["tags"] != json!(["inference"]) {
                continue;
            }
            let path = path.replace("{name}", "claude-haiku-4-5");
            let request =
                stargate.http.request(method.to_uppercase().parse().unwrap(), format!("{url}{path}"));
            let request = request.bearer_auth(&holder.secret).json(&ask(&json!({"text": "ok"})));
            assert_eq!(request.send().await.unwrap().status(), 200, "{method} {path}");
            asked.push(path);
        }
    }
    assert_eq!(asked.len(), 7, "{asked:?}");
}

#[tokio::test]
async fn models_lists_what_the_key_may_use() {
    let stargate = Stargate::start().await;
    let limited = stargate
        .keyholder(models(&["claude-haiku-4-5", "claude-opus-4-5"]), models(&["claude-haiku-4-5"]))
        .await;
    let get = |path: &str, key: &str| {
        let request = stargate.http.get(format!("{}{path}", stargate.gateway.url())).bearer_auth(key);
        async move { request.send().await.unwrap() }
    };
    let list: Value = get("/v1/models?limit=1000", &limited.secret).await.json().await.unwrap();
    let ids: Vec<&str> = list["data"].as_array().unwrap().iter().map(|m| m["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["claude-haiku-4-5"]);
    assert_eq!(
        (&list["object"], &list["has_more"], &list["first_id"]),
        (&json!("list"), &json!(false), &json!(ids[0]))
    );
    let model: Value = get("/v1/models/claude-haiku-4-5", &limited.secret).await.json().await.unwrap();
    assert_eq!(
        (&model["type"], &model["object"], &model["display_name"]),
        (&json!("model"), &json!("model"), &json!("Claude Haiku 4.5"))
    );
    assert_eq!(get("/v1/models/claude-opus-4-5", &limited.secret).await.status(), 404);
    assert_eq!(get("/v1/models", "sk-unknown").await.status(), 401);

    let free = stargate.free_keyholder().await;
    let list: Value = get("/v1/models", &free.secret).await.json().await.unwrap();
    let ids: Vec<&str> = list["data"].as_array().unwrap().iter().map(|m| m["id"].as_str().unwrap()).collect();
    for default in
        ["claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5", "claude-opus-4-8", "claude-sonnet-4-5"]
    {
        assert!(ids.contains(&default), "{default}");
    }
    assert!(ids.iter().all(|id| id.starts_with("claude-")), "only models that are served: {ids:?}");
}

#[tokio::test]
async fn tokens_are_counted_free_of_every_limit() {
    let stargate = Stargate::start().await;
    // A spent budget and a single request a minute: counting asks for neither.
    let holder = stargate.keyholder(budget("0"), Limits { rpm: Some(1), ..Limits::default() }).await;
    let before = stargate.gateway.store.tally().used();
    let body = json!({
        "model": "claude-haiku-4-5",
        "messages": [{"role": "user", "content": r#"<<fake {"input_tokens": 1234}>>"#}],
    });
    for _ in 0..5 {
        let answer = stargate
            .post("/v1/messages/count_tokens?beta=true", &holder.secret)
            .json(&body)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.json::<Value>().await.unwrap(), json!({"input_tokens": 1234}));
    }
    assert_eq!(stargate.gateway.store.tally().used().write_units, before.write_units);
    let denied = stargate.keyholder(models(&["claude-opus-4-5"]), Limits::default()).await;
    let answer = stargate.post("/v1/messages/count_tokens", &denied.secret).json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 403);
}
