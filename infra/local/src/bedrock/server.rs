//! The routes of Bedrock Runtime that the gateway uses.

use std::io;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::stream;
use serde_json::{Value, json};

use super::ask::Ask;
use super::message::Message;
use super::received::{Operation, Received};
use super::refusal::Refusal;
use super::script::Fault;
use super::{Fake, model, play};

pub(super) fn router(fake: Fake) -> Router {
    Router::new()
        .route("/model/{id}/invoke-with-response-stream", post(invoke_stream))
        .route("/model/{id}/invoke", post(invoke))
        .route("/model/{id}/count-tokens", post(count_tokens))
        // The gateway's own limit is what a test wants to meet, never this one's.
        .layer(DefaultBodyLimit::disable())
        .with_state(fake)
}

async fn invoke_stream(
    State(fake): State<Fake>,
    Path(model): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let number = fake.0.recent.keep(received(Operation::InvokeStream, &model, headers, &body));
    let ask = Ask::read(&model, &body)?;
    admit(&fake, &ask).await?;
    let events = Message::answer(&ask, number).events();
    let head = [
        (CONTENT_TYPE, HeaderValue::from_static("application/vnd.amazon.eventstream")),
        (
            HeaderName::from_static("x-amzn-bedrock-content-type"),
            HeaderValue::from_static("application/json"),
        ),
        request_id(number),
    ];
    Ok((head, Body::from_stream(play::stream(fake, ask.script, events))).into_response())
}

/// Faults in the stream become what is nearest to them for an answer in one piece.
async fn invoke(
    State(fake): State<Fake>,
    Path(model): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let number = fake.0.recent.keep(received(Operation::Invoke, &model, headers, &body));
    let ask = Ask::read(&model, &body)?;
    admit(&fake, &ask).await?;
    if ask.script.refuses().is_none() {
        play::wait(&fake, &ask.script).await;
    }
    let message = Message::answer(&ask, number);
    let text = message.whole().to_string();
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
    Ok((head, message.usage.headers(), body).into_response())
}

/// Takes base model ids and refuses cross-region profiles, as the real one does.
async fn count_tokens(
    State(fake): State<Fake>,
    Path(model): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let number = fake.0.recent.keep(received(Operation::CountTokens, &model, headers, &body));
    if model::is_profile(&model) {
        return Err(Refusal::validation("The provided model doesn't support counting tokens."));
    }
    let asked: Value = serde_json::from_slice(&body).map_err(|_| {
        Refusal::validation("Malformed input request, please reformat your input and try again.")
    })?;
    let inner = asked["input"]["invokeModel"]["body"].as_str().and_then(|body| STANDARD.decode(body).ok());
    let inner = inner.ok_or_else(|| Refusal::validation("input.invokeModel.body: Field required"))?;
    let ask = Ask::read(&model, &inner)?;
    admit(&fake, &ask).await?;
    Ok(Json(json!({ "inputTokens": Message::answer(&ask, number).usage.all_input() })))
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
