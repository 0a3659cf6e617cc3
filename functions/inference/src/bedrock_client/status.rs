//! Error responses by their HTTP status: for those without an error type, or with one that is not known.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use http::StatusCode;
use serde_json::{Map, Value};
use shared::api::ErrorKind;

/// The longest plain text of an error response that is passed on, in bytes. Longer ones are pages, not messages.
const MAX_PLAIN_TEXT: usize = 1000;

/// What a status becomes for the client: status, kind, and seconds to wait.
pub fn map_status(status: u16) -> (StatusCode, ErrorKind, Option<i64>) {
    use ErrorKind as K;
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
    let bytes = response.body().bytes()?;
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(body)) => message_of(&body),
        Ok(Value::String(message)) => Some(message),
        Ok(_) => None,
        Err(_) => plain_text(response.headers().get("content-type"), bytes),
    }
}

/// The message of an object: `message`, `detail` or `error` by any case, or that of the first of its `errors`.
fn message_of(body: &Map<String, Value>) -> Option<String> {
    let field = |wanted: &str| {
        body.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value)
    };
    let text = |value: &Value| match value {
        Value::String(message) => Some(message.clone()),
        Value::Object(inner) => message_of(inner),
        _ => None,
    };
    let first = || field("errors").and_then(|errors| text(errors.get(0)?));
    ["message", "detail", "error"].into_iter().find_map(|name| text(field(name)?)).or_else(first)
}

fn plain_text(content_type: Option<&str>, bytes: &[u8]) -> Option<String> {
    let kind = content_type.map(|kind| kind.trim_start().to_ascii_lowercase());
    // A proxy may well call its words JSON.
    let is_text =
        kind.is_none_or(|kind| ["text/plain", "application/json"].iter().any(|text| kind.starts_with(text)));
    let plain = std::str::from_utf8(bytes).ok().map(str::trim);
    let plain = plain.filter(|text| is_text && !text.is_empty() && text.len() <= MAX_PLAIN_TEXT);
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
            (r#"{"MESSAGE": "tools.0: no", "message": "other"}"#, Some("tools.0: no")),
            (r#"{"message": null, "error": {"Message": "tools.0: no"}}"#, Some("tools.0: no")),
            (r#"{"errors": [{"message": "tools.0: no"}]}"#, Some("tools.0: no")),
            (r#"{"errors": ["tools.0: no"]}"#, Some("tools.0: no")),
            (r#""tools.0: no""#, Some("tools.0: no")),
            ("tools.0: no\n", Some("tools.0: no")),
            ("<html>Bad request</html>", None),
            (r#"{"cut": "#, None),
            ("[]", None),
            ("", None),
        ] {
            let mut response = HttpResponse::new(400.try_into().unwrap(), SdkBody::from(body));
            assert_eq!(find_message(&response).as_deref(), want, "{body}");
            for kind in ["Text/Plain; charset=utf-8", "application/json"] {
                response.headers_mut().insert("content-type", kind);
                assert_eq!(find_message(&response).as_deref(), want, "{body}");
            }
            response.headers_mut().insert("content-type", "text/html");
            let is_json = body.starts_with(['{', '"']);
            assert_eq!(find_message(&response).is_some(), want.is_some() && is_json, "{body}");
        }
    }
}
