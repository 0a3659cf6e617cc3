//! How the model shall answer: its sampling, where it stops, how hard it thinks.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use shared::api::ApiError;
use stargate_core::catalog::Model;

use super::field;
use super::read::{FieldPath, any_string, list, object, string};
use crate::formats::converse::reasoning;
use crate::formats::converse::request::InferenceConfig;
use crate::formats::raw_json::RawObject;

#[derive(Deserialize)]
struct ThinkingBody<'a> {
    #[serde(rename = "type", borrow)]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    budget_tokens: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct OutputConfigEffort<'a> {
    #[serde(borrow)]
    effort: Option<&'a RawValue>,
}

pub fn inference<'a>(fields: &'a RawObject<'_>, max_tokens: u64) -> Result<InferenceConfig<'a>, ApiError> {
    let mut stop_sequences: Vec<Cow<'a, str>> = Vec::new();
    if let Some(raw) = field(fields, "stop_sequences")? {
        for (number, raw) in list(raw, "stop_sequences")?.into_iter().enumerate() {
            let at = FieldPath { path: "stop_sequences", name: &number.to_string() };
            stop_sequences.push(string(Some(raw), at)?);
        }
    }
    // Bedrock refuses them: Claude's own API does too, but clients of other models send them.
    stop_sequences.retain(|sequence| !sequence.trim().is_empty());
    let temperature = number(fields, "temperature")?;
    Ok(InferenceConfig { max_tokens, temperature, top_p: number(fields, "top_p")?, stop_sequences })
}

fn number<'a>(fields: &'a RawObject<'_>, name: &str) -> Result<Option<&'a RawValue>, ApiError> {
    let raw = field(fields, name)?;
    match raw {
        Some(raw) if !raw.get().starts_with(|first: char| first == '-' || first.is_ascii_digit()) => {
            Err(ApiError::invalid(name, "must be a number"))
        }
        _ => Ok(raw),
    }
}

/// The fields that ask for thinking in the model's own words.
pub fn thinking(
    fields: &RawObject<'_>,
    model: &Model,
    max_tokens: u64,
) -> Result<Map<String, Value>, ApiError> {
    Ok(effort(fields)?.map(|effort| reasoning::fields(model, &effort, max_tokens)).unwrap_or_default())
}

/// How hard the model shall think; `None` if the client does not say.
fn effort<'a>(fields: &'a RawObject<'_>) -> Result<Option<Cow<'a, str>>, ApiError> {
    let config: Option<OutputConfigEffort<'a>> =
        field(fields, "output_config")?.map(|raw| object(raw, "output_config")).transpose()?;
    let at = FieldPath { path: "output_config", name: "effort" };
    let effort = any_string(config.and_then(|config| config.effort), at)?;
    let Some(raw) = field(fields, "thinking")? else {
        return Ok(effort);
    };
    let thinking: ThinkingBody<'a> = object(raw, "thinking")?;
    let at = FieldPath { path: "thinking", name: "type" };
    Ok(match (string(thinking.kind, at)?.as_ref(), effort) {
        ("disabled", _) => Some("none".into()),
        ("adaptive" | "enabled", Some(effort)) => Some(effort),
        ("adaptive", None) => Some("high".into()),
        ("enabled", None) => {
            let budget = thinking.budget_tokens.map(|raw| serde_json::from_str::<u64>(raw.get())).transpose();
            let budget = budget
                .map_err(|_| FieldPath { name: "budget_tokens", ..at }.wrong("must be a whole number"))?;
            Some(level(budget.unwrap_or(u64::MAX)).into())
        }
        _ => return Err(at.wrong("must be enabled, adaptive or disabled")),
    })
}

/// The effort that a budget stands for: the other way round than [`reasoning::budget`].
fn level(budget: u64) -> &'static str {
    match budget {
        0..=1024 => "low",
        1025..=2048 => "medium",
        _ => "high",
    }
}
