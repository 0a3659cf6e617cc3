//! The way around CloudFront, closed: the public API answers only what brings CloudFront's secret.

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use http::HeaderName;
use stargate_core::id::RequestId;
use stargate_core::policy::PermissionError;
use stargate_core::secret::Secret;

use crate::api::{ApiError, ErrorFormat};
use crate::runtime::clock::Clock;
use crate::runtime::secrets_manager::RotatingSecret;

const HEADER: HeaderName = HeaderName::from_static("x-stargate-origin");

const AROUND: ApiError =
    ApiError::Forbidden(PermissionError("this API is reached by its public address only"));

/// The same routes, for requests that came through CloudFront. The secret is compared before anything else, so that a refusal
/// costs no read.
pub fn require_origin_secret(origin: Option<RotatingSecret>, clock: Clock, router: Router) -> Router {
    match origin {
        Some(origin) => router.layer(from_fn_with_state((origin, clock), check)),
        None => router,
    }
}

async fn check(
    State((origin, clock)): State<(RotatingSecret, Clock)>,
    mut request: Request,
    next: Next,
) -> Response {
    let sent = request.headers_mut().remove(HEADER);
    let sent = Secret::new(sent.as_ref().and_then(|value| value.to_str().ok()).unwrap_or_default());
    if origin.is(&sent).await {
        next.run(request).await
    } else {
        let id = RequestId::of_answer(clock.now().ms());
        ErrorFormat::for_route(request.uri().path(), request.headers()).answer(&AROUND, &format!("req_{id}"))
    }
}
