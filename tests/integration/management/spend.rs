//! Spend as reports show it.

use serde_json::{Value, json};
use stargate_core::id::{KeyId, RequestId, UserId};
use stargate_core::moment::Moment;
use stargate_core::money::Money;
use stargate_core::pricing::TokenUsage;
use stargate_core::scope::Scope;
use stargate_core::secret::Secret;
use stargate_core::spend::{SpendRecord, Status};
use tests::calls::call_of;

use super::{JANUARY_26, Management};

impl Management {
    /// Records a request of so many hours before 26 January.
    pub async fn put_record(&self, hours_ago: i64, user: &str, key: &KeyId, cost: &str) -> RequestId {
        let began = Moment::from_seconds(JANUARY_26.seconds() - hours_ago * 3600);
        let request = RequestId::generate(began.ms()).unwrap();
        let record = SpendRecord {
            request,
            ended: Moment::from_seconds(began.seconds() + 2),
            user: Some(UserId::parse(user).unwrap()),
            key: key.clone(),
            team: None,
            org: None,
            model: "claude-haiku-4-5".to_owned(),
            usage: TokenUsage {
                input: 1000,
                output: 300,
                cache_read: 150,
                cache_write_5m: 50,
                cache_write_1h: 0,
            },
            rates: None,
            cost: Money::parse(cost).unwrap(),
            status: Status::Success,
            first_byte: None,
            fallback_from: None,
            region: None,
            session: Some("s1".to_owned()),
            agent: None,
            tags: vec!["ci".to_owned()],
        };
        self.store.put_record(&record).await.unwrap();
        request
    }

    pub async fn key_of(&self, user: &str) -> (String, KeyId) {
        let made =
            self.post("/key/generate", &json!({"user_id": user, "key_alias": user}).to_string()).await.ok();
        let secret = made["key"].as_str().unwrap().to_owned();
        let pointer = self.store.find_pointer(&Secret::new(secret.as_str()).hash()).await.unwrap();
        (secret, pointer.unwrap().key)
    }
}

fn ids(rows: &Value) -> Vec<&str> {
    rows.as_array().unwrap().iter().map(|row| row["request_id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn without_parameters_the_week_is_shown_as_document_000_does() {
    let management = Management::fresh().await;
    let (_, key) = management.key_of("mario@company.com").await;
    let old = management.put_record(24 * 7, "mario@company.com", &key, "1").await;
    let early = management.put_record(30, "mario@company.com", &key, "0.0012").await;
    let late = management.put_record(1, "mario@company.com", &key, "0.000000000001").await;
    let response = management.get("/spend/logs").await;
    assert!(
        response.text.contains(r#""spend":0.0012,"#) && response.text.contains(r#""spend":0.000000000001,"#)
    );
    let logs = response.ok();
    assert_eq!(logs["truncated"], false);
    assert_eq!(ids(&logs["spend_logs"]), [late.as_str(), early.as_str()], "newest first, and not {old}");
    let row = &logs["spend_logs"][1];
    for (field, want) in [
        ("user", json!("mario@company.com")),
        ("model", json!("claude-haiku-4-5")),
        ("spend", json!(0.0012)),
        ("tokens", json!(1500)),
        ("timestamp", json!("2025-01-24T18:00:00Z")),
    ] {
        assert_eq!(row[field], want, "{field}");
    }
}

#[tokio::test]
async fn a_parameter_picks_rows_in_litellms_shape() {
    let management = Management::fresh().await;
    let (mario_secret, mario) = management.key_of("mario").await;
    let (_, anna) = management.key_of("anna").await;
    let old = management.put_record(24 * 40, "mario", &mario, "3").await;
    let first = management.put_record(50, "mario", &mario, "1").await;
    let second = management.put_record(49, "anna", &anna, "2").await;
    let hash = Secret::new(mario_secret.as_str()).hash();
    for (query, want) in [
        (format!("request_id={old}"), vec![old]),
        ("request_id=nothing".to_owned(), vec![]),
        ("user_id=mario".to_owned(), vec![first]),
        (format!("api_key={}", hash.as_str()), vec![first]),
        (format!("api_key={mario_secret}&user_id=anna"), vec![]),
        ("api_key=sk-unknown".to_owned(), vec![]),
        ("start_date=2025-01-20&end_date=2025-01-26".to_owned(), vec![second, first]),
        ("start_date=2024-12-01".to_owned(), vec![second, first, old]),
        ("end_date=2024-12-18".to_owned(), vec![old]),
        ("start_date=2024-12-01&page_size=2".to_owned(), vec![second, first]),
        ("start_date=2024-12-01&page_size=2&page=2".to_owned(), vec![old]),
        ("start_date=2024-12-01&page_size=2&page=3".to_owned(), vec![]),
    ] {
        let rows = management.get(&format!("/spend/logs?{query}")).await.ok();
        assert_eq!(ids(&rows), want.iter().map(RequestId::as_str).collect::<Vec<_>>(), "{query}");
    }
    let rows = management.get("/spend/logs?user_id=mario").await.ok();
    for (field, want) in [
        ("api_key", json!(hash.as_str())),
        ("spend", json!(1.0)),
        ("total_tokens", json!(1500)),
        ("prompt_tokens", json!(1200)),
        ("completion_tokens", json!(300)),
        ("startTime", json!("2025-01-23T22:00:00Z")),
        ("endTime", json!("2025-01-23T22:00:02Z")),
        ("model", json!("claude-haiku-4-5")),
        ("user", json!("mario")),
        ("session_id", json!("s1")),
        ("request_tags", json!(["ci"])),
        ("status", json!("success")),
    ] {
        assert_eq!(rows[0][field], want, "{field}");
    }
    assert!(rows[0]["model_id"].as_str().is_some_and(|id| id.starts_with("global.anthropic.claude-haiku")));
    assert_eq!(rows[0]["metadata"]["user_api_key_alias"], "mario");
}

#[tokio::test]
async fn wrong_days_and_unknown_parameters_are_named() {
    let management = Management::fresh().await;
    for (query, field) in [
        ("start_date=1.1.2025", "start_date"),
        ("start_date=2025-02-02&end_date=2025-02-01", "end_date"),
        ("start_date=2020-01-01&end_date=2025-01-01", "start_date"),
        ("summarize=true", "summarize"),
        ("page=0", "page"),
        ("page=4", "page"),
        ("page_size=5001", "page_size"),
    ] {
        let response = management.get(&format!("/spend/logs?{query}")).await;
        assert_eq!((response.refusal().0, response.refusal().1), (400, Some(field)), "{query}");
    }
}

#[tokio::test]
async fn a_period_that_is_over_is_shown_as_over_before_anybody_rolls_it() {
    let management = Management::fresh().await;
    management
        .post("/user/new", r#"{"user_id": "a", "max_budget": 1, "budget_duration": "monthly"}"#)
        .await
        .ok();
    let (secret, _) = management.key_of("a").await;
    let pointer = management.store.find_pointer(&Secret::new(secret.as_str()).hash()).await.unwrap().unwrap();
    let now = || management.clock.now();
    management.store.admit(&mut pointer.clone(), &call_of(5_000_000, 1_000_000), now).await.unwrap();
    management.clock.shift(600_000);
    let user = Scope::User(UserId::parse("a").unwrap());
    management.store.sweep(&user, now()).await.unwrap();
    assert_eq!(management.get("/user/info?user_id=a").await.ok()["spend"], json!(0.000001));
    management.clock.shift(10 * 86_400_000);
    let info = management.get("/user/info?user_id=a").await.ok();
    assert_eq!((&info["spend"], &info["total_spend"]), (&json!(0.0), &json!(0.000001)));
    assert_eq!(info["budget_reset_at"], "2025-03-01T00:00:00Z");
}
