//! Inference: clients' requests to Amazon Bedrock, admitted by the ledger and settled inside their answers.

mod admit;
#[cfg(test)]
mod attacks;
mod attempt;
pub mod bedrock;
mod bedrock_mode;
mod body_limits;
mod calls;
mod count_tokens;
mod deadline;
pub mod dialect;
mod dress;
mod estimate;
mod flow;
mod headers;
mod leases;
mod me;
mod meter;
mod models;
#[cfg(target_os = "linux")]
pub mod nodelay;
mod notices;
mod refusals;
mod running;
mod settler;
mod streaming_call;
mod upstream;

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::{get, post};
use http::StatusCode;
use serde_json::json;
use shared::api::{self, ApiError, ErrorFormat, json_response};
use shared::auth::{JwtAuthenticator, KeyCache};
use shared::runtime::clock::Clock;
use shared::store::{CatalogCache, Store};
use stargate_core::catalog::Catalog;
use stargate_core::spend::RefusalCounter;

pub use bedrock::BedrockClient;
pub use notices::SoftBudgetAlerts;
pub use running::{AbandonedCall, AbandonedSender};
pub use settler::Settler;
pub use upstream::{BedrockConfig, InvalidUpstream};

use dialect::ApiFormat;

/// What inference works with. Cloning it is cheap.
#[derive(Clone)]
pub struct InferenceState {
    pub store: Store,
    pub bedrock: BedrockClient,
    pub upstream: Arc<BedrockConfig>,
    /// What is offered, as a request found it: see `admit::authenticate`.
    pub catalog: Arc<Catalog>,
    pub offering: CatalogCache,
    pub keyring: KeyCache,
    /// Tokens that are accepted instead of keys, where the deployment has an issuer.
    pub tokens: Option<JwtAuthenticator>,
    pub clock: Clock,
    /// What was refused and is not written yet.
    pub refusals: Arc<Mutex<RefusalCounter>>,
    pub settings: Settings,
    pub notices: SoftBudgetAlerts,
    /// Where calls go whose body was dropped, in a server that outlives its connections.
    pub abandonment: Option<AbandonedSender>,
}

#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The largest body that is read, in bytes.
    pub max_body: usize,
    /// Whether a call that does not fit its budget is shortened, or refused.
    pub clamps: bool,
}

impl InferenceState {
    /// Refuses a `STARGATE_UPSTREAM` that names models which nobody offers. A custom model is one that the table has. **Cost:**
    /// a read, where a name is not in the catalog that ships. A table that does not answer is no reason not to start.
    pub async fn check_upstream_names(&self) -> Result<(), InvalidUpstream> {
        if !self.upstream.names_custom_models(self.offering.bundled_catalog()) {
            return Ok(());
        }
        match self.offering.current(&self.store, self.clock.now()).await {
            Ok(catalog) => self.upstream.check_names(&catalog),
            Err(error) => {
                tracing::error!(cause = ?ApiError::from(error).cause(), "upstream_names_not_checked");
                Ok(())
            }
        }
    }
}

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
    let router = bedrock_mode::routes(router).method_not_allowed_fallback(no_route).fallback(no_route);
    api::catch_panic(app.clock.clone(), router.with_state(app))
}

async fn messages(State(app): State<InferenceState>, request: Request) -> Response {
    calls::answer(&app, &ApiFormat::Messages, request).await
}

async fn chat(State(app): State<InferenceState>, request: Request) -> Response {
    calls::answer(&app, &ApiFormat::Chat, request).await
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
    calls::refuse(&app, shape, &ApiError::NoRoute { method, path })
}
