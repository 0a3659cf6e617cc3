//! Clients that go away.

use std::time::Duration;

use futures_util::StreamExt;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;
use shared::money::Money;
use shared::record::{Record, Status};
use shared::scope::Scope;
use tests::gateway::{Keyholder, Stargate, ask, ask_stream};

#[tokio::test]
async fn a_client_that_leaves_is_charged_what_was_generated_and_the_upstream_is_closed() {
    let stargate = Stargate::start().await;
    let holder = stargate.free_keyholder().await;
    let script = json!({"text": "abcdefgh", "deltas": 4, "delay_ms": 20, "gate": "clients::left",
                        "input_tokens": 100, "output_tokens": 1000});
    let answer = stargate.messages(&holder, &ask_stream(&script)).await;
    let mut bytes = answer.bytes_stream();
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
    assert_eq!(stargate.charged(&holder).await, cost);
}

#[tokio::test]
async fn a_stop_of_the_server_lets_streams_end() {
    let stargate = Stargate::start().await;
    let holder = stargate.free_keyholder().await;
    let script = json!({"text": "abcd", "deltas": 4, "delay_ms": 100, "input_tokens": 1, "output_tokens": 4});
    let answer = stargate.messages(&holder, &ask_stream(&script)).await;
    let store = stargate.gateway.store.clone();
    let (key, day) = (holder.key.clone(), stargate.gateway.clock.now().date());
    let Stargate { gateway, http } = stargate;
    drop(http);
    let ((), text) = tokio::join!(gateway.stop(), answer.text());
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
    assert_eq!(stargate.charged(&holder).await, Money::from_pico(100 * 1_000_000 + 200 * 5_000_000));
}

/// Deltas of a stream that is left, each of two bytes, which count a token.
const DELTAS: u64 = 40;

#[tokio::test]
async fn whoever_leaves_at_any_moment_pays_for_what_was_generated() {
    let stargate = Stargate::start().await;
    let seed: u64 = rand::rng().random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut ends = [0, 0, 0];
    for _ in 0..200 {
        let holder = stargate.free_keyholder().await;
        let script = json!({"text": "ab".repeat(40), "deltas": DELTAS, "delay_ms": 2,
                            "input_tokens": 100, "output_tokens": DELTAS});
        let made_before = stargate.fake().deltas_made();
        let leaves = Duration::from_micros(random.random_range(0..110_000));
        let mut seen = String::new();
        let read = async {
            let answer = stargate.messages(&holder, &ask_stream(&script)).await;
            let mut bytes = answer.bytes_stream();
            while let Some(piece) = bytes.next().await {
                seen.push_str(std::str::from_utf8(&piece.unwrap()).unwrap());
            }
        };
        tokio::time::timeout(leaves, read).await.ok();
        let (received, ended) = (seen.matches("text_delta").count() as u64, seen.contains("message_stop"));
        let record = left(&stargate, &holder).await;
        let made = (stargate.fake().deltas_made() - made_before) as u64;
        let charged = stargate.charged(&holder).await.pico();
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
    println!(
        "measured: of 200 departures {ends:?}: before Bedrock was asked, in the stream, before its first event"
    );
    assert!(ends[1] > 100, "{ends:?}");
}

/// The record of the one call of a key, when its upstream is closed; `None` if nothing of it is to be heard.
async fn left(stargate: &Stargate, holder: &Keyholder) -> Option<Record> {
    let Scope::Key(key) = &holder.key else { unreachable!() };
    for _ in 0..400 {
        let record = stargate.records().await.into_iter().find(|record| record.key == *key);
        if record.is_some() && stargate.fake().open_streams() == 0 {
            return record;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    None
}
