//! Whether a process lives and can serve: for load balancers, by LiteLLM's paths.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde_json::json;
use shared::secret::SecretHash;
use shared::store::Store;
use shared::web::json_answer;

/// The same router, with the health routes before it: they ask for no key, and pass by what guards the rest.
pub fn beside(store: &Store, router: Router) -> Router {
    Router::new()
        .route("/health/liveliness", get(alive))
        .route("/health/liveness", get(alive))
        .route("/health/readiness", get(ready))
        .with_state(store.clone())
        .fallback_service(router)
}

async fn alive() -> Response {
    json_answer(StatusCode::OK, &json!({"status": "alive"}))
}

/// Whether the table answers: one read, of nothing.
async fn ready(State(store): State<Store>) -> Response {
    match store.find_pointer(&SecretHash::of_no_secret(&["health"])).await {
        Ok(_) => json_answer(StatusCode::OK, &json!({"status": "ready"})),
        Err(error) => {
            tracing::error!(cause = ?error, "not_ready");
            json_answer(StatusCode::SERVICE_UNAVAILABLE, &json!({"status": "the table does not answer"}))
        }
    }
}
