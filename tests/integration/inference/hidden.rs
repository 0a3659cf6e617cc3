//! Clients that leave while a model thinks unseen: the charge beside what Bedrock bills.

use std::time::Duration;

use axum::body::Body;
use fake_aws::bedrock::Bill;
use futures_util::StreamExt;
use futures_util::future::join_all;
use http::Request;
use http::header::CONTENT_TYPE;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use shared::runtime::clock::Clock;
use stargate_core::catalog::Catalog;
use stargate_core::ledger::LedgerSettings;
use stargate_core::money::Money;
use stargate_core::pricing::TokenUsage;
use stargate_core::scope::Scope;
use stargate_core::spend::{SpendRecord, Status};
use tests::calls::{employ, no_limits};
use tests::gateway::{Keyholder, Stargate, inference_on};
use tests::table::Table;
use tokio::sync::mpsc::unbounded_channel;
use tower::ServiceExt;

/// Every way in which a model thinks unseen: a name, the route and the model, and what is shown of it.
const WAYS: [(&str, Route, &str, &str); 10] = [
    ("omitted", Route::Messages, "claude-opus-4-8", "nothing"),
    ("estimated", Route::Messages, "claude-opus-4-8", "estimates"),
    ("summarized", Route::Messages, "claude-sonnet-4-5", "summary"),
    ("redacted", Route::Messages, "claude-haiku-4-5", "redacted"),
    ("chat, summarized", Route::Chat, "claude-haiku-4-5", "summary"),
    ("chat, nothing at all", Route::Chat, "gpt-6-sol", "nothing"),
    ("chat, little of it told", Route::Chat, "gpt-6-sol", "summary"),
    ("custom model over none", Route::Converse, "house", "nothing"),
    ("bedrock, redacted", Route::Converse, "nova-2-lite-v1:0", "redacted"),
    ("bedrock, omitted", Route::Invoke, "claude-opus-4-8", "nothing"),
];

#[derive(Clone, Copy, Debug)]
enum Route {
    Messages,
    Chat,
    Converse,
    Invoke,
}

impl Route {
    fn request(self, model: &str, text: &str) -> (String, Value) {
        let message = json!({"role": "user", "content": text});
        match self {
            Self::Messages => {
                let body =
                    json!({"model": model, "max_tokens": 30_000, "stream": true, "messages": [message]});
                ("/v1/messages".to_owned(), body)
            }
            Self::Chat => {
                let body = json!({"model": model, "max_tokens": 30_000, "stream": true, "messages": [message],
                                  "reasoning_effort": "high"});
                ("/v1/chat/completions".to_owned(), body)
            }
            Self::Converse => {
                let reasoning = json!({"type": "enabled", "maxReasoningEffort": "low"});
                let body = json!({"messages": [{"role": "user", "content": [{"text": text}]}],
                                  "inferenceConfig": {"maxTokens": 30_000},
                                  "additionalModelRequestFields": {"reasoningConfig": reasoning}});
                (format!("/bedrock/model/{model}/converse-stream"), body)
            }
            Self::Invoke => {
                let body = json!({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 30_000, "messages": [message]});
                (format!("/bedrock/model/{model}/invoke-with-response-stream"), body)
            }
        }
    }
}

/// One client that left, or whose response ended: its record, and what Bedrock bills.
struct Departure {
    record: SpendRecord,
    bill: Bill,
}

impl Departure {
    fn bill_amount(&self) -> Money {
        let Bill { input, output, cache_read, cache_write_5m, cache_write_1h, .. } = self.bill;
        let usage = TokenUsage { input, output, cache_read, cache_write_5m, cache_write_1h };
        let catalog = Catalog::load_bundled("global").unwrap();
        let model = if self.record.model == "house" { "claude-haiku-4-5" } else { &self.record.model };
        catalog.find(model).unwrap().prices.charge(&usage)
    }

    /// The charge in hundredths of the bill.
    fn percent(&self) -> i128 {
        self.record.cost.pico() * 100 / self.bill_amount().pico()
    }
}

/// A script whose directive has this mark in it.
fn script(mark: &str, shown: &str, more: &Value) -> Value {
    let mut script = json!({"text": format!("{mark} answers in a few words"), "deltas": 20, "delay_ms": 5,
        "hidden": {"tokens": 3000, "ms": 200, "shown": shown}, "input_tokens": 1000, "output_tokens": 100});
    script.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    script
}

/// Sends a request and closes the connection after `stay`; waits for the settlement.
async fn leave_after(
    stargate: &Stargate,
    holder: &Keyholder,
    (route, model): (Route, &str),
    script: &Value,
    stay: Duration,
) {
    let (path, body) = route.request(model, &format!("Hi <<fake {script}>>"));
    let read = async {
        let response = stargate.post(&path, &holder.secret).json(&body).send().await.unwrap();
        assert_eq!(response.status(), 200, "{model}");
        let mut bytes = response.bytes_stream();
        while let Some(piece) = bytes.next().await {
            piece.unwrap();
        }
    };
    tokio::time::timeout(stay, read).await.ok();
}

/// The records of calls of one key each, when their upstreams are closed, beside their bills. Those that never got to
/// Bedrock have none.
async fn departures(stargate: &Stargate, calls: &[(Keyholder, String)]) -> Vec<Departure> {
    let (mut found, mut unchanged) = (Vec::new(), 0);
    // Calls that never got to Bedrock end the wait by silence. The one call that is waited for alone did get there.
    while found.len() < calls.len() && (found.is_empty() || unchanged < 50)
        || stargate.fake().open_streams() > 0
    {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let (records, bills) = (stargate.records().await, stargate.fake().bills());
        let departure = |(holder, mark): &(Keyholder, String)| {
            let Scope::Key(key) = &holder.key else { unreachable!() };
            let record = records.iter().find(|record| record.key == *key)?.clone();
            let bill = bills.iter().find(|bill| bill.directive.contains(mark))?.clone();
            Some(Departure { record, bill })
        };
        let before = found.len();
        found = calls.iter().filter_map(departure).collect();
        unchanged = if found.len() == before { unchanged + 1 } else { 0 };
    }
    found
}

async fn departure(stargate: &Stargate, holder: &Keyholder, mark: &str) -> Departure {
    departures(stargate, &[(holder.clone(), mark.to_owned())]).await.pop().expect("a record and a bill")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leaves_at_any_moment_is_charged_no_less_than_billed() {
    let stargate = Stargate::start().await;
    let seed: u64 = rand::rng().random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut percents = Vec::new();
    // At the prices of Claude Haiku 4.5.
    let house = json!({"model": "bedrock/acme.thinker-v1:0", "input_cost_per_token": 0.000_001, "output_cost_per_token": 0.000_005});
    let limits = json!({"max_input_tokens": 200_000, "max_output_tokens": 64_000});
    stargate.make_custom_model(&stargate.free_keyholder().await, "house", &house, &limits).await;
    for (at, (name, route, model, shown)) in WAYS.into_iter().enumerate() {
        let holders: Vec<Keyholder> = join_all((0..25).map(|_| stargate.free_keyholder())).await;
        let mark = |(number, holder)| (holder, format!("mark-{at}-{number}-"));
        let calls: Vec<(Keyholder, String)> = holders.into_iter().enumerate().map(mark).collect();
        let clients = calls.iter().map(|(holder, mark)| {
            let (script, stargate) = (script(mark, shown, &json!({})), &stargate);
            let stay = Duration::from_millis(random.random_range(5..330));
            async move { leave_after(stargate, holder, (route, model), &script, stay).await }
        });
        join_all(clients).await;
        let found = departures(&stargate, &calls).await;
        for departure in &found {
            let (charged, billed) = (departure.record.cost, departure.bill_amount());
            assert!(
                charged >= billed,
                "{name}: charged {charged}, billed {billed}, seed {seed}: {:?}",
                departure.bill
            );
            assert!(
                departure.bill.output > 0 || departure.record.usage.output < 300,
                "{name}: {:?}",
                departure.record
            );
        }
        let mut of_way: Vec<i128> = found.iter().map(Departure::percent).collect();
        of_way.sort_unstable();
        println!(
            "measured: {name}: {} departures, charge in percent of the bill: median {}, most {}",
            of_way.len(),
            of_way[of_way.len() / 2],
            of_way[of_way.len() - 1]
        );
        percents.extend(of_way);
    }
    percents.sort_unstable();
    let median = percents[percents.len() / 2];
    println!("measured: {} departures in all, median {median} percent of the bill", percents.len());
    assert!(percents.len() > 150, "too few got as far as Bedrock: {}", percents.len());
    assert!(median <= 150, "the median charge is {median} percent of the bill");
}

#[tokio::test]
async fn the_stream_is_closed_when_the_thinking_that_the_model_estimates_is_over() {
    let stargate = Stargate::start().await;
    let holder = stargate.free_keyholder().await;
    let script = script("mark-estimated-", "estimates", &json!({"deltas": 2000, "output_tokens": 2000}));
    leave_after(
        &stargate,
        &holder,
        (Route::Messages, "claude-opus-4-8"),
        &script,
        Duration::from_millis(120),
    )
    .await;
    let departure = departure(&stargate, &holder, "mark-estimated-").await;
    // Its thinking was generated to the end; of the text no more than what was on its way.
    assert!((3000..3200).contains(&departure.bill.output), "{:?}", departure.bill);
    assert!((100..150).contains(&departure.percent()), "{}: {:?}", departure.percent(), departure.record);
    assert_eq!(departure.record.status, Status::Cancelled);
}

#[tokio::test]
async fn a_long_answer_after_uncounted_thinking_is_closed_when_the_window_is_used() {
    let stargate = Stargate::start().await;
    let holder = stargate.free_keyholder().await;
    // 16,000 tokens: the window is half of it.
    let long = "a long answer ".repeat(64_000 / 14);
    let text = format!("mark-window- {long}");
    let script = script(
        "mark-window-",
        "nothing",
        &json!({"text": text, "deltas": 4000, "delay_ms": 1, "output_tokens": 16_000}),
    );
    leave_after(
        &stargate,
        &holder,
        (Route::Messages, "claude-opus-4-8"),
        &script,
        Duration::from_millis(120),
    )
    .await;
    let departure = departure(&stargate, &holder, "mark-window-").await;
    let bill = &departure.bill;
    assert!(bill.output > 8000 && bill.output < 14_000, "it was closed halfway: {bill:?}");
    assert!(departure.record.cost >= departure.bill_amount(), "{bill:?} {:?}", departure.record);
}

/// The signature of hidden thinking holds all of it, encrypted: it is no text, and uses nothing of the window.
#[tokio::test]
async fn a_long_signature_is_not_counted_as_text() {
    let stargate = Stargate::start().await;
    let holder = stargate.free_keyholder().await;
    let hidden = json!({"hidden": {"tokens": 20_000, "ms": 2000}});
    let script = script("mark-signature-", "nothing", &hidden);
    leave_after(
        &stargate,
        &holder,
        (Route::Messages, "claude-opus-4-8"),
        &script,
        Duration::from_millis(120),
    )
    .await;
    let departure = departure(&stargate, &holder, "mark-signature-").await;
    assert_eq!((departure.bill.output, departure.percent()), (20_100, 100), "{:?}", departure.record);
}

/// A model that thinks and is never heard of again.
#[tokio::test]
async fn thinking_that_breaks_off_is_charged_by_its_time() {
    let setting = json!({"timeouts": {"silence_seconds": 2}}).to_string();
    let stargate = Stargate::with(&[("STARGATE_UPSTREAM", &setting)]).await;
    for leaves in [Duration::from_millis(300), Duration::from_secs(30)] {
        let holder = stargate.free_keyholder().await;
        let mark = format!("mark-silent-{}-", leaves.as_millis());
        let script = script(&mark, "nothing", &json!({"hidden": {"tokens": 200, "ms": 60_000}}));
        leave_after(&stargate, &holder, (Route::Messages, "claude-opus-4-8"), &script, leaves).await;
        let departure = departure(&stargate, &holder, &mark).await;
        assert!(departure.record.cost >= departure.bill_amount(), "{:?}", departure.record);
        assert!((500..3000).contains(&departure.record.usage.output), "{:?}", departure.record);
    }
}

/// A server that stops reads nothing on, and settles at once.
#[tokio::test]
async fn a_server_that_stops_settles_what_it_was_reading_on() {
    let (table, stargate) = (Table::fresh().await, Stargate::start().await);
    let (store, clock) = (table.store(LedgerSettings::default()), Clock::default());
    let (secret, pointer) = employ(&store, no_limits(), no_limits(), clock.now()).await;
    let (abandonment, abandoned) = unbounded_channel();
    let url = stargate.gateway.fake_url.as_ref().unwrap();
    let app = inference::InferenceState {
        abandonment: Some(abandonment),
        ..inference_on(store.clone(), url, clock.clone())
    };
    let settling = tokio::spawn(app.settler().settle_abandoned(abandoned));
    let script = script("mark-stop-", "nothing", &json!({"hidden": {"tokens": 200, "ms": 60_000}}));
    let (path, body) = Route::Messages.request("claude-opus-4-8", &format!("Hi <<fake {script}>>"));
    let request = Request::post(path).header("x-api-key", secret).header(CONTENT_TYPE, "application/json");
    let router = inference::router(app);
    let response = router.clone().oneshot(request.body(Body::from(body.to_string())).unwrap()).await.unwrap();
    let mut events = response.into_body().into_data_stream();
    events.next().await.unwrap().unwrap();
    events.next().await.unwrap().unwrap();
    drop(events);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(stargate.fake().open_streams(), 1, "it is read on");
    drop(router);
    tokio::time::timeout(Duration::from_secs(5), settling).await.expect("it ends").unwrap();
    let records =
        store.records_of_day(&clock.now().date(), 10, |record| record.key == pointer.key).await.unwrap();
    assert_eq!((records.len(), records[0].status), (1, Status::Cancelled));
    assert!(records[0].usage.input == 1000 && records[0].usage.output > 10, "{:?}", records[0]);
}

/// What a kill in the middle of hidden thinking is charged.
#[tokio::test]
async fn the_floor_of_a_lease_leads_what_may_have_been_thought() {
    let stargate = Stargate::with(&[("STARGATE_LEASE_MS", "2000")]).await;
    let holder = stargate.free_keyholder().await;
    let script = script("mark-floor-", "nothing", &json!({"hidden": {"tokens": 200, "ms": 60_000}}));
    let stay = Duration::from_secs(4);
    let client = leave_after(&stargate, &holder, (Route::Messages, "claude-opus-4-8"), &script, stay);
    let floors = async {
        let mut floors = Vec::new();
        for _ in 0..2 {
            tokio::time::sleep(Duration::from_millis(1500)).await;
            floors.extend(stargate.state(&holder.key).await.leases.values().map(|lease| lease.floor));
        }
        floors
    };
    let ((), floors) = tokio::join!(client, floors);
    let rate = Money::parse("0.000025").unwrap().pico();
    // 300 tokens for each second, as far as renewals every half a second have got.
    assert!(floors.len() == 2 && floors[1].pico() - floors[0].pico() >= 150 * rate, "{floors:?}");
}
