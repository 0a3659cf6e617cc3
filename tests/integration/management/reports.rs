//! Sums of what was spent: by day, key, user, team, model and tag.

use serde_json::{Value, json};
use stargate_core::id::RequestId;
use stargate_core::spend::SpendRecord;

use super::Management;

/// Three days of two users: mario on the 24th and twice on the 25th, anna on the 25th.
async fn some_days(management: &Management) -> String {
    management.post("/user/new", r#"{"user_id": "anna"}"#).await.ok();
    let (secret, mario) = management.key_of("mario").await;
    let (_, anna) = management.key_of("anna").await;
    management.post("/key/update", &json!({"key": secret, "tags": ["laptop"]}).to_string()).await.ok();
    for (hours_ago, user, key, cost) in [
        (40, "mario", &mario, "0.5"),
        (20, "mario", &mario, "0.25"),
        (2, "mario", &mario, "0.125"),
        (1, "anna", &anna, "1"),
    ] {
        management.put_record(hours_ago, user, key, cost).await;
    }
    secret
}

const DAYS: &str = "start_date=2025-01-20&end_date=2025-01-26";

#[tokio::test]
async fn daily_activity_is_flat_and_nested_and_its_totals_are_of_the_whole_range() {
    let management = Management::fresh().await;
    let secret = some_days(&management).await;
    let all = management.get(&format!("/user/daily/activity?{DAYS}&page_size=1")).await.ok();
    let (day, total) = (&all["results"][0], &all["metadata"]);
    assert_eq!(all["results"].as_array().unwrap().len(), 1, "a page is of days");
    assert_eq!((&day["date"], &day["metrics"]["spend"]), (&json!("2025-01-25"), &json!(1.375)));
    for (field, want) in [
        ("total_spend", json!(1.875)),
        ("total_api_requests", json!(4)),
        ("total_successful_requests", json!(4)),
        ("total_failed_requests", json!(0)),
        ("total_prompt_tokens", json!(4 * 1200)),
        ("total_completion_tokens", json!(4 * 300)),
        ("total_tokens", json!(4 * 1500)),
        ("total_cache_read_input_tokens", json!(4 * 150)),
        ("total_cache_creation_input_tokens", json!(4 * 50)),
        ("page", json!(1)),
        ("total_pages", json!(2)),
        ("has_more", json!(true)),
    ] {
        assert_eq!(total.get(field), Some(&want), "{field}");
    }
    let breakdown = &day["breakdown"];
    for (part, name) in [("models", "claude-haiku-4-5"), ("providers", "bedrock")] {
        assert_eq!(breakdown[part][name]["spend"], json!(1.375), "{part}, flat");
        assert_eq!(breakdown[part][name]["metrics"]["api_requests"], json!(3), "{part}, nested");
    }
    let own = management.get_as(&secret, &format!("/user/daily/activity?{DAYS}")).await.ok();
    assert_eq!(
        (&own["metadata"]["total_spend"], own["results"].as_array().unwrap().len()),
        (&json!(0.875), 2)
    );
    let hash = management.get_as(&secret, "/key/info").await.ok()["info"]["token_id"].clone();
    assert_eq!(own["results"][0]["breakdown"]["api_keys"][hash.as_str().unwrap()]["spend"], json!(0.375));
    for (filter, spend) in [
        ("user_id=anna", json!(1.0)),
        ("model=anthropic/claude-haiku-4-5", json!(1.875)),
        ("model=claude-opus-4-5", json!(0.0)),
        (&format!("api_key={secret}"), json!(0.875)),
    ] {
        let some = management.get(&format!("/user/daily/activity?{DAYS}&{filter}")).await.ok();
        assert_eq!(some["metadata"]["total_spend"], spend, "{filter}");
    }
    let missing = management.get("/user/daily/activity?start_date=2025-01-20").await;
    assert_eq!(
        missing.refusal(),
        (400, Some("end_date"), "end_date: Please provide start_date and end_date")
    );
    assert_eq!(
        management.get_as(&secret, &format!("/user/daily/activity?{DAYS}&user_id=anna")).await.refusal().0,
        403
    );
}

#[tokio::test]
async fn tags_are_of_requests_of_keys_and_of_models() {
    let management = Management::fresh().await;
    let secret = some_days(&management).await;
    let rows = |response: Value| -> Vec<(String, u64, f64)> {
        let row = |row: &Value| {
            let tag = row["individual_request_tag"].as_str().unwrap().to_owned();
            (tag, row["log_count"].as_u64().unwrap(), row["total_spend"].as_f64().unwrap())
        };
        let mut rows: Vec<_> = response.as_array().unwrap().iter().map(row).collect();
        rows.sort_by(|one, other| one.0.cmp(&other.0));
        rows
    };
    let all = rows(management.get(&format!("/spend/tags?{DAYS}")).await.ok());
    let row = |tag: &str, count, spend| (tag.to_owned(), count, spend);
    assert_eq!(all, [row("ci", 4, 1.875), row("laptop", 3, 0.875), row("model:claude-haiku-4-5", 4, 1.875)]);
    let own = rows(management.get_as(&secret, &format!("/spend/tags?{DAYS}")).await.ok());
    assert_eq!(own[0], row("ci", 3, 0.875));
}

#[tokio::test]
async fn a_report_groups_each_day_by_what_is_asked_for() {
    let management = Management::fresh().await;
    let secret = some_days(&management).await;
    for (group_by, names) in
        [("user", vec!["anna", "mario"]), ("model", vec!["claude-haiku-4-5"]), ("team", vec![""])]
    {
        let report = management.get(&format!("/global/spend/report?{DAYS}&group_by={group_by}")).await.ok();
        assert_eq!(report[0]["group_by_day"], "2025-01-24", "the oldest first");
        let last = report[1]["teams"].as_array().unwrap();
        let found: Vec<_> = last.iter().map(|group| group["name"].as_str().unwrap()).collect();
        assert_eq!(found, names, "{group_by}");
        let sum: f64 = last.iter().map(|group| group["total_spend"].as_f64().unwrap()).sum();
        assert!((sum - 1.375).abs() < 1e-12, "{group_by}");
    }
    assert_eq!(management.get("/global/spend/report?group_by=shoe").await.refusal().1, Some("group_by"));
    let keys = management.get_as(&secret, "/spend/keys").await.ok();
    assert_eq!((keys.as_array().unwrap().len(), &keys[0]["user_id"]), (1, &json!("mario")));
    assert_eq!(management.get("/spend/keys").await.ok().as_array().unwrap().len(), 2);
    let users = management.get("/spend/users?user_id=anna").await.ok();
    assert_eq!((users.as_array().unwrap().len(), &users[0]["user_id"]), (1, &json!("anna")));
    assert_eq!(management.get_as(&secret, "/spend/users").await.ok()[0]["user_id"], "mario");
}

#[tokio::test]
async fn a_cost_is_calculated_from_an_answer_or_bounded_from_a_prompt() {
    let management = Management::fresh().await;
    let response = json!({"model": "claude-haiku-4-5", "usage": {"input_tokens": 1000, "output_tokens": 100, "cache_read_input_tokens": 10000}});
    let openai = json!({"model": "claude-haiku-4-5", "usage": {"prompt_tokens": 11000, "completion_tokens": 100,
        "prompt_tokens_details": {"cached_tokens": 10000}}});
    for response in [response, openai] {
        let cost = management
            .post("/spend/calculate", &json!({"completion_response": response}).to_string())
            .await
            .ok();
        assert_eq!(cost, json!({"cost": 0.0025}));
    }
    let messages = json!({"model": "claude-haiku-4-5", "messages": [{"role": "user", "content": "hi"}]});
    let cost = management.post("/spend/calculate", &messages.to_string()).await.ok();
    assert_eq!(cost["cost"], json!(0.000032), "{cost}");
    for (body, field) in [
        (r#"{"messages": []}"#, "model"),
        (r#"{"model": "claude-haiku-4-5"}"#, "messages"),
        (r#"{"model": "gpt-9", "messages": []}"#, "model"),
        (r#"{"completion_response": {"model": "claude-haiku-4-5"}}"#, "usage"),
    ] {
        let refused = management.post("/spend/calculate", body).await;
        assert_eq!((refused.refusal().0, refused.refusal().1), (400, Some(field)), "{body}");
    }
}

#[tokio::test]
async fn sessions_are_told_apart_by_user_with_their_agents() {
    let management = Management::fresh().await;
    let secret = some_days(&management).await;
    let (_, luigi) = management.key_of("luigi").await;
    let main = management.put_record(3, "luigi", &luigi, "0.5").await;
    let of_main = management.store.find_record(main).await.unwrap().unwrap();
    let request = RequestId::generate(main.started_ms()).unwrap();
    let of_agent = SpendRecord { request, agent: Some("explore".to_owned()), ..of_main };
    management.store.put_record(&of_agent).await.unwrap();
    let found = management.get(&format!("/spend/sessions?{DAYS}&page_size=2")).await.ok();
    let told = |session: &Value| {
        (session["user_id"].clone(), session["session_id"].clone(), session["spend"].clone())
    };
    let sessions = found["sessions"].as_array().unwrap();
    assert_eq!((&found["total"], &found["total_pages"], sessions.len()), (&json!(3), &json!(2), 2));
    assert_eq!(told(&sessions[0]), (json!("anna"), json!("s1"), json!(1.0)), "the latest first");
    assert_eq!(told(&sessions[1]), (json!("mario"), json!("s1"), json!(0.875)));
    assert_eq!(sessions[1]["api_requests"], 3);
    assert_eq!(sessions[1]["models"]["claude-haiku-4-5"]["total_tokens"], 3 * 1500);
    let luigis = management.get(&format!("/spend/sessions?{DAYS}&user_id=luigi&session_id=s1")).await.ok();
    let session = &luigis["sessions"][0];
    assert_eq!(
        (&session["agents"]["main"]["spend"], &session["agents"]["explore"]["spend"]),
        (&json!(0.5), &json!(0.5))
    );
    let own = management.get_as(&secret, &format!("/spend/sessions?{DAYS}")).await.ok();
    assert_eq!((own["total"].as_u64(), &own["sessions"][0]["user_id"]), (Some(1), &json!("mario")));
    assert_eq!(management.get_as(&secret, "/spend/sessions?user_id=anna").await.status, 403);
}
