//! Whether a process lives and can serve: for load balancers, by LiteLLM's paths.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde_json::json;
use shared::api::json_response;
use shared::runtime::exit::VERSION;
use shared::store::Store;
use stargate_core::secret::SecretHash;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How long an answer of the table is believed: these routes ask for no key, so anybody may ask as often as they like.
const CACHE_TTL: Duration = Duration::from_secs(1);

/// Whether the table answered, and when it was asked. One asks, and the others wait for its answer.
type LastCheck = Arc<Mutex<Option<(Instant, bool)>>>;

/// The same router, with the health routes before it: they pass by what guards the rest.
pub fn with_health_routes(store: &Store, router: Router) -> Router {
    Router::new()
        .route("/health/liveliness", get(alive))
        .route("/health/liveness", get(alive))
        .route("/health/readiness", get(ready))
        .with_state((store.clone(), LastCheck::default()))
        .fallback_service(router)
}

async fn alive() -> Response {
    json_response(StatusCode::OK, &json!({"status": "alive"}))
}

/// Whether the table answers: one read, of nothing.
async fn ready(State((store, seen)): State<(Store, LastCheck)>) -> Response {
    let mut seen = seen.lock().await;
    let answers = match *seen {
        Some((at, answered)) if at.elapsed() < CACHE_TTL => answered,
        _ => {
            let asked = store.find_pointer(&SecretHash::of_no_secret(&["health"])).await;
            if let Err(error) = &asked {
                tracing::error!(cause = ?error, "not_ready");
            }
            *seen = Some((Instant::now(), asked.is_ok()));
            asked.is_ok()
        }
    };
    if answers {
        json_response(StatusCode::OK, &json!({"status": "ready", "version": VERSION}))
    } else {
        json_response(
            StatusCode::SERVICE_UNAVAILABLE,
            &json!({"status": "the table does not answer", "version": VERSION}),
        )
    }
}
