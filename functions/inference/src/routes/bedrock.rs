//! `/bedrock`: Bedrock Runtime's own paths, for its SDKs and for Claude Code in Bedrock mode, with a key of the gateway as
//! the bearer token.

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use axum::routing::{get, post};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use shared::api::{ApiError, ErrorFormat, json_response};
use stargate_core::catalog::Model;

use crate::formats::ApiFormat;
use crate::pipeline::state::InferenceState;
use crate::pipeline::{answer, refuse};
use crate::routes::count_tokens;
use crate::routes::models::usable;

pub fn routes(router: Router<InferenceState>) -> Router<InferenceState> {
    router
        .route("/bedrock/model/{id}/invoke", post(invoke))
        .route("/bedrock/model/{id}/invoke-with-response-stream", post(invoke_stream))
        .route("/bedrock/model/{id}/converse", post(converse))
        .route("/bedrock/model/{id}/converse-stream", post(converse_stream))
        .route("/bedrock/model/{id}/count-tokens", post(count_tokens::pass))
        .route("/bedrock/inference-profiles", get(profiles))
}

async fn invoke(State(app): State<InferenceState>, Path(model): Path<String>, request: Request) -> Response {
    answer(&app, &ApiFormat::Invoke { model, streams: false }, request).await
}

async fn invoke_stream(
    State(app): State<InferenceState>,
    Path(model): Path<String>,
    request: Request,
) -> Response {
    answer(&app, &ApiFormat::Invoke { model, streams: true }, request).await
}

async fn converse(
    State(app): State<InferenceState>,
    Path(model): Path<String>,
    request: Request,
) -> Response {
    answer(&app, &ApiFormat::Converse { model, streams: false }, request).await
}

async fn converse_stream(
    State(app): State<InferenceState>,
    Path(model): Path<String>,
    request: Request,
) -> Response {
    answer(&app, &ApiFormat::Converse { model, streams: true }, request).await
}

/// `ListInferenceProfiles`: Claude Code asks which models there are.
async fn profiles(State(app): State<InferenceState>, headers: HeaderMap) -> Response {
    match list_inference_profiles(&app, &headers).await {
        Ok(profiles) => json_response(StatusCode::OK, &json!({"inferenceProfileSummaries": profiles})),
        Err(fault) => refuse(&app, ErrorFormat::Aws, &fault),
    }
}

async fn list_inference_profiles(app: &InferenceState, headers: &HeaderMap) -> Result<Vec<Value>, ApiError> {
    let (_, _, models) = usable(app, headers).await?;
    Ok(models.iter().filter(|model| model.invoke_id != model.base_id).map(profile).collect())
}

/// A model under its inference profile. The ARNs are of no account: nothing is to be asked of them but their names.
fn profile(model: &Model) -> Value {
    json!({
        "inferenceProfileId": model.invoke_id,
        "inferenceProfileName": model.display_name,
        "inferenceProfileArn": format!("arn:aws:bedrock:::inference-profile/{}", model.invoke_id),
        "models": [{"modelArn": format!("arn:aws:bedrock:::foundation-model/{}", model.base_id)}],
        "status": "ACTIVE",
        "type": "SYSTEM_DEFINED",
    })
}
