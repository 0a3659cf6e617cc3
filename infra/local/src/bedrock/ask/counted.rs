//! `CountTokens`: the request of another operation, whose tokens are to be counted.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::super::model;
use super::super::refusal::Refusal;
use super::super::validate;
use super::Ask;

/// Takes base model ids and refuses cross-region profiles, as the real one does.
pub(super) fn read(model: &str, bytes: &[u8]) -> Result<Ask, Refusal> {
    if model::is_profile(model) {
        return Err(Refusal::validation("The provided model doesn't support counting tokens."));
    }
    let asked = Value::Object(validate::object(bytes)?);
    let inner = asked["input"]["invokeModel"]["body"].as_str().and_then(|body| STANDARD.decode(body).ok());
    let inner = inner.ok_or_else(|| Refusal::validation("input.invokeModel.body: Field required"))?;
    Ask::invoke(model, &inner)
}
