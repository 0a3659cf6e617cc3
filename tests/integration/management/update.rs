//! `/user/update`: absent keeps, null clears, anything else sets.

use serde_json::json;
use stargate_core::id::{TeamId, UserId};
use stargate_core::money::Money;
use stargate_core::scope::Scope;

use super::Management;

const USER: &str = r#"{"user_id": "a", "user_email": "a@x.com", "user_alias": "A", "max_budget": 50,
    "budget_duration": "monthly", "models": ["claude-haiku-4-5"], "rpm_limit": 5, "tpm_limit": 7,
    "max_parallel_requests": 2, "metadata": {"team": "it"}, "blocked": true, "user_role": "admin"}"#;

#[tokio::test]
async fn absent_keeps_null_clears_and_zero_sets() {
    let management = Management::fresh().await;
    management.post("/user/new", USER).await.ok();
    let before = management.get("/user/info?user_id=a").await.ok()["user_info"].clone();

    let response = management.post("/user/update", r#"{"user_id": "a"}"#).await.ok();
    assert_eq!(response, json!({"user_id": "a", "data": before}));

    // Document 000's two updates.
    let more = management.post("/user/update", r#"{"user_id": "a", "max_budget": 100.0}"#).await.ok();
    assert_eq!((&more["data"]["max_budget"], &more["data"]["rpm_limit"]), (&json!(100.0), &json!(5)));
    let models = r#"{"user_id": "a", "models": ["claude-haiku-4-5", "claude-sonnet-4-5"]}"#;
    let models = management.post("/user/update", models).await.ok();
    assert_eq!(models["data"]["models"], json!(["claude-haiku-4-5", "claude-sonnet-4-5"]));

    let zero = r#"{"user_id": "a", "max_budget": 0, "rpm_limit": 0, "models": [], "metadata": {}, "blocked": false}"#;
    let zero = management.post("/user/update", zero).await.ok();
    for (field, want) in [
        ("max_budget", json!(0.0)),
        ("rpm_limit", json!(0)),
        ("models", json!([])),
        ("metadata", json!({})),
        ("blocked", json!(false)),
        ("tpm_limit", json!(7)),
        ("user_alias", json!("A")),
    ] {
        assert_eq!(zero["data"][field], want, "{field}");
    }

    let null = r#"{"user_id": "a", "max_budget": null, "budget_duration": null, "rpm_limit": null, "tpm_limit": null,
        "max_parallel_requests": null, "models": null, "user_alias": null, "user_email": null, "user_role": null}"#;
    let null = management.post("/user/update", null).await.ok();
    for field in [
        "max_budget",
        "budget_duration",
        "budget_reset_at",
        "rpm_limit",
        "tpm_limit",
        "user_alias",
        "user_email",
    ] {
        assert_eq!(null["data"][field], json!(null), "{field}");
    }
    assert_eq!(null["data"]["user_role"], "internal_user");
    // The address is free again.
    management.post("/user/new", r#"{"user_id": "b", "user_email": "a@x.com"}"#).await.ok();
}

#[tokio::test]
async fn an_address_finds_a_user_or_becomes_its_own() {
    let management = Management::fresh().await;
    management.post("/user/new", USER).await.ok();
    management.post("/user/new", r#"{"user_id": "b", "user_email": "b@x.com"}"#).await.ok();
    let found = management.post("/user/update", r#"{"user_email": "A@X.com", "rpm_limit": 9}"#).await.ok();
    assert_eq!((&found["user_id"], &found["data"]["user_email"]), (&json!("a"), &json!("a@x.com")));
    let nobody = management.post("/user/update", r#"{"user_email": "c@x.com"}"#).await;
    assert_eq!(nobody.refusal(), (404, Some("user_email"), "user_email: User c@x.com not found"));

    let taken = r#"{"user_id": "b", "user_email": "a@x.com", "max_budget": 1}"#;
    assert_eq!(management.post("/user/update", taken).await.refusal().0, 409);
    assert_eq!(management.get("/user/info?user_id=b").await.ok()["max_budget"], json!(null));

    // Another spelling of one's own address is not taken, and stays held.
    let spelled = management.post("/user/update", r#"{"user_id": "b", "user_email": "B@x.com"}"#).await.ok();
    assert_eq!(spelled["data"]["user_email"], "B@x.com");
    assert_eq!(management.post("/user/new", r#"{"user_email": "b@x.com"}"#).await.refusal().0, 409);
    // A new one lets the old one go.
    management.post("/user/update", r#"{"user_id": "b", "user_email": "c@x.com"}"#).await.ok();
    management.post("/user/new", r#"{"user_email": "b@x.com"}"#).await.ok();
    assert_eq!(management.post("/user/new", r#"{"user_email": "c@x.com"}"#).await.refusal().0, 409);
}

#[tokio::test]
async fn a_new_period_begins_a_new_count() {
    let management = Management::fresh().await;
    management.post("/user/new", USER).await.ok();
    let daily = management.post("/user/update", r#"{"user_id": "a", "budget_duration": "daily"}"#).await.ok();
    assert_eq!(daily["data"]["budget_reset_at"], "2025-01-27T00:00:00Z");
    let unknown = management.post("/user/update", r#"{"user_id": "z", "max_budget": 1}"#).await;
    assert_eq!(unknown.refusal(), (404, Some("user_id"), "user_id: User z not found"));
}

#[tokio::test]
async fn spend_that_an_administrator_says_moves_the_headroom() {
    let management = Management::fresh().await;
    let body = r#"{"user_id": "u", "max_budget": 10, "auto_create_key": true}"#;
    let key = management.post("/user/new", body).await.ok()["key"].as_str().unwrap().to_owned();
    management.post("/team/new", r#"{"team_id": "t", "max_budget": 10}"#).await.ok();
    let scope = |id: &str| match id {
        "u" => Scope::User(UserId::parse("u").unwrap()),
        _ => Scope::Team(TeamId::parse("t").unwrap()),
    };
    for (path, id, name) in [("/user/update", "u", "user_id"), ("/team/update", "t", "team_id")] {
        for (spend, headroom) in [("4.5", "5.5"), ("12", "-2"), ("0", "10"), ("null", "10")] {
            let body = format!(r#"{{"{name}": "{id}", "spend": {spend}}}"#);
            let row = management.post(path, &body).await.ok()["data"].clone();
            let state = management.table.audit_balance(&scope(id)).await;
            assert_eq!(state.headroom, Money::parse(headroom).unwrap(), "{path} {spend}");
            assert_eq!(
                (row["spend"].as_f64(), row["total_spend"].as_f64()),
                (Some(spend.parse().unwrap_or(0.0)), Some(0.0))
            );
        }
    }
    let body = json!({"key": key, "spend": 3}).to_string();
    assert_eq!(management.post("/key/update", &body).await.ok()["spend"], json!(3.0));
    for (path, body) in [
        ("/key/update", json!({"key": key, "spend": 0}).to_string()),
        ("/user/update", r#"{"user_id": "u", "spend": 1}"#.to_owned()),
    ] {
        let refused = management.post_as(&key, path, &body).await;
        assert_eq!(refused.status, 403, "{path} {}", refused.text);
    }
    assert_eq!(
        management.post("/user/update", r#"{"user_id": "u", "spend": -1}"#).await.refusal().1,
        Some("spend")
    );
    let audit = management
        .get("/audit?object_id=t&action=updated&start_date=2025-01-26&end_date=2025-01-26")
        .await
        .text;
    assert!(audit.contains(r#""spend":4.5"#), "{audit}");
}
