//! A handler that panics answers an error: its process goes on with everybody else's streams.

use std::panic::AssertUnwindSafe;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use futures_util::FutureExt;
use stargate_core::id::RequestId;

use crate::api::{ApiError, ErrorFormat};
use crate::runtime::clock::Clock;

/// The same routes. What a handler that panics has reserved is settled by the server, or swept, as if its client had left.
pub fn catch_panic(clock: Clock, router: Router) -> Router {
    router.layer(from_fn_with_state(clock, answer))
}

async fn answer(State(clock): State<Clock>, request: Request, next: Next) -> Response {
    let shape = ErrorFormat::for_route(request.uri().path(), request.headers());
    // The request is gone with the handler, so nobody sees what that left half-done.
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(answer) => answer,
        Err(_) => {
            let id = RequestId::of_answer(clock.now().ms());
            shape.answer(&ApiError::Bug, &format!("req_{id}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::routing::get;
    use http::StatusCode;
    use tower::ServiceExt;

    use super::*;

    async fn get_response(path: &str) -> (StatusCode, serde_json::Value) {
        let router = Router::new()
            .route("/v1/messages", get(async || -> &'static str { panic!("what was sent") }))
            .route("/user/list", get(async || -> &'static str { panic!("what was sent") }))
            .route("/fine", get(async || "{}"));
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = catch_panic(Clock::default(), router).oneshot(request).await.unwrap();
        let status = response.status();
        let body = to_bytes(response.into_body(), 4096).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    #[tokio::test]
    async fn a_panic_is_an_error_in_the_shape_of_its_route() {
        let (status, told) = get_response("/v1/messages").await;
        assert_eq!(
            (status, &told["error"]["type"]),
            (StatusCode::INTERNAL_SERVER_ERROR, &"api_error".into())
        );
        let (status, told) = get_response("/user/list").await;
        assert_eq!((status, &told["error"]["code"]), (StatusCode::INTERNAL_SERVER_ERROR, &500.into()));
        assert!(!told.to_string().contains("what was sent"), "{told}");
        assert_eq!(get_response("/fine").await.0, StatusCode::OK);
    }
}
