//! Clients that go away.

use std::time::Duration;

use futures_util::StreamExt;
use serde_json::json;
use shared::money::Money;
use shared::record::Status;
use tests::gateway::{Stargate, ask, ask_stream};

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
