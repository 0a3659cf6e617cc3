//! `POST /v1/messages/count_tokens`: Bedrock's count, or an estimate where the model has none.
//!
//! It reserves nothing and counts toward no limit: Claude Code sends 25 at once. The scopes are read, in one round trip.

use axum::extract::{Request as HttpRequest, State};
use axum::response::Response;
use http::StatusCode;
use serde_json::json;
use shared::fault::Fault;
use shared::web::{json_answer, json_bytes};

use crate::App;
use crate::admit::{enter, stand};
use crate::dialect::anthropic::request::Request;
use crate::dialect::anthropic::rewrite::to_bedrock;
use crate::messages::{betas, claude, refuse};

/// What the body needs to be a call: it asks for none, and Bedrock counts only whole bodies.
const MAX_TOKENS: u64 = 1024;

pub async fn count(State(app): State<App>, request: HttpRequest) -> Response {
    match answer(&app, request).await {
        Ok(tokens) => json_answer(StatusCode::OK, &json!({"input_tokens": tokens})),
        Err(fault) => refuse(&app, &fault),
    }
}

async fn answer(app: &App, request: HttpRequest) -> Result<u64, Fault> {
    let (app, pointer) = &enter(app, request.headers()).await?;
    let (sent, body) = json_bytes(request, app.settings.max_body).await?;
    let request = Request::parse(&body)?;
    let standing = stand(app, pointer).await?;
    let (model, rules) = claude(app, standing.pointer().means(&request.model))?;
    standing.may_use(&request.model, &model.permitted_by(), app.clock.now())?;
    let upstream_body = to_bedrock(&request, rules, &betas(&sent), MAX_TOKENS)?;
    match app.bedrock.count_tokens(&model.base_id, upstream_body).await {
        Ok(Some(tokens)) => Ok(tokens),
        Ok(None) => Ok(crate::estimate::prompt_estimate(&body)),
        Err(failed) => Err(failed.fault),
    }
}
