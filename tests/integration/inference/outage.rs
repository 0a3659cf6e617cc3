//! A table that fails under a call, at the first of its round trips or at a later one: the client is told 503 before
//! Bedrock is asked, or gets its whole answer; never 500. What the call is charged is the same everywhere.

use axum::Router;
use axum::body::Body;
use futures_util::future::join_all;
use http::Request;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};
use shared::runtime::clock::Clock;
use stargate_core::ledger::LedgerSettings;
use stargate_core::money::Money;
use tests::calls::{Caller, employ, no_limits};
use tests::gateway::{Stargate, ask, ask_stream, inference_on};
use tests::table::Table;
use tests::wire::{Fault, Wire};
use tower::ServiceExt;

const FAULTS: [Fault; 4] = [Fault::Throttled, Fault::Failed, Fault::Cut, Fault::CutAfter];

/// Inference whose table may fail, with a key.
struct Front {
    router: Router,
    quiet: Caller,
    secret: String,
    wire: Wire,
}

impl Front {
    async fn new(table: &Table, stargate: &Stargate) -> Self {
        let (store, wire) = table.wired_store(LedgerSettings::default());
        let clock = Clock::default();
        let quiet = table.store(LedgerSettings::default());
        let (secret, pointer) = employ(&quiet, no_limits(), no_limits(), clock.now()).await;
        let fake = stargate.gateway.fake_url.as_ref().unwrap();
        let router = inference::router(inference_on(store, fake, clock.clone()));
        let quiet = Caller { store: quiet, clock, pointer };
        Self { router, quiet, secret, wire }
    }

    async fn ask(&self, path: &str, body: &Value) -> (u16, String) {
        let request = Request::post(path).header("x-api-key", &self.secret);
        let request = request.header(CONTENT_TYPE, "application/json").body(Body::from(body.to_string()));
        let response = self.router.clone().oneshot(request.unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }
}

/// A route, what is sent to it, and what the answer must hold if there is one.
type RouteCase = (&'static str, Value, &'static str);

fn requests() -> [RouteCase; 3] {
    let script = json!({"text": "Hello", "deltas": 4, "input_tokens": 1000, "output_tokens": 100});
    [
        ("/v1/messages", ask(&script), "end_turn"),
        ("/v1/messages", ask_stream(&script), "event: message_stop"),
        ("/v1/messages/count_tokens", ask(&script), "input_tokens"),
    ]
}

#[tokio::test]
async fn a_table_that_fails_is_told_as_such_or_not_at_all() {
    let (table, stargate) = (Table::fresh().await, Stargate::start().await);
    let mut asked = 0;
    for (path, body, whole) in requests() {
        let front = Front::new(&table, &stargate).await;
        let (status, answer) = front.ask(path, &body).await;
        assert!(status == 200 && answer.contains(whole), "{answer}");
        let trips: usize = front.wire.take_seen().into_values().sum();
        let cases = (0..trips).flat_map(|trip| FAULTS.map(|fault| (trip, fault)));
        let (table, stargate, body) = (&table, &stargate, &body);
        let failing = cases.map(|(passing, fault)| async move {
            let front = Front::new(table, stargate).await;
            front.wire.plan_anywhere(passing, usize::MAX, fault);
            let (status, answer) = front.ask(path, body).await;
            assert!(front.wire.heal() > 0);
            let told = status == 503 && answer.contains("overloaded_error");
            assert!(
                told || status == 200 && answer.contains(whole),
                "{fault:?} after {passing}: {status} {answer}"
            );
            front.comes_to_rest(table, status == 200 && path == "/v1/messages").await;
        });
        asked += join_all(failing).await.len();
    }
    println!("measured: {asked} failures of the table under calls");
}

/// A whole answer longer than what its leases covered from the start: it leaves when they cover all of it, or not at all.
#[tokio::test]
async fn a_whole_answer_leaves_only_when_its_leases_cover_it() {
    let (table, stargate) = (Table::fresh().await, Stargate::start().await);
    let mut body = ask(&json!({"text": "long", "input_tokens": 1000, "output_tokens": 20_000}));
    body["max_tokens"] = json!(32_000);
    let cost = Money::parse("0.101").unwrap();

    // The settlement fails: what the sweep charges for it is what it cost at least.
    let front = Front::new(&table, &stargate).await;
    front.wire.plan("put_record", 0, usize::MAX, Fault::Cut);
    assert_eq!(front.ask("/v1/messages", &body).await.0, 200);
    for state in table.audit_both(&front.quiet).await {
        let floors: Vec<Money> = state.leases.values().map(|lease| lease.floor).collect();
        assert!(floors.len() == 1 && floors[0] >= cost, "{floors:?} must cover {cost}");
    }
    front.wire.heal();
    front.comes_to_rest(&table, true).await;

    // The leases cannot be raised: nothing leaves, and what Bedrock has made is charged.
    let front = Front::new(&table, &stargate).await;
    front.wire.plan("renew", 0, usize::MAX, Fault::Failed);
    let asked = tokio::time::timeout(std::time::Duration::from_secs(3), front.ask("/v1/messages", &body));
    match asked.await {
        Ok((status, answer)) => assert!(status == 502 && !answer.contains("long"), "{status} {answer}"),
        // It goes on trying as long as the leases stand, and the client waits.
        Err(_) => front.comes_to_rest(&table, false).await,
    }
}

impl Front {
    /// Once all leases have run out, key, user and records agree; and an answer was not free.
    async fn comes_to_rest(&self, table: &Table, was_answered: bool) {
        self.quiet.outlive_leases();
        self.quiet.sweep().await;
        let [key, user] = table.audit_both(&self.quiet).await;
        let recorded = table.aggregated_spend(&self.quiet.user()).await;
        assert_eq!((key.total_spend, user.total_spend), (recorded, recorded));
        assert!(key.leases.is_empty() && user.leases.is_empty());
        assert!(!was_answered || recorded > Money::ZERO);
    }
}
