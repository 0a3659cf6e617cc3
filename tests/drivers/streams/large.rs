//! Whether streams of others stop while the gateway works on bodies of 32 MB.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::join_all;
use serde_json::json;
use tokio::time::{Instant, sleep};

/// The largest body that a gateway takes, and a little less.
const SIZE: usize = (32 << 20) - 4096;

/// How often the streams have something to say.
const EVERY_MS: u64 = 10;

/// The pieces of each stream: six seconds.
const PIECES: u64 = 600;

const SENDERS: usize = 2;

/// Prints the largest pause of a stream beside senders of each kind of large body, and with none beside it.
pub async fn measure(http: &reqwest::Client, url: &str, key: &str) {
    for (name, body) in bodies() {
        let watched = async {
            let streams = (0..3).map(|_| largest_pause(http, url, key));
            join_all(streams).await.into_iter().max().unwrap()
        };
        let senders = (0..SENDERS).map(|_| async {
            // The streams run by then.
            sleep(Duration::from_millis(500)).await;
            let Some(body) = &body else { return 0 };
            let mut statuses = 0;
            for _ in 0..2 {
                let request = http.post(format!("{url}/v1/messages")).header("x-api-key", key);
                let request = request.header("content-type", "application/json").body(body.clone());
                statuses = request.send().await.unwrap().status().as_u16();
            }
            statuses
        });
        let (pause, statuses) = tokio::join!(watched, join_all(senders));
        println!(
            "measured: the largest pause of three streams that say something every {EVERY_MS} ms, beside {SENDERS} senders of {name}: \
             {} ms (each was answered {statuses:?})",
            pause.as_millis()
        );
    }
}

/// Bodies of the largest size, each large in its own way. They are made before anything is measured.
fn bodies() -> Vec<(&'static str, Option<bytes::Bytes>)> {
    let filled = |begin: &str, unit: &str, end: &str| {
        let body = format!("{begin}{}{end}", unit.repeat((SIZE - begin.len() - end.len()) / unit.len()));
        Some(bytes::Bytes::from(body))
    };
    let head = r#"{"model":"claude-haiku-4-5","max_tokens":100,"messages":"#;
    let user = r#"[{"role":"user","content":"hi"}]"#;
    let long = format!(r#"{head}[{{"role":"user","content":"#);
    vec![
        ("nothing", None),
        (
            "ten million empty tools",
            filled(&format!(r#"{head}{user},"tools":["#), "{},", r#"{"type":"custom_20"}]}"#),
        ),
        ("ten million empty messages", filled(&format!("{head}["), "{},", "{}]}")),
        (
            "ten million empty blocks",
            filled(&format!("{long}["), "{},", r#"{"cache_control":{"scope":"x"}}]}]}"#),
        ),
        ("one long text", filled(&format!("{long}\""), "a few words ", "\"}]}")),
        ("one text of escapes", filled(&format!("{long}\""), "\\n\\\"", "\"}]}")),
    ]
}

/// The longest time between two pieces of one stream.
async fn largest_pause(http: &reqwest::Client, url: &str, key: &str) -> Duration {
    let script = json!({"text": "word ", "deltas": PIECES, "delay_ms": EVERY_MS, "input_tokens": 10, "output_tokens": PIECES});
    let body = json!({
        "model": "claude-haiku-4-5", "max_tokens": 1000, "stream": true,
        "messages": [{"role": "user", "content": format!("Hi <<fake {script}>>")}],
    });
    let sent = http.post(format!("{url}/v1/messages")).header("x-api-key", key).json(&body).send();
    let mut bytes = sent.await.unwrap().bytes_stream();
    let (mut last, mut largest) = (Instant::now(), Duration::ZERO);
    while let Some(piece) = bytes.next().await {
        piece.unwrap();
        largest = largest.max(last.elapsed());
        last = Instant::now();
    }
    largest
}
