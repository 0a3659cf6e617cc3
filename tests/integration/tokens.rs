//! Tokens of an identity provider instead of keys, through HTTP, on the whole gateway.

use aws_sdk_dynamodb::types::AttributeValue;
use axum::body::Body;
use futures_util::future::join_all;
use http::Request;
use serde_json::{Value, json};
use shared::auth::JwtAuthenticator;
use shared::runtime::clock::Clock;
use shared::store;
use stargate_core::ledger::LedgerSettings;
use stargate_core::scope::Scope;
use stargate_core::secret::SecretHash;
use tests::calls::{no_limits, user};
use tests::gateway::{Stargate, ask, inference_on};
use tests::issuer::Issuer;
use tests::table::{Table, sdk};
use tests::wire::Fault;
use tower::ServiceExt;

struct Company {
    stargate: Stargate,
    issuer: Issuer,
}

/// What a call of [`Company::call`] costs, in dollars.
const COST: f64 = 0.00105;

impl Company {
    async fn with(fields: Value) -> Self {
        let issuer = Issuer::start().await;
        let setting = issuer.setting(fields);
        Self { stargate: Stargate::with(&[("STARGATE_JWT", &setting)]).await, issuer }
    }

    fn token(&self, claims: Value) -> String {
        self.issuer.token(self.stargate.gateway.clock.now(), claims)
    }

    async fn post(&self, bearer: &str, path: &str, body: Value) -> (u16, Value) {
        let request = self.stargate.http.post(format!("{}{path}", self.stargate.gateway.url()));
        let response = request.bearer_auth(bearer).json(&body).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    async fn get(&self, bearer: &str, path: &str) -> (u16, Value) {
        let request = self.stargate.http.get(format!("{}{path}", self.stargate.gateway.url()));
        let response = request.bearer_auth(bearer).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    async fn admin(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.post(self.stargate.gateway.master_key.reveal(), path, body).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    async fn get_json(&self, path: &str) -> Value {
        let (status, answer) = self.get(self.stargate.gateway.master_key.reveal(), path).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    /// The status of a call with a token, and what a refusal says.
    async fn call(&self, token: &str) -> (u16, String) {
        let body = ask(&json!({"text": "ok", "input_tokens": 1000, "output_tokens": 10}));
        let (status, answer) = self.post(token, "/v1/messages", body).await;
        (status, answer["error"]["message"].as_str().unwrap_or_default().to_owned())
    }
}

/// What a process leaves that died in the middle of deleting a key.
async fn delete_scope(url: &str, key: &str) {
    let table = store::client(&sdk(url).0).delete_item().table_name("stargate");
    let table = table.key("pk", AttributeValue::S(format!("K#{key}")));
    table.key("sk", AttributeValue::S("scope".to_owned())).send().await.unwrap();
}

#[tokio::test]
async fn a_token_is_charged_to_its_user_by_one_key() {
    let company = Company::with(json!({})).await;
    let token = company.token(json!({"sub": "mario"}));
    assert_eq!(company.call(&token).await, (401, "the token's user is not known here".to_owned()));
    company.admin("/user/new", json!({"user_id": "mario", "max_budget": 1})).await;
    // The first requests of a person come together.
    let statuses = join_all((0..8).map(|_| company.call(&token))).await;
    assert!(statuses.iter().all(|(status, _)| *status == 200), "{statuses:?}");
    let later = company.token(json!({"sub": "mario", "jti": "another"}));
    assert_eq!(company.call(&later).await.0, 200);
    let info = company.get_json("/user/info?user_id=mario").await;
    let keys = info["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 1, "{keys:?}");
    assert_eq!((&keys[0]["key_name"], keys[0]["spend"].as_f64()), (&json!("jwt"), Some(9.0 * COST)));
    assert_eq!(info["spend"].as_f64(), Some(9.0 * COST));
    // No more than what a key costs, once it is known.
    let before = company.stargate.gateway.store.capacity().used().calls;
    assert_eq!(company.call(&later).await.0, 200);
    let with_token = company.stargate.gateway.store.capacity().used().calls - before;
    let key =
        company.admin("/key/generate", json!({"user_id": "mario"})).await["key"].as_str().unwrap().to_owned();
    company.call(&key).await;
    let before = company.stargate.gateway.store.capacity().used().calls;
    assert_eq!(company.call(&key).await.0, 200);
    assert_eq!(company.stargate.gateway.store.capacity().used().calls - before, with_token);
    let log = company.get_json("/audit?table_name=LiteLLM_VerificationToken&page_size=100").await;
    let made = log["audit_logs"].as_array().unwrap().iter();
    let by_token = made.filter(|row| row["changed_by"] == "user mario (token of https://login.company.com)");
    assert_eq!(by_token.count(), 1, "{log}");
}

#[tokio::test]
async fn what_an_administrator_changes_binds_the_next_token() {
    let company = Company::with(json!({})).await;
    company.admin("/user/new", json!({"user_id": "mario"})).await;
    let token = company.token(json!({"sub": "mario"}));
    assert_eq!(company.call(&token).await.0, 200);
    for (change, undo, status) in [
        (json!({"max_budget": 0}), json!({"max_budget": null}), 429),
        (json!({"blocked": true}), json!({"blocked": false}), 401),
        (json!({"models": ["claude-opus-4-5"]}), json!({"models": []}), 403),
    ] {
        let with_id = |mut body: Value| {
            body["user_id"] = json!("mario");
            body
        };
        company.admin("/user/update", with_id(change.clone())).await;
        assert_eq!(company.call(&token).await.0, status, "{change}");
        company.admin("/user/update", with_id(undo)).await;
        assert_eq!(company.call(&token).await.0, 200);
    }
    // Its key is a key: an administrator limits it, and nobody gives it a secret.
    let hash = company.get_json("/user/info?user_id=mario").await["keys"][0]["token_id"].clone();
    company.admin("/key/update", json!({"key": hash, "max_budget": 0})).await;
    assert_eq!(company.call(&token).await.0, 429);
    for (bearer, path, body, status) in [
        (token.as_str(), "/key/delete", json!({"keys": [hash]}), 403),
        (token.as_str(), "/key/regenerate", json!({"key": hash}), 400),
        (company.stargate.gateway.master_key.reveal(), "/key/regenerate", json!({"key": hash}), 400),
        (token.as_str(), "/key/update", json!({"key": hash, "max_budget": 10}), 403),
    ] {
        assert_eq!(company.post(bearer, path, body).await.0, status, "{path}");
    }
    // Deleted, it is made anew; also where its deletion was cut short, which leaves what points at it.
    company.admin("/key/delete", json!({"keys": [hash]})).await;
    assert_eq!(company.call(&token).await.0, 200);
    let (store, hash) = (&company.stargate.gateway.store, SecretHash::parse(hash.as_str().unwrap()).unwrap());
    let id = store.find_pointer(&hash).await.unwrap().unwrap().key;
    delete_scope(company.stargate.gateway.table_url.as_ref().unwrap(), id.as_str()).await;
    assert!(store.keys(std::slice::from_ref(&id)).await.unwrap().is_empty());
    assert_eq!(company.call(&token).await.0, 200);
    company.admin("/user/delete", json!({"user_ids": ["mario"]})).await;
    assert_eq!(company.call(&token).await.0, 401);
    company.admin("/user/new", json!({"user_id": "mario"})).await;
    assert_eq!(company.call(&token).await.0, 200, "whoever has the id is the user");
}

#[tokio::test]
async fn a_token_speaks_for_the_first_of_its_teams_that_is_here() {
    let company = Company::with(json!({"team_ids_jwt_field": "groups"})).await;
    company.admin("/user/new", json!({"user_id": "mario"})).await;
    for (team, budget) in [("dev", json!(null)), ("ops", json!(0))] {
        company.admin("/team/new", json!({"team_id": team, "max_budget": budget})).await;
    }
    let token = company.token(json!({"sub": "mario", "groups": ["ops", "dev", "away"]}));
    assert_eq!(company.call(&token).await.0, 200);
    let dev = company.get_json("/team/info?team_id=dev").await;
    assert_eq!(dev["team_info"]["spend"].as_f64(), Some(COST));
    assert_eq!(dev["team_memberships"][0]["user_id"], "mario", "it was made a member");
    assert_eq!(company.get_json("/user/info?user_id=mario").await["spend"].as_f64(), Some(COST));
    // Another of them, or one that is not among them.
    let picked = async |token: &str, team: &str| {
        let request = company.stargate.post("/v1/messages", "").bearer_auth(token);
        let request = request.header("x-litellm-team-id", team).json(&ask(&json!({"text": "ok"})));
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(
        (picked(&token, "ops").await, picked(&token, "dev").await, picked(&token, "other").await),
        (429, 200, 403)
    );
    assert_eq!(picked(&token, "away").await, 403, "whoever names a team is not served at their own cost");
    // Who is in none of the teams that are here pays alone.
    let alone = company.token(json!({"sub": "mario", "groups": ["away"]}));
    assert_eq!(company.call(&alone).await.0, 200);
    assert_eq!(picked(&alone, "away").await, 403, "though it is known by now that there is none");
    let keys = company.get_json("/user/info?user_id=mario").await["keys"].clone();
    let mut teams: Vec<&str> =
        keys.as_array().unwrap().iter().map(|key| key["team_id"].as_str().unwrap_or("-")).collect();
    teams.sort_unstable();
    assert_eq!(teams, ["-", "dev", "ops"]);
    company.admin("/team/delete", json!({"team_ids": ["dev"]})).await;
    assert_eq!(company.call(&token).await.0, 401, "its team went with its key");
    company.stargate.gateway.clock.shift(11_000);
    assert_eq!(company.call(&token).await.0, 429, "ops is next, and has no budget");
}

/// A token makes its user a member of a team. Limits that were set for the member before stay, and those set later bind.
#[tokio::test]
async fn what_a_member_may_spend_binds_their_tokens() {
    let company = Company::with(json!({"team_ids_jwt_field": "groups"})).await;
    // Created on the way, with limits in the team.
    company.admin("/team/new", json!({"team_id": "dev"})).await;
    let body = json!({"team_id": "dev", "member": {"user_id": "luigi"}, "rpm_limit": 1});
    assert_eq!(company.admin("/team/member_add", body).await["user_created"], true);
    let luigi = company.token(json!({"sub": "luigi", "groups": ["dev"]}));
    assert_eq!((company.call(&luigi).await.0, company.call(&luigi).await.0), (200, 429));
    // Made a member by the token, and limited then.
    company.admin("/key/generate", json!({"user_id": "mario"})).await;
    let mario = company.token(json!({"sub": "mario", "groups": ["dev"]}));
    assert_eq!(company.call(&mario).await.0, 200);
    let limits = json!({"team_id": "dev", "user_id": "mario", "max_budget_in_team": COST});
    company.admin("/team/member_update", limits).await;
    assert_eq!(company.call(&mario).await.0, 429, "it has spent that already");
}

/// What an administrator took away is not had again by leaving and coming back.
#[tokio::test]
async fn nobody_leaves_a_team_to_be_rid_of_limits() {
    let company = Company::with(json!({"team_ids_jwt_field": "groups"})).await;
    let members = json!([{"user_id": "anna", "role": "admin"}]);
    company.admin("/team/new", json!({"team_id": "dev", "members_with_roles": members})).await;
    let limits = json!({"team_id": "dev", "user_id": "anna", "max_budget_in_team": 0});
    company.admin("/team/member_update", limits).await;
    let token = company.token(json!({"sub": "anna", "groups": ["dev"]}));
    assert_eq!(company.call(&token).await.0, 429);
    let oneself = json!({"team_id": "dev", "user_id": "anna"});
    assert_eq!(company.post(&token, "/team/member_delete", oneself).await.0, 403);
    assert_eq!(company.call(&token).await.0, 429);
    // And nothing is made for somebody who could not use it.
    company.admin("/user/new", json!({"user_id": "luigi", "blocked": true})).await;
    let luigi = company.token(json!({"sub": "luigi", "groups": ["dev"]}));
    assert_eq!(company.call(&luigi).await.0, 401);
    let team = company.get_json("/team/info?team_id=dev").await;
    assert_eq!(team["team_memberships"].as_array().unwrap().len(), 1, "{team}");
    assert_eq!(company.get_json("/user/info?user_id=luigi").await["keys"], json!([]));
}

#[tokio::test]
async fn an_address_finds_its_user() {
    let fields = json!({"user_email_jwt_field": "email", "user_allowed_email_domain": "company.com"});
    let company = Company::with(fields).await;
    company.admin("/user/new", json!({"user_id": "u1", "user_email": "Mario@company.com"})).await;
    let token = company.token(json!({"email": "mario@company.com", "email_verified": true}));
    assert_eq!(company.call(&token).await.0, 200);
    for claims in [
        json!({"email": "mario@company.com", "email_verified": false}),
        json!({"email": "mario@elsewhere.com"}),
        json!({"email": "luigi@company.com"}),
        json!({"sub": "u1"}),
    ] {
        assert_eq!(company.call(&company.token(claims.clone())).await.0, 401, "{claims}");
    }
    // An address that another user has now is that user's within ten seconds.
    company.admin("/user/update", json!({"user_id": "u1", "user_email": "old@company.com"})).await;
    company.admin("/user/new", json!({"user_id": "u2", "user_email": "mario@company.com"})).await;
    company.stargate.gateway.clock.shift(11_000);
    assert_eq!(company.call(&token).await.0, 200);
    assert!(company.get_json("/user/info?user_id=u2").await["spend"].as_f64().unwrap() > 0.0);
}

#[tokio::test]
async fn people_look_after_themselves_with_a_token() {
    let company = Company::with(json!({"team_ids_jwt_field": "groups"})).await;
    company.admin("/user/new", json!({"user_id": "mario"})).await;
    company.admin("/user/new", json!({"user_id": "anna", "user_role": "proxy_admin"})).await;
    company.admin("/team/new", json!({"team_id": "dev"})).await;
    let mario = company.token(json!({"sub": "mario", "groups": ["dev"]}));
    let (status, info) = company.get(&mario, "/user/info").await;
    assert_eq!((status, &info["user_id"]), (200, &json!("mario")), "{info}");
    let (status, made) = company.post(&mario, "/key/generate", json!({})).await;
    assert_eq!((status, &made["user_id"]), (200, &json!("mario")));
    assert_eq!(company.get(&mario, "/user/info?user_id=anna").await.0, 403);
    assert_eq!(company.get(&mario, "/user/list").await.0, 403);
    let anna = company.token(json!({"sub": "anna"}));
    assert_eq!(company.get(&anna, "/user/list").await.0, 200, "her role is the user's");
    assert_eq!(company.get(&company.token(json!({"sub": "nobody"})), "/user/info").await.0, 401);
    // An hour and its leeway later it is over.
    company.stargate.gateway.clock.shift(3_661_000);
    for path in ["/user/info", "/v1/models"] {
        assert_eq!(company.get(&mario, path).await.0, 401, "{path}");
    }
    let (_, told) = company.get(&mario, "/user/info").await;
    assert_eq!(told["error"]["message"], "the token has expired (exp)");
}

#[tokio::test]
async fn a_deployment_without_an_issuer_believes_no_token() {
    let (stargate, issuer) = (Stargate::start().await, Issuer::start().await);
    let holder = stargate.free_keyholder().await;
    let Scope::User(user) = &holder.user else { unreachable!() };
    let token = issuer.token(stargate.gateway.clock.now(), json!({"sub": user.as_str()}));
    let response =
        stargate.post("/v1/messages", &token).json(&ask(&json!({"text": "ok"}))).send().await.unwrap();
    assert_eq!(response.status(), 401);
}

/// The first call of a person, with the table failing at each of its round trips: 503 or the answer, and then the answer.
#[tokio::test]
async fn a_table_that_fails_under_a_first_token_is_told_as_such() {
    let (table, stargate, issuer) = (Table::fresh().await, Stargate::start().await, Issuer::start().await);
    let (table, stargate, issuer) = (&table, &stargate, &issuer);
    let clock = Clock::default();
    let first_call = |name: String, fault: Option<(usize, Fault)>| {
        let clock = clock.clone();
        async move {
            let (store, wire) = table.wired_store(LedgerSettings::default());
            let quiet = table.store(LedgerSettings::default());
            quiet.create_user(&user(&name, no_limits(), clock.now())).await.unwrap();
            let app = inference_on(store, stargate.gateway.fake_url.as_ref().unwrap(), clock.clone());
            let tokens = JwtAuthenticator::read(Some(&issuer.setting(json!({})))).unwrap();
            let router = inference::router(inference::InferenceState { tokens, ..app });
            let token = issuer.token(clock.now(), json!({"sub": name}));
            let call = async || {
                let request =
                    Request::post("/v1/messages").header("authorization", format!("Bearer {token}"));
                let body = Body::from(ask(&json!({"text": "ok"})).to_string());
                let request = request.header("content-type", "application/json").body(body).unwrap();
                router.clone().oneshot(request).await.unwrap().status().as_u16()
            };
            let Some((passing, fault)) = fault else {
                assert_eq!(call().await, 200);
                return wire.take_seen().into_values().sum::<usize>();
            };
            wire.plan_anywhere(passing, usize::MAX, fault);
            let status = call().await;
            assert!([200, 503].contains(&status), "{fault:?} after {passing}: {status}");
            assert!(wire.heal() > 0, "{passing}");
            assert_eq!(call().await, 200, "{fault:?} after {passing}");
            let keys = quiet.keys_of_user(&user(&name, no_limits(), clock.now()).id).await.unwrap();
            assert_eq!(keys.len(), 1, "{fault:?} after {passing}");
            0
        }
    };
    let trips = first_call("nobody's fault".to_owned(), None).await;
    let faults = [Fault::Throttled, Fault::Cut, Fault::CutAfter];
    let cases = (0..trips).flat_map(|passing| faults.map(|fault| (passing, fault)));
    let calls =
        cases.map(|(passing, fault)| first_call(format!("{passing} {fault:?}"), Some((passing, fault))));
    println!("measured: {} failures of the table under first tokens", join_all(calls).await.len());
}
