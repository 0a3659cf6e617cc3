//! What people do with their own keys: their own things, and nothing else.

use serde_json::json;

use super::Management;

/// A user's key.
async fn key_of(management: &Management, user: &str, role: &str) -> String {
    let body = json!({"user_id": user, "user_role": role, "auto_create_key": true}).to_string();
    management.post("/user/new", &body).await.ok()["key"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_user_looks_after_its_own_keys_and_spend() {
    let admin = Management::fresh().await;
    let (mario, _) =
        (key_of(&admin, "mario", "internal_user").await, key_of(&admin, "anna", "internal_user").await);
    // On the public API as on the admin's.
    for management in [admin.public(), admin] {
        let made =
            management.post_as(&mario, "/key/generate", r#"{"max_budget": 5, "duration": "30d"}"#).await.ok();
        assert_eq!(made["user_id"], "mario");
        let own = made["key"].as_str().unwrap();
        let info = management.get_as(&mario, &format!("/key/info?key={own}")).await.ok();
        assert_eq!((&info["key"], &info["info"]["status"]), (&made["key"], &json!("active")));
        assert_eq!(management.get_as(own, "/key/info").await.ok()["info"]["token_id"], made["token_id"]);
        let list = management.get_as(&mario, "/key/list").await.ok();
        assert!(list["keys"].as_array().unwrap().iter().all(|key| key["user_id"] == "mario"));
        assert_eq!(management.get_as(&mario, "/user/info").await.ok()["user_id"], "mario");
        assert_eq!(management.get_as(&mario, "/spend/logs").await.ok()["spend_logs"], json!([]));
        assert_eq!(management.post_as(&mario, "/key/health", "{}").await.ok()["key"], "healthy");
        let renamed = json!({"key": own, "key_alias": "laptop", "models": ["claude-haiku-4-5"]}).to_string();
        assert_eq!(management.post_as(&mario, "/key/update", &renamed).await.ok()["key_alias"], "laptop");
        let self_change = r#"{"user_id": "mario", "user_alias": "M"}"#;
        let changed = management.post_as(&mario, "/user/update", self_change).await.ok();
        assert_eq!(changed["data"]["user_alias"], "M");
        let rotated = json!({"key": own}).to_string();
        let rotated = management.post_as(&mario, "/key/regenerate", &rotated).await.ok();
        let doomed = json!({"keys": [rotated["key"]]}).to_string();
        management.post_as(&mario, "/key/delete", &doomed).await.ok();
    }
}

#[tokio::test]
async fn nobody_reaches_what_is_not_theirs_nor_raises_their_own_limits() {
    let management = Management::fresh().await;
    let mario = key_of(&management, "mario", "internal_user").await;
    let anna = key_of(&management, "anna", "internal_user").await;
    management
        .post("/team/new", r#"{"team_id": "dev", "members_with_roles": [{"user_id": "mario"}]}"#)
        .await
        .ok();
    let annas = json!({"key": anna}).to_string();
    let raised = json!({"key": mario, "max_budget": 100}).to_string();
    for (path, body) in [
        ("/key/update", annas.as_str()),
        ("/key/regenerate", annas.as_str()),
        ("/key/update", raised.as_str()),
        ("/key/generate", r#"{"user_id": "anna"}"#),
        ("/key/generate", r#"{"team_id": "dev"}"#),
        ("/user/update", r#"{"user_id": "anna", "user_alias": "x"}"#),
        ("/user/update", r#"{"user_id": "mario", "max_budget": 100}"#),
        ("/user/update", r#"{"user_id": "mario", "user_role": "proxy_admin"}"#),
        ("/user/update", r#"{"user_id": "mario", "blocked": false, "rpm_limit": 5}"#),
        ("/team/update", r#"{"team_id": "dev", "team_alias": "mine"}"#),
        ("/team/member_add", r#"{"team_id": "dev", "member": {"user_id": "anna"}}"#),
    ] {
        let refused = management.post_as(&mario, path, body).await;
        assert_eq!(refused.refusal().0, 403, "{path} {body}");
        assert_eq!(refused.json["error"]["type"], "permission_error");
    }
    let doomed = json!({"keys": [anna]}).to_string();
    assert_eq!(management.post_as(&mario, "/key/delete", &doomed).await.refusal().0, 403);
    for path in [
        format!("/key/info?key={anna}"),
        "/user/info?user_id=anna".to_owned(),
        "/key/list?user_id=anna".to_owned(),
        "/spend/logs?user_id=anna".to_owned(),
        "/team/list?user_id=anna".to_owned(),
    ] {
        assert_eq!(management.get_as(&mario, &path).await.refusal().0, 403, "{path}");
    }
    assert_eq!(management.get_as(&anna, "/team/info?team_id=dev").await.refusal().0, 403);
    assert_eq!(management.get_as(&anna, "/key/info").await.ok()["info"]["user_id"], "anna");
}

#[tokio::test]
async fn an_administrator_of_a_team_runs_it_but_not_its_limits() {
    let management = Management::fresh().await;
    let anna = key_of(&management, "anna", "internal_user").await;
    let body = r#"{"team_id": "dev", "max_budget": 10, "members_with_roles": [{"user_id": "anna", "role": "admin"}]}"#;
    management.post("/team/new", body).await.ok();
    let add = r#"{"team_id": "dev", "member": {"user_id": "tom"}, "max_budget_in_team": 3}"#;
    management.post_as(&anna, "/team/member_add", add).await.ok();
    let key =
        management.post_as(&anna, "/key/generate", r#"{"team_id": "dev", "user_id": "tom"}"#).await.ok();
    let doomed = json!({"keys": [key["key"]]}).to_string();
    management.post_as(&anna, "/key/delete", &doomed).await.ok();
    let renamed = r#"{"team_id": "dev", "team_alias": "ours"}"#;
    management.post_as(&anna, "/team/update", renamed).await.ok();
    for (path, body) in [
        ("/team/update", r#"{"team_id": "dev", "max_budget": 1000}"#),
        ("/team/member_update", r#"{"team_id": "dev", "user_id": "anna", "max_budget_in_team": 5}"#),
        ("/team/delete", r#"{"team_ids": ["dev"]}"#),
        ("/team/block", r#"{"team_id": "dev"}"#),
    ] {
        assert_eq!(management.post_as(&anna, path, body).await.refusal().0, 403, "{path} {body}");
    }
    let info = management.get_as(&anna, "/team/info?team_id=dev").await.ok();
    assert_eq!(
        (&info["team_info"]["max_budget"], &info["team_info"]["team_alias"]),
        (&json!(10.0), &json!("ours"))
    );
}

#[tokio::test]
async fn a_key_of_nobody_shows_itself_only() {
    let management = Management::fresh().await;
    let made = management.post("/key/generate", r#"{"key_alias": "ci"}"#).await.ok();
    let key = made["key"].as_str().unwrap();
    assert_eq!(management.get_as(key, "/key/info").await.ok()["info"]["key_alias"], "ci");
    for (path, status) in [("/user/info", 403), ("/key/list", 403), ("/user/list", 403), ("/spend/logs", 403)]
    {
        assert_eq!(management.get_as(key, path).await.refusal().0, status, "{path}");
    }
    assert_eq!(management.post_as(key, "/key/generate", "{}").await.refusal().0, 403);
}
