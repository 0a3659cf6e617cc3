//! Document 000's calls for keys, field by field.

use serde_json::json;
use stargate_core::secret::Secret;

use super::Management;

#[tokio::test]
async fn a_key_is_made_listed_and_revoked_as_document_000_shows() {
    let management = Management::fresh().await;
    let body = r#"{
       "user_id": "mario.rossi@company.com",
       "key_alias": "mario-laptop",
       "duration": "30d",
       "models": ["claude-haiku-4-5", "claude-sonnet-4-5"],
       "max_budget": 50.0,
       "metadata": {"department": "IT"}, "tags": ["b", "a"], "max_parallel_requests": 10
     }"#;
    let made = management.post("/key/generate", body).await.ok();
    let secret = made["key"].as_str().unwrap();
    let (hash, hint) = (Secret::new(secret).hash(), Secret::new(secret).hint());
    for (field, want) in [
        ("key_alias", json!("mario-laptop")),
        ("user_id", json!("mario.rossi@company.com")),
        ("token", json!(hash.as_str())),
        ("token_id", json!(hash.as_str())),
        ("key_name", json!(hint)),
        ("max_budget", json!(50.0)),
        ("spend", json!(0.0)),
        ("models", json!(["claude-haiku-4-5", "claude-sonnet-4-5"])),
        ("metadata", json!({"department": "IT"})),
        ("tags", json!(["b", "a"])),
        ("max_parallel_requests", json!(10)),
    ] {
        assert_eq!(made[field], want, "{field}");
    }
    assert!(
        made["expires"].as_str().is_some_and(|at| at.starts_with("2025-02-25T00:00") && at.ends_with('Z'))
    );

    let response = management.get("/key/list").await;
    assert!(!response.text.contains(secret), "a secret is shown once");
    let listed = response.ok();
    assert_eq!(
        (&listed["total_count"], &listed["current_page"], &listed["total_pages"]),
        (&json!(1), &json!(1), &json!(1))
    );
    for field in ["key_alias", "user_id", "spend", "max_budget", "expires", "token_id"] {
        assert_eq!(listed["keys"][0][field], made[field], "{field}");
    }
    assert_eq!(listed["keys"][0]["token"], json!(hint));

    let gone = management.post("/key/delete", &json!({"keys": [secret]}).to_string()).await.ok();
    assert_eq!(gone, json!({"deleted_keys": [secret]}));
    assert_eq!(management.get("/key/list").await.ok()["keys"], json!([]));
    assert_eq!(management.store.find_pointer(&hash).await.unwrap(), None);
}

#[tokio::test]
async fn a_key_for_nobody_yet_makes_a_user_without_limits() {
    let management = Management::fresh().await;
    let made = management.post("/key/generate", r#"{"user_id": "new"}"#).await.ok();
    assert_eq!((&made["expires"], &made["max_budget"]), (&json!(null), &json!(null)));
    let user = management.get("/user/info?user_id=new").await.ok();
    assert_eq!((&user["max_budget"], &user["models"]), (&json!(null), &json!([])));
    assert_eq!(user["keys"][0]["token_id"], made["token"]);
    // A key may also belong to nobody.
    assert_eq!(management.post("/key/generate", "{}").await.ok()["user_id"], json!(null));
}

#[tokio::test]
async fn aliases_and_chosen_keys_are_unique() {
    let management = Management::fresh().await;
    let own = r#"{"key": "sk-1234567890123456", "key_alias": "own"}"#;
    assert_eq!(management.post("/key/generate", own).await.ok()["key"], "sk-1234567890123456");
    let key = r#"{"key": "sk-1234567890123456", "user_id": "x"}"#;
    assert_eq!(
        management.post("/key/generate", key).await.refusal(),
        (409, Some("key"), "key: this key exists already")
    );
    let alias = management.post("/key/generate", r#"{"key_alias": "own", "user_id": "x"}"#).await;
    assert_eq!(alias.refusal(), (409, Some("key_alias"), "key_alias: Key with alias 'own' already exists"));
    assert_eq!(management.get("/user/list").await.ok()["total"], 0, "no user was made for a refused key");
}

#[tokio::test]
async fn keys_are_deleted_by_secret_hash_or_alias_and_all_or_none() {
    let management = Management::fresh().await;
    let mut keys = Vec::new();
    for alias in ["a", "b", "c"] {
        keys.push(management.post("/key/generate", &json!({"key_alias": alias}).to_string()).await.ok());
    }
    let body = json!({"keys": [keys[0]["key"], "sk-unknown-secret"]}).to_string();
    let unknown = management.post("/key/delete", &body).await;
    assert_eq!(unknown.refusal(), (404, Some("keys"), "keys: No keys found: sk-...cret"));
    assert_eq!(management.post("/key/delete", r#"{"key_aliases": ["a", "z"]}"#).await.refusal().0, 404);
    assert_eq!(management.get("/key/list").await.ok()["total_count"], 3);

    let body = json!({"keys": [keys[0]["key"], keys[1]["token"], keys[0]["key"]]}).to_string();
    assert_eq!(
        management.post("/key/delete", &body).await.ok()["deleted_keys"].as_array().map(Vec::len),
        Some(3)
    );
    let gone = management.post("/key/delete", r#"{"key_aliases": ["c"]}"#).await.ok();
    assert_eq!(gone, json!({"deleted_keys": ["c"]}));
    assert_eq!(management.table.count().await, 0, "nothing of a key is left behind");
    assert_eq!(management.store.count_keys().await.unwrap(), 0);
}
