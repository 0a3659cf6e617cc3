//! What a member may spend in a team binds whoever the member is: also a user whom a request created on its way.

use serde_json::{Value, json};
use stargate_core::scope::Scope;
use tests::gateway::Stargate;

use super::Admin;

/// The budget of each member, in dollars: some calls fit, and never all of them.
const BUDGET: f64 = 0.02;
const MANY: usize = 40;

/// Calls until the budget refuses; what the membership was charged is within it, and is what the team was charged.
async fn spends_its_budget_and_no_more(admin: &Admin, team: &str, user: &str) {
    let key = admin.key(json!({"team_id": team, "user_id": user})).await;
    let before = spend(&admin.get(&format!("/team/info?team_id={team}")).await["team_info"]);
    let mut calls = 0;
    loop {
        match admin.call(&key).await {
            (200, _) => calls += 1,
            (429, message) => {
                assert!(message.contains(&format!("user {user} in team {team}")), "{message}");
                break;
            }
            other => panic!("{other:?}"),
        }
        assert!(calls < MANY, "{user} is not bound");
    }
    assert!(calls > 0, "{user} may spend nothing");
    let info = admin.get(&format!("/team/info?team_id={team}")).await;
    let rows = info["team_memberships"].as_array().unwrap();
    let own = spend(rows.iter().find(|row| row["user_id"] == user).unwrap());
    assert!(own > 0.0 && own <= BUDGET, "{user} spent {own}");
    assert!((spend(&info["team_info"]) - before - own).abs() < 1e-9, "{info}");
}

fn spend(row: &Value) -> f64 {
    row["spend"].as_f64().unwrap()
}

#[tokio::test]
async fn a_user_created_on_the_way_is_bound_as_a_member() {
    let admin = Admin::start().await;
    let members = json!([{"user_id": "of-new"}, {"user_email": "of-new@x.com"}]);
    admin.post("/team/new", json!({"team_id": "dev", "members_with_roles": members})).await;
    let members = json!([{"user_id": "of-add"}, {"user_email": "of-add@x.com"}]);
    let added = admin
        .post("/team/member_add", json!({"team_id": "dev", "member": members, "max_budget_in_team": BUDGET}))
        .await;
    let by_email = added["updated_users"][1].as_str().unwrap().to_owned();
    for user in ["of-add", &by_email] {
        spends_its_budget_and_no_more(&admin, "dev", user).await;
    }
    // Created with the team, and limited afterwards.
    let limits = json!({"team_id": "dev", "user_id": "of-new", "max_budget_in_team": BUDGET});
    admin.post("/team/member_update", limits).await;
    spends_its_budget_and_no_more(&admin, "dev", "of-new").await;
    // Created by a key, and then a member.
    admin.key(json!({"user_id": "of-key"})).await;
    let body = json!({"team_id": "dev", "member": {"user_id": "of-key"}, "max_budget_in_team": BUDGET});
    admin.post("/team/member_add", body).await;
    spends_its_budget_and_no_more(&admin, "dev", "of-key").await;
    // Rates bind as budgets do.
    let body = json!({"team_id": "dev", "member": {"user_id": "slow"}, "rpm_limit": 1});
    admin.post("/team/member_add", body).await;
    let key = admin.key(json!({"team_id": "dev", "user_id": "slow"})).await;
    assert_eq!((admin.call(&key).await.0, admin.call(&key).await.0), (200, 429));
}

/// A key of a team for somebody who is no member would be bound by no membership: there is none.
#[tokio::test]
async fn no_key_of_a_team_is_made_for_somebody_who_is_no_member() {
    let admin = Admin::start().await;
    admin.post("/team/new", json!({"team_id": "dev"})).await;
    let url = format!("{}/key/generate", admin.stargate.gateway.url());
    for user in ["ghost", "known"] {
        let body = json!({"team_id": "dev", "user_id": user});
        let request = admin.stargate.http.post(&url).bearer_auth(admin.stargate.gateway.master_key.reveal());
        assert_eq!(request.json(&body).send().await.unwrap().status(), 400, "{user}");
        admin.key(json!({"user_id": "known"})).await;
    }
    let id = stargate_core::id::UserId::parse("ghost").unwrap();
    let states = admin.stargate.gateway.store.scope_states(&[Scope::User(id)]).await.unwrap();
    assert_eq!(states.into_iter().flatten().count(), 0, "nobody was created for it");
}

#[tokio::test]
async fn an_invited_member_is_bound_by_the_invitation_and_a_service_key_by_the_team() {
    let admin = Admin::start().await;
    let members = json!([{"user_id": "boss", "role": "admin"}]);
    admin.post("/team/new", json!({"team_id": "dev", "max_budget": 1, "members_with_roles": members})).await;
    let limits = json!({"team_id": "dev", "user_id": "boss", "max_budget_in_team": 0});
    admin.post("/team/member_update", limits).await;
    let (boss, eva) =
        (admin.key(json!({"user_id": "boss"})).await, admin.key(json!({"user_id": "eva"})).await);
    let ask = async |key: &str, path: &str, body: Value| -> Value {
        let request = admin.stargate.post(path, key).json(&body).send().await.unwrap();
        assert_eq!(request.status(), 200, "{path} {body}");
        request.json().await.unwrap()
    };
    let body = json!({"team_id": "dev", "member": {"user_id": "eva"}, "max_budget_in_team": BUDGET});
    ask(&boss, "/team/member_add", body).await;
    ask(&eva, "/invitation/accept", json!({"team_id": "dev"})).await;
    spends_its_budget_and_no_more(&admin, "dev", "eva").await;
    let own = ask(&boss, "/key/generate", json!({"team_id": "dev"})).await;
    assert_eq!(admin.call(own["key"].as_str().unwrap()).await.0, 429, "it counts against its maker's limit");
    // It is charged to itself and to the team alone, whoever made it.
    let service = ask(&boss, "/key/service-account/generate", json!({"team_id": "dev"})).await;
    assert!(admin.works(service["key"].as_str().unwrap()).await);
    let info = admin.get("/team/info?team_id=dev").await;
    let rows = info["team_memberships"].as_array().unwrap();
    assert_eq!(spend(rows.iter().find(|row| row["user_id"] == "boss").unwrap()), 0.0);
    assert_eq!(spend(&admin.get("/user/info?user_id=boss").await), 0.0);
}

/// What a deployment sets reaches the functions of a whole gateway.
#[tokio::test]
async fn a_gateway_keeps_its_settings_of_users() {
    let settings = [("STARGATE_CREATE_MISSING_USERS", "deny"), ("STARGATE_TEAM_ADMINS_ADD_USERS", "true")];
    let admin = Admin { stargate: Stargate::with(&settings).await };
    let ask = async |key: &str, path: &str, body: Value| -> (u16, Value) {
        let request = admin.stargate.http.post(format!("{}{path}", admin.stargate.gateway.url()));
        let response = request.bearer_auth(key).json(&body).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    };
    let master = admin.stargate.gateway.master_key.reveal();
    let (status, refused) = ask(master, "/key/generate", json!({"user_id": "ghost"})).await;
    assert_eq!((status, &refused["error"]["param"]), (404, &json!("user_id")), "{refused}");
    for user in ["boss", "eva"] {
        admin.post("/user/new", json!({"user_id": user})).await;
    }
    let members = json!([{"user_id": "boss", "role": "admin"}]);
    admin.post("/team/new", json!({"team_id": "dev", "members_with_roles": members})).await;
    let boss = admin.key(json!({"user_id": "boss"})).await;
    let body = json!({"team_id": "dev", "member": {"user_id": "eva"}});
    let (status, added) = ask(&boss, "/team/member_add", body).await;
    assert_eq!((status, &added["updated_users"]), (200, &json!(["eva"])), "{added}");
}
