//! From Anthropic's Messages body to the one that Bedrock takes, by the model's rules.

#[cfg(test)]
mod tests;

use serde_json::{Value, json};
use shared::api::ApiError;
use stargate_core::catalog::AnthropicCompat;

use super::request::Request;
use super::strip_blocks;
use crate::formats::converse::reasoning;
use crate::formats::raw_json::RawObject;

/// What Bedrock wants as `anthropic_version`, whatever the client's header says.
const VERSION: &str = "\"bedrock-2023-05-31\"";

/// The body to send to Bedrock. Fields that nothing is known of are dropped: Bedrock would refuse the whole request.
pub fn to_bedrock(
    request: &Request<'_>,
    rules: &AnthropicCompat,
    requested_betas: &[String],
    max_tokens: u64,
) -> Result<Vec<u8>, ApiError> {
    let mut fields = request.fields.clone();
    let in_body: Option<Vec<String>> = fields.read("anthropic_beta").unwrap_or_default();
    fields.retain(|field| rules.allows_field(field));
    let mut betas = Betas::default();
    for requested in requested_betas.iter().chain(in_body.iter().flatten()) {
        betas.add(rules.beta(requested));
    }
    fields.set("anthropic_version", VERSION);
    fields.set("max_tokens", max_tokens.to_string());
    thinking(&mut fields, rules, max_tokens)?;
    context_management(&mut fields, rules, &mut betas)?;
    output_config(&mut fields, rules)?;
    clean(&mut fields, "messages", |text| {
        strip_blocks::messages(text, rules).map_err(|error| odd("messages", &error))
    })?;
    clean(&mut fields, "system", |text| {
        strip_blocks::blocks(text, rules).map_err(|error| odd("system", &error))
    })?;
    clean(&mut fields, "tools", |text| strip_blocks::tools(text, rules))?;
    for field in ["safeguards"] {
        if fields.get(field).is_some() {
            betas.add(rules.field_beta(field));
        }
    }
    fields.remove("anthropic_beta");
    if let Some(list) = betas.to_json() {
        fields.set("anthropic_beta", list);
    }
    Ok(fields.to_json().into_bytes())
}

/// The betas to send, each once, in the order they were asked for.
#[derive(Default)]
struct Betas(Vec<String>);

impl Betas {
    fn add(&mut self, beta: Option<&str>) {
        if let Some(beta) = beta
            && !self.0.iter().any(|known| known == beta)
        {
            self.0.push(beta.to_owned());
        }
    }

    fn to_json(&self) -> Option<String> {
        (!self.0.is_empty()).then(|| json!(self.0).to_string())
    }
}

fn odd(field: &str, error: &serde_json::Error) -> ApiError {
    ApiError::invalid(field, format!("cannot be read: {error}"))
}

fn clean(
    fields: &mut RawObject<'_>,
    name: &str,
    change: impl Fn(&str) -> Result<Option<String>, ApiError>,
) -> Result<(), ApiError> {
    if let Some(changed) = fields.get(name).map(change).transpose()?.flatten() {
        fields.set(name, changed);
    }
    Ok(())
}

/// A small field read as a value, so that it can be changed.
fn small(fields: &RawObject<'_>, name: &str) -> Result<Option<Value>, ApiError> {
    fields.read(name).map_err(|error| odd(name, &error))
}

/// The kind of thinking that the model knows: a budget becomes adaptive and the other way round.
fn thinking(fields: &mut RawObject<'_>, rules: &AnthropicCompat, max_tokens: u64) -> Result<(), ApiError> {
    let Some(mut thinking) = small(fields, "thinking")? else {
        return Ok(());
    };
    let Some(object) = thinking.as_object_mut() else {
        return Err(ApiError::invalid("thinking", "must be an object"));
    };
    if !rules.allows_thinking_display() {
        object.remove("display");
    }
    match object.get("type").and_then(Value::as_str) {
        Some("enabled") if !rules.allows_thinking("enabled") && rules.allows_thinking("adaptive") => {
            object.insert("type".to_owned(), json!("adaptive"));
            object.remove("budget_tokens");
        }
        Some("adaptive") if !rules.allows_thinking("adaptive") && rules.allows_thinking("enabled") => {
            let Some(budget) = reasoning::adaptive_budget(max_tokens) else {
                fields.remove("thinking");
                return Ok(());
            };
            object.insert("type".to_owned(), json!("enabled"));
            object.insert("budget_tokens".to_owned(), json!(budget));
        }
        Some(kind) if !rules.allows_thinking(kind) => {
            fields.remove("thinking");
            return Ok(());
        }
        _ => {}
    }
    fields.set("thinking", thinking.to_string());
    Ok(())
}

fn context_management(
    fields: &mut RawObject<'_>,
    rules: &AnthropicCompat,
    betas: &mut Betas,
) -> Result<(), ApiError> {
    let Some(mut management) = small(fields, "context_management")? else {
        return Ok(());
    };
    let mut stays = false;
    if let Some(edits) = management.get_mut("edits").and_then(Value::as_array_mut) {
        let beta =
            |edit: &Value| edit.get("type").and_then(Value::as_str).and_then(|kind| rules.edit_beta(kind));
        edits.retain(|edit| beta(edit).is_some());
        edits.iter().for_each(|edit| betas.add(beta(edit)));
        stays = !edits.is_empty();
    }
    if stays {
        fields.set("context_management", management.to_string());
    } else {
        fields.remove("context_management");
    }
    Ok(())
}

fn output_config(fields: &mut RawObject<'_>, rules: &AnthropicCompat) -> Result<(), ApiError> {
    let Some(mut config) = small(fields, "output_config")? else {
        return Ok(());
    };
    let Some(object) = config.as_object_mut() else {
        return Err(ApiError::invalid("output_config", "must be an object"));
    };
    if let Some(effort) = object.get("effort").and_then(Value::as_str).map(str::to_owned) {
        match rules.effort(&effort) {
            Some(sent) => object.insert("effort".to_owned(), json!(sent)),
            None => object.remove("effort"),
        };
    }
    if !rules.allows_output_format() {
        object.remove("format");
    }
    if object.is_empty() {
        fields.remove("output_config");
    } else {
        fields.set("output_config", config.to_string());
    }
    Ok(())
}
