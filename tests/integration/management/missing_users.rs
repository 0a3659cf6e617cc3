//! Users whom a request names and who are missing: created by administrators, visibly, or not at all; and how many a request
//! may name.

use serde_json::{Value, json};

use super::{Answer, Management};

const GHOST: &str =
    "User ghost was created without a budget. Set one with /user/update, or set max_internal_user_budget.";

#[tokio::test]
async fn a_response_says_whom_its_request_created() {
    let management = Management::fresh().await;
    let made = management.post("/key/generate", r#"{"user_id": "ghost"}"#).await.ok();
    assert_eq!(
        (&made["user_created"], &made["created_users"], &made["warnings"]),
        (&json!(true), &json!(["ghost"]), &json!([GHOST]))
    );
    // It is there now.
    for body in [r#"{"user_id": "ghost"}"#, "{}"] {
        let made = management.post("/key/generate", body).await.ok();
        assert!(["user_created", "created_users", "warnings"].iter().all(|field| made.get(field).is_none()));
    }
    let body = r#"{"team_id": "dev", "members_with_roles": [{"user_id": "ghost"}, {"user_id": "one"}]}"#;
    let team = management.post("/team/new", body).await.ok();
    assert_eq!((&team["user_created"], &team["created_users"]), (&json!(true), &json!(["one"])));
    let body = r#"{"team_id": "dev", "member": [{"user_email": "typo@x.com"}, {"user_id": "two"}]}"#;
    let added = management.post("/team/member_add", body).await.ok();
    assert_eq!(added["created_users"], added["updated_users"]);
    assert_eq!(
        (added["user_created"].as_bool(), added["warnings"].as_array().unwrap().len()),
        (Some(true), 2)
    );
    management.post("/organization/new", r#"{"organization_id": "acme"}"#).await.ok();
    let body = r#"{"organization_id": "acme", "member": [{"user_id": "ghost"}, {"user_id": "three"}]}"#;
    let named = management.post("/organization/member_add", body).await.ok();
    assert_eq!((&named["user_created"], &named["created_users"]), (&json!(true), &json!(["three"])));
    assert!(named["warnings"][0].as_str().unwrap().starts_with("User three was created without a budget."));
    // The audit log has each of them, as made by who asked.
    for user in ["ghost", "one", "two", "three"] {
        let path =
            format!("/audit?action=created&object_id={user}&start_date=2025-01-26&end_date=2025-01-26");
        let log = management.get(&path).await.ok();
        assert_eq!(
            (log["total"].as_u64(), &log["audit_logs"][0]["changed_by"]),
            (Some(1), &json!("master key"))
        );
    }
}

#[tokio::test]
async fn a_default_budget_is_worth_no_warning() {
    let management = Management::fresh().await.with_policy(r#"{"max_internal_user_budget": 10}"#);
    let made = management.post("/key/generate", r#"{"user_id": "ghost"}"#).await.ok();
    assert_eq!((&made["user_created"], made.get("warnings")), (&json!(true), None));
    let body = r#"{"team_id": "dev", "members_with_roles": {"user_email": "typo@x.com"}}"#;
    let made = management.post("/team/new", body).await.ok();
    assert_eq!((&made["user_created"], made.get("warnings")), (&json!(true), None));
}

#[tokio::test]
async fn a_deployment_may_refuse_to_create_them() {
    let management = Management::fresh().await.with_users(false, false);
    management.post("/user/new", r#"{"user_id": "mario"}"#).await.ok();
    management
        .post("/team/new", r#"{"team_id": "dev", "members_with_roles": {"user_id": "mario"}}"#)
        .await
        .ok();
    management.post("/organization/new", r#"{"organization_id": "acme"}"#).await.ok();
    let before = management.table.count().await;
    for (path, body, field, name) in [
        ("/key/generate", json!({"user_id": "ghost"}), "user_id", "ghost"),
        (
            "/team/new",
            json!({"team_id": "x", "members_with_roles": {"user_id": "ghost"}}),
            "user_id",
            "ghost",
        ),
        (
            "/team/new",
            json!({"team_id": "x", "members_with_roles": [{"user_id": "mario"}, {"user_email": "g@x.com"}]}),
            "user_email",
            "g@x.com",
        ),
        (
            "/team/member_add",
            json!({"team_id": "dev", "member": {"user_email": "g@x.com"}}),
            "user_email",
            "g@x.com",
        ),
        (
            "/organization/member_add",
            json!({"organization_id": "acme", "member": [{"user_id": "mario"}, {"user_id": "ghost"}]}),
            "user_id",
            "ghost",
        ),
    ] {
        let response = management.post(path, &body.to_string()).await;
        let (status, param, message) = response.refusal();
        assert_eq!((status, param), (404, Some(field)), "{path} {body}");
        let begins = format!("{field}: User {name} not found. Create it with /user/new first");
        assert!(message.starts_with(&begins), "{message}");
    }
    assert_eq!(management.table.count().await, before, "nothing is written for them");
    // Who is there is served, and an update never creates anybody, whatever is set.
    management.post("/key/generate", r#"{"user_id": "mario"}"#).await.ok();
    for management in [&management, &management.with_users(true, true)] {
        let body = r#"{"user_email": "g@x.com", "max_budget": 1}"#;
        assert_eq!(management.post("/user/update", body).await.refusal().0, 404);
    }
}

fn repeat_entries(count: usize, entry: impl Fn(usize) -> Value) -> Value {
    (0..count).map(entry).collect()
}

#[tokio::test]
async fn a_request_names_a_hundred_at_most() {
    let management = Management::fresh().await;
    management.post("/organization/new", r#"{"organization_id": "acme"}"#).await.ok();
    management.post("/team/new", r#"{"team_id": "dev"}"#).await.ok();
    let user = |n: usize| json!({"user_id": format!("user-{n}")});
    let id = |n: usize| json!(format!("id-{n}"));
    let before = management.table.count().await;
    for (method, path, field, body) in [
        (
            "POST",
            "/team/member_add",
            "member",
            json!({"team_id": "dev", "member": repeat_entries(101, user)}),
        ),
        ("POST", "/team/new", "members_with_roles", json!({"members_with_roles": repeat_entries(101, user)})),
        ("POST", "/user/new", "teams", json!({"teams": repeat_entries(101, id)})),
        (
            "POST",
            "/organization/member_add",
            "member",
            json!({"organization_id": "acme", "member": repeat_entries(101, user)}),
        ),
        ("POST", "/user/delete", "user_ids", json!({"user_ids": repeat_entries(101, id)})),
        ("POST", "/team/delete", "team_ids", json!({"team_ids": repeat_entries(101, id)})),
        ("POST", "/key/delete", "keys", json!({"keys": repeat_entries(101, id)})),
        ("POST", "/key/delete", "key_aliases", json!({"key_aliases": repeat_entries(101, id)})),
        (
            "POST",
            "/key/delete",
            "keys",
            json!({"keys": repeat_entries(51, id), "key_aliases": repeat_entries(50, id)}),
        ),
        (
            "DELETE",
            "/organization/delete",
            "organization_ids",
            json!({"organization_ids": repeat_entries(101, id)}),
        ),
    ] {
        let request = super::admins().method(method).uri(path).header("content-type", "application/json");
        let response = management.send(request.body(body.to_string().into()).unwrap()).await;
        let (status, param, message) = response.refusal();
        assert_eq!((status, param), (400, Some(field)), "{path} {field}: {message}");
        assert!(message.contains("at most 100 entries"), "{path} {field}: {message}");
    }
    assert_eq!(management.table.count().await, before, "nothing is written");
    let most = json!({"team_id": "dev", "member": repeat_entries(100, user)});
    let added = management.post("/team/member_add", &most.to_string()).await.ok();
    assert_eq!(added["updated_users"].as_array().unwrap().len(), 100);
}

#[tokio::test]
async fn one_user_by_two_names_is_refused_before_anything_is_written() {
    let management = Management::fresh().await;
    management.post("/user/new", r#"{"user_id": "m1", "user_email": "mia@x.com"}"#).await.ok();
    management.post("/team/new", r#"{"team_id": "dev"}"#).await.ok();
    management.post("/organization/new", r#"{"organization_id": "acme"}"#).await.ok();
    let before = management.table.count().await;
    let twice = [
        json!([{"user_id": "m1"}, {"user_email": "Mia@x.com"}]),
        json!([{"user_email": "mia@x.com"}, {"user_id": "new"}, {"user_id": "m1"}]),
        json!([{"user_id": "new"}, {"user_id": "new"}]),
        json!([{"user_email": "new@x.com"}, {"user_email": " New@x.com"}]),
    ];
    for member in twice {
        let ask =
            async |path: &str, body: Value| -> Answer { management.post(path, &body.to_string()).await };
        for (answer, field) in [
            (ask("/team/member_add", json!({"team_id": "dev", "member": member})).await, "member"),
            (ask("/team/new", json!({"members_with_roles": member})).await, "members_with_roles"),
            (
                ask("/organization/member_add", json!({"organization_id": "acme", "member": member})).await,
                "member",
            ),
        ] {
            assert_eq!(
                (answer.refusal().0, answer.refusal().1),
                (400, Some(field)),
                "{member}: {}",
                answer.text
            );
            assert!(answer.refusal().2.contains("twice"), "{}", answer.text);
        }
    }
    let teams = management.post("/user/new", r#"{"user_id": "u", "teams": ["dev", "dev"]}"#).await;
    assert_eq!(teams.refusal(), (400, Some("teams"), "teams: names team dev twice"));
    assert_eq!(management.table.count().await, before);
}
