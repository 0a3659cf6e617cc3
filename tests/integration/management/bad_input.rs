//! Bad input: each row names its field, and nothing is changed by any of them.

use serde_json::json;

use super::Management;

const BOTH: &[(&str, &str)] = &[
    (r#"{"max_budget": -1}"#, "max_budget"),
    (r#"{"max_budget": NaN}"#, "max_budget"),
    (r#"{"max_budget": -Infinity}"#, "max_budget"),
    (r#"{"max_budget": "fifty"}"#, "max_budget"),
    (r#"{"max_budget": true}"#, "max_budget"),
    (r#"{"budget_duration": "30days"}"#, "budget_duration"),
    (r#"{"budget_duration": "fortnightly"}"#, "budget_duration"),
    (r#"{"budget_duration": 30}"#, "budget_duration"),
    (r#"{"rpm_limit": -5}"#, "rpm_limit"),
    (r#"{"rpm_limit": "5"}"#, "rpm_limit"),
    (r#"{"tpm_limit": 1.5}"#, "tpm_limit"),
    (r#"{"max_parallel_requests": []}"#, "max_parallel_requests"),
    (r#"{"models": "claude-haiku-4-5"}"#, "models"),
    (r#"{"models": [null]}"#, "models"),
    (r#"{"models": [""]}"#, "models"),
    (r#"{"metadata": []}"#, "metadata"),
    (r#"{"metadata": "{}"}"#, "metadata"),
    (r#"{"blocked": 1}"#, "blocked"),
    (r#"{"user_id": ""}"#, "user_id"),
    (r#"{"user_id": 5}"#, "user_id"),
    (r#"{"user_id": "a\u0007b"}"#, "user_id"),
    (r#"{"max_bugdet": 5}"#, "max_bugdet"),
    (r#"{"guardrails": ["pii"]}"#, "guardrails"),
];

#[tokio::test]
async fn every_wrong_field_is_named_and_changes_nothing() {
    let management = Management::fresh().await;
    let long = json!({"user_id": "x".repeat(513)}).to_string();
    let users = [
        (r#"{"user_role": "root"}"#, "user_role"),
        (r#"{"user_email": " "}"#, "user_email"),
        (r#"{"key_alias": "k"}"#, "key_alias"),
        (r#"{"auto_create_key": true, "duration": "monthly"}"#, "duration"),
        (r#"{"spend": 5}"#, "spend"),
        (long.as_str(), "user_id"),
    ];
    let keys = [
        (r#"{"key": "sk-short"}"#, "key"),
        (r#"{"key": "pk-1234567890123456"}"#, "key"),
        (r#"{"duration": "soon"}"#, "duration"),
        (r#"{"duration": "monthly"}"#, "duration"),
        (r#"{"tags": "a"}"#, "tags"),
        (r#"{"key_alias": 7}"#, "key_alias"),
        (r#"{"team_id": 7}"#, "team_id"),
        (long.as_str(), "user_id"),
    ];
    for (path, own) in [("/user/new", &users[..]), ("/key/generate", &keys[..])] {
        for (body, field) in BOTH.iter().chain(own) {
            let response = management.post(path, body).await;
            let (status, param, message) = response.refusal();
            assert_eq!((status, param), (400, Some(*field)), "{path} {body}: {message}");
            assert!(message.starts_with(field), "{path} {body}: {message}");
        }
    }
    for (path, body, field) in [
        ("/user/update", "{}", "user_id"),
        ("/user/delete", "{}", "user_ids"),
        ("/user/delete", r#"{"user_ids": "a"}"#, "user_ids"),
        ("/key/delete", "{}", "keys"),
        ("/key/delete", r#"{"keys": [5]}"#, "keys"),
        ("/key/delete", r#"{"keys": [], "key_aliases": []}"#, "keys"),
    ] {
        let response = management.post(path, body).await;
        assert_eq!((response.refusal().0, response.refusal().1), (400, Some(field)), "{path} {body}");
    }
    assert_eq!(management.table.count().await, 0);
}

#[tokio::test]
async fn an_update_with_one_wrong_field_changes_none() {
    let management = Management::fresh().await;
    management.post("/user/new", r#"{"user_id": "a", "max_budget": 1}"#).await.ok();
    let before = management.get("/user/info?user_id=a").await.ok();
    for body in [
        r#"{"user_id": "a", "max_budget": 5, "rpm_limit": -1}"#,
        r#"{"user_id": "a", "max_budget": 5, "user_role": "root"}"#,
        r#"{"user_id": "a", "max_budget": 5, "spend": "0"}"#,
        r#"{"user_id": "a", "max_budget": NaN}"#,
    ] {
        assert_eq!(management.post("/user/update", body).await.refusal().0, 400, "{body}");
    }
    assert_eq!(management.get("/user/info?user_id=a").await.ok(), before);
}

#[tokio::test]
async fn what_is_no_json_object_is_said_so() {
    let management = Management::fresh().await;
    for (body, part) in [
        ("", "must be a JSON object"),
        ("[]", "must be a JSON object"),
        ("{\"user_id\": \"a\"", "must be a JSON object"),
        ("{\"max_budget\": NaN}", "JSON has no NaN"),
    ] {
        let response = management.post("/user/new", body).await;
        let (status, _, message) = response.refusal();
        assert!(status == 400 && message.contains(part), "{body}: {message}");
    }
    let told = management.post("/user/new", r#"{"budget_duration": "30days"}"#).await;
    assert!(told.refusal().2.contains("such as 30m, 24h, 7d, 30d, 1mo, 1y"), "{}", told.text);
    assert_eq!(management.get("/team/info").await.refusal().1, Some("team_id"));
}
