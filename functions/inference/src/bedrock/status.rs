//! Error responses by their HTTP status: for those without an error type, or with one that is not known.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use shared::fault::Kind;

/// The longest plain text of an error response that is passed on, in bytes. Longer ones are pages, not messages.
const MAX_PLAIN_TEXT: usize = 1000;

/// What a status becomes for the client: status, kind, and seconds to wait.
pub fn map_status(status: u16) -> (StatusCode, Kind, Option<i64>) {
    use Kind as K;
    let overloaded = StatusCode::from_u16(529).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    match status {
        401 | 403 => (StatusCode::FORBIDDEN, K::Permission, None),
        404 => (StatusCode::NOT_FOUND, K::NotFound, None),
        408 | 504 => (StatusCode::GATEWAY_TIMEOUT, K::Timeout, None),
        409 => (StatusCode::CONFLICT, K::Conflict, None),
        413 => (StatusCode::PAYLOAD_TOO_LARGE, K::TooLarge, None),
        // Failed Dependency: Bedrock's own status for a model that failed.
        424 => (StatusCode::INTERNAL_SERVER_ERROR, K::Api, None),
        429 => (StatusCode::TOO_MANY_REQUESTS, K::Rate, Some(2)),
        400..=499 => (StatusCode::BAD_REQUEST, K::Invalid, None),
        502 => (StatusCode::BAD_GATEWAY, K::Api, None),
        503 | 529 => (overloaded, K::Overloaded, Some(2)),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, K::Api, None),
    }
}

/// Whether a status says that the model is busy or away, and nothing of the request.
pub fn may_pass(status: u16) -> bool {
    matches!(status, 429 | 503 | 529)
}

/// Whether the model may have run, and be billed, although the response is an error.
///
/// 502 and 504 are what a proxy in front of Bedrock answers when it gave up on a response: it does not know. Every other
/// error before the first byte is a refusal, whether it has a type or not.
pub fn may_have_run(status: u16) -> bool {
    matches!(status, 502 | 504)
}

/// The message of an error response that the SDK could not read: JSON of another form, or plain text.
pub fn find_message(response: &HttpResponse) -> Option<String> {
    #[derive(Deserialize)]
    struct Body {
        #[serde(alias = "Message", alias = "detail")]
        message: Option<Value>,
        error: Option<Value>,
    }

    let bytes = response.body().bytes()?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    if let Ok(body) = serde_json::from_slice::<Body>(bytes) {
        let nested = body.error.as_ref().and_then(|error| error.get("message").unwrap_or(error).as_str());
        return body.message.as_ref().and_then(text).or_else(|| nested.map(str::to_owned));
    }
    let is_plain = response.headers().get("content-type").is_none_or(|kind| kind.starts_with("text/plain"));
    let plain = std::str::from_utf8(bytes).ok().map(str::trim);
    let plain = plain.filter(|text| is_plain && !text.is_empty() && text.len() <= MAX_PLAIN_TEXT);
    plain.filter(|text| !text.starts_with(['<', '{', '['])).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::body::SdkBody;

    use super::*;

    #[test]
    fn finds_the_message_of_a_response_in_any_form() {
        for (body, want) in [
            (r#"{"message": "tools.0: no"}"#, Some("tools.0: no")),
            (r#"{"Message": "tools.0: no"}"#, Some("tools.0: no")),
            (r#"{"detail": "tools.0: no"}"#, Some("tools.0: no")),
            (r#"{"error": {"type": "x", "message": "tools.0: no"}}"#, Some("tools.0: no")),
            (r#"{"error": "tools.0: no"}"#, Some("tools.0: no")),
            ("tools.0: no\n", Some("tools.0: no")),
            ("<html>Bad request</html>", None),
            (r#"{"cut": "#, None),
            ("[]", None),
            ("", None),
        ] {
            let mut response = HttpResponse::new(400.try_into().unwrap(), SdkBody::from(body));
            assert_eq!(find_message(&response).as_deref(), want, "{body}");
            response.headers_mut().insert("content-type", "text/html");
            assert_eq!(find_message(&response).is_some(), want.is_some() && body.starts_with('{'), "{body}");
        }
    }
}
