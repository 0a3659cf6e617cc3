//! What a call is charged, to the picodollar: every way in which Bedrock tells usage, over both of its APIs.

use std::time::Duration;

use futures_util::StreamExt;
use serde_json::{Value, json};
use stargate_core::money::Money;
use stargate_core::pricing::TokenUsage;
use stargate_core::spend::Status;
use tests::gateway::{Keyholder, Stargate};

/// How a request goes to Bedrock, and how its answer comes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Messages { streams: bool },
    Converse { streams: bool },
}

const WAYS: [Way; 4] = [
    Way::Messages { streams: false },
    Way::Messages { streams: true },
    Way::Converse { streams: false },
    Way::Converse { streams: true },
];

/// Picodollars per token of Sonnet 4.5 under `global`: input, output, cache read, cache writes of 5 minutes and an hour;
/// then those of prompts above 200,000 tokens.
const ORDINARY: [i128; 5] = [3_000_000, 15_000_000, 300_000, 3_750_000, 6_000_000];
const LONG: [i128; 5] = [6_000_000, 22_500_000, 600_000, 7_500_000, 12_000_000];

impl Way {
    fn request(self, model: &str, script: &Value, max_tokens: u64, caches: Option<&str>) -> (String, Value) {
        let text = format!("Hi <<fake {script}>>");
        match self {
            Self::Messages { streams } => {
                let mut block = json!({"type": "text", "text": text});
                if let Some(ttl) = caches {
                    block["cache_control"] = json!({"type": "ephemeral", "ttl": ttl});
                }
                let messages = json!([{"role": "user", "content": [block]}]);
                let body = json!({"model": model, "max_tokens": max_tokens, "stream": streams, "messages": messages});
                ("/v1/messages".to_owned(), body)
            }
            Self::Converse { streams } => {
                let mut content = vec![json!({"text": text})];
                content.extend(caches.map(|ttl| json!({"cachePoint": {"type": "default", "ttl": ttl}})));
                let body = json!({
                    "messages": [{"role": "user", "content": content}],
                    "inferenceConfig": {"maxTokens": max_tokens},
                });
                (format!("/bedrock/model/{model}/converse{}", if streams { "-stream" } else { "" }), body)
            }
        }
    }

    fn streams(self) -> bool {
        matches!(self, Self::Messages { streams: true } | Self::Converse { streams: true })
    }
}

async fn ask(stargate: &Stargate, holder: &Keyholder, (path, body): (String, Value)) -> reqwest::Response {
    stargate.post(&path, &holder.secret).json(&body).send().await.unwrap()
}

fn cost(usage: &TokenUsage, rates: [i128; 5]) -> Money {
    let TokenUsage { input, output, cache_read, cache_write_5m, cache_write_1h } = *usage;
    let tokens = [input, output, cache_read, cache_write_5m, cache_write_1h];
    Money::from_pico(tokens.into_iter().zip(rates).map(|(tokens, rate)| i128::from(tokens) * rate).sum())
}

#[tokio::test]
async fn what_bedrock_counted_is_charged_whichever_way_it_came() {
    let stargate = Stargate::start().await;
    let plain = TokenUsage { input: 1000, output: 100, ..TokenUsage::default() };
    for (case, caches, usage, told_at, rates) in [
        ("a plain call", None, plain, "both", ORDINARY),
        ("a call without an answer", None, TokenUsage { output: 0, ..plain }, "both", ORDINARY),
        ("a cache read", Some("5m"), TokenUsage { cache_read: 50_000, ..plain }, "both", ORDINARY),
        (
            "a cache written for 5 minutes",
            Some("5m"),
            TokenUsage { cache_write_5m: 7_000, ..plain },
            "both",
            ORDINARY,
        ),
        (
            "a cache written for an hour",
            Some("1h"),
            TokenUsage { cache_write_1h: 7_000, ..plain },
            "both",
            ORDINARY,
        ),
        (
            "everything at once",
            Some("1h"),
            TokenUsage { cache_read: 11, cache_write_5m: 13, cache_write_1h: 17, ..plain },
            "both",
            ORDINARY,
        ),
        ("usage only at the end", None, plain, "stop", ORDINARY),
        (
            "200,000 tokens of prompt, cached ones included",
            Some("5m"),
            TokenUsage { cache_read: 199_000, ..plain },
            "both",
            ORDINARY,
        ),
        (
            "one more: the long prompt's prices, for all of it",
            Some("5m"),
            TokenUsage { cache_read: 199_001, ..plain },
            "both",
            LONG,
        ),
    ] {
        for way in WAYS {
            let holder = stargate.free_keyholder().await;
            let script = json!({
                "text": if usage.output == 0 { "" } else { "x" }, "usage_at": told_at,
                "input_tokens": usage.input, "output_tokens": usage.output, "cache_read": usage.cache_read,
                "cache_write": usage.cache_write_5m, "cache_write_1h": usage.cache_write_1h,
            });
            let response =
                ask(&stargate, &holder, way.request("claude-sonnet-4-5", &script, 2000, caches)).await;
            assert_eq!(response.status(), 200, "{case} {way:?}");
            response.bytes().await.unwrap();
            assert_eq!(stargate.charged_amount(&holder).await, cost(&usage, rates), "{case} {way:?}");
            let Some(record) = stargate.records().await.pop() else { panic!("{case} {way:?}: no record") };
            assert_eq!((record.usage, record.status), (usage, Status::Success), "{case} {way:?}");
        }
    }
}

#[tokio::test]
async fn what_was_not_counted_is_charged_so_that_it_is_never_too_little() {
    let stargate = Stargate::start().await;
    // Six deltas of four bytes: a token for every two.
    let text =
        json!({"text": "abcdefghijklmnopqrstuvwx", "deltas": 6, "input_tokens": 1000, "output_tokens": 500});
    let told = |more: Value| {
        let mut script = text.clone();
        script.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        script
    };
    let of_messages = |output| Some(TokenUsage { input: 1000, output, ..TokenUsage::default() });
    for (case, script, way, known, output) in [
        // The head of Anthropic's stream tells the prompt; Converse tells nothing before its end.
        (
            "no count at the end",
            told(json!({"usage_at": "start"})),
            Way::Messages { streams: true },
            of_messages(12),
            12,
        ),
        ("no count at all", told(json!({"usage_at": "none"})), Way::Messages { streams: true }, None, 12),
        ("no count at all", told(json!({"usage_at": "none"})), Way::Converse { streams: true }, None, 12),
        (
            "cut after three deltas",
            told(json!({"cut_after": 3})),
            Way::Messages { streams: true },
            of_messages(6),
            6,
        ),
        ("cut after three deltas", told(json!({"cut_after": 3})), Way::Converse { streams: true }, None, 6),
        // Nothing of a whole answer is seen before its end: all that it was allowed to be.
        ("no count, whole", told(json!({"usage_at": "none"})), Way::Messages { streams: false }, None, 2000),
        ("no count, whole", told(json!({"usage_at": "none"})), Way::Converse { streams: false }, None, 2000),
        (
            "a whole answer that is cut",
            told(json!({"cut_after": 0})),
            Way::Messages { streams: false },
            None,
            2000,
        ),
        (
            "a whole answer that is cut",
            told(json!({"cut_after": 0})),
            Way::Converse { streams: false },
            None,
            2000,
        ),
        // Its head tells what it was.
        (
            "a whole answer that is none",
            told(json!({"empty": true})),
            Way::Messages { streams: false },
            of_messages(500),
            500,
        ),
    ] {
        let holder = stargate.free_keyholder().await;
        ask(&stargate, &holder, way.request("claude-sonnet-4-5", &script, 2000, None))
            .await
            .bytes()
            .await
            .ok();
        let charged = stargate.charged_amount(&holder).await;
        match known {
            Some(usage) => assert_eq!(charged, cost(&usage, ORDINARY), "{case} {way:?}"),
            None => {
                // The bound of the prompt, a token a byte and what the service may add, and the output.
                let sent = stargate.fake().requests().pop().unwrap().body.len() as i128;
                let output = i128::from(output) * ORDINARY[1];
                let prompt = charged.pico() - output;
                let least = 4000 * ORDINARY[0];
                assert!(prompt > least && prompt <= (sent + 4000) * ORDINARY[0], "{case} {way:?}: {prompt}");
            }
        }
    }
}

#[tokio::test]
async fn a_client_that_leaves_pays_for_what_was_made() {
    let stargate = Stargate::start().await;
    for (at, way) in WAYS.into_iter().filter(|way| way.streams()).enumerate() {
        let holder = stargate.free_keyholder().await;
        let gate = format!("money::left{at}");
        let script = json!({"text": "abcdefghijklmnop", "deltas": 4, "gate": gate, "input_tokens": 1000, "output_tokens": 500});
        let response = ask(&stargate, &holder, way.request("claude-sonnet-4-5", &script, 2000, None)).await;
        let mut bytes = response.bytes_stream();
        while stargate.fake().waiting(&gate) == 0 {
            bytes.next().await.unwrap().unwrap();
        }
        drop(bytes);
        while stargate.fake().open_streams() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let charged = stargate.charged_amount(&holder).await;
        let three_deltas = 6 * ORDINARY[1];
        match way {
            Way::Messages { .. } => assert_eq!(charged.pico(), 1000 * ORDINARY[0] + three_deltas),
            Way::Converse { .. } => assert!(charged.pico() > 4000 * ORDINARY[0] + three_deltas, "{charged}"),
        }
    }
    let is_cancelled = |record: &stargate_core::spend::SpendRecord| record.status == Status::Cancelled;
    assert!(stargate.records().await.iter().all(is_cancelled));
}
