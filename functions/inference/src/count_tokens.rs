//! Counting a prompt's tokens: `POST /v1/messages/count_tokens`, and Bedrock's own `CountTokens`.
//!
//! It reserves nothing and counts toward no limit: Claude Code sends 25 at once. The scopes are read, in one round trip.

use axum::extract::{Path, Request as HttpRequest, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde_json::json;
use shared::fault::Fault;
use shared::model::Model;
use shared::offload::{LARGE_BODY, offload_if};
use shared::store::Pointer;
use shared::web::{Shape, any_bytes, json_answer, json_bytes};

use crate::App;
use crate::admit::{enter, stand};
use crate::body_limits;
use crate::calls::{find, refuse};
use crate::dialect::Dialect;
use crate::estimate;

/// What the body needs to be a call: it asks for none, and Bedrock counts only whole bodies.
const MAX_TOKENS: u64 = 1024;

pub async fn count(State(app): State<App>, request: HttpRequest) -> Response {
    match of_messages(&app, request).await {
        Ok(tokens) => json_answer(StatusCode::OK, &json!({"input_tokens": tokens})),
        Err(fault) => refuse(&app, Shape::Anthropic, &fault),
    }
}

/// Bedrock's own: the body passes as it comes.
pub async fn pass(State(app): State<App>, Path(id): Path<String>, request: HttpRequest) -> Response {
    match of_bedrock(&app, &id, request).await {
        Ok(tokens) => json_answer(StatusCode::OK, &json!({"inputTokens": tokens})),
        Err(fault) => refuse(&app, Shape::Aws, &fault),
    }
}

async fn of_messages(app: &App, request: HttpRequest) -> Result<u64, Fault> {
    let (app, pointer) = &enter(app, request.headers()).await?;
    let (sent, body) = json_bytes(request, app.settings.max_body).await?;
    let is_large = body.len() >= LARGE_BODY;
    offload_if(is_large, Box::pin(count_messages(app, pointer, &sent, &body))).await
}

async fn count_messages(app: &App, pointer: &Pointer, sent: &HeaderMap, body: &[u8]) -> Result<u64, Fault> {
    body_limits::check(body)?;
    let asking = Dialect::Messages.read(sent, body)?;
    let model = permitted(app, pointer, asking.model()).await?;
    let said = asking.said_to(&model, MAX_TOKENS)?;
    let estimate = estimate::prompt_estimate(&said.body);
    let Some(question) = estimate::question(said.api, &said.body) else {
        return Ok(estimate);
    };
    let tokens =
        app.bedrock.count(&model.base_id, question.body.into()).await.map_err(|failed| *failed.fault)?;
    Ok(tokens.unwrap_or(estimate))
}

async fn of_bedrock(app: &App, id: &str, request: HttpRequest) -> Result<u64, Fault> {
    let (app, pointer) = &enter(app, request.headers()).await?;
    let (_, body) = any_bytes(request, app.settings.max_body).await?;
    let model = permitted(app, pointer, id).await?;
    let is_large = body.len() >= LARGE_BODY;
    let counted = offload_if(is_large, Box::pin(app.bedrock.count(&model.base_id, body))).await;
    let tokens = counted.map_err(|failed| *failed.fault)?;
    tokens.ok_or_else(|| Fault::Invalid {
        param: None,
        message: "The provided model doesn't support counting tokens.".to_owned(),
    })
}

/// The model that is asked for, if the key may use it. **Cost:** one consistent read.
async fn permitted(app: &App, pointer: &Pointer, asked: &str) -> Result<Model, Fault> {
    let standing = stand(app, pointer).await?;
    let model = find(app, standing.pointer().means(asked))?;
    standing.may_use(asked, &model.permitted_by(), app.clock.now())?;
    Ok(model.clone())
}
