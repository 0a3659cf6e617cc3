//! Output limits of bodies in a model's own form, by any of their names.

use serde_json::Number;
use shared::api::ApiError;
use stargate_core::catalog::Model;

use crate::formats::OutputLimits;

/// Holds a limit of output tokens to the announced one. A setting of another name is none of its business.
pub fn check(path: &str, plain: &str, value: &str, model: &Model) -> Result<(), ApiError> {
    // An object of such a name holds limits of its own.
    if !is_of_output_tokens(plain) || value.starts_with('{') {
        return Ok(());
    }
    let field = format!("{path:.64}");
    match whole_number(value) {
        // No least length: `min_tokens` is 0 unless it is set.
        Some(0) if plain.starts_with("min") => Ok(()),
        Some(tokens) => OutputLimits::check_max_tokens(&field, tokens, model).map(|_| ()),
        None => Err(ApiError::invalid(&field, OutputLimits::WHOLE_NUMBER)),
    }
}

/// Holds Nova's reasoning to the efforts with which its output has a limit.
pub fn check_effort(path: &str, value: &str) -> Result<(), ApiError> {
    let effort: Result<String, _> = serde_json::from_str(value);
    if effort.is_ok_and(|effort| ["low", "medium"].contains(&effort.as_str())) {
        return Ok(());
    }
    let rule = "must be low or medium: with high the model's output has no limit";
    Err(ApiError::invalid(&format!("{path:.64}"), rule))
}

/// Whether a name is one of the many for the most or the least output tokens: `max_tokens`, `max_gen_len`, `maxTokenCount`,
/// `max_tokens_to_sample`, `max_new_tokens`, `maxOutputTokens`, `min_tokens` ...
fn is_of_output_tokens(plain: &str) -> bool {
    let has = |words: &[&str]| words.iter().any(|word| plain.contains(word));
    (plain.contains("max") || plain.starts_with("min"))
        && has(&["token", "genlen", "length", "output", "completion"])
        && !has(&["input", "prompt", "context"])
}

/// A number without a fraction, however it is written: `100`, `100.0`, `1e2`. One beyond all limits is the largest.
fn whole_number(value: &str) -> Option<u64> {
    let number: Number = serde_json::from_str(value).ok()?;
    let float = number.as_f64().filter(|float| *float >= 0.0 && float.fract() == 0.0)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole and not negative; `as` saturates"
    )]
    number.as_u64().or(Some(float as u64))
}
