//! Every route of inference.

mod bedrock;
mod count_tokens;
mod me;
mod models;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::{get, post};
use http::StatusCode;
use serde_json::json;
use shared::api::{self, ApiError, ErrorFormat, json_response};

use crate::formats::ApiFormat;
use crate::pipeline;
use crate::pipeline::state::InferenceState;

/// Every route of inference. `ANTHROPIC_BASE_URL` is often set with `/v1` at its end, so both ways are served.
pub fn router(app: InferenceState) -> Router {
    let mut router = Router::new()
        .route("/", get(alive))
        .route("/api/hello", get(alive))
        .route("/api/event_logging/batch", post(accept_telemetry));
    for base in ["", "/v1", "/v1/v1"] {
        router = router
            .route(&format!("{base}/messages"), post(messages))
            .route(&format!("{base}/chat/completions"), post(chat))
            .route(&format!("{base}/messages/count_tokens"), post(count_tokens::count))
            .route(&format!("{base}/me"), get(me::show))
            .route(&format!("{base}/models"), get(models::list))
            .route(&format!("{base}/models/{{*name}}"), get(models::get));
    }
    let router = bedrock::routes(router).method_not_allowed_fallback(no_route).fallback(no_route);
    api::with_version_header(api::catch_panic(app.clock.clone(), router.with_state(app)))
}

async fn messages(State(app): State<InferenceState>, request: Request) -> Response {
    pipeline::answer(&app, &ApiFormat::Messages, request).await
}

async fn chat(State(app): State<InferenceState>, request: Request) -> Response {
    pipeline::answer(&app, &ApiFormat::Chat, request).await
}

/// Claude Code asks at its start whether anybody is there.
async fn alive() -> Response {
    json_response(StatusCode::OK, &json!({"status": "ok"}))
}

/// Claude Code's own telemetry is none of ours.
async fn accept_telemetry() -> Response {
    json_response(StatusCode::OK, &json!({"status": "ok"}))
}

async fn no_route(State(app): State<InferenceState>, request: Request) -> Response {
    let (method, path) = (request.method().to_string(), request.uri().path().to_owned());
    let shape = ErrorFormat::for_route(&path, request.headers());
    pipeline::refuse(&app, shape, &ApiError::NoRoute { method, path })
}
