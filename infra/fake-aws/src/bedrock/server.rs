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
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::block_in_place;

use super::FakeBedrock;
use super::bill::Bill;
use super::refusal::FakeError;
use super::request::FakeRequest;
use super::request::recorded::{FakeOperation, RecordedRequest};
use super::response::{FakeResponse, streaming};
use super::script::Fault;

/// From this size on a body is read beside other tasks, in bytes.
const LARGE_BODY: usize = 256 << 10;

pub(super) fn router(fake: FakeBedrock) -> Router {
    Router::new()
        .route(
            "/model/{id}/invoke",
            post(|fake, id, head, body| buffered_response(FakeOperation::Invoke, fake, id, head, body)),
        )
        .route(
            "/model/{id}/invoke-with-response-stream",
            post(|fake, id, head, body| stream_response(FakeOperation::InvokeStream, fake, id, head, body)),
        )
        .route(
            "/model/{id}/converse",
            post(|fake, id, head, body| buffered_response(FakeOperation::Converse, fake, id, head, body)),
        )
        .route(
            "/model/{id}/converse-stream",
            post(|fake, id, head, body| stream_response(FakeOperation::ConverseStream, fake, id, head, body)),
        )
        .route("/model/{id}/count-tokens", post(count_tokens))
        .route("/requests/{word}", get(requests))
        // The gateway's own limit is what a test wants to meet, never this one's.
        .layer(DefaultBodyLimit::disable())
        .with_state(fake)
}

async fn stream_response(
    operation: FakeOperation,
    State(fake): State<FakeBedrock>,
    Path(model): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, FakeError> {
    let number = fake.0.recent.keep(record_request(operation, &model, headers, &body));
    let ask = read(&fake, operation, &model, &body)?;
    admit(&fake, &ask).await?;
    let response = FakeResponse::new(&ask, number);
    let events = ask.wire.events(&response);
    let bill = fake.0.bills.open(bill(&ask, &response));
    let head =
        [(CONTENT_TYPE, HeaderValue::from_static("application/vnd.amazon.eventstream")), request_id(number)];
    let body = Body::from_stream(streaming::stream(fake, ask.script, events, bill));
    Ok((head, ask.wire.stream_head(), body).into_response())
}

/// Faults in the stream become what is nearest to them for an answer in one piece.
async fn buffered_response(
    operation: FakeOperation,
    State(fake): State<FakeBedrock>,
    Path(model): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, FakeError> {
    let number = fake.0.recent.keep(record_request(operation, &model, headers, &body));
    let ask = read(&fake, operation, &model, &body)?;
    admit(&fake, &ask).await?;
    streaming::wait(&fake, &ask.script).await;
    let response = FakeResponse::new(&ask, number);
    // In one piece nothing can be closed halfway: all of it is generated.
    fake.0.bills.open(bill(&ask, &response)).generate(response.usage.output);
    let text = ask.wire.buffered_body(&response).to_string();
    let body = match ask.script.fault().map(|(_, fault)| fault) {
        Some(Fault::Exception { name, message }) => {
            return Err(FakeError::from_script(None, Some(&capital(&name)), Some(&message)));
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
    Ok((head, ask.wire.whole_head(&response), body).into_response())
}

async fn count_tokens(
    State(fake): State<FakeBedrock>,
    Path(model): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, FakeError> {
    let number = fake.0.recent.keep(record_request(FakeOperation::CountTokens, &model, headers, &body));
    let ask = read(&fake, FakeOperation::CountTokens, &model, &body)?;
    admit(&fake, &ask).await?;
    Ok(Json(json!({ "inputTokens": FakeResponse::new(&ask, number).usage.all_input() })))
}

/// What arrived with this word in it, for tests outside of this process. Nothing of Bedrock's.
async fn requests(State(fake): State<FakeBedrock>, Path(word): Path<String>) -> Json<Value> {
    let told = |received: &RecordedRequest| {
        let operation = format!("{:?}", received.operation);
        json!({"operation": operation, "model": received.model, "body": received.json()})
    };
    Json(fake.requests().iter().filter(|received| received.says(&word)).map(told).collect())
}

/// Reads a request; its script is without failures if it has failed as often as it shall.
fn read(
    fake: &FakeBedrock,
    operation: FakeOperation,
    model: &str,
    body: &[u8],
) -> Result<FakeRequest, FakeError> {
    // The local gateway is in the same process: its streams go on beside a large body.
    let read = || FakeRequest::read(operation, model, body);
    let is_shared = Handle::current().runtime_flavor() == RuntimeFlavor::MultiThread;
    let ask = if body.len() >= LARGE_BODY && is_shared { block_in_place(read)? } else { read()? };
    match ask.script.failures {
        Some(most) if ask.script.fails() && !fake.0.failures.one_more(&ask.directive, most) => {
            Ok(FakeRequest { script: ask.script.flawless(), ..ask })
        }
        _ => Ok(ask),
    }
}

/// What is billed before anything is generated.
fn bill(ask: &FakeRequest, response: &FakeResponse) -> Bill {
    let usage = &response.usage;
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
async fn admit(fake: &FakeBedrock, ask: &FakeRequest) -> Result<(), FakeError> {
    let script = &ask.script;
    streaming::rest(Duration::from_millis(script.head_ms)).await;
    let Some(status) = script.refuses() else {
        return Ok(());
    };
    streaming::wait(fake, script).await;
    Err(FakeError::from_script(status, script.error.as_deref(), script.message.as_deref()))
}

fn record_request(
    operation: FakeOperation,
    model: &str,
    headers: HeaderMap,
    body: &Bytes,
) -> RecordedRequest {
    RecordedRequest { operation, model: model.to_owned(), headers, body: body.clone() }
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
