//! What Bedrock has nothing for: refused by name, unless it asks for nothing.

use serde_json::value::RawValue;

use super::read::{FieldError, object, parse, read_list, string};
use crate::formats::raw_json::JsonObject;

const NOT_AVAILABLE: &str = "is not available on Amazon Bedrock";

/// Fields that change the answer, the rule that they break, and whether a value asks for what is done anyway.
type Field = (&'static str, &'static str, fn(&RawValue) -> bool);

const FIELDS: [Field; 14] = [
    ("n", "only 1 is served", |json| is_number(json, 1.0)),
    ("logprobs", NOT_AVAILABLE, is_false),
    ("top_logprobs", NOT_AVAILABLE, |json| is_number(json, 0.0)),
    ("logit_bias", NOT_AVAILABLE, |json| object(json).is_ok_and(|bias| bias.is_empty())),
    ("frequency_penalty", NOT_AVAILABLE, |json| is_number(json, 0.0)),
    ("presence_penalty", NOT_AVAILABLE, |json| is_number(json, 0.0)),
    ("audio", NOT_AVAILABLE, never_supported),
    ("modalities", "only text is available on Amazon Bedrock", is_text),
    ("prediction", NOT_AVAILABLE, never_supported),
    ("web_search_options", NOT_AVAILABLE, never_supported),
    ("functions", "is not available on Amazon Bedrock: use tools", never_supported),
    ("function_call", "is not available on Amazon Bedrock: use tool_choice", never_supported),
    ("store", "nothing is stored by this gateway", is_false),
    ("service_tier", "must be auto or default", |json| is_one_of(json, &["auto", "default"])),
];

/// Names the first field that asks for something which there is not.
pub fn reject_unsupported(body: &JsonObject<'_>) -> Result<(), FieldError> {
    let asks = |(name, _, asks_nothing): &&Field| body.get(name).is_some_and(|json| !asks_nothing(json));
    match FIELDS.iter().find(asks) {
        Some((name, rule, _)) => Err(FieldError::new(*rule).at_step(name)),
        None => Ok(()),
    }
}

fn never_supported(_: &RawValue) -> bool {
    false
}

fn is_false(json: &RawValue) -> bool {
    json.get() == "false"
}

fn is_number(json: &RawValue, wanted: f64) -> bool {
    parse::<f64>(json, "").is_ok_and(|number| (number - wanted).abs() < f64::EPSILON)
}

fn is_one_of(json: &RawValue, words: &[&str]) -> bool {
    string(json).is_ok_and(|word| words.contains(&word.as_ref()))
}

fn is_text(json: &RawValue) -> bool {
    read_list(json, |_, modality| string(modality))
        .is_ok_and(|all| all.iter().all(|modality| modality == "text"))
}
