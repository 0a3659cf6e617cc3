//! Document 000's calls for users, field by field.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;
use shared::store::KeyRef;
use tests::calls::call;

use super::Management;

#[tokio::test]
async fn a_user_is_made_as_document_000_shows() {
    let management = Management::fresh().await;
    let body = r#"{
       "user_id": "mario.rossi@company.com",
       "user_email": "mario.rossi@company.com",
       "user_role": "user",
       "max_budget": 50.0,
       "budget_duration": "monthly",
       "models": ["claude-haiku-4-5", "claude-sonnet-4-5"]
     }"#;
    let response = management.post("/user/new", body).await;
    assert!(response.text.contains(r#""max_budget":50.0"#) && response.text.contains(r#""spend":0.0"#));
    let made = response.ok();
    for (field, want) in [
        ("user_id", json!("mario.rossi@company.com")),
        ("user_email", json!("mario.rossi@company.com")),
        ("max_budget", json!(50.0)),
        ("spend", json!(0.0)),
        ("user_role", json!("user")),
        ("models", json!(["claude-haiku-4-5", "claude-sonnet-4-5"])),
        ("user_alias", json!(null)),
        ("budget_duration", json!("monthly")),
        ("budget_reset_at", json!("2025-02-01T00:00:00Z")),
        ("tpm_limit", json!(null)),
        ("metadata", json!({})),
        ("teams", json!([])),
        ("key", json!("")),
        ("token", json!(null)),
    ] {
        assert_eq!(made.get(field), Some(&want), "{field}");
    }
    let info = management.get("/user/info?user_id=mario.rossi@company.com").await.ok();
    for field in ["user_id", "models", "max_budget", "spend", "budget_duration", "budget_reset_at"] {
        assert_eq!(info[field], made[field], "{field}");
        assert_eq!(info["user_info"][field], made[field], "{field}");
    }
    assert_eq!(
        (&info["user_role"], &info["keys"], &info["teams"]),
        (&json!("internal_user"), &json!([]), &json!([]))
    );
}

#[tokio::test]
async fn limits_metadata_and_ids_are_kept_as_sent() {
    let management = Management::fresh().await;
    let body = r#"{"user_id": "a+b c@x", "tpm_limit": 10000, "rpm_limit": 0, "max_parallel_requests": 3,
        "max_budget": 0.000000000001, "metadata": {"z": 1.50, "a": [1]}, "blocked": true, "user_alias": "A",
        "auto_create_key": false, "send_invite_email": false, "teams": null, "spend": 0}"#;
    management.post("/user/new", body).await.ok();
    let response = management.get("/user/info?user_id=a+b%20c%40x").await;
    assert!(response.text.contains(r#""metadata":{"z": 1.50, "a": [1]}"#), "{}", response.text);
    assert!(response.text.contains(r#""max_budget":0.000000000001"#), "{}", response.text);
    let user = response.ok();
    assert_eq!(user["user_id"], "a+b c@x");
    assert_eq!((&user["rpm_limit"], &user["tpm_limit"]), (&json!(0), &json!(10000)));
    assert_eq!((&user["max_parallel_requests"], &user["blocked"]), (&json!(3), &json!(true)));
    assert_eq!(user["budget_reset_at"], json!(null));
    // Without an id, one is made.
    let made = management.post("/user/new", r#"{"user_role": "proxy_admin"}"#).await.ok();
    assert_eq!(made["user_id"].as_str().map(str::len), Some(16));
    assert_eq!(made["max_budget"], json!(null));
}

#[tokio::test]
async fn ids_and_addresses_are_unique() {
    let management = Management::fresh().await;
    management.post("/user/new", r#"{"user_id": "a", "user_email": "A@x.com"}"#).await.ok();
    let again = management.post("/user/new", r#"{"user_id": "a"}"#).await;
    assert_eq!(again.refusal(), (409, Some("user_id"), "user_id: User with id a already exists"));
    let email = management.post("/user/new", r#"{"user_id": "b", "user_email": " a@X.com "}"#).await;
    assert_eq!(
        email.refusal(),
        (409, Some("user_email"), "user_email: User with email a@X.com already exists")
    );
    assert_eq!(management.get("/user/list").await.ok()["total"], 1);
}

#[tokio::test]
async fn a_first_key_is_made_only_where_it_is_asked_for() {
    let management = Management::fresh().await;
    let body =
        r#"{"user_id": "a", "models": ["claude-haiku-4-5"], "auto_create_key": true, "duration": "30d"}"#;
    let made = management.post("/user/new", body).await.ok();
    assert!(made["key"].as_str().is_some_and(|key| key.starts_with("sk-") && key.len() == 67));
    assert!(made["expires"].as_str().is_some_and(|at| at.starts_with("2025-02-25T00:00")), "{made}");
    let keys = &management.get("/user/info?user_id=a").await.ok()["keys"];
    assert_eq!((&keys[0]["token_id"], &keys[0]["models"]), (&made["token"], &json!(["claude-haiku-4-5"])));
    management.post("/key/generate", r#"{"key_alias": "taken"}"#).await.ok();
    let taken = r#"{"user_id": "b", "auto_create_key": true, "key_alias": "taken"}"#;
    assert_eq!(management.post("/user/new", taken).await.refusal().1, Some("key_alias"));
    assert_eq!(management.get("/user/info?user_id=b").await.status, 404);
}

#[tokio::test]
async fn deleting_users_is_all_or_nothing_and_binds_the_next_request() {
    let management = Management::fresh().await;
    let now = || management.clock.now();
    for user in ["a", "b"] {
        management
            .post("/user/new", &format!(r#"{{"user_id": "{user}", "user_email": "{user}@x"}}"#))
            .await
            .ok();
    }
    let key = management.post("/key/generate", r#"{"user_id": "a", "key_alias": "k"}"#).await.ok();
    let pointer = management.pointer(key["key"].as_str().unwrap()).await.unwrap();
    assert!(management.store.admit(&mut pointer.clone(), &call(10), now).await.is_ok());
    let unknown = management.post("/user/delete", r#"{"user_ids": ["a", "nobody"]}"#).await;
    assert_eq!(unknown.refusal(), (404, Some("user_ids"), "user_ids: User nobody not found"));
    assert!(management.store.admit(&mut pointer.clone(), &call(10), now).await.is_ok());

    let gone = management.post("/user/delete", r#"{"user_ids": ["a", "b", "a"]}"#).await.ok();
    assert_eq!(gone, json!({"deleted_users": 2, "user_ids": ["a", "b"]}));
    assert!(management.store.admit(&mut pointer.clone(), &call(10), now).await.is_err());
    assert_eq!(management.get("/user/info?user_id=a").await.refusal().0, 404);
    assert_eq!(management.get("/key/list").await.ok()["total_count"], 0);
    assert_eq!(management.post("/user/delete", r#"{"user_ids": ["a"]}"#).await.refusal().0, 404);
    // Nothing of them is in the way of a new beginning.
    management.post("/user/new", r#"{"user_id": "a", "user_email": "b@x"}"#).await.ok();
    management.post("/key/generate", r#"{"user_id": "a", "key_alias": "k"}"#).await.ok();
}

#[tokio::test]
async fn a_deletion_that_was_cut_short_can_be_asked_for_again() {
    let management = Management::fresh().await;
    management.post("/user/new", r#"{"user_id": "a", "user_email": "a@x"}"#).await.ok();
    // The mark is set, and then the process dies.
    let mark = management.table.raw().update_item().table_name(management.table.name());
    let mark =
        mark.key("pk", AttributeValue::S("U#a".to_owned())).key("sk", AttributeValue::S("scope".to_owned()));
    let mark = mark.update_expression("SET deleted = :at");
    mark.expression_attribute_values(":at", AttributeValue::N("1".to_owned())).send().await.unwrap();
    assert_eq!(management.get("/user/info?user_id=a").await.status, 404);
    assert_eq!(management.post("/key/generate", r#"{"user_id": "a"}"#).await.refusal().0, 409);
    management.post("/user/delete", r#"{"user_ids": ["a"]}"#).await.ok();
    assert_eq!(management.table.count().await, 0);
}

impl Management {
    async fn pointer(&self, secret: &str) -> Option<KeyRef> {
        self.store.find_pointer(&stargate_core::secret::Secret::new(secret).hash()).await.unwrap()
    }
}
