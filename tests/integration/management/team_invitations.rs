//! Invitations to teams: who is invited is a member only if they accept, and as what they were told.

use serde_json::{Value, json};

use super::{Answer, Management};

const DAY: i64 = 86_400_000;

struct Company {
    management: Management,
    boss: String,
    eva: String,
}

impl Company {
    /// A team with its administrator `boss`, and `eva`, who is in no team.
    async fn fresh() -> Self {
        let management = Management::fresh().await;
        management.post("/user/new", r#"{"user_id": "eva", "user_email": "eva@x.com"}"#).await.ok();
        let body = r#"{"team_id": "dev", "team_alias": "Developers", "members_with_roles": [{"user_id": "boss", "role": "admin"}]}"#;
        management.post("/team/new", body).await.ok();
        let boss = key(&management, "boss").await;
        let eva = key(&management, "eva").await;
        Self { management, boss, eva }
    }

    async fn as_boss(&self, path: &str, body: Value) -> Answer {
        self.management.post_as(&self.boss, path, &body.to_string()).await
    }

    async fn as_eva(&self, path: &str, body: Value) -> Answer {
        self.management.post_as(&self.eva, path, &body.to_string()).await
    }

    /// Invites eva; answers the invitation's id.
    async fn invite(&self, more: Value) -> String {
        let mut body = json!({"team_id": "dev", "member": {"user_id": "eva"}});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let response = self.as_boss("/team/member_add", body).await.ok();
        assert_eq!(
            (&response["updated_users"], &response["updated_team_memberships"]),
            (&json!([]), &json!([]))
        );
        response["pending_invitations"][0]["invitation_id"].as_str().unwrap().to_owned()
    }

    async fn accept(&self, invitation: &str) -> Answer {
        self.as_eva("/invitation/accept", json!({"invitation_id": invitation})).await
    }

    /// The teams that eva is in, and the invitations that she sees.
    async fn evas(&self) -> (Value, Value) {
        let info = self.management.get_as(&self.eva, "/user/info").await.ok();
        (info["user_info"]["teams"].clone(), info["team_invitations"].clone())
    }
}

async fn key(management: &Management, user: &str) -> String {
    let made = management.post("/key/generate", &json!({"user_id": user}).to_string()).await.ok();
    made["key"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_invited_user_sees_what_it_is_and_joins_with_exactly_that() {
    let company = Company::fresh().await;
    let limits = json!({"member": [{"user_email": "Eva@x.com", "role": "admin"}], "max_budget_in_team": 3,
        "budget_duration": "weekly", "rpm_limit": 7, "allowed_models": ["claude-haiku-4-5"]});
    let id = company.invite(limits).await;
    let (teams, invitations) = company.evas().await;
    assert_eq!(teams, json!([]));
    let [seen] = invitations.as_array().unwrap().as_slice() else { panic!("{invitations}") };
    for (field, want) in [
        ("invitation_id", json!(id)),
        ("team_id", json!("dev")),
        ("team_alias", json!("Developers")),
        ("role", json!("admin")),
        ("max_budget", json!(3.0)),
        ("budget_duration", json!("weekly")),
        ("rpm_limit", json!(7)),
        ("models", json!(["claude-haiku-4-5"])),
        ("invited_by", json!("boss")),
        ("created_at", json!("2025-01-26T00:00:00Z")),
        ("expires_at", json!("2025-02-02T00:00:00Z")),
    ] {
        assert_eq!(seen[field], want, "{field}");
    }
    // Nobody is a member yet.
    assert_eq!(company.management.get_as(&company.eva, "/team/info?team_id=dev").await.refusal().0, 403);
    assert_eq!(company.as_eva("/key/generate", json!({"team_id": "dev"})).await.refusal().0, 403);
    let info = company.management.get_as(&company.boss, "/team/info?team_id=dev").await.ok();
    assert_eq!(info["team_memberships"].as_array().unwrap().len(), 1);
    let want = json!([{"invitation_id": id, "user_id": "eva", "team_id": "dev", "role": "admin",
        "expires_at": "2025-02-02T00:00:00Z"}]);
    assert_eq!(info["pending_invitations"], want);
    let of_eva = json!({"team_id": "dev", "user_id": "eva", "max_budget_in_team": 100});
    assert_eq!(company.as_boss("/team/member_update", of_eva).await.refusal().0, 400);

    let joined = company.accept(&id).await.ok();
    for (field, want) in [
        ("user_id", json!("eva")),
        ("team_id", json!("dev")),
        ("role", json!("admin")),
        ("max_budget", json!(3.0)),
        ("budget_duration", json!("weekly")),
        ("rpm_limit", json!(7)),
        ("models", json!(["claude-haiku-4-5"])),
    ] {
        assert_eq!(joined[field], want, "{field}");
    }
    assert_eq!(company.evas().await, (json!(["dev"]), json!([])));
    // Repeated, by either name, it answers the same.
    assert_eq!(company.accept(&id).await.ok(), joined);
    for body in [json!({"team_id": "dev"}), json!({"team_id": "dev", "invitation_id": id})] {
        assert_eq!(company.as_eva("/invitation/accept", body).await.ok(), joined);
    }
    let info = company.management.get("/team/info?team_id=dev").await.ok();
    assert_eq!(info["pending_invitations"], json!([]));
    assert_eq!(info["team_memberships"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn an_invitation_is_accepted_by_its_user_alone() {
    let company = Company::fresh().await;
    let id = company.invite(json!({})).await;
    let tom = key(&company.management, "tom").await;
    let unknown = (404, Some("invitation_id"), "invitation_id: Invitation not found");
    for who in [&tom, &company.boss] {
        let body = json!({"invitation_id": id}).to_string();
        assert_eq!(company.management.post_as(who, "/invitation/accept", &body).await.refusal(), unknown);
    }
    let body = json!({"team_id": "dev"}).to_string();
    let none = (404, Some("team_id"), "team_id: Invitation not found");
    assert_eq!(company.management.post_as(&tom, "/invitation/accept", &body).await.refusal(), none);
    assert_eq!(company.accept("unknown").await.refusal(), unknown);
    let other = json!({"team_id": "ops", "invitation_id": id});
    assert_eq!(company.as_eva("/invitation/accept", other).await.refusal(), unknown);
    assert_eq!(company.as_eva("/invitation/accept", json!({})).await.refusal().0, 400);
    let (teams, pending) = company.evas().await;
    assert_eq!((teams, pending.as_array().unwrap().len()), (json!([]), 1), "nobody accepts for her");
    // The master key is no user, and a key of a team stands for itself alone.
    let body = json!({"invitation_id": id}).to_string();
    assert_eq!(company.management.post("/invitation/accept", &body).await.refusal().0, 403);
    company
        .management
        .post("/team/new", r#"{"team_id": "ops", "members_with_roles": {"user_id": "eva"}}"#)
        .await
        .ok();
    let made = company.management.post("/key/generate", r#"{"team_id": "ops", "user_id": "eva"}"#).await.ok();
    let of_team = made["key"].as_str().unwrap();
    assert_eq!(company.management.post_as(of_team, "/invitation/accept", &body).await.refusal().0, 403);
    // On the public API as on the admin's; and users who only look may accept.
    company
        .management
        .post("/user/update", r#"{"user_id": "eva", "user_role": "internal_user_viewer"}"#)
        .await
        .ok();
    let public = company.management.public();
    assert_eq!(public.post_as(&company.eva, "/invitation/accept", &body).await.ok()["team_id"], "dev");
}

#[tokio::test]
async fn what_is_over_is_not_accepted() {
    let unknown = |response: &Answer| {
        response.refusal() == (404, Some("invitation_id"), "invitation_id: Invitation not found")
    };
    // Withdrawn by the team's administrator, and by one of the deployment; declined.
    let company = Company::fresh().await;
    for who in ["boss", "administrator", "eva"] {
        let id = company.invite(json!({})).await;
        let body = json!({"invitation_id": id});
        let tom = key(&company.management, "tom").await;
        let refused = company.management.post_as(&tom, "/invitation/delete", &body.to_string()).await;
        assert!(unknown(&refused), "{}", refused.text);
        let deleted = match who {
            "boss" => company.as_boss("/invitation/delete", body).await,
            "eva" => company.as_eva("/invitation/delete", body).await,
            _ => company.management.post("/invitation/delete", &body.to_string()).await,
        };
        assert_eq!(deleted.ok()["invitation_id"], json!(id), "{who}");
        assert!(unknown(&company.accept(&id).await), "{who}");
        assert_eq!(company.evas().await.1, json!([]));
    }
    // Replaced by another, with other limits.
    let first = company.invite(json!({"max_budget_in_team": 100})).await;
    let second = company.invite(json!({"max_budget_in_team": 1})).await;
    assert!(unknown(&company.accept(&first).await));
    assert_eq!(company.evas().await.1.as_array().unwrap().len(), 1);
    // A blocked team takes nobody in.
    company.management.post("/team/block", r#"{"team_id": "dev"}"#).await.ok();
    let blocked = company.accept(&second).await;
    assert_eq!((blocked.refusal().0, blocked.refusal().1), (409, Some("team_id")));
    company.management.post("/team/unblock", r#"{"team_id": "dev"}"#).await.ok();
    // Seven days.
    company.management.clock.shift(7 * DAY);
    let late = company.accept(&second).await;
    assert_eq!(late.refusal().0, 404);
    assert!(late.refusal().2.contains("has expired"), "{}", late.text);
    assert_eq!(company.evas().await, (json!([]), json!([])));
    let info = company.management.get("/team/info?team_id=dev").await.ok();
    assert_eq!(info["pending_invitations"], json!([]));
    // It may be sent again.
    let third = company.invite(json!({"max_budget_in_team": 2})).await;
    // Nobody joins by the word of somebody who has no say any more.
    company
        .management
        .post("/team/member_update", r#"{"team_id": "dev", "user_id": "boss", "role": "user"}"#)
        .await
        .ok();
    let refused = company.accept(&third).await;
    assert_eq!(refused.refusal().0, 404);
    assert!(refused.refusal().2.contains("does not administer the team"), "{}", refused.text);
    company
        .management
        .post("/team/member_update", r#"{"team_id": "dev", "user_id": "boss", "role": "admin"}"#)
        .await
        .ok();
    assert_eq!(company.accept(&third).await.ok()["max_budget"], 2.0);
}

/// An administrator's decision is not undone by an invitation that was sent before it.
#[tokio::test]
async fn a_removed_member_has_no_invitation_to_come_back_by() {
    let company = Company::fresh().await;
    let id = company.invite(json!({"member": {"user_id": "eva", "role": "admin"}})).await;
    let body = r#"{"team_id": "dev", "member": {"user_id": "eva"}, "max_budget_in_team": 1}"#;
    let added = company.management.post("/team/member_add", body).await.ok();
    assert_eq!((&added["updated_users"], &added["pending_invitations"]), (&json!(["eva"]), &json!([])));
    assert_eq!(company.evas().await, (json!(["dev"]), json!([])));
    assert_eq!(company.accept(&id).await.refusal().0, 404);
    assert_eq!(
        company
            .as_boss("/team/member_add", json!({"team_id": "dev", "member": {"user_id": "eva"}}))
            .await
            .refusal()
            .0,
        400
    );
    let info = company.management.get("/team/info?team_id=dev").await.ok();
    let row =
        info["team_memberships"].as_array().unwrap().iter().find(|row| row["user_id"] == "eva").unwrap();
    assert_eq!((&row["role"], &row["max_budget"]), (&json!("user"), &json!(1.0)));
    company.management.post("/team/member_delete", r#"{"team_id": "dev", "user_id": "eva"}"#).await.ok();
    assert_eq!(company.accept(&id).await.refusal().0, 404);
    assert_eq!(company.as_eva("/invitation/accept", json!({"team_id": "dev"})).await.refusal().0, 404);
    assert_eq!(company.evas().await, (json!([]), json!([])));
}

#[tokio::test]
async fn invitations_go_with_the_user_and_with_the_team() {
    let company = Company::fresh().await;
    let id = company.invite(json!({})).await;
    company.management.post("/team/delete", r#"{"team_ids": ["dev"]}"#).await.ok();
    assert_eq!(company.evas().await, (json!([]), json!([])));
    assert_eq!(company.accept(&id).await.refusal().0, 404);
    // A team of the same name is another.
    let body = r#"{"team_id": "dev", "members_with_roles": [{"user_id": "boss", "role": "admin"}]}"#;
    company.management.post("/team/new", body).await.ok();
    assert_eq!(company.accept(&id).await.refusal().0, 404);
    let id = company.invite(json!({})).await;
    company.management.post("/user/delete", r#"{"user_ids": ["eva"]}"#).await.ok();
    company.management.post("/user/new", r#"{"user_id": "eva"}"#).await.ok();
    let eva = key(&company.management, "eva").await;
    let body = json!({"invitation_id": id}).to_string();
    assert_eq!(company.management.post_as(&eva, "/invitation/accept", &body).await.refusal().0, 404);
    let info = company.management.get("/team/info?team_id=dev").await.ok();
    assert_eq!(info["pending_invitations"], json!([]));
}

#[tokio::test]
async fn every_step_is_written_down() {
    let company = Company::fresh().await;
    let declined = company.invite(json!({"max_budget_in_team": 4})).await;
    company.as_eva("/invitation/delete", json!({"invitation_id": declined})).await.ok();
    let accepted = company.invite(json!({})).await;
    company.accept(&accepted).await.ok();
    let days = "start_date=2025-01-26&end_date=2025-01-26&page_size=100";
    let log = company.management.get(&format!("/audit?object_id=dev/eva&{days}")).await.ok();
    let steps: Vec<_> = log["audit_logs"]
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .map(|row| {
            let by = row["changed_by"].as_str().unwrap().split(" (").next().unwrap().to_owned();
            (by, row["action"].as_str().unwrap().to_owned(), row["table_name"].as_str().unwrap().to_owned())
        })
        .collect();
    let step = |by: &str, action: &str, table: &str| (by.to_owned(), action.to_owned(), table.to_owned());
    let invitation = "LiteLLM_InvitationLink";
    for wanted in [
        step("user boss", "created", invitation),
        step("user eva", "deleted", invitation),
        step("user eva", "created", "LiteLLM_TeamMembership"),
    ] {
        assert!(steps.contains(&wanted), "{wanted:?}: {steps:?}");
    }
    assert_eq!(steps.len(), 5, "{steps:?}");
    assert!(log.to_string().contains(r#""max_budget":4.0"#), "with what it would have given: {log}");
}

#[tokio::test]
async fn invitations_to_set_a_password_stay_the_administrators() {
    let company = Company::fresh().await;
    let made = company.management.post("/invitation/new", r#"{"user_id": "eva"}"#).await.ok();
    let body = json!({"invitation_id": made["id"]});
    for response in [
        company.as_eva("/invitation/delete", body.clone()).await,
        company.as_boss("/invitation/delete", body.clone()).await,
    ] {
        assert_eq!(response.refusal(), (404, Some("invitation_id"), "invitation_id: Invitation not found"));
    }
    assert_eq!(company.as_eva("/invitation/accept", body.clone()).await.refusal().0, 404);
    let deleted = company.management.post("/invitation/delete", &body.to_string()).await.ok();
    assert_eq!((&deleted["id"], &deleted["user_id"]), (&made["id"], &json!("eva")));
    let id = company.invite(json!({})).await;
    let shown = company.management.get(&format!("/invitation/info?invitation_id={id}")).await.ok();
    assert_eq!((&shown["team_id"], &shown["user_id"]), (&json!("dev"), &json!("eva")));
}

/// Two requests at once make one membership, and both are told of it.
#[tokio::test]
async fn two_acceptances_at_once_are_one() {
    let company = Company::fresh().await;
    let id = company.invite(json!({"max_budget_in_team": 1})).await;
    let (one, other) = tokio::join!(company.accept(&id), company.accept(&id));
    assert_eq!(one.ok(), other.ok());
    // Accepted and withdrawn at once, it is one of the two.
    company.management.post("/team/member_delete", r#"{"team_id": "dev", "user_id": "eva"}"#).await.ok();
    let id = company.invite(json!({})).await;
    let (accepted, withdrawn) = tokio::join!(
        company.accept(&id),
        company.as_boss("/invitation/delete", json!({"invitation_id": id}))
    );
    let is_member = company.evas().await.0 == json!(["dev"]);
    assert_eq!((accepted.status == 200, withdrawn.status == 200), (is_member, !is_member));
}
