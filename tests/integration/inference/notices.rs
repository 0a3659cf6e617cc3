//! Soft budgets that are reached: a notice to the deployment's SNS topic, by the real SDK.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::routing::post;
use http::Request;
use inference::SoftBudgetAlerts;
use serde_json::{Value, json};
use shared::runtime::clock::Clock;
use stargate_core::ledger::LedgerSettings;
use stargate_core::money::Money;
use stargate_core::scope::Limits;
use tests::calls::{employ, no_limits};
use tests::gateway::{Stargate, ask, ask_stream, inference_on};
use tests::table::{Table, sdk};
use tokio::net::TcpListener;
use tower::ServiceExt;

const TOPIC: &str = "arn:aws:sns:eu-central-1:123456789012:budgets";

/// What SNS was asked, form by form; it answers with this status.
#[derive(Clone)]
struct Sns {
    asked: Arc<Mutex<Vec<BTreeMap<String, String>>>>,
    status: StatusCode,
}

type TopicForm = Form<BTreeMap<String, String>>;

async fn publish(State(sns): State<Sns>, Form(form): TopicForm) -> (StatusCode, &'static str) {
    sns.asked.lock().unwrap().push(form);
    let taken = "<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>";
    (sns.status, taken)
}

impl Sns {
    async fn start(status: StatusCode) -> (Self, String) {
        let sns = Self { asked: Arc::default(), status };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/", post(publish)).with_state(sns.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (sns, url)
    }

    fn take(&self) -> Vec<BTreeMap<String, String>> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

/// A function whose notices go to `url`, and a key whose user has a soft budget of a cent.
async fn front(stargate: &Stargate, table: &Table, url: &str) -> (Router, String) {
    let (store, clock) = (table.store(LedgerSettings::default()), Clock::default());
    let soft = Limits { soft_budget: Some(Money::parse("0.01").unwrap()), ..no_limits() };
    let (secret, _) = employ(&store, soft, no_limits(), clock.now()).await;
    let app = inference_on(store, stargate.gateway.fake_url.as_ref().unwrap(), clock);
    let app = inference::InferenceState { notices: SoftBudgetAlerts::for_topic(&sdk(url).0, TOPIC), ..app };
    (inference::router(app), secret)
}

async fn call(router: &Router, secret: &str, body: &Value) -> (u16, String) {
    let request = Request::post("/v1/messages").header("x-api-key", secret);
    let request = request.header("content-type", "application/json").body(Body::from(body.to_string()));
    let response = router.clone().oneshot(request.unwrap()).await.unwrap();
    let status = response.status().as_u16();
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}

/// Each costs $0.006: the second reaches the cent.
fn script() -> Value {
    json!({"text": "ok", "input_tokens": 1000, "output_tokens": 1000})
}

#[tokio::test]
async fn whoever_subscribed_is_told_once() {
    let (stargate, table) = (Stargate::start().await, Table::fresh().await);
    let (sns, url) = Sns::start(StatusCode::OK).await;
    let (router, secret) = front(&stargate, &table, &url).await;
    assert_eq!(call(&router, &secret, &ask(&script())).await.0, 200);
    assert_eq!(sns.take(), [], "it is not reached yet");
    let (status, events) = call(&router, &secret, &ask_stream(&script())).await;
    assert!(status == 200 && events.contains("message_stop"), "{events}");
    let told = sns.take();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((told[0]["Action"].as_str(), told[0]["TopicArn"].as_str()), ("Publish", TOPIC));
    let notice: Value = serde_json::from_str(&told[0]["Message"]).unwrap();
    assert_eq!(notice["event"], "soft_budget_reached");
    assert_eq!((&notice["soft_budget"], &notice["spend"]), (&json!(0.01), &json!(0.012)));
    let scope = notice["scope"].as_str().unwrap();
    assert!(told[0]["Subject"].ends_with(scope) && scope.starts_with("user"), "{told:?}");
    assert_eq!(call(&router, &secret, &ask(&script())).await.0, 200);
    assert_eq!(sns.take(), [], "it was told");
}

#[tokio::test]
async fn a_topic_that_takes_nothing_is_in_nobodys_way() {
    let (stargate, table) = (Stargate::start().await, Table::fresh().await);
    let (sns, url) = Sns::start(StatusCode::BAD_REQUEST).await;
    let (router, secret) = front(&stargate, &table, &url).await;
    for _ in 0..2 {
        let (status, events) = call(&router, &secret, &ask_stream(&script())).await;
        assert!(status == 200 && events.contains("message_stop"), "{events}");
    }
    assert_eq!(sns.take().len(), 1);
}
