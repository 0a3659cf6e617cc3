//! Refusals on record: each is counted, and a loop of them is no load on the table.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use stargate_core::scope::{Limits, Scope};
use stargate_core::spend::RefusalRecord;
use tests::gateway::{Keyholder, Stargate, ask, budget};

use super::limits::begin_minute;

fn short() -> Value {
    ask(&json!({"text": "ok", "input_tokens": 60, "output_tokens": 40}))
}

/// A key that is blocked, and so is its user: no scope grants, so no reservation is written, nor given back.
async fn blocked_keyholder(stargate: &Stargate) -> Keyholder {
    let limits = Limits { blocked: true, ..Limits::default() };
    stargate.keyholder(limits.clone(), limits).await
}

async fn assert_refused(stargate: &Stargate, holder: &Keyholder, times: usize, status: u16) {
    for _ in 0..times {
        assert_eq!(stargate.messages(holder, &short()).await.status().as_u16(), status);
    }
}

/// `/spend/logs`, as an administrator reads it.
async fn logs(stargate: &Stargate, query: &str) -> Value {
    let ask = stargate.http.get(format!("{}/spend/logs{query}", stargate.gateway.url()));
    let response = ask.bearer_auth(stargate.gateway.master_key.reveal()).send().await.unwrap();
    assert_eq!(response.status(), 200);
    response.json().await.unwrap()
}

fn user_id(holder: &Keyholder) -> &str {
    let Scope::User(id) = &holder.user else { unreachable!() };
    id.as_str()
}

/// Reason and count of every refusal in LiteLLM's rows, the newest first.
fn counts(rows: &Value) -> Vec<(&str, u64)> {
    let errors = rows.as_array().unwrap().iter().map(|row| &row["metadata"]["error_information"]);
    let refusals = errors.filter(|error| !error.is_null());
    refusals.map(|error| (error["error_class"].as_str().unwrap(), error["count"].as_u64().unwrap())).collect()
}

async fn refusal_records(stargate: &Stargate) -> Vec<RefusalRecord> {
    let day = stargate.gateway.clock.now().date();
    stargate.gateway.store.refusals_of_day(&day, 1000, |_| true).await.unwrap()
}

#[tokio::test]
async fn a_loop_of_refusals_is_one_write_a_minute_and_every_one_is_counted() {
    let stargate = Stargate::start().await;
    let holder = blocked_keyholder(&stargate).await;
    begin_minute(&stargate);
    let before = stargate.gateway.store.capacity().used();
    assert_refused(&stargate, &holder, 50, 401).await;
    let used = stargate.gateway.store.capacity().used();
    // Two refused reservations a request, the pointer of the first, and one write of the refusals; and every five seconds,
    // of which this takes a few, which models there are.
    assert_eq!(used.write_units - before.write_units, 1.0);
    let calls = used.calls - before.calls - (2 * 50 + 1 + 1);
    assert!((1..=12).contains(&calls), "{calls}");
    assert_eq!(refusal_records(&stargate).await.len(), 1);

    let query = format!("?user_id={}", user_id(&holder));
    assert_eq!(counts(&logs(&stargate, &query).await), [("blocked", 1)]);
    stargate.gateway.clock.shift(60_000);
    assert_refused(&stargate, &holder, 2, 401).await;
    let rows = logs(&stargate, &query).await;
    assert_eq!(counts(&rows), [("blocked", 50), ("blocked", 1)]);
    for (field, want) in [
        ("spend", json!(0.0)),
        ("total_tokens", json!(0)),
        ("model", json!("claude-haiku-4-5")),
        ("user", json!(user_id(&holder))),
        ("status", json!("failure")),
    ] {
        assert_eq!(rows[0][field], want, "{field}");
    }
    assert_eq!(rows[0]["metadata"]["status"], "failure");
    assert!(rows[0]["startTime"].as_str() > rows[1]["startTime"].as_str());
    assert!(rows[0]["api_key"].is_string());
}

#[tokio::test]
async fn refusals_stand_among_the_records_of_their_key_and_never_among_money() {
    let stargate = Stargate::start().await;
    begin_minute(&stargate);
    let holder = stargate.keyholder(Limits::default(), Limits { rpm: Some(1), ..Limits::default() }).await;
    let other = blocked_keyholder(&stargate).await;
    assert_refused(&stargate, &other, 1, 401).await;
    assert_eq!(stargate.messages(&holder, &short()).await.status(), 200);
    assert_refused(&stargate, &holder, 3, 429).await;
    let rows = logs(&stargate, &format!("?api_key={}", holder.secret)).await;
    assert_eq!(counts(&rows), [("rpm", 1)]);
    assert_eq!(
        (&rows[0]["status"], &rows[1]["status"]),
        (&json!("failure"), &json!("success")),
        "newest first"
    );
    let everybodys = format!("?start_date={}", stargate.gateway.clock.now().date());
    assert_eq!(logs(&stargate, &everybodys).await.as_array().unwrap().len(), 3);
    let money = logs(&stargate, "").await;
    assert_eq!(money["spend_logs"].as_array().unwrap().len(), 1);
    assert_eq!(money["spend_logs"][0]["status"], "success");
}

#[tokio::test]
async fn a_refusal_over_money_counts_once_although_it_is_tried_twice() {
    let stargate = Stargate::start().await;
    let holder = stargate.keyholder(budget("0.000001"), Limits::default()).await;
    begin_minute(&stargate);
    assert_refused(&stargate, &holder, 3, 429).await;
    stargate.gateway.clock.shift(60_000);
    assert_refused(&stargate, &holder, 1, 429).await;
    let rows = logs(&stargate, &format!("?user_id={}", user_id(&holder))).await;
    assert_eq!(counts(&rows), [("budget", 3), ("budget", 1)]);
}

#[tokio::test]
async fn processes_add_up_in_one_item() {
    let stargate = Stargate::start().await;
    let holder = blocked_keyholder(&stargate).await;
    begin_minute(&stargate);
    assert_refused(&stargate, &holder, 1, 401).await;
    let of_ours = refusal_records(&stargate).await.remove(0);
    let of_another = RefusalRecord { count: 41, model: "claude-opus-4-5".to_owned(), ..of_ours.clone() };
    stargate.gateway.store.add_refusals(&of_another).await.unwrap();
    assert_eq!(refusal_records(&stargate).await, [RefusalRecord { count: 42, ..of_another }]);
}

#[tokio::test]
async fn a_key_that_is_unknown_or_gone_is_never_written_of() {
    let stargate = Stargate::start().await;
    let gone = stargate.free_keyholder().await;
    assert_eq!(stargate.messages(&gone, &short()).await.status(), 200);
    // As a deletion leaves it for a moment: the secret still points at the key, and the owner is gone.
    let (pk, sk) = (format!("U#{}", user_id(&gone)), "scope".to_owned());
    let delete = raw(&stargate).delete_item().table_name("stargate");
    delete.key("pk", AttributeValue::S(pk)).key("sk", AttributeValue::S(sk)).send().await.unwrap();
    assert_refused(&stargate, &gone, 3, 401).await;
    let before = stargate.gateway.store.capacity().used();
    for _ in 0..5 {
        let response = stargate.post("/v1/messages", "sk-unknown").json(&short()).send().await.unwrap();
        assert_eq!(response.status(), 401);
    }
    assert_eq!(stargate.gateway.store.capacity().used().write_units, before.write_units);
    assert_eq!(refusal_records(&stargate).await, []);
}

#[tokio::test]
async fn a_record_that_cannot_be_written_changes_no_answer() {
    let stargate = Stargate::start().await;
    let holder = blocked_keyholder(&stargate).await;
    begin_minute(&stargate);
    let (now, Scope::Key(key)) = (stargate.gateway.clock.now(), &holder.key) else { unreachable!() };
    let text = |text: String| AttributeValue::S(text);
    // An item that nothing can be added to, wherever the refusal may go.
    for shard in 0..8 {
        let put = raw(&stargate).put_item().table_name("stargate").item("count", text("many".to_owned()));
        let put = put.item("pk", text(format!("F#{}#{shard}", now.date())));
        put.item("sk", text(format!("{}#{key}#blocked", now.minute()))).send().await.unwrap();
    }
    let written = || stargate.gateway.store.capacity().used().write_units;
    let before = written();
    assert_refused(&stargate, &holder, 2, 401).await;
    assert_eq!(written(), before, "the write failed");
    stargate.gateway.clock.shift(60_000);
    assert_refused(&stargate, &holder, 2, 401).await;
    assert_eq!(written() - before, 1.0, "the next minute's took place");
}

/// The embedded table itself.
fn raw(stargate: &Stargate) -> Client {
    let credentials = Credentials::new("test", "test", None, None, "test");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(stargate.gateway.table_url.clone().unwrap())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    shared::store::client(&config)
}
