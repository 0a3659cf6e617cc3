//! The audit log: every change, who made it, and no secret.

use serde_json::{Value, json};

use super::Management;

#[tokio::test]
async fn every_change_is_written_down_with_what_was_before() {
    let management = Management::fresh().await;
    let mut secrets = Vec::new();
    let mut keep = |made: &Value| secrets.push(made["key"].as_str().unwrap().to_owned());
    let made = management.post("/user/new", r#"{"user_id": "mario", "auto_create_key": true}"#).await.ok();
    keep(&made);
    let own = made["key"].as_str().unwrap().to_owned();
    management.post("/user/update", r#"{"user_id": "mario", "max_budget": 5}"#).await.ok();
    let made = management.post_as(&own, "/key/generate", r#"{"key_alias": "laptop"}"#).await.ok();
    keep(&made);
    let key = json!({"key": made["key"]}).to_string();
    management.post("/key/update", &json!({"key": made["key"], "rpm_limit": 3}).to_string()).await.ok();
    management.post("/key/block", &key).await.ok();
    management.post("/key/unblock", &key).await.ok();
    let rotated = management.post("/key/regenerate", &key).await.ok();
    keep(&rotated);
    management.post("/key/delete", &json!({"keys": [rotated["key"]]}).to_string()).await.ok();
    management.post("/team/new", r#"{"team_id": "dev"}"#).await.ok();
    management.post("/team/member_add", r#"{"team_id": "dev", "member": {"user_id": "mario"}}"#).await.ok();
    management
        .post("/team/member_update", r#"{"team_id": "dev", "user_id": "mario", "role": "admin"}"#)
        .await
        .ok();
    management.post("/team/member_delete", r#"{"team_id": "dev", "user_id": "mario"}"#).await.ok();
    management.post("/team/update", r#"{"team_id": "dev", "team_alias": "D"}"#).await.ok();
    management.post("/team/delete", r#"{"team_ids": ["dev"]}"#).await.ok();
    management.post("/user/delete", r#"{"user_ids": ["mario"]}"#).await.ok();
    // Refusals change nothing, and are none of its business.
    management.post("/user/update", r#"{"user_id": "nobody"}"#).await.refusal();

    let log = management.get("/audit?page_size=100").await;
    for secret in &secrets {
        assert!(!log.text.contains(secret.as_str()), "a secret is in the log");
    }
    let log = log.ok();
    let mut seen: Vec<String> = log["audit_logs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            format!("{} {}", entry["action"].as_str().unwrap(), entry["table_name"].as_str().unwrap())
        })
        .collect();
    seen.sort();
    let (user, key) = ("LiteLLM_UserTable", "LiteLLM_VerificationToken");
    let (team, member) = ("LiteLLM_TeamTable", "LiteLLM_TeamMembership");
    let mut wanted: Vec<String> = [
        ("created", user),
        ("updated", user),
        ("deleted", user),
        ("created", key),
        ("created", key),
        ("updated", key),
        ("blocked", key),
        ("unblocked", key),
        ("rotated", key),
        ("deleted", key),
        ("created", team),
        ("updated", team),
        ("deleted", team),
        ("created", member),
        ("updated", member),
        ("deleted", member),
    ]
    .iter()
    .map(|(action, table)| format!("{action} {table}"))
    .collect();
    wanted.sort();
    assert_eq!(seen, wanted);

    let edits =
        management.get("/audit?action=updated&table_name=LiteLLM_UserTable&object_id=mario").await.ok();
    let edit = &edits["audit_logs"][0];
    assert_eq!(
        (&edit["before_value"]["max_budget"], &edit["updated_values"]["max_budget"]),
        (&json!(null), &json!(5.0))
    );
    assert_eq!((&edits["total"], &edit["changed_by"]), (&json!(1), &json!("master key")));
    let by_mario =
        management.get("/audit?action=created&table_name=LiteLLM_VerificationToken&page_size=1").await.ok();
    assert_eq!((&by_mario["total"], &by_mario["total_pages"]), (&json!(2), &json!(2)));
    let actors: Vec<_> =
        log["audit_logs"].as_array().unwrap().iter().map(|entry| &entry["changed_by"]).collect();
    assert!(actors.iter().any(|actor| actor.as_str().unwrap().starts_with("user mario (key ")), "{actors:?}");
    let one = management.get(&format!("/audit/{}", edit["id"].as_str().unwrap())).await.ok();
    assert_eq!(one, *edit);
    for (path, status) in
        [("/audit/nothing", 404), ("/audit?action=sung", 400), ("/audit?page_size=101", 400)]
    {
        assert_eq!(management.get(path).await.refusal().0, status, "{path}");
    }
}
