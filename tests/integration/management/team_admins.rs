//! What a team's administrators do with keys: only what spends their own budget or the team's.

use serde_json::{Value, json};

use super::Management;

/// A team with its administrator `boss` and its member `eva`, each with a key of their own and a key of the team.
struct Team {
    management: Management,
    boss: String,
    eva: String,
    evas_team_key: String,
}

async fn key(management: &Management, order: &Value) -> String {
    let made = management.post("/key/generate", &order.to_string()).await.ok();
    made["key"].as_str().unwrap().to_owned()
}

impl Team {
    async fn fresh() -> Self {
        Self::new(Management::fresh().await).await
    }

    async fn new(management: Management) -> Self {
        let body = r#"{"team_id": "dev", "members_with_roles": [{"user_id": "boss", "role": "admin"}, {"user_id": "eva"}]}"#;
        management.post("/team/new", body).await.ok();
        let boss = key(&management, &json!({"user_id": "boss"})).await;
        let eva = key(&management, &json!({"user_id": "eva"})).await;
        let order =
            json!({"user_id": "eva", "team_id": "dev", "key_alias": "evas", "models": ["claude-haiku-4-5"]});
        let evas_team_key = key(&management, &order).await;
        Self { management, boss, eva, evas_team_key }
    }

    async fn as_boss(&self, path: &str, body: Value) -> super::Answer {
        self.management.post_as(&self.boss, path, &body.to_string()).await
    }
}

#[tokio::test]
async fn a_teams_administrator_makes_keys_for_themselves_and_service_keys() {
    let team = Team::fresh().await;
    for (order, user) in [
        (json!({"team_id": "dev"}), json!("boss")),
        (json!({"team_id": "dev", "user_id": "boss"}), json!("boss")),
        (json!({"team_id": "dev", "user_id": null}), json!(null)),
    ] {
        let made = team.as_boss("/key/generate", order.clone()).await.ok();
        assert_eq!((&made["user_id"], &made["team_id"]), (&user, &json!("dev")), "{order}");
    }
    let service = team.as_boss("/key/service-account/generate", json!({"team_id": "dev", "key_alias": "ci"}));
    let service = service.await.ok();
    assert_eq!(
        (&service["user_id"], &service["team_id"], &service["key_alias"]),
        (&json!(null), &json!("dev"), &json!("ci"))
    );
    assert!(service["key"].as_str().unwrap().starts_with("sk-"));
    let before = team.management.table.count().await;
    for user in ["eva", "nobody"] {
        let refused = team.as_boss("/key/generate", json!({"team_id": "dev", "user_id": user})).await;
        let (status, _, message) = refused.refusal();
        assert_eq!(status, 403);
        assert!(message.contains("for themselves") && message.contains("user_id: null"), "{message}");
    }
    // A default of the deployment is no way around it.
    let ruled = team.management.with_policy(r#"{"default_key_generate_params": {"team_id": "dev"}}"#);
    let refused = ruled.post_as(&team.boss, "/key/generate", r#"{"user_id": "eva"}"#).await;
    assert_eq!(refused.refusal().0, 403);
    assert_eq!(team.management.table.count().await, before, "nothing was made");
}

#[tokio::test]
async fn a_service_key_belongs_to_a_team_and_to_no_user() {
    let team = Team::fresh().await;
    let path = "/key/service-account/generate";
    for (body, field) in [
        (json!({}), "team_id"),
        (json!({"team_id": null}), "team_id"),
        (json!({"team_id": "dev", "user_id": "boss"}), "user_id"),
    ] {
        for key in [Some(&team.boss), None] {
            let response = match key {
                Some(key) => team.management.post_as(key, path, &body.to_string()).await,
                None => team.management.post(path, &body.to_string()).await,
            };
            assert_eq!((response.refusal().0, response.refusal().1), (400, Some(field)), "{body}");
        }
    }
    let made = team.management.post(path, r#"{"team_id": "dev", "user_id": null}"#).await.ok();
    assert_eq!((&made["user_id"], &made["team_id"]), (&json!(null), &json!("dev")));
    assert_eq!(team.management.post(path, r#"{"team_id": "away"}"#).await.refusal().0, 404);
    assert_eq!(team.management.post_as(&team.eva, path, r#"{"team_id": "dev"}"#).await.refusal().0, 403);
    // Where members make keys of the team, they make them for themselves.
    let rules = r#"{"key_generation_settings": {"team_key_generation": {"allowed_team_member_roles": ["admin", "user"]}}}"#;
    let ruled = team.management.with_policy(rules);
    let own = ruled.post_as(&team.eva, "/key/generate", r#"{"team_id": "dev"}"#).await.ok();
    assert_eq!(own["user_id"], "eva");
    for (path, body) in [
        (path, r#"{"team_id": "dev"}"#),
        ("/key/generate", r#"{"team_id": "dev", "user_id": null}"#),
        ("/key/generate", r#"{"team_id": "dev", "user_id": "boss"}"#),
    ] {
        let refused = ruled.post_as(&team.eva, path, body).await;
        assert_eq!(refused.refusal().0, 403, "{path} {body}");
        assert!(refused.refusal().2.contains("for themselves only"), "{}", refused.text);
    }
}

#[tokio::test]
async fn nobody_learns_or_chooses_the_secret_of_anothers_key() {
    let team = Team::fresh().await;
    let hash = team.management.get("/key/info?key_alias=evas").await.ok()["info"]["token_id"].clone();
    let chosen = "sk-chosen-by-the-boss";
    for named in [json!(team.evas_team_key), hash.clone()] {
        let path = format!("/key/{}/regenerate", named.as_str().unwrap());
        for (path, body) in [
            ("/key/regenerate", json!({"key": named})),
            ("/key/regenerate", json!({"key": named, "new_key": chosen, "grace_period": "24h"})),
            ("/key/regenerate", json!({"key": named, "duration": "1h"})),
            (path.as_str(), json!({})),
            (path.as_str(), json!({"new_key": chosen})),
        ] {
            let refused = team.as_boss(path, body.clone()).await;
            assert_eq!(refused.refusal().0, 403, "{path} {body}");
            assert!(
                refused.refusal().2.contains("service keys"),
                "it says what is allowed: {}",
                refused.text
            );
        }
    }
    let own = format!("/key/info?key={}", team.evas_team_key);
    assert_eq!(team.management.get(&own).await.ok()["info"]["token_id"], hash, "it is what it was");
    let info = team.management.get_as(&team.boss, "/team/info?team_id=dev").await;
    assert!(!info.text.contains(&team.evas_team_key));
    // Its owner rotates it, and a service key is the team's.
    let body = json!({"key": hash}).to_string();
    let rotated = team.management.post_as(&team.eva, "/key/regenerate", &body).await;
    assert_eq!(rotated.ok()["user_id"], "eva");
    let service = team.as_boss("/key/service-account/generate", json!({"team_id": "dev"})).await.ok();
    let rotated = team.as_boss("/key/regenerate", json!({"key": service["key"]})).await.ok();
    assert_ne!(rotated["key"], service["key"]);
    let stranger = key(&team.management, &json!({"user_id": "stranger"})).await;
    let body = json!({"key": rotated["key"]}).to_string();
    assert_eq!(team.management.post_as(&stranger, "/key/regenerate", &body).await.refusal().0, 403);
}

#[tokio::test]
async fn a_members_key_is_narrowed_described_and_deleted_but_never_widened_or_redirected() {
    let team = Team::fresh().await;
    let named = |mut body: Value| {
        body["key"] = json!(team.evas_team_key);
        body
    };
    for change in [
        json!({"aliases": {"claude-haiku-4-5": "claude-opus-4-5"}}),
        json!({"aliases": {"fast": "claude-haiku-4-5"}}),
        json!({"models": []}),
        json!({"models": ["claude-haiku-4-5", "claude-opus-4-5"]}),
        json!({"max_budget": 1000}),
        json!({"model_max_budget": {"claude-haiku-4-5": 1000}}),
        json!({"spend": 0.5}),
        json!({"spend": -1}),
    ] {
        let refused = team.as_boss("/key/update", named(change.clone())).await;
        let status = if change["spend"] == -1 { 400 } else { 403 };
        assert_eq!(refused.refusal().0, status, "{change}");
    }
    for (change, field) in [(json!({"user_id": "boss"}), "user_id"), (json!({"team_id": "ops"}), "team_id")] {
        let refused = team.as_boss("/key/update", named(change)).await;
        assert_eq!((refused.refusal().0, refused.refusal().1), (400, Some(field)));
    }
    // What its owner calls models stays, also where somebody sends the whole key back.
    let own = named(json!({"aliases": {"fast": "claude-haiku-4-5"}})).to_string();
    team.management.post_as(&team.eva, "/key/update", &own).await.ok();
    assert_eq!(team.as_boss("/key/update", named(json!({"aliases": {}}))).await.refusal().0, 403);
    assert_eq!(team.as_boss("/key/update", named(json!({"aliases": null}))).await.refusal().0, 403);
    let change = named(json!({"key_alias": "of eva", "tags": ["t"], "metadata": {"a": 1}, "duration": "2d",
        "aliases": {"fast": "claude-haiku-4-5"}}));
    let row = team.as_boss("/key/update", change).await.ok();
    assert_eq!((&row["key_alias"], &row["tags"]), (&json!("of eva"), &json!(["t"])));
    assert_eq!(row["aliases"], json!({"fast": "claude-haiku-4-5"}));
    assert_eq!(row["expires"], "2025-01-28T00:00:00Z");
    let blocked = team.as_boss("/key/update", named(json!({"blocked": true}))).await.ok();
    assert_eq!(blocked["blocked"], true);
    team.as_boss("/key/delete", json!({"keys": [team.evas_team_key]})).await.ok();
    // A service key is the team's, with what it calls models.
    let service = team.as_boss("/key/service-account/generate", json!({"team_id": "dev"})).await.ok();
    let change = json!({"key": service["key"], "aliases": {"fast": "claude-haiku-4-5"}});
    assert_eq!(team.as_boss("/key/update", change).await.ok()["aliases"]["fast"], "claude-haiku-4-5");
    // And what is a member's outside of the team is out of reach.
    for (path, body) in [
        ("/key/update", json!({"key": team.eva, "key_alias": "x"})),
        ("/key/regenerate", json!({"key": team.eva})),
        ("/key/delete", json!({"keys": [team.eva]})),
    ] {
        assert_eq!(team.as_boss(path, body).await.refusal().0, 403, "{path}");
    }
}

#[tokio::test]
async fn a_teams_administrator_creates_no_users() {
    let team = Team::fresh().await;
    let before = team.management.table.count().await;
    for adds in [false, true] {
        let management = team.management.with_users(true, adds);
        for (member, field) in [
            (json!({"user_id": "ghost"}), "user_id"),
            (json!({"user_email": "ceo@company.com"}), "user_email"),
            (json!([{"user_id": "stranger"}, {"user_id": "ghost"}]), "user_id"),
        ] {
            let body = json!({"team_id": "dev", "member": member}).to_string();
            let refused = management.post_as(&team.boss, "/team/member_add", &body).await;
            let (status, param, message) = refused.refusal();
            assert_eq!((status, param), (404, Some(field)), "{body}");
            assert!(message.contains("Only administrators of the deployment create users"), "{message}");
        }
    }
    assert_eq!(team.management.table.count().await, before, "no user, no address, no entry of the audit log");
    // The address is free for who has it.
    team.management.post("/user/new", r#"{"user_email": "ceo@company.com"}"#).await.ok();
}

#[tokio::test]
async fn a_deployment_may_let_them_add_existing_users_at_once() {
    let management = Management::fresh().await;
    management.post("/user/new", r#"{"user_id": "tom", "user_email": "tom@x.com"}"#).await.ok();
    let team = Team::new(management.with_users(true, true)).await;
    let body = json!({"team_id": "dev", "member": {"user_email": "Tom@x.com"}, "max_budget_in_team": 3});
    let added = team.as_boss("/team/member_add", body).await.ok();
    assert_eq!((&added["updated_users"], &added["pending_invitations"]), (&json!(["tom"]), &json!([])));
    assert_eq!(added["updated_team_memberships"][0]["max_budget"], 3.0);
    assert!(added.get("user_created").is_none());
    let refused = team.as_boss("/key/generate", json!({"team_id": "dev", "user_id": "tom"})).await;
    assert_eq!(refused.refusal().0, 403, "and make no key of theirs");
}
