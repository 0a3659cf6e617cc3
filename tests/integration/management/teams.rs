//! Teams and their members, with LiteLLM's fields and answers.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Management;

/// A team of two: its administrator `anna` and its user `mario`, with a key each.
async fn a_team(management: &Management) -> [String; 2] {
    let body = r#"{"team_id": "dev", "team_alias": "Developers", "max_budget": 500, "budget_duration": "monthly",
        "models": ["claude-haiku-4-5"], "rpm_limit": 100, "metadata": {"cost_center": 7},
        "members_with_roles": [{"role": "admin", "user_id": "anna"}, {"role": "user", "user_id": "mario"}]}"#;
    management.post("/team/new", body).await.ok();
    let mut keys = Vec::new();
    for user in ["anna", "mario"] {
        let made = management.post("/key/generate", &json!({"user_id": user}).to_string()).await.ok();
        keys.push(made["key"].as_str().unwrap().to_owned());
    }
    keys.try_into().unwrap()
}

fn names(rows: &Value, field: &str) -> Vec<String> {
    let rows = rows.as_array().unwrap_or_else(|| panic!("no list: {rows}"));
    rows.iter().map(|row| row[field].as_str().unwrap_or("-").to_owned()).collect()
}

#[tokio::test]
async fn a_team_is_made_shown_changed_and_deleted() {
    let management = Management::fresh().await;
    a_team(&management).await;
    let info = management.get("/team/info?team_id=dev").await.ok();
    let team = &info["team_info"];
    for (field, want) in [
        ("team_id", json!("dev")),
        ("team_alias", json!("Developers")),
        ("max_budget", json!(500.0)),
        ("spend", json!(0.0)),
        ("budget_duration", json!("monthly")),
        ("budget_reset_at", json!("2025-02-01T00:00:00Z")),
        ("models", json!(["claude-haiku-4-5"])),
        ("rpm_limit", json!(100)),
        ("blocked", json!(false)),
        ("metadata", json!({"cost_center": 7})),
        ("organization_id", json!(null)),
        (
            "members_with_roles",
            json!([{"user_id": "anna", "role": "admin"}, {"user_id": "mario", "role": "user"}]),
        ),
    ] {
        assert_eq!(team.get(field), Some(&want), "{field}");
    }
    assert_eq!(names(&info["team_memberships"], "user_id"), ["anna", "mario"]);

    let body = r#"{"team_id": "dev", "team_alias": null, "max_budget": 0, "models": [], "rpm_limit": null}"#;
    let response = management.post("/team/update", body).await.ok();
    let data = &response["data"];
    assert_eq!((&response["team_id"], &data["team_alias"]), (&json!("dev"), &json!(null)));
    assert_eq!(
        (&data["max_budget"], &data["models"], &data["rpm_limit"]),
        (&json!(0.0), &json!([]), &json!(null))
    );
    assert_eq!(
        (&data["metadata"], &data["budget_duration"]),
        (&json!({"cost_center": 7}), &json!("monthly"))
    );

    assert_eq!(management.post("/team/block", r#"{"team_id": "dev"}"#).await.ok()["blocked"], true);
    assert_eq!(management.post("/team/unblock", r#"{"team_id": "dev"}"#).await.ok()["blocked"], false);

    management.post("/team/new", r#"{"team_alias": "Others"}"#).await.ok();
    let list = management.get("/team/list").await;
    assert_eq!(list.headers["x-stargate-total-count"], "2");
    assert_eq!(names(&list.ok(), "team_alias"), ["Others", "-"]);
    assert_eq!(names(&management.get("/team/list?user_id=mario").await.ok(), "team_id"), ["dev"]);

    management.post("/key/generate", r#"{"team_id": "dev"}"#).await.ok();
    let deleted = management.post("/team/delete", r#"{"team_ids": ["dev"]}"#).await.ok();
    assert_eq!(deleted["deleted_teams"], 1);
    assert_eq!(management.get("/team/info?team_id=dev").await.refusal().0, 404);
    assert_eq!(management.get("/key/list?team_id=dev").await.ok()["total_count"], 0);
    let user = management.get("/user/info?user_id=mario").await.ok();
    assert_eq!((&user["teams"], user["keys"].as_array().unwrap().len()), (&json!([]), 1));
}

#[tokio::test]
async fn members_come_and_go_with_limits_of_their_own() {
    let management = Management::fresh().await;
    a_team(&management).await;
    let body = r#"{"team_id": "dev", "member": [{"role": "user", "user_email": "Eva@x.com"}, {"user_id": "tom"}],
        "max_budget_in_team": 20, "budget_duration": "weekly", "allowed_models": ["claude-haiku-4-5"]}"#;
    let added = management.post("/team/member_add", body).await.ok();
    assert_eq!(added["team_id"], "dev");
    let rows = added["updated_team_memberships"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    for row in rows {
        assert_eq!((&row["max_budget"], &row["budget_duration"]), (&json!(20.0), &json!("weekly")));
        assert_eq!((&row["models"], &row["role"]), (&json!(["claude-haiku-4-5"]), &json!("user")));
    }
    // Both were unknown, and are users now.
    assert_eq!(management.get("/user/info?user_id=tom").await.ok()["teams"][0]["team_id"], "dev");
    let eva = rows[0]["user_id"].as_str().unwrap().to_owned();
    assert_eq!(management.get(&format!("/user/info?user_id={eva}")).await.ok()["user_email"], "Eva@x.com");

    let again =
        management.post("/team/member_add", r#"{"team_id": "dev", "member": {"user_id": "tom"}}"#).await;
    assert_eq!(again.refusal(), (400, Some("user_id"), "user_id: User tom is already in team dev"));
    let body =
        r#"{"team_id": "dev", "user_email": "eva@x.com", "role": "admin", "max_budget_in_team": null}"#;
    let row = management.post("/team/member_update", body).await.ok();
    assert_eq!((&row["role"], &row["max_budget"]), (&json!("admin"), &json!(null)));
    assert_eq!(row["budget_duration"], "weekly");

    let key = management.post("/key/generate", r#"{"team_id": "dev", "user_id": "tom"}"#).await.ok();
    assert_eq!((&key["team_id"], &key["user_id"]), (&json!("dev"), &json!("tom")));
    let team = management.post("/team/member_delete", r#"{"team_id": "dev", "user_id": "tom"}"#).await.ok();
    let left: BTreeSet<String> = names(&team["members_with_roles"], "user_id").into_iter().collect();
    assert_eq!(left, BTreeSet::from(["anna".to_owned(), "mario".to_owned(), eva]));
    // The keys that the member had in the team went too.
    assert_eq!(management.get("/key/list?user_id=tom").await.ok()["total_count"], 0);
    let gone = management.post("/team/member_delete", r#"{"team_id": "dev", "user_id": "tom"}"#).await;
    assert_eq!(gone.refusal(), (400, Some("user_id"), "user_id: User tom is not in team dev"));
    // A user who is deleted leaves its teams.
    management.post("/user/delete", r#"{"user_ids": ["mario"]}"#).await.ok();
    let left = management.get("/team/info?team_id=dev").await.ok();
    assert!(!names(&left["team_memberships"], "user_id").contains(&"mario".to_owned()));
}

#[tokio::test]
async fn bad_calls_name_the_field_and_change_nothing() {
    let management = Management::fresh().await;
    a_team(&management).await;
    let before = management.get("/team/info?team_id=dev").await.ok();
    for (path, body, status, field) in [
        ("/team/new", r#"{"team_id": "dev"}"#, 409, "team_id"),
        ("/team/new", r#"{"team_id": "litellm-dashboard"}"#, 400, "team_id"),
        ("/team/new", r#"{"team_id": "x", "max_budget": -1}"#, 400, "max_budget"),
        (
            "/team/new",
            r#"{"team_id": "x", "members_with_roles": [{"user_id": "a", "role": "boss"}]}"#,
            400,
            "role",
        ),
        ("/team/new", r#"{"team_id": "x", "members_with_roles": [{"role": "user"}]}"#, 400, "user_id"),
        ("/team/new", r#"{"team_id": "x", "members_with_roles": 7}"#, 400, "members_with_roles"),
        ("/team/update", r#"{"team_id": "dev", "budget_duration": "30days"}"#, 400, "budget_duration"),
        ("/team/update", r#"{"team_alias": "x"}"#, 400, "team_id"),
        ("/team/update", r#"{"team_id": "nobody"}"#, 404, "team_id"),
        ("/team/block", r#"{"team_id": "nobody"}"#, 404, "team_id"),
        ("/team/delete", r#"{"team_ids": ["dev", "nobody"]}"#, 404, "team_ids"),
        ("/team/delete", r#"{"team_ids": []}"#, 400, "team_ids"),
        ("/team/member_add", r#"{"team_id": "nobody", "member": {"user_id": "a"}}"#, 404, "team_id"),
        ("/team/member_add", r#"{"team_id": "dev", "member": []}"#, 400, "member"),
        (
            "/team/member_add",
            r#"{"team_id": "dev", "member": {"user_id": "x", "max_budget": 1}}"#,
            400,
            "max_budget",
        ),
        ("/team/member_update", r#"{"team_id": "dev", "user_id": "stranger"}"#, 404, "user_id"),
        ("/key/generate", r#"{"team_id": "nobody"}"#, 404, "team_id"),
        ("/key/generate", r#"{"team_id": "dev", "user_id": "stranger"}"#, 400, "user_id"),
        ("/user/new", r#"{"user_id": "new", "teams": ["nobody"]}"#, 404, "teams"),
    ] {
        let response = management.post(path, body).await;
        let (code, param, message) = response.refusal();
        assert_eq!((code, param), (status, Some(field)), "{path} {body}: {message}");
        assert!(message.starts_with(&format!("{field}: ")), "{message}");
    }
    assert_eq!(management.get("/team/info?team_id=dev").await.ok(), before);
    assert_eq!(management.get("/team/list").await.ok().as_array().unwrap().len(), 1);
    assert_eq!(management.get("/user/list").await.ok()["total"], 2);
}

#[tokio::test]
async fn what_is_refused_leaves_no_half_of_it() {
    let management = Management::fresh().await;
    a_team(&management).await;
    let users = management.get("/user/list").await.ok()["total"].clone();
    for (body, field) in [
        (r#"{"team_id": "dev", "member": [{"user_id": "new"}, {"user_id": "mario"}]}"#, "user_id"),
        (r#"{"team_id": "dev", "member": [{"user_id": "new"}, {"user_id": "new"}]}"#, "member"),
    ] {
        assert_eq!(management.post("/team/member_add", body).await.refusal().1, Some(field), "{body}");
    }
    assert_eq!(management.get("/user/list").await.ok()["total"], users, "nobody was made for it");
    let made = management.post("/key/generate", r#"{"user_id": "mario", "max_budget": 5}"#).await.ok();
    let catalog = stargate_core::catalog::Catalog::load_bundled("global").unwrap();
    let many: serde_json::Map<String, Value> =
        catalog.models().take(21).map(|model| (model.name.clone(), json!(1))).collect();
    for (path, name) in [
        ("/key/update", json!({"key": made["key"]})),
        ("/user/update", json!({"user_id": "mario"})),
        ("/team/update", json!({"team_id": "dev"})),
    ] {
        let mut body = name;
        body["max_budget"] = json!(1000);
        body["model_rpm_limit"] = Value::Object(many.clone());
        let refused = management.post(path, &body.to_string()).await;
        assert_eq!((refused.refusal().0, refused.refusal().1), (400, Some("model_max_budget")), "{path}");
    }
    let key = management.get(&format!("/key/info?key={}", made["token_id"].as_str().unwrap())).await.ok();
    assert_eq!(key["info"]["max_budget"], json!(5.0));
    assert_eq!(management.get("/team/info?team_id=dev").await.ok()["team_info"]["max_budget"], json!(500.0));
    // Whom a call makes along, the audit log knows.
    management.post("/team/member_add", r#"{"team_id": "dev", "member": {"user_id": "eve"}}"#).await.ok();
    let log = management.get("/audit?action=created&object_id=eve").await.ok();
    assert_eq!(log["total"], 1);
}
