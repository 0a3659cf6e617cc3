//! The routes around `/v1/messages`, and every way to spell it.

use serde_json::{Value, json};
use stargate_core::period::BudgetDuration;
use stargate_core::scope::Limits;
use tests::gateway::{Stargate, ask, budget, models};

#[tokio::test]
async fn every_base_url_that_people_set_works() {
    let stargate = Stargate::start().await;
    let holder = stargate.free_keyholder().await;
    let body = ask(&json!({"text": "ok"}));
    for path in ["/v1/messages", "/v1/messages?beta=true", "/v1/v1/messages", "/messages"] {
        let response = stargate.post(path, &holder.secret).json(&body).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
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
            let path = path.replace("{name}", "claude-haiku-4-5").replace("{id}", "claude-haiku-4-5");
            let request =
                stargate.http.request(method.to_uppercase().parse().unwrap(), format!("{url}{path}"));
            let request = request.bearer_auth(&holder.secret).json(&body_for(&path));
            assert_eq!(request.send().await.unwrap().status(), 200, "{method} {path}");
            asked.push(path);
        }
    }
    assert_eq!(asked.len(), 15, "{asked:?}");
}

/// A body that a route takes.
fn body_for(path: &str) -> Value {
    let script = json!({"text": "ok"});
    let conversation = json!({"messages": [{"role": "user", "content": [{"text": "hi"}]}]});
    match path.rsplit('/').next().unwrap() {
        "invoke" | "invoke-with-response-stream" => {
            let mut body = ask(&script);
            body.as_object_mut().unwrap().remove("model");
            body["anthropic_version"] = json!("bedrock-2023-05-31");
            body
        }
        "converse" | "converse-stream" => conversation,
        "count-tokens" => json!({"input": {"converse": conversation}}),
        _ => ask(&script),
    }
}

/// What a status line shows: the tightest budget in a line, and all of them; also where it is spent.
#[tokio::test]
async fn a_key_tells_what_it_has_left() {
    let stargate = Stargate::start().await;
    let get = async |key: &str| {
        let request = stargate.http.get(format!("{}/v1/me", stargate.gateway.url())).bearer_auth(key);
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json::<Value>().await.unwrap())
    };
    let free = stargate.free_keyholder().await;
    assert_eq!(get(&free.secret).await.1["summary"], "$0.00 spent, no limit");
    let monthly = Limits { budget_duration: BudgetDuration::parse("1h").ok(), ..budget("0.01") };
    let holder = stargate.keyholder(monthly, budget("5")).await;
    for spent in ["$0.00", "$0.006", "$0.006"] {
        let (status, me) = get(&holder.secret).await;
        assert_eq!(status, 200, "{me}");
        let summary = me["summary"].as_str().unwrap();
        let begins = format!("{spent} of $0.01 spent (user ");
        assert!(
            summary.starts_with(&begins) && summary.contains("), resets 20") && summary.ends_with(" UTC"),
            "{summary}"
        );
        let scopes: Vec<&str> = me["budgets"]
            .as_array()
            .unwrap()
            .iter()
            .map(|budget| budget["scope"].as_str().unwrap())
            .collect();
        assert!(scopes.len() == 2 && scopes[0] == "this key" && scopes[1].starts_with("user "), "{me}");
        let script = json!({"text": "ok", "input_tokens": 1000, "output_tokens": 1000});
        let mut body = ask(&script);
        body["max_tokens"] = json!(1000);
        stargate.messages(&holder, &body).await;
    }
    let (_, me) = get(&holder.secret).await;
    let of_user = &me["budgets"][1];
    assert_eq!((&of_user["left"], &of_user["headroom"]), (&json!(0.004), &json!(0.004)), "{me}");
    assert_eq!(me["budgets"][0]["left"], json!(4.994), "the key's own");
    // An hour later the period is over, whether or not anybody has begun the next.
    stargate.gateway.clock.shift(3_600_000);
    assert!(get(&holder.secret).await.1["summary"].as_str().unwrap().starts_with("$0.00 of $0.01 spent"));
    assert_eq!(get("sk-unknown").await.0, 401);
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
    assert!(ids.contains(&"nova-pro-v1:0") && ids.iter().any(|id| id.starts_with("llama")), "{ids:?}");
}

#[tokio::test]
async fn tokens_are_counted_free_of_every_limit() {
    let stargate = Stargate::start().await;
    // A spent budget and a single request a minute: counting asks for neither.
    let holder = stargate.keyholder(budget("0"), Limits { rpm: Some(1), ..Limits::default() }).await;
    let before = stargate.gateway.store.capacity().used();
    let body = json!({
        "model": "claude-haiku-4-5",
        "messages": [{"role": "user", "content": r#"<<fake {"input_tokens": 1234}>>"#}],
    });
    for _ in 0..5 {
        let response = stargate
            .post("/v1/messages/count_tokens?beta=true", &holder.secret)
            .json(&body)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.json::<Value>().await.unwrap(), json!({"input_tokens": 1234}));
    }
    assert_eq!(stargate.gateway.store.capacity().used().write_units, before.write_units);
    let denied = stargate.keyholder(models(&["claude-opus-4-5"]), Limits::default()).await;
    let response =
        stargate.post("/v1/messages/count_tokens", &denied.secret).json(&body).send().await.unwrap();
    assert_eq!(response.status(), 403);
}

#[tokio::test]
async fn adaptive_thinking_is_the_same_budget_on_every_route() {
    let stargate = Stargate::start().await;
    let holder = stargate.free_keyholder().await;
    for (max_tokens, budget) in [(2048, None), (2049, Some(1024)), (32_000, Some(16_000))] {
        for (path, thinking) in [
            ("/v1/messages", "/thinking/budget_tokens"),
            ("/v1/chat/completions", "/additionalModelRequestFields/thinking/budget_tokens"),
        ] {
            let body = json!({
                "model": "claude-haiku-4-5", "max_tokens": max_tokens, "thinking": {"type": "adaptive"},
                "messages": [{"role": "user", "content": "How high is the gate?"}],
            });
            let response = stargate.post(path, &holder.secret).json(&body).send().await.unwrap();
            assert_eq!(response.status(), 200, "{path} {max_tokens}");
            let sent = stargate.fake().requests().pop().unwrap().json();
            assert_eq!(sent.pointer(thinking).and_then(Value::as_u64), budget, "{path} {max_tokens}: {sent}");
        }
    }
}
