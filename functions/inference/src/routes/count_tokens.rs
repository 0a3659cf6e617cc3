//! Counting a prompt's tokens: `POST /v1/messages/count_tokens`, and Bedrock's own `CountTokens`.
//!
//! It reserves nothing and counts toward no limit: Claude Code sends 25 at once. The scopes are read, in one round trip.

use axum::extract::{Path, Request as HttpRequest, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde_json::json;
use shared::api::{ApiError, ErrorFormat, json_response, read_body, read_json_body};
use shared::runtime::offload::{LARGE_BODY, offload_if};
use shared::store::KeyRef;
use stargate_core::catalog::Model;

use crate::formats::ApiFormat;
use crate::pipeline::admission::load_scopes;
use crate::pipeline::authenticate::authenticate;
use crate::pipeline::state::InferenceState;
use crate::pipeline::{body_limits, find, refuse, token_bound};

/// What the body needs to be a call: it asks for none, and Bedrock counts only whole bodies.
const MAX_TOKENS: u64 = 1024;

pub async fn count(State(app): State<InferenceState>, request: HttpRequest) -> Response {
    match of_messages(&app, request).await {
        Ok(tokens) => json_response(StatusCode::OK, &json!({"input_tokens": tokens})),
        Err(fault) => refuse(&app, ErrorFormat::Anthropic, &fault),
    }
}

/// Bedrock's own: the body passes as it comes.
pub async fn pass(
    State(app): State<InferenceState>,
    Path(id): Path<String>,
    request: HttpRequest,
) -> Response {
    match of_bedrock(&app, &id, request).await {
        Ok(tokens) => json_response(StatusCode::OK, &json!({"inputTokens": tokens})),
        Err(fault) => refuse(&app, ErrorFormat::Aws, &fault),
    }
}

async fn of_messages(app: &InferenceState, request: HttpRequest) -> Result<u64, ApiError> {
    let (app, pointer) = &authenticate(app, request.headers()).await?;
    let (sent, body) = read_json_body(request, app.settings.max_body).await?;
    let is_large = body.len() >= LARGE_BODY;
    offload_if(is_large, Box::pin(count_messages(app, pointer, &sent, &body))).await
}

async fn count_messages(
    app: &InferenceState,
    pointer: &KeyRef,
    sent: &HeaderMap,
    body: &[u8],
) -> Result<u64, ApiError> {
    body_limits::check(body)?;
    let asking = ApiFormat::Messages.read(sent, body)?;
    let model = require_permitted(app, pointer, asking.model()).await?;
    let said = asking.to_bedrock(&model, MAX_TOKENS)?;
    let estimate = token_bound::prompt_estimate(&said.body);
    let Some(question) = token_bound::question(said.api, &said.body) else {
        return Ok(estimate);
    };
    let tokens =
        app.bedrock.count(&model.base_id, question.body.into()).await.map_err(|failed| *failed.fault)?;
    Ok(tokens.unwrap_or(estimate))
}

async fn of_bedrock(app: &InferenceState, id: &str, request: HttpRequest) -> Result<u64, ApiError> {
    let (app, pointer) = &authenticate(app, request.headers()).await?;
    let (_, body) = read_body(request, app.settings.max_body).await?;
    let model = require_permitted(app, pointer, id).await?;
    let is_large = body.len() >= LARGE_BODY;
    let counted = offload_if(is_large, Box::pin(app.bedrock.count(&model.base_id, body))).await;
    let tokens = counted.map_err(|failed| *failed.fault)?;
    tokens.ok_or_else(|| ApiError::Invalid {
        param: None,
        message: "The provided model doesn't support counting tokens.".to_owned(),
    })
}

/// The model that is asked for, if the key may use it. **Cost:** one consistent read.
async fn require_permitted(app: &InferenceState, pointer: &KeyRef, asked: &str) -> Result<Model, ApiError> {
    let standing = load_scopes(app, pointer).await?;
    let model = find(app, standing.pointer().resolve_alias(asked))?;
    standing.may_use(asked, &model.permitted_by(), app.clock.now())?;
    Ok(model.clone())
}
