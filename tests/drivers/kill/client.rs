//! A client that streams one answer after the other, and remembers what it was sent.

use futures_util::StreamExt;
use serde_json::{Value, json};
use stargate_core::id::RequestId;
use stargate_core::money::Money;
use tests::gateway::ask_stream;
use tokio::sync::Notify;

/// Haiku's prices, in picodollars a token, and what every call uses.
const INPUT: i128 = 1_000_000;
const OUTPUT: i128 = 5_000_000;
const PROMPT: i128 = 50;
/// What an answer may be long.
const MAX_TOKENS: i128 = 60_000;

/// What became of one call, as its client saw it.
#[derive(Clone, Debug)]
pub struct CallOutcome {
    /// `None`: the connection was lost before there was an answer.
    pub request: Option<RequestId>,
    pub end: Ending,
    /// What that cost which the client has, at least.
    pub worth: Money,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Up to `message_stop`.
    Whole,
    /// An `error` event.
    Failed,
    /// The connection was lost.
    Cut,
    /// No stream: a limit, or a table that did not answer.
    Refused(u16),
}

/// An answer, as its script will have it.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    pub deltas: u32,
    pub tokens_per_delta: u32,
    /// A token is hardly ever less than two bytes, but a lease must cover one of each.
    pub bytes_per_token: usize,
    pub pause_ms: u32,
}

impl Ask {
    fn body(self) -> Value {
        let Self { deltas, tokens_per_delta, bytes_per_token, pause_ms } = self;
        let tokens = deltas * tokens_per_delta;
        let mut body = ask_stream(&json!({
            "text": "x", "times": tokens as usize * bytes_per_token, "deltas": deltas, "delay_ms": pause_ms, "first_ms": pause_ms,
            "input_tokens": PROMPT, "output_tokens": tokens,
        }));
        body["max_tokens"] = json!(MAX_TOKENS);
        body
    }

    /// What it costs up to so many deltas, of which no more than `granted` tokens are billed.
    fn worth(self, deltas: i128, granted: i128) -> Money {
        let output = (deltas * i128::from(self.tokens_per_delta)).min(granted);
        Money::from_pico(if deltas > 0 { PROMPT * INPUT + output * OUTPUT } else { 0 })
    }
}

/// One call, to whatever end; `answered` hears of its stream's beginning.
pub async fn call(http: &reqwest::Client, url: &str, key: &str, ask: Ask, answered: &Notify) -> CallOutcome {
    let lost = CallOutcome { request: None, end: Ending::Cut, worth: Money::ZERO };
    let response =
        http.post(format!("{url}/v1/messages")).header("x-api-key", key).json(&ask.body()).send().await;
    let Ok(answer) = response else { return lost };
    if answer.status() != 200 {
        return CallOutcome { end: Ending::Refused(answer.status().as_u16()), ..lost };
    }
    answered.notify_one();
    let id = answer.headers()["request-id"].to_str().unwrap().strip_prefix("req_").unwrap();
    let request = RequestId::parse(id);
    // Shortened, where the budget was low.
    let granted = answer.headers().get("x-stargate-max-tokens");
    let granted = granted.map_or(MAX_TOKENS, |tokens| tokens.to_str().unwrap().parse().unwrap());
    let mut text = Vec::new();
    let mut chunks = answer.bytes_stream();
    while let Some(Ok(chunk)) = chunks.next().await {
        text.extend_from_slice(&chunk);
    }
    let (end, deltas) = read(&String::from_utf8_lossy(&text));
    CallOutcome { request, end, worth: ask.worth(deltas, granted) }
}

/// How a stream ended, and how many whole deltas there were.
fn read(text: &str) -> (Ending, i128) {
    let mut deltas = 0;
    for event in text.split_inclusive("\n\n").filter(|event| event.ends_with("\n\n")) {
        match event.lines().next().and_then(|line| line.strip_prefix("event: ")) {
            Some("content_block_delta") => deltas += 1,
            Some("message_stop") => return (Ending::Whole, deltas),
            Some("error") => {
                let told: Value = serde_json::from_str(event.split_once("data: ").unwrap().1).unwrap();
                assert_eq!(told["type"], "error");
                return (Ending::Failed, deltas);
            }
            _ => {}
        }
    }
    (Ending::Cut, deltas)
}
