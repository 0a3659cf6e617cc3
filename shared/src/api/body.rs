//! Bodies of requests, read within a limit, and JSON bodies of responses.

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;

use super::ApiError;

/// A JSON answer.
pub fn json_response(status: StatusCode, body: &impl serde::Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => (status, [(CONTENT_TYPE, "application/json")], bytes).into_response(),
        Err(error) => {
            tracing::error!(cause = ?error, "an answer could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// A request's body, at most `limit` bytes of it, if it says that it is JSON.
pub async fn read_json_body(request: Request, limit: usize) -> Result<(HeaderMap, Bytes), ApiError> {
    let (parts, body) = request.into_parts();
    if !says_json(&parts.headers) {
        return Err(ApiError::MediaType);
    }
    Ok((parts.headers, bytes(body, limit).await?))
}

/// A request's body whatever it says of itself: AWS's SDKs send JSON as `application/octet-stream`.
pub async fn read_body(request: Request, limit: usize) -> Result<(HeaderMap, Bytes), ApiError> {
    let (head, body) = request.into_parts();
    Ok((head.headers, bytes(body, limit).await?))
}

async fn bytes(body: Body, limit: usize) -> Result<Bytes, ApiError> {
    axum::body::to_bytes(body, limit).await.map_err(|error| {
        let is_too_large = std::error::Error::source(&error)
            .is_some_and(|source| source.to_string().contains("length limit exceeded"));
        if is_too_large {
            ApiError::TooLarge { limit }
        } else {
            ApiError::Invalid { param: None, message: "the body could not be read".to_owned() }
        }
    })
}

fn says_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let media = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media == "application/json" || media.ends_with("+json")
}

/// Reads JSON into `T`. The error says where and what, as serde tells it: it names the field.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(bytes)
        .map_err(|error| ApiError::Invalid { param: None, message: format!("invalid request body: {error}") })
}
