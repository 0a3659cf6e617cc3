//! A Messages request as a client sends it: the few fields that decide, read; the rest, text.

use serde::Deserialize;
use shared::api::ApiError;
use stargate_core::catalog::Model;

use crate::formats::OutputLimits;
use crate::formats::raw_json::RawObject;

/// The longest model name: it is echoed in errors, and Bedrock's own ids and ARNs are shorter.
const MAX_NAME_LEN: usize = 256;

/// A request that passed the checks which need no model.
#[derive(Debug)]
pub struct Request<'a> {
    pub fields: RawObject<'a>,
    pub model: String,
    pub stream: bool,
}

#[derive(Deserialize)]
struct ThinkingBudget {
    #[serde(default)]
    budget_tokens: Option<u64>,
}

impl<'a> Request<'a> {
    /// Reads a body, or names the field that is wrong and the rule.
    pub fn parse(body: &'a [u8]) -> Result<Self, ApiError> {
        let fields = RawObject::parse(body).map_err(|error| ApiError::Invalid {
            param: None,
            message: format!("the request body is not valid JSON: {error}"),
        })?;
        let model: String = require_field(&fields, "model", "must be a string")?;
        if model.len() > MAX_NAME_LEN {
            return Err(ApiError::invalid("model", format!("must be at most {MAX_NAME_LEN} bytes long")));
        }
        let stream: Option<bool> =
            fields.read("stream").map_err(|_| ApiError::invalid("stream", "must be true or false"))?;
        match fields.get("messages") {
            None => return Err(ApiError::invalid("messages", "Field required")),
            Some(messages) if !messages.starts_with('[') => {
                return Err(ApiError::invalid("messages", "must be an array"));
            }
            Some(_) => {}
        }
        Ok(Self { fields, model, stream: stream.unwrap_or(false) })
    }

    /// What it asks of the output of `model`.
    pub fn output(&self, model: &Model) -> Result<OutputLimits, ApiError> {
        let asked = require_field(&self.fields, "max_tokens", OutputLimits::WHOLE_NUMBER)?;
        // Clients of Anthropic's API ask for what Claude makes, whatever model they are pointed at.
        let most = if model.rules.is_some() { asked } else { model.max_output_tokens.min(asked) };
        let max_tokens = OutputLimits::check_max_tokens("max_tokens", most, model)?;
        let thinking: Option<ThinkingBudget> =
            self.fields.read("thinking").map_err(|_| ApiError::invalid("thinking", "must be an object"))?;
        let thinking_budget = thinking.and_then(|thinking| thinking.budget_tokens);
        let thinking_budget = thinking_budget.map_or(0, |budget| budget.min(max_tokens));
        Ok(OutputLimits { asked, max_tokens, thinking_budget })
    }
}

fn require_field<'b, T: Deserialize<'b>>(
    fields: &'b RawObject<'_>,
    name: &str,
    rule: &str,
) -> Result<T, ApiError> {
    match fields.read(name) {
        Ok(Some(value)) => Ok(value),
        Ok(None) => Err(ApiError::invalid(name, "Field required")),
        Err(_) => Err(ApiError::invalid(name, rule)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stargate_core::catalog::Catalog;

    fn fault(body: &str) -> String {
        let catalog = Catalog::load_bundled("global").unwrap();
        let model = catalog.find("claude-haiku-4-5").unwrap();
        let outcome = Request::parse(body.as_bytes()).and_then(|request| request.output(model));
        outcome.map_or_else(|fault| fault.to_string(), |output| format!("{output:?}"))
    }

    #[test]
    fn names_the_field_and_the_rule() {
        for (body, want) in [
            (r#"{"messages":[],"max_tokens":1}"#, "model: Field required"),
            (r#"{"model":7,"messages":[],"max_tokens":1}"#, "model: must be a string"),
            (r#"{"model":"m","max_tokens":1}"#, "messages: Field required"),
            (r#"{"model":"m","messages":"hi","max_tokens":1}"#, "messages: must be an array"),
            (r#"{"model":"m","messages":[]}"#, "max_tokens: Field required"),
            (r#"{"model":"m","messages":[],"max_tokens":null}"#, "max_tokens: Field required"),
            (r#"{"model":"m","messages":[],"max_tokens":-1}"#, "max_tokens: must be a whole number above 0"),
            (r#"{"model":"m","messages":[],"max_tokens":0}"#, "max_tokens: must be a whole number above 0"),
            (r#"{"model":"m","messages":[],"max_tokens":"9"}"#, "max_tokens: must be a whole number above 0"),
            (r#"{"model":"m","messages":[],"max_tokens":1,"stream":1}"#, "stream: must be true or false"),
            (
                r#"{"model":"m","messages":[],"max_tokens":64001}"#,
                "max_tokens: 64001 > 64000, which is the maximum allowed number of output tokens for claude-haiku-4-5",
            ),
            (
                r#"{"model":"m","messages":[],"max_tokens":9,"thinking":{"type":"enabled","budget_tokens":5}}"#,
                "OutputLimits { asked: 9, max_tokens: 9, thinking_budget: 5 }",
            ),
        ] {
            assert_eq!(fault(body), want, "{body}");
        }
        assert!(fault("{").starts_with("the request body is not valid JSON"));
    }

    #[test]
    fn other_models_make_what_they_make_where_more_is_asked_for() {
        let catalog = Catalog::load_bundled("global").unwrap();
        let model = catalog.find("nova-pro").unwrap();
        for (asked, max_tokens) in [(32_000, 10_000), (10_000, 10_000), (9, 9)] {
            let body = format!(r#"{{"model":"m","messages":[],"max_tokens":{asked}}}"#);
            let output = Request::parse(body.as_bytes()).unwrap().output(model).unwrap();
            assert_eq!(output, OutputLimits { asked, max_tokens, thinking_budget: 0 });
        }
        let nothing = Request::parse(br#"{"model":"m","messages":[],"max_tokens":0}"#).unwrap();
        assert!(nothing.output(model).is_err());
    }
}
