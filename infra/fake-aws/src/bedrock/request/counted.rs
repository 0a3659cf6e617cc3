//! `CountTokens`: the request of another operation, whose tokens are to be counted.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::super::model;
use super::super::refusal::FakeError;
use super::super::validate;
use super::{FakeRequest, converse};

/// Takes base ids of Claude models and refuses cross-region profiles, as the real one does.
pub(super) fn read(model: &str, bytes: &[u8]) -> Result<FakeRequest, FakeError> {
    if model::is_profile(model) || model::is_foreign(model) {
        return Err(FakeError::validation("The provided model doesn't support counting tokens."));
    }
    let asked = Value::Object(validate::object(bytes)?);
    let input = &asked["input"];
    match (input.get("invokeModel"), input.get("converse")) {
        (Some(invoke), None) => {
            let body = invoke["body"].as_str().and_then(|body| STANDARD.decode(body).ok());
            let body = body.ok_or_else(|| FakeError::validation("input.invokeModel.body: Field required"))?;
            FakeRequest::invoke(model, &body)
        }
        (None, Some(Value::Object(fields))) => {
            let bytes = input["converse"].to_string().len();
            let body = validate::converse::check_counted(model, fields.clone())?;
            FakeRequest::new(model, converse::content(&body, bytes))
        }
        _ => Err(FakeError::validation("input: exactly one of invokeModel and converse is required")),
    }
}
