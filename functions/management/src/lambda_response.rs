//! Whole answers as API Gateway takes them: JSON, which is text.

use axum::body::to_bytes;
use axum::response::Response;
use http::StatusCode;
use lambda_http::{Body, IntoResponse};

/// An answer in one piece. `lambda_http` would look for its encoding among all that there are, with tables for each.
pub struct BufferedResponse(pub Response);

type BufferedResponseFuture = std::pin::Pin<Box<dyn Future<Output = http::Response<Body>> + Send>>;

impl IntoResponse for BufferedResponse {
    fn into_response(self) -> BufferedResponseFuture {
        let (head, body) = self.0.into_parts();
        Box::pin(async move {
            let bytes = to_bytes(body, usize::MAX).await.map(Vec::from);
            match bytes.map(String::from_utf8) {
                Ok(Ok(text)) if text.is_empty() => http::Response::from_parts(head, Body::Empty),
                Ok(Ok(text)) => http::Response::from_parts(head, Body::Text(text)),
                Ok(Err(binary)) => http::Response::from_parts(head, Body::Binary(binary.into_bytes())),
                Err(error) => {
                    tracing::error!(%error, "an answer could not be read");
                    let mut response = http::Response::new(Body::Empty);
                    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                    response
                }
            }
        })
    }
}
