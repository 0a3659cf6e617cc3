//! From Anthropic's Messages body to Converse's, for the models that are not Claude.
//!
//! Texts, images, schemas and inputs stay the pieces of the client's body that they are. What a model cannot take is
//! refused by its path where the answer would miss something (images, tools of Anthropic's servers), and left out where
//! it would not: `thinking` blocks, which another model signed, and the fields `metadata`, `context_management`,
//! `anthropic_beta`, `service_tier`, `container`, `mcp_servers`, `top_k` and `cache_control` of the body itself.

mod block_fields;
mod content;
mod format;
mod media;
mod messages;
mod read;
mod settings;
mod system;
#[cfg(test)]
mod tests;
mod texts;
mod tools;

use serde_json::value::RawValue;
use shared::api::ApiError;
use stargate_core::catalog::Model;

use super::request::Request;
use crate::formats::converse::request::ConverseBody;
use crate::formats::raw_json::RawObject;

/// The body of `Converse` that says the same to `model`, which may answer with at most `max_tokens`.
pub fn to_converse(request: &Request<'_>, model: &Model, max_tokens: u64) -> Result<Vec<u8>, ApiError> {
    let fields = &request.fields;
    let messages = messages::messages(field(fields, "messages")?, model)?;
    let mut system = system::system(field(fields, "system")?, model)?;
    let wanted = format::read_schema(fields)?;
    let output_config = wanted.and_then(|schema| format::apply_schema(schema, model, &mut system));
    let body = ConverseBody {
        tool_config: tools::config(fields, model, &messages)?,
        messages,
        system,
        inference_config: settings::inference(fields, max_tokens)?,
        additional_model_request_fields: settings::thinking(fields, model, max_tokens)?,
        output_config,
    };
    body.to_json().map_err(|error| ApiError::Invalid { param: None, message: error.to_string() })
}

/// A field of the body; `None` if it is absent or `null`.
fn field<'a>(fields: &'a RawObject<'_>, name: &str) -> Result<Option<&'a RawValue>, ApiError> {
    fields.read(name).map_err(|error| ApiError::invalid(name, format!("cannot be read: {error}")))
}
