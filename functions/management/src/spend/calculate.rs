//! `POST /spend/calculate`

use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use shared::fault::Fault;
use shared::money::Money;
use shared::policy::Permit;
use shared::usage::Usage;
use shared::web::json_answer;

use crate::App;
use crate::fields::Fields;
use crate::guard::Ask;
use crate::openapi::{Operation, schema_of};

#[derive(JsonSchema, Serialize)]
struct Answer {
    cost: Money,
}

pub const OPERATION: Operation = Operation::new("What a call costs", schema_of::<Answer>).takes(&[&[
    "model",
    "messages",
    "completion_response",
]]);

/// What a call costs: of an answer, by its usage; of `messages`, at most, if every byte were a token and nothing were
/// answered.
pub async fn calculate(app: App, _permit: Permit, _ask: Ask, mut fields: Fields) -> Result<Response, Fault> {
    let answer = fields.objects("completion_response")?.value().and_then(|mut all| all.pop());
    let (model, usage) = match answer {
        Some(mut answer) => {
            let usage = answer.objects("usage")?.value().and_then(|mut all| all.pop());
            let usage =
                usage.ok_or_else(|| Fault::invalid("usage", "must be given with completion_response"))?;
            (model(&mut answer)?, usage_of(usage)?)
        }
        None => {
            let model = model(&mut fields)?;
            let bytes = fields
                .length("messages")
                .ok_or_else(|| Fault::invalid("messages", "messages or completion_response must be given"))?;
            (model, Usage { input: bytes, ..Usage::default() })
        }
    };
    let model = app
        .catalog
        .find(&model)
        .ok_or_else(|| Fault::invalid("model", format!("{model} is not in this gateway's catalogue")))?;
    Ok(json_answer(StatusCode::OK, &Answer { cost: model.prices.charge(&usage) }))
}

fn model(fields: &mut Fields) -> Result<String, Fault> {
    fields.text("model")?.value().ok_or_else(|| Fault::invalid("model", "must be given"))
}

/// Anthropic's names or OpenAI's; in the latter the prompt includes what came from a cache.
fn usage_of(mut usage: Fields) -> Result<Usage, Fault> {
    let mut count = |name: &str| Ok::<_, Fault>(usage.count(name)?.value());
    if let Some(prompt) = count("prompt_tokens")? {
        let output = count("completion_tokens")?.unwrap_or_default();
        let cached = usage.objects("prompt_tokens_details")?.value().and_then(|mut all| all.pop());
        let cached = match cached {
            Some(mut details) => details.count("cached_tokens")?.value().unwrap_or_default(),
            None => 0,
        };
        return Ok(Usage {
            input: prompt.saturating_sub(cached),
            output,
            cache_read: cached,
            ..Usage::default()
        });
    }
    let input = count("input_tokens")?
        .ok_or_else(|| Fault::invalid("usage", "must have input_tokens or prompt_tokens"))?;
    Ok(Usage {
        input,
        output: count("output_tokens")?.unwrap_or_default(),
        cache_read: count("cache_read_input_tokens")?.unwrap_or_default(),
        cache_write_5m: count("cache_creation_input_tokens")?.unwrap_or_default(),
        cache_write_1h: 0,
    })
}
