//! The routes of Bedrock Runtime that the gateway uses.

use std::io;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use futures_util::stream;
use serde_json::{Value, json};
use shared::offload::{LARGE_BODY, run_in_place};

use super::answer::Answer;
use super::ask::Ask;
use super::bill::Bill;
use super::received::{Operation, Received};
use super::refusal::Refusal;
use super::script::Fault;
use super::{Fake, play};

pub(super) fn router(fake: Fake) -> Router {
    Router::new()
        .route(
            "/model/{id}/invoke",
            post(|fake, id, head, body| whole(Operation::Invoke, fake, id, head, body)),
        )
        .route(
            "/model/{id}/invoke-with-response-stream",
            post(|fake, id, head, body| streamed(Operation::InvokeStream, fake, id, head, body)),
        )
        .route(
            "/model/{id}/converse",
            post(|fake, id, head, body| whole(Operation::Converse, fake, id, head, body)),
        )
        .route(
            "/model/{id}/converse-stream",
            post(|fake, id, head, body| streamed(Operation::ConverseStream, fake, id, head, body)),
        )
        .route("/model/{id}/count-tokens", post(count_tokens))
        .route("/requests/{word}", get(requests))
        // The gateway's own limit is what a test wants to meet, never this one's.
        .layer(DefaultBodyLimit::disable())
        .with_state(fake)
}

async fn streamed(
    operation: Operation,
    State(fake): State<Fake>,
    Path(model): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let number = fake.0.recent.keep(received(operation, &model, headers, &body));
    let ask = read(&fake, operation, &model, &body)?;
    admit(&fake, &ask).await?;
    let answer = Answer::new(&ask, number);
    let events = ask.wire.events(&answer);
    let bill = fake.0.bills.open(bill(&ask, &answer));
    let head =
        [(CONTENT_TYPE, HeaderValue::from_static("application/vnd.amazon.eventstream")), request_id(number)];
    let body = Body::from_stream(play::stream(fake, ask.script, events, bill));
    Ok((head, ask.wire.stream_head(), body).into_response())
}

/// Faults in the stream become what is nearest to them for an answer in one piece.
async fn whole(
    operation: Operation,
    State(fake): State<Fake>,
    Path(model): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let number = fake.0.recent.keep(received(operation, &model, headers, &body));
    let ask = read(&fake, operation, &model, &body)?;
    admit(&fake, &ask).await?;
    play::wait(&fake, &ask.script).await;
    let answer = Answer::new(&ask, number);
    // In one piece nothing can be closed halfway: all of it is generated.
    fake.0.bills.open(bill(&ask, &answer)).generate(answer.usage.output);
    let text = ask.wire.whole(&answer).to_string();
    let body = match ask.script.fault().map(|(_, fault)| fault) {
        Some(Fault::Exception { name, message }) => {
            return Err(Refusal::scripted(None, Some(&capital(&name)), Some(&message)));
        }
        Some(Fault::Silence) => std::future::pending().await,
        Some(Fault::Cut) => {
            Body::from_stream(stream::iter([Err::<Bytes, _>(io::Error::other("cut by the script"))]))
        }
        Some(Fault::End | Fault::Malformed) => {
            Body::from(text.get(..text.len() / 2).unwrap_or_default().to_owned())
        }
        None if ask.script.empty => Body::empty(),
        None => Body::from(text),
    };
    let head = [(CONTENT_TYPE, HeaderValue::from_static("application/json")), request_id(number)];
    Ok((head, ask.wire.whole_head(&answer), body).into_response())
}

async fn count_tokens(
    State(fake): State<Fake>,
    Path(model): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let number = fake.0.recent.keep(received(Operation::CountTokens, &model, headers, &body));
    let ask = read(&fake, Operation::CountTokens, &model, &body)?;
    admit(&fake, &ask).await?;
    Ok(Json(json!({ "inputTokens": Answer::new(&ask, number).usage.all_input() })))
}

/// What arrived with this word in it, for tests outside of this process. Nothing of Bedrock's.
async fn requests(State(fake): State<Fake>, Path(word): Path<String>) -> Json<Value> {
    let told = |received: &Received| {
        let operation = format!("{:?}", received.operation);
        json!({"operation": operation, "model": received.model, "body": received.json()})
    };
    Json(fake.requests().iter().filter(|received| received.says(&word)).map(told).collect())
}

/// Reads a request; its script is without failures if it has failed as often as it shall.
fn read(fake: &Fake, operation: Operation, model: &str, body: &[u8]) -> Result<Ask, Refusal> {
    // The local gateway is in the same process: its streams go on beside a large body.
    let read = || Ask::read(operation, model, body);
    let ask = if body.len() >= LARGE_BODY { run_in_place(read)? } else { read()? };
    match ask.script.failures {
        Some(most) if ask.script.fails() && !fake.0.failures.one_more(&ask.directive, most) => {
            Ok(Ask { script: ask.script.flawless(), ..ask })
        }
        _ => Ok(ask),
    }
}

/// What is billed before anything is generated.
fn bill(ask: &Ask, answer: &Answer) -> Bill {
    let usage = &answer.usage;
    Bill {
        model: ask.model.clone(),
        directive: ask.directive.clone(),
        input: usage.input,
        cache_read: usage.cache_read,
        cache_write_5m: usage.cache_write_5m,
        cache_write_1h: usage.cache_write_1h,
        output: 0,
    }
}

/// Waits before the head, then refuses if the script wants an error.
async fn admit(fake: &Fake, ask: &Ask) -> Result<(), Refusal> {
    let script = &ask.script;
    play::rest(Duration::from_millis(script.head_ms)).await;
    let Some(status) = script.refuses() else {
        return Ok(());
    };
    play::wait(fake, script).await;
    Err(Refusal::scripted(status, script.error.as_deref(), script.message.as_deref()))
}

fn received(operation: Operation, model: &str, headers: HeaderMap, body: &Bytes) -> Received {
    Received { operation, model: model.to_owned(), headers, body: body.clone() }
}

fn request_id(number: usize) -> (HeaderName, HeaderValue) {
    let id = HeaderValue::from_str(&format!("scripted-{number:08}"));
    (HeaderName::from_static("x-amzn-requestid"), id.unwrap_or(HeaderValue::from_static("scripted")))
}

/// Exceptions in a stream begin with a small letter, errors before it with a capital one.
fn capital(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}
