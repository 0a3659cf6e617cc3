//! `docs/FAULTS.md`: every fault of Bedrock in every API format, as it is told and what it is charged, made by causing it.

mod unsent;

use std::fmt::Write;

use aws_smithy_types::event_stream::Message;
use bytes::{Buf, Bytes};
use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt};
use serde_json::{Value, json};
use stargate_core::money::Money;
use stargate_core::scope::Scope;
use stargate_core::spend::SpendRecord;
use tests::gateway::Stargate;

/// Set to anything, it makes the test write the document instead of comparing it.
const UPDATE: &str = "UPDATE_DOCS";
const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/FAULTS.md");

const HEAD: &str = "\
# What a fault of Bedrock becomes

Made by `cargo test --workspace fault_table`, which causes each of them through the front door; `UPDATE_DOCS=1` writes it anew.

A cell says the status and the error's type (on Bedrock's own paths the exception's name); `again in 2` is a `retry-after`
of two seconds, `never again` is `x-should-retry: false`. Errors that are told in the stream come after a status of 200.
Below it stands how the call ends in the books: its status, and what it is charged in tokens: `in` is the prompt as Bedrock
told it, `bound` the most that the prompt can have been where Bedrock told nothing; then the tokens of output. The answer
would have been 50 tokens of output in five pieces of two bytes, under a `max_tokens` of 1000. What is throttled or
unavailable has been tried three times by then.

A request that is never sent costs nothing, and its response is `x-should-retry: false`: the gateway has already tried again where
that could help. The AWS SDKs repeat every 5xx, so on Bedrock's own paths the status is 424. An error type that Bedrock's service
model does not have, or none, is mapped by the HTTP status; only 502 and 504, which a proxy answers for a response that it did
not get, are charged.
";

/// The columns: a API format and the model that makes it take its API.
const COLUMNS: [(&str, &str); 5] = [
    ("`/v1/messages`, Claude", "claude-haiku-4-5"),
    ("`/v1/messages`, Nova", "nova-lite"),
    ("`/v1/chat/completions`", "claude-haiku-4-5"),
    ("`/bedrock`, invoke", "claude-haiku-4-5"),
    ("`/bedrock`, converse", "claude-haiku-4-5"),
];

const ERRORS: [&str; 10] = [
    "ValidationException",
    "AccessDeniedException",
    "ResourceNotFoundException",
    "ModelTimeoutException",
    "ModelErrorException",
    "ThrottlingException",
    "ModelNotReadyException",
    "ServiceQuotaExceededException",
    "ServiceUnavailableException",
    "InternalServerException",
];

const EXCEPTIONS: [&str; 6] = [
    "validationException",
    "throttlingException",
    "modelTimeoutException",
    "serviceUnavailableException",
    "modelStreamErrorException",
    "internalServerException",
];

/// Statuses of errors that no type explains.
const UNTYPED: [u16; 14] = [400, 401, 403, 404, 408, 409, 413, 418, 424, 429, 500, 502, 503, 504];

/// Faults that are caused at once: the throttled and the silent ones wait.
const CONCURRENCY: usize = 12;

fn request(column: usize, streams: bool, script: &Value) -> (String, Value) {
    let model = COLUMNS[column].1;
    let text = format!("Hi <<fake {script}>>");
    let message = json!({"role": "user", "content": text});
    match column {
        0 | 1 => {
            let body = json!({"model": model, "max_tokens": 1000, "stream": streams, "messages": [message]});
            ("/v1/messages".to_owned(), body)
        }
        2 => {
            let body = json!({"model": model, "max_tokens": 1000, "stream": streams, "messages": [message]});
            ("/v1/chat/completions".to_owned(), body)
        }
        3 => {
            let operation = if streams { "invoke-with-response-stream" } else { "invoke" };
            let body =
                json!({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 1000, "messages": [message]});
            (format!("/bedrock/model/{model}/{operation}"), body)
        }
        _ => {
            let operation = if streams { "converse-stream" } else { "converse" };
            let messages = json!([{"role": "user", "content": [{"text": text}]}]);
            let body = json!({"messages": messages, "inferenceConfig": {"maxTokens": 1000}});
            (format!("/bedrock/model/{model}/{operation}"), body)
        }
    }
}

/// What the client is told: the status and type of an error, wherever it comes.
async fn describe_response(response: reqwest::Response, column: usize) -> String {
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    let body = response.bytes().await.unwrap();
    let mut cell = if status == 200 {
        in_stream(&body, column)
    } else if column > 2 {
        format!("{status} {}", header("x-amzn-errortype").unwrap())
    } else {
        let body: Value = serde_json::from_slice(&body).unwrap();
        format!("{status} {}", body["error"]["type"].as_str().unwrap())
    };
    if let Some(seconds) = header("retry-after") {
        write!(cell, ", again in {seconds}").unwrap();
    }
    if header("x-should-retry").is_some() {
        cell.push_str(", never again");
    }
    cell
}

fn in_stream(body: &Bytes, column: usize) -> String {
    if column > 2 {
        let last = frames(body.clone()).pop().unwrap();
        let name = last.headers().iter().find(|header| header.name().as_str() == ":exception-type");
        return name.unwrap().value().as_string().unwrap().as_str().to_owned();
    }
    let text = std::str::from_utf8(body).unwrap();
    let last = text.trim_end().rsplit("data: ").next().unwrap();
    let last: Value = serde_json::from_str(last).unwrap();
    last["error"]["type"].as_str().unwrap_or_else(|| panic!("no error: {text}")).to_owned()
}

fn frames(mut bytes: Bytes) -> Vec<Message> {
    let mut frames = Vec::new();
    while bytes.has_remaining() {
        let length = bytes.clone().get_u32() as usize;
        frames.push(aws_smithy_eventstream::frame::read_message_from(bytes.split_to(length)).unwrap());
    }
    frames
}

/// How it ends in the books.
fn describe_charge(record: &SpendRecord) -> String {
    let of =
        |model: &str| if model == "claude-haiku-4-5" { (1_000_000, 5_000_000) } else { (60_000, 240_000) };
    let (input, output) = of(&record.model);
    let prompt = record.cost.pico() - i128::from(record.usage.output) * output;
    let prompt = match prompt {
        0 => "0".to_owned(),
        known if known == 100 * input => "in".to_owned(),
        bound if bound > 4000 * input => "bound".to_owned(),
        other => panic!("{other} is no prompt's price: {record:?}"),
    };
    if record.cost.pico() == 0 {
        return format!("{}: nothing", record.status.word());
    }
    format!("{}: {prompt} + {}", record.status.word(), record.usage.output)
}

/// A row for each of `faults`: what each column is told, and how it is booked where that is the same in all.
async fn rows(streams: bool, faults: &[(String, Value)]) -> String {
    let setting = json!({"timeouts": {"silence_seconds": 2, "whole_seconds": 2}}).to_string();
    let stargate = &Stargate::with(&[("STARGATE_UPSTREAM", &setting)]).await;
    let cells = faults.iter().map(|(_, fault)| async move {
        join_all((0..COLUMNS.len()).map(|column| cell(stargate, column, streams, fault))).await
    });
    let rows: Vec<_> = stream::iter(cells).buffered(CONCURRENCY).collect().await;
    let records = stargate.records().await;
    let row = |(name, _): &(String, Value), cells: Vec<Cell>| {
        let cells = cells.iter().map(|cell| {
            let record = records.iter().find(|record| Scope::Key(record.key.clone()) == cell.key).unwrap();
            assert_eq!(record.cost, cell.charged, "{name}: scopes and record disagree");
            format!("{}<br>{}", cell.told, describe_charge(record))
        });
        format!("| {name} | {} |\n", cells.collect::<Vec<_>>().join(" | "))
    };
    faults.iter().zip(rows).map(|(fault, cells)| row(fault, cells)).collect()
}

/// What came of one fault in one column.
struct Cell {
    told: String,
    key: Scope,
    charged: Money,
}

async fn cell(stargate: &Stargate, column: usize, streams: bool, fault: &Value) -> Cell {
    let mut script = json!({"text": "abcdefghij", "deltas": 5, "input_tokens": 100, "output_tokens": 50});
    script.as_object_mut().unwrap().extend(fault.as_object().unwrap().clone());
    let holder = stargate.free_keyholder().await;
    let (path, body) = request(column, streams, &script);
    let response = stargate.post(&path, &holder.secret).json(&body).send().await.unwrap();
    let told = describe_response(response, column).await;
    let charged = stargate.wait_until_settled(&holder.key).await.total_spend;
    assert_eq!(charged, stargate.wait_until_settled(&holder.user).await.total_spend);
    Cell { told, key: holder.key, charged }
}

fn table(rows: &str) -> String {
    let names: Vec<&str> = COLUMNS.iter().map(|(name, _)| *name).collect();
    format!("\n| Fault | {} |\n|---|{}\n{rows}", names.join(" | "), "---|".repeat(COLUMNS.len()))
}

#[tokio::test]
async fn every_fault_is_told_and_charged_as_the_document_says() {
    let name = |name: &str, script: Value| (name.to_owned(), script);
    let before: Vec<_> = ERRORS
        .iter()
        .map(|error| name(&format!("`{error}`"), json!({"error": error, "message": "told"})))
        .collect();
    let untyped = UNTYPED.iter().map(|status| {
        name(&format!("{status} without a type"), json!({"status": status, "error": "", "message": "told"}))
    });
    let unknown = UNTYPED.iter().map(|status| {
        name(
            &format!("{status} of an unknown type"),
            json!({"status": status, "error": "NewException", "message": "told"}),
        )
    });
    let by_status: Vec<_> = untyped.chain(unknown).collect();
    let exceptions = |after: usize| {
        EXCEPTIONS.iter().map(move |kind| {
            (format!("`{kind}`"), json!({"exception": {"type": kind, "message": "told", "after": after}}))
        })
    };
    let first: Vec<_> = exceptions(0)
        .chain([
            name("the connection breaks", json!({"cut_after": 0})),
            name("a clean end", json!({"end_after": 0})),
            name("a frame with a wrong checksum", json!({"malformed_after": 0})),
            name("nothing at all", json!({"empty": true})),
            name("silence", json!({"silence_after": 0})),
        ])
        .collect();
    let middle: Vec<_> = exceptions(2)
        .chain([
            name("the connection breaks", json!({"cut_after": 2})),
            name("a clean end", json!({"end_after": 2})),
            name("a frame with a wrong checksum", json!({"malformed_after": 2})),
            name("silence", json!({"silence_after": 2})),
        ])
        .collect();
    let whole: Vec<_> = vec![
        name("the connection breaks", json!({"cut_after": 0})),
        name("half an answer", json!({"end_after": 0})),
        name("an empty answer", json!({"empty": true})),
        name("silence", json!({"silence_after": 0})),
    ];
    let mut document = HEAD.to_owned();
    write!(document, "\n## A request that is never sent\n{}", table(&unsent::rows().await)).unwrap();
    for (title, streams, faults) in [
        ("An error instead of an answer", true, &before),
        ("An error of no known type instead of an answer", true, &by_status),
        ("A stream that fails before its first word", true, &first),
        ("A stream that fails after two of its five pieces", true, &middle),
        ("An answer in one piece that fails", false, &whole),
    ] {
        write!(document, "\n## {title}\n{}", table(&rows(streams, faults).await)).unwrap();
    }
    // An error is told the same whether a stream or a whole answer was asked for.
    assert_eq!(rows(true, &before).await, rows(false, &before).await);
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(DOCUMENT, &document).unwrap();
    }
    let written = std::fs::read_to_string(DOCUMENT).unwrap_or_default();
    assert!(written == document, "docs/FAULTS.md says otherwise:\n{document}");
}
