//! What Bedrock has nothing for: refused by name, unless it asks for nothing.

use serde_json::value::RawValue;

use super::read::{Wrong, each, object, parsed, string};
use crate::dialect::raw::Object;

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
    ("audio", NOT_AVAILABLE, never),
    ("modalities", "only text is available on Amazon Bedrock", is_text),
    ("prediction", NOT_AVAILABLE, never),
    ("web_search_options", NOT_AVAILABLE, never),
    ("functions", "is not available on Amazon Bedrock: use tools", never),
    ("function_call", "is not available on Amazon Bedrock: use tool_choice", never),
    ("store", "nothing is stored by this gateway", is_false),
    ("service_tier", "must be auto or default", |json| is_one_of(json, &["auto", "default"])),
];

/// Names the first field that asks for something which there is not.
pub fn check(body: &Object<'_>) -> Result<(), Wrong> {
    let asks = |(name, _, asks_nothing): &&Field| body.get(name).is_some_and(|json| !asks_nothing(json));
    match FIELDS.iter().find(asks) {
        Some((name, rule, _)) => Err(Wrong::new(*rule).inside(name)),
        None => Ok(()),
    }
}

fn never(_: &RawValue) -> bool {
    false
}

fn is_false(json: &RawValue) -> bool {
    json.get() == "false"
}

fn is_number(json: &RawValue, wanted: f64) -> bool {
    parsed::<f64>(json, "").is_ok_and(|number| (number - wanted).abs() < f64::EPSILON)
}

fn is_one_of(json: &RawValue, words: &[&str]) -> bool {
    string(json).is_ok_and(|word| words.contains(&word.as_ref()))
}

fn is_text(json: &RawValue) -> bool {
    each(json, |_, modality| string(modality)).is_ok_and(|all| all.iter().all(|modality| modality == "text"))
}
