//! `POST /spend/calculate`

use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use shared::api::{ApiError, json_response};
use stargate_core::money::Money;
use stargate_core::policy::Permit;
use stargate_core::pricing::TokenUsage;

use crate::authorize::RequestContext;
use crate::openapi::operation::{Operation, schema_of};
use crate::request::body::RequestBody;
use crate::state::ManagementState;

#[derive(JsonSchema, Serialize)]
struct CalculateSpendResponse {
    cost: Money,
}

pub const OPERATION: Operation = Operation::new("What a call costs", schema_of::<CalculateSpendResponse>)
    .takes(&[&["model", "messages", "completion_response"]]);

/// What a call costs: of an answer, by its usage; of `messages`, at most, if every byte were a token and nothing were
/// answered.
pub async fn calculate(
    app: ManagementState,
    _permit: Permit,
    _ask: RequestContext,
    mut fields: RequestBody,
) -> Result<Response, ApiError> {
    let response = fields.objects("completion_response")?.value().and_then(|mut all| all.pop());
    let (model, usage) = match response {
        Some(mut answer) => {
            let usage = answer.objects("usage")?.value().and_then(|mut all| all.pop());
            let usage =
                usage.ok_or_else(|| ApiError::invalid("usage", "must be given with completion_response"))?;
            (model(&mut answer)?, usage_of(usage)?)
        }
        None => {
            let model = model(&mut fields)?;
            let bytes = fields.length("messages").ok_or_else(|| {
                ApiError::invalid("messages", "messages or completion_response must be given")
            })?;
            (model, TokenUsage { input: bytes, ..TokenUsage::default() })
        }
    };
    let model = app
        .catalog
        .find(&model)
        .ok_or_else(|| ApiError::invalid("model", format!("{model} is not in this gateway's catalogue")))?;
    Ok(json_response(StatusCode::OK, &CalculateSpendResponse { cost: model.prices.charge(&usage) }))
}

fn model(fields: &mut RequestBody) -> Result<String, ApiError> {
    fields.text("model")?.value().ok_or_else(|| ApiError::invalid("model", "must be given"))
}

/// Anthropic's names or OpenAI's; in the latter the prompt includes what came from a cache.
fn usage_of(mut usage: RequestBody) -> Result<TokenUsage, ApiError> {
    let mut count = |name: &str| Ok::<_, ApiError>(usage.count(name)?.value());
    if let Some(prompt) = count("prompt_tokens")? {
        let output = count("completion_tokens")?.unwrap_or_default();
        let cached = usage.objects("prompt_tokens_details")?.value().and_then(|mut all| all.pop());
        let cached = match cached {
            Some(mut details) => details.count("cached_tokens")?.value().unwrap_or_default(),
            None => 0,
        };
        return Ok(TokenUsage {
            input: prompt.saturating_sub(cached),
            output,
            cache_read: cached,
            ..TokenUsage::default()
        });
    }
    let input = count("input_tokens")?
        .ok_or_else(|| ApiError::invalid("usage", "must have input_tokens or prompt_tokens"))?;
    Ok(TokenUsage {
        input,
        output: count("output_tokens")?.unwrap_or_default(),
        cache_read: count("cache_read_input_tokens")?.unwrap_or_default(),
        cache_write_5m: count("cache_creation_input_tokens")?.unwrap_or_default(),
        cache_write_1h: 0,
    })
}
