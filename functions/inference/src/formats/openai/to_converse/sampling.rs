//! How the answer is drawn: how long it may be, how freely it is chosen, and where it stops.

use std::borrow::Cow;

use serde_json::value::RawValue;
use shared::api::ApiError;
use stargate_core::catalog::Model;

use crate::formats::OutputLimits;
use crate::formats::converse::request::InferenceConfig;
use crate::formats::openai::read::{FieldError, field, parse, read_list, static_json, string};
use crate::formats::raw_json::JsonObject;

/// The output of a request that sets no limit. Bedrock's quota and our reservation are taken by the limit, not by what
/// is made of it: a model's own 128,000 would let a budget of a few dollars run nothing at all.
pub const DEFAULT_MAX_TOKENS: u64 = 16_384;

#[derive(Debug)]
pub struct Sampling<'a> {
    /// The field that limits the output, and its limit.
    limit: Option<(&'static str, u64)>,
    temperature: Option<&'a RawValue>,
    top_p: Option<&'a RawValue>,
    stop: Vec<Cow<'a, str>>,
}

impl<'a> Sampling<'a> {
    pub fn read(body: &JsonObject<'a>) -> Result<Self, FieldError> {
        let mut limit = None;
        // The later name wins; a wrong value of the other is told all the same.
        for name in ["max_tokens", "max_completion_tokens"] {
            limit = field(body, name, |json| parse(json, OutputLimits::WHOLE_NUMBER))?
                .map(|tokens| (name, tokens))
                .or(limit);
        }
        let temperature = field(body, "temperature", |json| number(json, 2.0))?;
        let top_p = field(body, "top_p", |json| number(json, 1.0))?;
        Ok(Self {
            limit,
            // Converse's scale ends where OpenAI's goes on.
            temperature: temperature.map(|(json, value)| if value > 1.0 { static_json("1") } else { json }),
            top_p: top_p.map(|(json, _)| json),
            stop: field(body, "stop", stops)?.unwrap_or_default(),
        })
    }

    /// The most tokens that the answer of `model` may have.
    pub fn max_tokens(&self, model: &Model) -> Result<u64, ApiError> {
        match self.limit {
            None => Ok(model.max_output_tokens.min(DEFAULT_MAX_TOKENS)),
            Some((field, tokens)) => OutputLimits::check_max_tokens(field, tokens, model),
        }
    }

    /// As Converse takes it. Claude refuses to think at any temperature but its own.
    pub fn config(&self, max_tokens: u64, thinks: bool) -> InferenceConfig<'a> {
        InferenceConfig {
            max_tokens,
            temperature: self.temperature.filter(|_| !thinks),
            top_p: self.top_p.filter(|_| !thinks),
            stop_sequences: self.stop.clone(),
        }
    }
}

fn number(json: &RawValue, most: f64) -> Result<(&RawValue, f64), FieldError> {
    let rule = format!("must be a number from 0 to {most}");
    let value: f64 = parse(json, &rule)?;
    if (0.0..=most).contains(&value) { Ok((json, value)) } else { Err(FieldError::new(rule)) }
}

fn stops(json: &RawValue) -> Result<Vec<Cow<'_, str>>, FieldError> {
    if json.get().starts_with('[') {
        return read_list(json, |_, sequence| stop(sequence));
    }
    Ok(vec![stop(json)?])
}

fn stop(json: &RawValue) -> Result<Cow<'_, str>, FieldError> {
    let sequence = string(json)?;
    if sequence.trim().is_empty() {
        return Err(FieldError::new("must hold more than white space"));
    }
    Ok(sequence)
}
