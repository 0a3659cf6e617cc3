//! The version of the gateway, in every response.

use axum::Router;
use axum::middleware::map_response;
use axum::response::Response;
use http::{HeaderName, HeaderValue};

use crate::runtime::exit::VERSION;

const HEADER: HeaderName = HeaderName::from_static("x-stargate-version");

/// The same routes, whose responses have the header `x-stargate-version`.
pub fn with_version_header(router: Router) -> Router {
    router.layer(map_response(async |mut response: Response| {
        response.headers_mut().insert(HEADER, HeaderValue::from_static(VERSION));
        response
    }))
}
