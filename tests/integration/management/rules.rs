//! What a deployment lays down for new users and keys, as the self-service guide has it.

use serde_json::json;

use super::Management;

#[tokio::test]
async fn new_users_get_what_the_deployment_gives_everybody() {
    let management = Management::fresh().await.with_policy(
        r#"{"default_internal_user_params": {"user_role": "internal_user_viewer", "max_budget": 100,
            "budget_duration": "30d", "models": ["claude-haiku-4-5"], "model_rpm_limit": {"claude-haiku-4-5": 7}},
            "max_internal_user_budget": 10, "internal_user_budget_duration": "1mo"}"#,
    );
    let made = management.post("/user/new", r#"{"user_id": "plain", "models": []}"#).await.ok();
    assert_eq!(made["user_role"], "internal_user_viewer");
    assert_eq!((&made["max_budget"], &made["budget_duration"]), (&json!(100.0), &json!("30d")));
    assert_eq!(made["models"], json!(["claude-haiku-4-5"]));
    assert_eq!(made["model_rpm_limit"], json!({"claude-haiku-4-5": 7}));
    let own = r#"{"user_id": "own", "max_budget": 5, "user_role": "user"}"#;
    assert_eq!(management.post("/user/new", own).await.ok()["max_budget"], 5.0);
    let admin = management.post("/user/new", r#"{"user_id": "boss", "user_role": "proxy_admin"}"#).await.ok();
    assert_eq!((&admin["max_budget"], &admin["models"]), (&json!(null), &json!([])));
    // Whoever is made in passing is made by the same rules.
    management.post("/key/generate", r#"{"user_id": "passing"}"#).await.ok();
    let info = management.get("/user/info?user_id=passing").await.ok();
    assert_eq!(
        (&info["max_budget"], &info["user_info"]["user_role"]),
        (&json!(100.0), &json!("internal_user_viewer"))
    );
    assert_eq!(info["user_info"]["model_rpm_limit"], json!({"claude-haiku-4-5": 7}));
    // A viewer of everything has the defaults, and not what is for internal users.
    let internal =
        management.with_policy(r#"{"max_internal_user_budget": 10, "internal_user_budget_duration": "1mo"}"#);
    let made = internal.post("/user/new", r#"{"user_id": "i"}"#).await.ok();
    assert_eq!((&made["max_budget"], &made["budget_duration"]), (&json!(10.0), &json!("1mo")));
    let viewer = r#"{"user_id": "v", "user_role": "proxy_admin_viewer"}"#;
    assert_eq!(internal.post("/user/new", viewer).await.ok()["max_budget"], json!(null));
}

#[tokio::test]
async fn keys_get_defaults_and_stay_within_bounds() {
    let management = Management::fresh().await.with_policy(
        r#"{"default_key_generate_params": {"max_budget": 1, "models": ["claude-haiku-4-5"]},
            "upperbound_key_generate_params": {"max_budget": 100, "budget_duration": "10d", "duration": "30d",
            "max_parallel_requests": 1000, "tpm_limit": 1000, "rpm_limit": 1000}}"#,
    );
    let made = management.post("/key/generate", r#"{"user_id": "u", "rpm_limit": 7}"#).await.ok();
    let want = json!({"max_budget": 1.0, "budget_duration": "10d", "rpm_limit": 7, "tpm_limit": 1000,
        "max_parallel_requests": 1000, "models": ["claude-haiku-4-5"], "expires": "2025-02-25T00:00:00Z"});
    for (name, value) in want.as_object().unwrap() {
        assert_eq!(&made[name], value, "{name}");
    }
    let key = made["key"].as_str().unwrap();
    for (field, value) in [
        ("max_budget", "100.01"),
        ("budget_duration", "\"11d\""),
        ("budget_duration", "\"monthly\""),
        ("duration", "\"31d\""),
        ("duration", "\"-1\""),
        ("max_parallel_requests", "1001"),
        ("tpm_limit", "1001"),
        ("rpm_limit", "1001"),
    ] {
        let bodies = [
            ("/key/generate", format!(r#"{{"{field}": {value}}}"#)),
            ("/key/update", format!(r#"{{"key": "{key}", "{field}": {value}}}"#)),
            ("/key/update", format!(r#"{{"key": "{key}", "{field}": null}}"#)),
        ];
        for (path, body) in bodies {
            let response = management.post(path, &body).await;
            let (status, param, message) = response.refusal();
            assert_eq!((status, param), (400, Some(field)), "{path} {body}");
            assert!(message.contains("is over max limit set in config - max_value="), "{message}");
        }
    }
    let longer = format!(r#"{{"key": "{key}", "duration": "31d"}}"#);
    assert_eq!(management.post("/key/regenerate", &longer).await.refusal().1, Some("duration"));
    let fitting =
        format!(r#"{{"key": "{key}", "max_budget": 100, "budget_duration": "weekly", "duration": "30d"}}"#);
    assert_eq!(management.post("/key/update", &fitting).await.ok()["max_budget"], 100.0);
    // And so is a key that is made along with a user.
    let made = management
        .post("/user/new", r#"{"user_id": "along", "auto_create_key": true, "duration": "7d"}"#)
        .await
        .ok();
    let along = management.get(&format!("/key/info?key={}", made["key"].as_str().unwrap())).await.ok();
    assert_eq!((&along["info"]["rpm_limit"], &along["info"]["max_budget"]), (&json!(1000), &json!(1.0)));
    let body = r#"{"user_id": "along-2", "auto_create_key": true, "duration": "1y"}"#;
    assert_eq!(management.post("/user/new", body).await.refusal().1, Some("duration"));
    // What an update leaves alone is not held against it, bound or not.
    let free = Management { router: management.with_policy("{}").router, ..management };
    let free_key = free.post("/key/generate", r#"{"key_alias": "free"}"#).await.ok();
    let management = free.with_policy(r#"{"upperbound_key_generate_params": {"max_budget": 100}}"#);
    let body = format!(r#"{{"key": {}, "tpm_limit": 5}}"#, free_key["key"]);
    assert_eq!(management.post("/key/update", &body).await.ok()["max_budget"], json!(null));
}

#[tokio::test]
async fn keys_are_made_by_those_whom_the_deployment_lets() {
    let management = Management::fresh().await;
    let made = management.post("/user/new", r#"{"user_id": "u", "auto_create_key": true}"#).await.ok();
    let own = made["key"].as_str().unwrap();
    management.post("/team/new", r#"{"team_id": "t", "members_with_roles": [{"user_id": "u"}]}"#).await.ok();
    let of_team = r#"{"team_id": "t"}"#;
    for team in [of_team, r#"{"team_id": "none"}"#] {
        assert_eq!(management.post_as(own, "/key/generate", team).await.status, 403, "{team}");
    }
    let asks_admins =
        r#"{"key_generation_settings": {"team_key_generation": {"allowed_team_member_roles": ["admin"]}}}"#;
    let refusal = management.with_policy(asks_admins).post_as(own, "/key/generate", of_team).await;
    let text = "team_id: Team member role user not in allowed_team_member_roles=admin";
    assert_eq!(refusal.refusal(), (400, Some("team_id"), text));

    let strict = management.with_policy(
        r#"{"key_generation_settings": {
            "personal_key_generation": {"allowed_user_roles": ["proxy_admin"]},
            "team_key_generation": {"allowed_team_member_roles": ["admin", "user"], "required_params": ["tags"]}}}"#,
    );
    let refusal = strict.post_as(own, "/key/generate", "{}").await;
    let text = "user_id: Personal key creation has been restricted by admin. Allowed roles=proxy_admin. \
                Your role=internal_user";
    assert_eq!(refusal.refusal(), (400, Some("user_id"), text));
    let refusal = strict.post_as(own, "/key/generate", of_team).await;
    assert_eq!(refusal.refusal().1, Some("tags"));
    let tagged = r#"{"team_id": "t", "tags": ["a"]}"#;
    let made = strict.post_as(own, "/key/generate", tagged).await.ok();
    assert_eq!((&made["user_id"], &made["team_id"]), (&json!("u"), &json!("t")));
    // A member makes no key of the team for somebody else.
    let foreign = r#"{"team_id": "t", "tags": ["a"], "user_id": "other"}"#;
    assert_eq!(strict.post_as(own, "/key/generate", foreign).await.status, 403);
    strict.post("/key/generate", r#"{"user_id": "u"}"#).await.ok();
}
