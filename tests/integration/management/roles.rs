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
    management.post("/team/member_add", add).await.ok();
    let key = management.post("/key/generate", r#"{"team_id": "dev", "user_id": "tom"}"#).await.ok();
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

/// A team's key may be known to others than its owner, so it must not be worth more than the team.
#[tokio::test]
async fn a_teams_key_stands_for_itself_and_for_nobody() {
    let management = Management::fresh().await;
    let anna = key_of(&management, "anna", "internal_user").await;
    key_of(&management, "boss", "proxy_admin").await;
    let body = r#"{"team_id": "dev", "members_with_roles": [{"user_id": "anna", "role": "admin"}]}"#;
    management.post("/team/new", body).await.ok();
    let seat = r#"{"team_id": "dev", "member": {"user_id": "boss"}}"#;
    management.post("/team/member_add", seat).await.ok();
    let order = r#"{"team_id": "dev", "user_id": "boss"}"#;
    let made = management.post("/key/generate", order).await.ok();
    let stolen = made["key"].as_str().unwrap();
    for (path, body) in
        [("/user/new", "{}"), ("/key/generate", "{}"), ("/team/delete", r#"{"team_ids": ["dev"]}"#)]
    {
        assert_eq!(management.post_as(stolen, path, body).await.refusal().0, 403, "{path}");
    }
    for path in ["/user/info", "/user/list", "/key/list", "/spend/logs", "/spend/tags"] {
        assert_eq!(management.get_as(stolen, path).await.refusal().0, 403, "{path}");
    }
    assert_eq!(management.get_as(stolen, "/key/info").await.ok()["info"]["user_id"], "boss");
    // One that names nobody is the administrator's own, and bound by what it may spend there.
    let own = management.post_as(&anna, "/key/generate", r#"{"team_id": "dev"}"#).await.ok();
    assert_eq!(own["user_id"], "anna");
}

#[tokio::test]
async fn holders_narrow_what_a_key_is_good_for_and_never_widen_it() {
    let management = Management::fresh().await;
    let mario = key_of(&management, "mario", "internal_user").await;
    let order = r#"{"key_alias": "ci", "models": ["claude-haiku-4-5", "claude-opus-4-5"], "duration": "2d"}"#;
    let ci = management.post("/key/generate", order).await.ok()["key"].as_str().unwrap().to_owned();
    let blocked = r#"{"user_id": "mario", "blocked": true}"#;
    let shut = management.post("/key/generate", blocked).await.ok()["token_id"].as_str().unwrap().to_owned();
    for (who, path, body) in [
        (&ci, "/key/update", json!({"key": ci, "models": []})),
        (&ci, "/key/update", json!({"key": ci, "models": ["claude-haiku-4-5", "claude-sonnet-4-5"]})),
        (&ci, "/key/update", json!({"key": ci, "duration": "-1"})),
        (&ci, "/key/update", json!({"key": ci, "duration": "30d"})),
        (&ci, "/key/update", json!({"key": ci, "model_rpm_limit": {"claude-haiku-4-5": 9}})),
        (&ci, "/key/regenerate", json!({"key": ci, "duration": "-1"})),
        (&mario, "/key/update", json!({"key": shut, "blocked": false})),
    ] {
        assert_eq!(management.post_as(who, path, &body.to_string()).await.refusal().0, 403, "{path} {body}");
    }
    let narrower = json!({"key": ci, "models": ["claude-haiku-4-5"], "duration": "1d"}).to_string();
    let row = management.post_as(&ci, "/key/update", &narrower).await.ok();
    assert_eq!(
        (&row["models"], &row["expires"]),
        (&json!(["claude-haiku-4-5"]), &json!("2025-01-27T00:00:00Z"))
    );
    management.post_as(&ci, "/key/update", &json!({"key": ci, "blocked": true}).to_string()).await.ok();
    assert_eq!(management.get_as(&ci, "/key/info").await.refusal().0, 401);
}

#[tokio::test]
async fn a_secret_that_was_replaced_manages_nothing() {
    let management = Management::fresh().await;
    let old = key_of(&management, "mario", "internal_user").await;
    let body = json!({"key": old, "grace_period": "24h"}).to_string();
    let new =
        management.post_as(&old, "/key/regenerate", &body).await.ok()["key"].as_str().unwrap().to_owned();
    assert_eq!(management.post_as(&old, "/key/regenerate", &body).await.refusal().0, 401);
    assert_eq!(management.get_as(&old, "/user/info").await.refusal().0, 401);
    assert_eq!(management.get_as(&new, "/user/info").await.ok()["user_id"], "mario");
}

#[tokio::test]
async fn nobody_takes_anothers_address_or_learns_which_keys_there_are() {
    let management = Management::fresh().await;
    let mario = key_of(&management, "mario", "internal_user").await;
    key_of(&management, "anna", "internal_user").await;
    let posing = r#"{"user_id": "mario", "user_email": "ceo@company.com"}"#;
    assert_eq!(management.post_as(&mario, "/user/update", posing).await.refusal().0, 403);
    management.post("/key/generate", r#"{"user_id": "anna", "key_alias": "annas"}"#).await.ok();
    for alias in ["annas", "nobodys"] {
        let path = format!("/key/info?key_alias={alias}");
        assert_eq!(management.get_as(&mario, &path).await.refusal().0, 404, "{alias}");
        let body = json!({"key_aliases": [alias]}).to_string();
        assert_eq!(management.post_as(&mario, "/key/delete", &body).await.refusal().0, 404, "{alias}");
    }
    let team = r#"{"team_id": "dev", "members_with_roles": [{"user_id": "mario"}, {"user_id": "anna"}]}"#;
    management.post("/team/new", team).await.ok();
    for user in ["mario", "anna"] {
        management.post("/key/generate", &json!({"team_id": "dev", "user_id": user}).to_string()).await.ok();
    }
    let info = management.get_as(&mario, "/team/info?team_id=dev").await.ok();
    assert_eq!(info["team_info"]["members_with_roles"].as_array().unwrap().len(), 2);
    for part in ["keys", "team_memberships"] {
        assert_eq!(info[part].as_array().unwrap().len(), 1, "{part}");
        assert_eq!(info[part][0]["user_id"], "mario", "{part}");
    }
}
