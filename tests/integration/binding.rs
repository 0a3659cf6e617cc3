//! What an administrator changes binds the very next request: through HTTP, on the whole gateway, with no wait.

mod aliases;
mod members;

use serde_json::{Value, json};
use stargate_core::money::Money;
use stargate_core::scope::Scope;
use tests::gateway::{Stargate, ask};

/// What one call of [`Admin::call`] costs.
const COST: i128 = 1000 * 1_000_000 + 10 * 5_000_000;

struct Admin {
    stargate: Stargate,
}

impl Admin {
    async fn start() -> Self {
        Self { stargate: Stargate::start().await }
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let (status, text) = self.try_post(path, &body).await;
        assert_eq!(status, 200, "{path} {body}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    async fn try_post(&self, path: &str, body: &Value) -> (u16, String) {
        let request = self.stargate.http.post(format!("{}{path}", self.stargate.gateway.url()));
        let request = request.bearer_auth(self.stargate.gateway.master_key.reveal()).json(body);
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// An edit among many of the same user: one that loses every race for the item is a 503, and is sent again.
    async fn edit_until_done(&self, edit: &Value) {
        loop {
            match self.try_post("/user/update", edit).await {
                (200, _) => return,
                (503, _) => {}
                other => panic!("{edit}: {other:?}"),
            }
        }
    }

    async fn get(&self, path: &str) -> Value {
        let request = self.stargate.http.get(format!("{}{path}", self.stargate.gateway.url()));
        let request = request.bearer_auth(self.stargate.gateway.master_key.reveal());
        request.send().await.unwrap().json().await.unwrap()
    }

    async fn key(&self, order: Value) -> String {
        self.post("/key/generate", order).await["key"].as_str().unwrap().to_owned()
    }

    /// The status of a call with a key, and what a refusal says.
    async fn call(&self, key: &str) -> (u16, String) {
        let body = ask(&json!({"text": "ok", "input_tokens": 1000, "output_tokens": 10}));
        let response = self.stargate.post("/v1/messages", key).json(&body).send().await.unwrap();
        let status = response.status().as_u16();
        let body: Value = response.json().await.unwrap();
        (status, body["error"]["message"].as_str().unwrap_or_default().to_owned())
    }

    async fn works(&self, key: &str) -> bool {
        self.call(key).await.0 == 200
    }
}

#[tokio::test]
async fn keys_teams_and_users_are_shut_out_and_let_in_at_once() {
    let admin = Admin::start().await;
    admin.post("/team/new", json!({"team_id": "dev", "members_with_roles": [{"user_id": "mario"}]})).await;
    let key = admin.key(json!({"user_id": "mario", "team_id": "dev"})).await;
    assert!(admin.works(&key).await);
    for (shut, open, body) in [
        ("/key/block", "/key/unblock", json!({"key": key})),
        ("/team/block", "/team/unblock", json!({"team_id": "dev"})),
    ] {
        admin.post(shut, body.clone()).await;
        assert_eq!(admin.call(&key).await.0, 401, "{shut}");
        admin.post(open, body).await;
        assert!(admin.works(&key).await, "{open}");
    }
    for (change, undo, status, told) in [
        (
            json!({"team_id": "dev", "max_budget": 0}),
            json!({"team_id": "dev", "max_budget": null}),
            429,
            "team dev",
        ),
        (
            json!({"team_id": "dev", "models": ["claude-opus-4-5"]}),
            json!({"team_id": "dev", "models": []}),
            403,
            "Model claude-haiku-4-5 not allowed for team dev",
        ),
        (
            json!({"team_id": "dev", "rpm_limit": 0}),
            json!({"team_id": "dev", "rpm_limit": null}),
            429,
            "0 RPM for team dev",
        ),
    ] {
        admin.post("/team/update", change.clone()).await;
        let (got, message) = admin.call(&key).await;
        assert_eq!(got, status, "{change}: {message}");
        assert!(message.contains(told), "{message}");
        admin.post("/team/update", undo).await;
        assert!(admin.works(&key).await, "{change}");
    }
    admin
        .post("/team/member_update", json!({"team_id": "dev", "user_id": "mario", "max_budget_in_team": 0}))
        .await;
    assert!(admin.call(&key).await.1.contains("user mario in team dev"));
    admin
        .post(
            "/team/member_update",
            json!({"team_id": "dev", "user_id": "mario", "max_budget_in_team": null}),
        )
        .await;
    admin.post("/user/update", json!({"user_id": "mario", "blocked": true})).await;
    assert_eq!(admin.call(&key).await.0, 401);
    admin.post("/user/update", json!({"user_id": "mario", "blocked": false})).await;
    assert!(admin.works(&key).await);
    admin.post("/team/member_delete", json!({"team_id": "dev", "user_id": "mario"})).await;
    assert_eq!(admin.call(&key).await.0, 401);

    let own = admin.key(json!({"user_id": "mario"})).await;
    assert!(admin.works(&own).await);
    admin.post("/user/delete", json!({"user_ids": ["mario"]})).await;
    assert_eq!(admin.call(&own).await.0, 401);
    let teams = admin.key(json!({"team_id": "dev"})).await;
    assert!(admin.works(&teams).await);
    admin.post("/team/delete", json!({"team_ids": ["dev"]})).await;
    assert_eq!(admin.call(&teams).await.0, 401);
}

#[tokio::test]
async fn a_teams_organization_binds_from_the_next_request_and_as_long_as_it_is_the_teams() {
    let admin = Admin::start().await;
    admin.post("/organization/new", json!({"organization_id": "acme", "max_budget": 0})).await;
    admin.post("/organization/new", json!({"organization_id": "other"})).await;
    admin.post("/team/new", json!({"team_id": "dev"})).await;
    let key = admin.key(json!({"team_id": "dev"})).await;
    assert!(admin.works(&key).await);
    admin.post("/team/update", json!({"team_id": "dev", "organization_id": "acme"})).await;
    let (status, message) = admin.call(&key).await;
    assert_eq!(status, 429);
    assert!(message.starts_with("Budget exceeded for organization acme"), "{message}");
    admin.post("/team/update", json!({"team_id": "dev", "organization_id": "other"})).await;
    assert!(admin.works(&key).await);
    let spent = admin.get("/organization/info?organization_id=other").await["spend"].clone();
    assert_eq!(spent, json!(0.00105));
    admin.post("/team/update", json!({"team_id": "dev", "organization_id": null})).await;
    assert!(admin.works(&key).await);
    assert_eq!(admin.get("/organization/info?organization_id=other").await["spend"], spent);
    assert_eq!(admin.get("/organization/info?organization_id=acme").await["total_spend"], json!(0.0));
    // A key may be charged to one without a team between them.
    let direct = admin.key(json!({"organization_id": "acme"})).await;
    assert_eq!(admin.call(&direct).await.0, 429);
}

#[tokio::test]
async fn while_a_rotation_lasts_two_secrets_are_one_key_with_one_budget() {
    let admin = Admin::start().await;
    let old = admin.key(json!({"user_id": "mario", "key_alias": "laptop", "max_budget": 1})).await;
    assert!(admin.works(&old).await);
    let rotated = admin.post("/key/regenerate", json!({"key": old, "grace_period": "1h"})).await;
    let new = rotated["key"].as_str().unwrap();
    assert_eq!((&rotated["key_alias"], &rotated["max_budget"]), (&json!("laptop"), &json!(1.0)));
    assert!(admin.works(new).await && admin.works(&old).await);
    let by_old = admin.get(&format!("/key/info?key={old}")).await;
    let by_new = admin.get(&format!("/key/info?key={new}")).await;
    assert_eq!(by_old["info"], by_new["info"]);
    assert_eq!(by_new["info"]["spend"], json!(3.0 * 0.00105));
    admin.stargate.gateway.clock.shift(3_600_001);
    assert_eq!(admin.call(&old).await.0, 401, "its grace is over");
    assert!(admin.works(new).await);

    let third =
        admin.post(&format!("/key/{new}/regenerate"), json!({"new_key": "sk-chosen-by-mario-1"})).await;
    assert_eq!(third["key"], "sk-chosen-by-mario-1");
    assert_eq!(admin.call(new).await.0, 401, "without a grace it ends at once");
    assert!(admin.works("sk-chosen-by-mario-1").await);
    let info = admin.get("/key/info?key=sk-chosen-by-mario-1").await;
    assert_eq!(info["info"]["key_name"], "sk-...io-1");
    admin.post("/key/delete", json!({"keys": ["sk-chosen-by-mario-1"]})).await;
    assert_eq!(admin.call("sk-chosen-by-mario-1").await.0, 401);
}

#[tokio::test]
async fn a_models_own_limits_bind_at_once_and_only_that_model() {
    let admin = Admin::start().await;
    let key = admin.key(json!({"user_id": "mario"})).await;
    assert!(admin.works(&key).await);
    let haiku = |budget: Value| json!({"claude-haiku-4-5": budget});
    for (path, name) in [("/key/update", json!({"key": key})), ("/user/update", json!({"user_id": "mario"}))]
    {
        let told = if path == "/key/update" { "this key" } else { "user mario" };
        let with = |field: &str, value: Value| {
            let mut body = name.clone();
            body[field] = value;
            body
        };
        let budget = json!({"budget_limit": 0.0000001, "time_period": "1mo"});
        let row = admin.post(path, with("model_max_budget", haiku(budget.clone()))).await;
        let row = row.get("data").unwrap_or(&row);
        assert_eq!(row["model_max_budget"]["claude-haiku-4-5"]["budget_limit"], json!(0.0000001));
        assert_eq!(row["model_max_budget"]["claude-haiku-4-5"]["time_period"], "1mo");
        let (status, message) = admin.call(&key).await;
        assert_eq!(status, 429, "{path}");
        let who = format!("Budget exceeded for {told} for model claude-haiku-4-5");
        assert!(message.starts_with(&who), "{message}");
        // By another of its names, and raised: what was spent stays.
        let raised = json!({"anthropic/claude-haiku-4-5": "1"});
        admin.post(path, with("model_max_budget", raised)).await;
        assert!(admin.works(&key).await);
        admin.post(path, with("model_rpm_limit", json!({"claude-haiku-4-5": 1}))).await;
        assert!(
            admin.call(&key).await.1.contains("1 RPM"),
            "the call before counts: the model had limits then"
        );
        admin.post(path, with("model_rpm_limit", json!(null))).await;
        assert!(admin.works(&key).await);
        let row = admin.post(path, with("model_max_budget", json!({}))).await;
        let row = row.get("data").unwrap_or(&row);
        assert_eq!((&row["model_max_budget"], &row["model_rpm_limit"]), (&json!({}), &json!({})));
        assert!(admin.works(&key).await);
    }
    // Another model's budget stands in nobody's way.
    let opus = json!({"key": key, "model_max_budget": {"claude-opus-4-5": 0}});
    admin.post("/key/update", opus).await;
    assert!(admin.works(&key).await);
    let both =
        json!({"user_id": "anna", "auto_create_key": true, "model_max_budget": {"claude-haiku-4-5": 1}});
    let made = admin.post("/user/new", both).await;
    assert_eq!(made["model_max_budget"]["claude-haiku-4-5"]["spend"], json!(0.0));
    let annas = made["key"].as_str().unwrap();
    assert!(admin.works(annas).await);
    let info = admin.get("/user/info?user_id=anna").await;
    assert_eq!(info["model_max_budget"]["claude-haiku-4-5"]["spend"], json!(0.00105));
}

/// Each of fifty edits is of a field of its own, beside fifty running requests: every field is as it was written last, and
/// no counter has lost anything.
#[tokio::test(flavor = "multi_thread")]
async fn edits_of_different_fields_lose_neither_each_other_nor_any_spend() {
    let admin = std::sync::Arc::new(Admin::start().await);
    let key = admin.key(json!({"user_id": "mario"})).await;
    let edits = (0..50u32).map(|at| {
        let admin = std::sync::Arc::clone(&admin);
        let (field, value) = match at % 5 {
            0 => ("max_budget", json!(1000 + at)),
            1 => ("rpm_limit", json!(10_000 + at)),
            2 => ("tpm_limit", json!(10_000_000 + at)),
            3 => ("user_alias", json!(format!("M{at}"))),
            _ => ("max_parallel_requests", json!(500 + at)),
        };
        tokio::spawn(async move {
            admin.edit_until_done(&json!({"user_id": "mario", field: value})).await;
        })
    });
    let calls = (0..50).map(|_| {
        let (admin, key) = (std::sync::Arc::clone(&admin), key.clone());
        tokio::spawn(async move {
            loop {
                // A 503 is the table's: on a busy machine it does not answer in time.
                match admin.call(&key).await {
                    (200, _) => break,
                    (503, _) => {}
                    other => panic!("{other:?}"),
                }
            }
        })
    });
    let (edits, calls): (Vec<_>, Vec<_>) = (edits.collect(), calls.collect());
    for edit in edits {
        edit.await.unwrap();
    }
    for call in calls {
        call.await.unwrap();
    }
    for (field, value) in [
        ("max_budget", json!(7.5)),
        ("rpm_limit", json!(11)),
        ("tpm_limit", json!(null)),
        ("user_alias", json!("last")),
        ("max_parallel_requests", json!(3)),
    ] {
        admin.post("/user/update", json!({"user_id": "mario", field: value})).await;
    }
    let info = admin.get("/user/info?user_id=mario").await;
    assert_eq!(info["max_budget"], json!(7.5));
    assert_eq!((&info["rpm_limit"], &info["tpm_limit"]), (&json!(11), &json!(null)));
    assert_eq!((&info["user_alias"], &info["max_parallel_requests"]), (&json!("last"), &json!(3)));
    let mario = Scope::User(stargate_core::id::UserId::parse("mario").unwrap());
    let state = admin.stargate.wait_until_settled(&mario).await;
    assert_eq!(state.total_spend, Money::from_pico(COST * 50));
}

/// After a mixed load, a team's key, its member, its user, its team and the records agree to the unit.
#[tokio::test(flavor = "multi_thread")]
async fn key_user_team_and_records_agree_after_a_mixed_load() {
    let admin = std::sync::Arc::new(Admin::start().await);
    let members = json!([{"user_id": "mario"}, {"user_id": "anna"}]);
    let team = json!({"team_id": "dev", "max_budget": 0.2, "members_with_roles": members});
    admin.post("/team/new", team).await;
    let mut keys = Vec::new();
    for user in ["mario", "anna"] {
        keys.push(admin.key(json!({"user_id": user, "team_id": "dev", "rpm_limit": 60})).await);
    }
    let workers = (0..8usize).map(|worker| {
        let (admin, key) = (std::sync::Arc::clone(&admin), keys[worker % 2].clone());
        tokio::spawn(async move {
            for turn in 0..20 {
                let script = match turn % 4 {
                    0 => json!({"text": "ok", "input_tokens": 1000, "output_tokens": 900}),
                    1 => json!({"text": "some words that are cut", "deltas": 9, "cut_after": 3, "input_tokens": 500}),
                    2 => json!({"status": 429, "error": "ThrottlingException", "message": "slow down"}),
                    _ => json!({"text": "yes", "input_tokens": 10, "output_tokens": 5}),
                };
                let mut body = ask(&script);
                body["stream"] = json!(turn % 2 == 1);
                let response = admin.stargate.post("/v1/messages", &key).json(&body).send().await.unwrap();
                response.bytes().await.ok();
            }
        })
    });
    for worker in workers.collect::<Vec<_>>() {
        worker.await.unwrap();
    }
    let team = Scope::Team(stargate_core::id::TeamId::parse("dev").unwrap());
    let state = admin.stargate.wait_until_settled(&team).await;
    let records = admin.stargate.records().await;
    let sum: Money = records.iter().map(|record| record.cost).sum();
    assert_eq!(state.total_spend, sum);
    assert!(sum > Money::ZERO && state.spend <= state.limits.max_budget.unwrap(), "{sum}");
    assert!(
        records.iter().any(|record| record.status != stargate_core::spend::Status::Success),
        "nothing failed"
    );
    let spent = |row: &Value| row["total_spend"].as_f64().unwrap();
    let info = admin.get("/team/info?team_id=dev").await;
    let rows = |name: &str| info[name].as_array().unwrap().iter().map(spent).sum::<f64>();
    let total = spent(&info["team_info"]);
    for part in ["keys", "team_memberships"] {
        assert!((rows(part) - total).abs() < 1e-9, "{part}: {} of {total}", rows(part));
    }
    let users = admin.get("/spend/users").await;
    assert!((users.as_array().unwrap().iter().map(spent).sum::<f64>() - total).abs() < 1e-9);
    let day = admin.stargate.gateway.clock.now().date();
    let days = format!("start_date={day}&end_date={day}");
    let activity = admin.get(&format!("/user/daily/activity?{days}")).await;
    assert!((activity["metadata"]["total_spend"].as_f64().unwrap() - total).abs() < 1e-9, "{activity}");
    let report = admin.get(&format!("/global/spend/report?{days}&group_by=team")).await;
    assert_eq!(report[0]["teams"][0]["team_name"], "dev");
    assert!((report[0]["teams"][0]["total_spend"].as_f64().unwrap() - total).abs() < 1e-9);
    let tags = admin.get(&format!("/spend/tags?{days}")).await;
    assert_eq!(tags[0]["individual_request_tag"], "model:claude-haiku-4-5");
    assert!((tags[0]["total_spend"].as_f64().unwrap() - total).abs() < 1e-9);
}
