//! Organizations, by LiteLLM's methods.

use axum::body::Body;
use serde_json::{Value, json};

use super::{Answer, Management, admins};

impl Management {
    async fn ask(&self, method: &str, path: &str, body: &Value) -> Answer {
        let request = admins().method(method).uri(path).header("content-type", "application/json");
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }
}

#[tokio::test]
async fn an_organization_is_made_shown_changed_and_deleted() {
    let management = Management::fresh().await;
    let body = json!({"organization_id": "acme", "organization_alias": "ACME", "max_budget": 100, "budget_duration": "monthly"});
    let made = management.ask("POST", "/organization/new", &body).await.ok();
    assert_eq!((&made["organization_id"], &made["max_budget"]), (&json!("acme"), &json!(100.0)));
    management.post("/team/new", r#"{"team_id": "dev", "organization_id": "acme"}"#).await.ok();
    let key =
        management.post("/key/generate", r#"{"key_alias": "ci", "organization_id": "acme"}"#).await.ok();
    assert_eq!(key["organization_id"], "acme");
    let add = json!({"organization_id": "acme", "member": [{"user_id": "mario", "role": "org_admin"}]});
    let added = management.ask("POST", "/organization/member_add", &add).await.ok();
    assert_eq!(added["updated_organization_memberships"][0]["user_role"], "org_admin");
    let info = management.get("/organization/info?organization_id=acme").await.ok();
    assert_eq!((&info["teams"], &info["members"][0]["user_id"]), (&json!(["dev"]), &json!("mario")));
    assert_eq!(management.get("/team/info?team_id=dev").await.ok()["team_info"]["organization_id"], "acme");

    let change = json!({"organization_id": "acme", "organization_alias": null, "max_budget": 0});
    let changed = management.ask("PATCH", "/organization/update", &change).await.ok();
    assert_eq!((&changed["organization_alias"], &changed["max_budget"]), (&json!(null), &json!(0.0)));
    let role = json!({"organization_id": "acme", "user_id": "mario", "role": "internal_user"});
    assert_eq!(
        management.ask("PATCH", "/organization/member_update", &role).await.ok()["user_role"],
        "internal_user"
    );
    let go = json!({"organization_id": "acme", "user_id": "mario"});
    management.ask("DELETE", "/organization/member_delete", &go).await.ok();
    assert_eq!(management.get("/organization/list").await.ok()[0]["members"], json!([]));

    let doomed = json!({"organization_ids": ["acme"]});
    let kept = management.ask("DELETE", "/organization/delete", &doomed).await;
    let told = "organization_ids: Organization acme still has 1 teams and 1 keys of its own";
    assert_eq!(kept.refusal(), (409, Some("organization_ids"), told));
    management.post("/team/update", r#"{"team_id": "dev", "organization_id": null}"#).await.ok();
    management.post("/key/delete", r#"{"key_aliases": ["ci"]}"#).await.ok();
    management.ask("DELETE", "/organization/delete", &doomed).await.ok();
    assert_eq!(management.get("/organization/list").await.ok(), json!([]));
}

#[tokio::test]
async fn bad_calls_name_the_field_and_change_nothing() {
    let management = Management::fresh().await;
    management.ask("POST", "/organization/new", &json!({"organization_id": "acme"})).await.ok();
    for (method, path, body, status, field) in [
        ("POST", "/organization/new", json!({"organization_id": "acme"}), 409, "organization_id"),
        ("POST", "/organization/new", json!({"organization_id": "x", "max_budget": -1}), 400, "max_budget"),
        ("PATCH", "/organization/update", json!({"organization_id": "x"}), 404, "organization_id"),
        ("PATCH", "/organization/update", json!({}), 400, "organization_id"),
        (
            "DELETE",
            "/organization/delete",
            json!({"organization_ids": ["acme", "x"]}),
            404,
            "organization_id",
        ),
        ("DELETE", "/organization/delete", json!({"organization_ids": []}), 400, "organization_ids"),
        (
            "POST",
            "/organization/member_add",
            json!({"organization_id": "acme", "member": {"user_id": "a", "role": "boss"}}),
            400,
            "role",
        ),
        (
            "DELETE",
            "/organization/member_delete",
            json!({"organization_id": "acme", "user_id": "a"}),
            400,
            "user_id",
        ),
        ("POST", "/team/new", json!({"team_id": "dev", "organization_id": "x"}), 404, "organization_id"),
        ("POST", "/key/generate", json!({"organization_id": "x"}), 404, "organization_id"),
    ] {
        let response = management.ask(method, path, &body).await;
        let (code, param, message) = response.refusal();
        assert_eq!((code, param), (status, Some(field)), "{path} {body}: {message}");
    }
    assert_eq!(management.get("/team/list").await.ok(), json!([]), "a team is made whole or not at all");
    assert_eq!(management.get("/organization/list").await.ok().as_array().unwrap().len(), 1);
}
