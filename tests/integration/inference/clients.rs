//! Clients that go away.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::join_all;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;
use stargate_core::money::Money;
use stargate_core::scope::Scope;
use stargate_core::spend::{SpendRecord, Status};
use tests::gateway::{Keyholder, Stargate, ask, ask_stream};

#[tokio::test]
async fn a_client_that_leaves_is_charged_what_was_generated_and_the_upstream_is_closed() {
    let stargate = Stargate::start().await;
    let holder = stargate.free_keyholder().await;
    let script = json!({"text": "abcdefgh", "deltas": 4, "delay_ms": 20, "gate": "clients::left",
                        "input_tokens": 100, "output_tokens": 1000});
    let response = stargate.messages(&holder, &ask_stream(&script)).await;
    let mut bytes = response.bytes_stream();
    let mut seen = String::new();
    while seen.matches("content_block_delta").count() < 6 {
        // Each is named twice: as the event and as its type.
        seen.push_str(std::str::from_utf8(&bytes.next().await.unwrap().unwrap()).unwrap());
    }
    drop(bytes);
    for _ in 0..200 {
        if stargate.fake().open_streams() == 0 && !stargate.records().await.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(stargate.fake().open_streams(), 0, "the upstream was closed");
    let record = stargate.records().await.pop().unwrap();
    assert_eq!(record.status, Status::Cancelled);
    // The prompt as it was reported, and three deltas of two letters, which count a token each.
    let cost = Money::from_pico(100 * 1_000_000 + 3 * 5_000_000);
    assert_eq!(stargate.charged_amount(&holder).await, cost);
}

#[tokio::test]
async fn a_stop_of_the_server_lets_streams_end() {
    let stargate = Stargate::start().await;
    let holder = stargate.free_keyholder().await;
    let script = json!({"text": "abcd", "deltas": 4, "delay_ms": 100, "input_tokens": 1, "output_tokens": 4});
    let response = stargate.messages(&holder, &ask_stream(&script)).await;
    let store = stargate.gateway.store.clone();
    let (key, day) = (holder.key.clone(), stargate.gateway.clock.now().date());
    let Stargate { gateway, http } = stargate;
    drop(http);
    let ((), text) = tokio::join!(gateway.stop(), response.text());
    assert!(text.unwrap().contains("message_stop"));
    let records = store.records_of_day(&day, 10, |_| true).await;
    // The embedded table ends with the process; what was settled had been settled before the last event.
    assert!(records.is_err() || records.is_ok_and(|records| records.len() == 1), "{key}");
}

#[tokio::test]
async fn a_client_that_leaves_a_whole_answer_is_charged_what_it_really_cost() {
    let stargate = Stargate::start().await;
    let holder = stargate.free_keyholder().await;
    let script = json!({"text": "ok", "gate": "clients::whole", "input_tokens": 100, "output_tokens": 200});
    let body = ask(&script);
    let asked = stargate.messages(&holder, &body);
    assert!(tokio::time::timeout(Duration::from_millis(300), asked).await.is_err(), "it waits at the gate");
    stargate.fake().release("clients::whole");
    // Bedrock goes on whether anybody waits or not, so the handler does too.
    while stargate.records().await.is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(stargate.records().await.pop().unwrap().status, Status::Success);
    assert_eq!(stargate.charged_amount(&holder).await, Money::from_pico(100 * 1_000_000 + 200 * 5_000_000));
}

/// Deltas of a stream that is left, each of two bytes, which count a token.
const DELTAS: u64 = 40;

/// Gateways that clients leave at the same time.
const GATEWAYS: u64 = 8;

#[tokio::test(flavor = "multi_thread")]
async fn whoever_leaves_at_any_moment_pays_for_what_was_generated() {
    let seed: u64 = rand::rng().random();
    println!("seed {seed}");
    let departures = (0..GATEWAYS).map(|gateway| tokio::spawn(departures(seed.wrapping_add(gateway))));
    let mut ends = [0, 0, 0];
    for of_one in join_all(departures).await {
        for (sum, count) in ends.iter_mut().zip(of_one.unwrap()) {
            *sum += count;
        }
    }
    println!(
        "measured: of 200 departures {ends:?}: before Bedrock was asked, in the stream, before its first event"
    );
    assert_eq!(ends.iter().sum::<usize>(), 200);
    assert!(ends[1] > 100, "{ends:?}");
}

/// Departures from one gateway, one after another; how many left before Bedrock was asked, in the stream, and before its
/// first event.
async fn departures(seed: u64) -> [usize; 3] {
    let stargate = Stargate::start().await;
    let mut random = StdRng::seed_from_u64(seed);
    let mut ends = [0, 0, 0];
    for _ in 0..200 / GATEWAYS {
        let holder = stargate.free_keyholder().await;
        let script = json!({"text": "ab".repeat(40), "deltas": DELTAS, "delay_ms": 2,
                            "input_tokens": 100, "output_tokens": DELTAS});
        let made_before = stargate.fake().deltas_made();
        let moment = Moment::random(&mut random);
        let mut seen = String::new();
        let read = async {
            let response = stargate.messages(&holder, &ask_stream(&script)).await;
            let mut bytes = response.bytes_stream();
            while let Some(piece) = bytes.next().await {
                seen.push_str(std::str::from_utf8(&piece.unwrap()).unwrap());
                if matches!(moment, Moment::Deltas(most) if deltas(&seen) >= most) {
                    break;
                }
            }
        };
        match moment {
            Moment::Time(leaves) => drop(tokio::time::timeout(leaves, read).await),
            Moment::Deltas(_) => read.await,
        }
        let (received, ended) = (deltas(&seen), seen.contains("message_stop"));
        let record = find_record(&stargate, &holder).await;
        let made = (stargate.fake().deltas_made() - made_before) as u64;
        let charged = stargate.charged_amount(&holder).await.pico();
        let Some(record) = record else {
            // It never got as far as Bedrock.
            assert_eq!((charged, made, received), (0, 0, 0), "seed {seed}");
            ends[0] += 1;
            continue;
        };
        let generated = record.usage.output;
        assert!((received..=made).contains(&generated), "{received} {generated} {made}, seed {seed}");
        assert!(!ended || generated == DELTAS, "seed {seed}");
        if record.usage.input == 100 {
            assert_eq!(charged, 100 * 1_000_000 + i128::from(generated) * 5_000_000, "seed {seed}");
            ends[1] += 1;
        } else {
            // It left before Bedrock had told the prompt: its bound is charged.
            assert!(generated == 0 && charged > 4000 * 1_000_000, "{charged} {generated}, seed {seed}");
            ends[2] += 1;
        }
    }
    ends
}

/// When a client leaves: at a time, which may be before Bedrock is asked, or when it has got so many deltas.
enum Moment {
    Time(Duration),
    Deltas(u64),
}

impl Moment {
    fn random(random: &mut StdRng) -> Self {
        if random.random_ratio(1, 4) {
            return Self::Time(Duration::from_micros(random.random_range(0..30_000)));
        }
        Self::Deltas(random.random_range(1..=DELTAS + 1))
    }
}

fn deltas(text: &str) -> u64 {
    text.matches("\"text_delta\"").count() as u64
}

/// The record of the one call of a key, when its upstream is closed; `None` if nothing of it is to be heard.
async fn find_record(stargate: &Stargate, holder: &Keyholder) -> Option<SpendRecord> {
    let Scope::Key(key) = &holder.key else { unreachable!() };
    let mut looks = 0;
    loop {
        let record = stargate.records().await.into_iter().find(|record| record.key == *key);
        if record.is_some() && stargate.fake().open_streams() == 0 {
            return record;
        }
        let is_idle = record.is_none() && stargate.state(&holder.key).await.leases.is_empty();
        // Whatever was still on its way to the handler has come long before.
        looks = if is_idle { looks + 1 } else { 0 };
        if looks == 200 {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
