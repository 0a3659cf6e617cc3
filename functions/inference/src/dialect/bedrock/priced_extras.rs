//! What makes a request cost other than the catalog says: refused, since nothing is reserved for it.
//!
//! Bodies in a model's own form differ from maker to maker. So names are compared without case, `_` and `-`, at the top and
//! inside small objects, and never inside conversations and schemas, where they are the client's own words.

use serde_json::value::RawValue;
use shared::fault::Fault;
use shared::model::Model;

use crate::dialect::Output;
use crate::dialect::raw::{Fields, Object, elements};

/// Top-level fields that hold the client's own words: a name in them says nothing of the request.
const CONTENT: [&str; 17] = [
    "chat_history",
    "documents",
    "functions",
    "images",
    "inputText",
    "input_text",
    "messages",
    "metadata",
    "outputConfig",
    "prompt",
    "requestMetadata",
    "response_format",
    "suffix",
    "system",
    "text",
    "toolConfig",
    "tools",
];

/// How deep settings lie: `textGenerationConfig.maxTokenCount` is two.
const MAX_DEPTH: usize = 4;

/// Several answers to one request.
const SEVERAL_ANSWERS: [&str; 9] = [
    "bestof",
    "candidatecount",
    "n",
    "numcompletions",
    "numgenerations",
    "numresults",
    "numreturnsequences",
    "numsamples",
    "samplecount",
];

/// Tools and searches that Bedrock or the model's maker runs and bills by the call.
const SERVER_SIDE: [&str; 7] =
    ["connectors", "grounding", "mcpservers", "plugins", "searchparameters", "websearch", "websearchoptions"];

/// Refuses what a body in a model's own form must not ask for. `most` is the output limit that the deployment announces.
pub fn check_native(fields: &Fields<'_>, model: &Model) -> Result<(), Fault> {
    for name in fields.names().filter(|name| !CONTENT.contains(name)) {
        if let Some(value) = fields.get(name) {
            check_setting(name, name, value, model, MAX_DEPTH)?;
        }
    }
    if let Some(tools) = fields.get("tools") {
        check_function_tools(tools)?;
    }
    fields.get("toolConfig").map_or(Ok(()), check_tool_config)
}

/// Tools of Converse: a specification, or a cache point. Anything else is run by Bedrock.
pub fn check_tool_config(config: &str) -> Result<(), Fault> {
    let wrong = |_| Fault::invalid("toolConfig", "must be an object with a list of tools");
    let config = Object::parse(config.as_bytes()).map_err(wrong)?;
    let Some(tools) = config.get("tools") else { return Ok(()) };
    for tool in elements(tools.get()).map_err(wrong)? {
        let tool = Fields::parse(tool.as_bytes()).map_err(wrong)?;
        let other = tool.names().find(|name| !["toolSpec", "cachePoint"].contains(name));
        if let Some(name) = other {
            let rule =
                format!("{name:.64} is run by Bedrock and billed by the call, which no budget here covers");
            return Err(Fault::invalid("toolConfig.tools", rule));
        }
    }
    Ok(())
}

/// Tools of OpenAI's form and of the forms that follow it: functions of the client.
fn check_function_tools(tools: &str) -> Result<(), Fault> {
    // Some makers' `tools` are no list of objects: what they are is for the model to judge.
    let Ok(tools) = elements(tools) else { return Ok(()) };
    for tool in tools {
        let Ok(tool) = Fields::parse(tool.as_bytes()) else { continue };
        match tool.read::<String>("type") {
            Ok(None) => {}
            Ok(Some(kind)) if ["function", "custom"].contains(&kind.as_str()) => {}
            Ok(Some(kind)) => {
                let rule = format!(
                    "{kind:.64} is run by the service and billed by the call, which no budget here covers"
                );
                return Err(Fault::invalid("tools", rule));
            }
            Err(_) => return Err(Fault::invalid("tools", "type must be a string")),
        }
    }
    Ok(())
}

/// One setting and what is inside it.
fn check_setting(path: &str, name: &str, value: &str, model: &Model, depth: usize) -> Result<(), Fault> {
    // The name is the client's own text, of any length.
    let refused = |rule: &str| Err(Fault::invalid(&format!("{path:.64}"), rule));
    let plain: String =
        name.chars().filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect();
    let is_nothing = matches!(value, "null" | "false" | "[]" | "{}" | "\"\"");
    if is_nothing {
        return Ok(());
    }
    if SERVER_SIDE.contains(&plain.as_str()) {
        return refused("is run by the service and billed by the call, which no budget here covers");
    }
    if plain.starts_with("guardrail") {
        return refused("the deployment chooses guardrails, since no budget here covers their price");
    }
    if SEVERAL_ANSWERS.contains(&plain.as_str()) && value != "1" {
        return refused("only one response is supported");
    }
    if is_output_limit(&plain) {
        check_limit(path, value, model)?;
    }
    if plain == "maxreasoningeffort" && value == "\"high\"" {
        return refused("high is not supported: with it the model's output has no limit");
    }
    let ordinary: &[&str] = match plain.as_str() {
        "servicetier" => &["auto", "default", "standard"],
        "performanceconfig" | "performanceconfiglatency" | "latency" => &["standard"],
        "speed" => &["standard"],
        _ => &[],
    };
    if !ordinary.is_empty() && !chooses_one_of(value, ordinary) {
        return refused(&format!(
            "is the gateway's to choose; leave it out, or send {}",
            ordinary.join(" or ")
        ));
    }
    if depth == 0 || !value.starts_with('{') {
        return Ok(());
    }
    // A field that is there twice is an error: Bedrock might believe the other one.
    let inner = Fields::parse(value.as_bytes())
        .map_err(|error| Fault::invalid(&format!("{path:.64}"), format!("cannot be read: {error}")))?;
    for name in inner.names() {
        if let Some(value) = inner.get(name) {
            check_setting(&format!("{path}.{name}"), name, value, model, depth - 1)?;
        }
    }
    Ok(())
}

/// Whether a name is one of the many for the most output tokens: `max_tokens`, `max_gen_len`, `maxTokenCount`,
/// `max_tokens_to_sample`, `max_new_tokens`, `maxOutputTokens` ...
fn is_output_limit(plain: &str) -> bool {
    let is_of_input = ["input", "prompt", "context"].iter().any(|word| plain.contains(word));
    let is_of_output =
        ["token", "genlen", "length", "output", "completion"].iter().any(|word| plain.contains(word));
    plain.contains("max") && is_of_output && !is_of_input
}

fn check_limit(path: &str, value: &str, model: &Model) -> Result<(), Fault> {
    match serde_json::from_str::<serde_json::Number>(value) {
        Ok(number) if number.as_u64().is_some() => {
            Output::checked(&format!("{path:.64}"), number.as_u64().unwrap_or(u64::MAX), model).map(|_| ())
        }
        // An object of that name holds limits of its own.
        _ if value.starts_with('{') => Ok(()),
        _ => Err(Fault::invalid(&format!("{path:.64}"), Output::WHOLE_NUMBER)),
    }
}

/// Whether a setting, or its `type` or `latency`, is one of the ordinary choices.
fn chooses_one_of(value: &str, ordinary: &[&str]) -> bool {
    let choice = match Object::parse(value.as_bytes()) {
        Ok(object) => object.get("type").or_else(|| object.get("latency")).map(RawValue::get),
        Err(_) => Some(value),
    };
    let Some(choice) = choice else { return true };
    serde_json::from_str::<String>(choice).is_ok_and(|choice| ordinary.contains(&choice.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::model::Catalog;

    fn refusal(model: &str, body: &str) -> Option<String> {
        let catalog = Catalog::bundled("global").unwrap();
        let fields = Fields::parse(body.as_bytes()).unwrap();
        check_native(&fields, catalog.find(model).unwrap()).err().map(|fault| fault.to_string())
    }

    #[test]
    fn an_output_limit_above_the_catalogs_is_refused_by_any_name() {
        for (model, body, field) in [
            ("gpt-oss-120b", r#"{"max_completion_tokens": 128000}"#, "max_completion_tokens"),
            ("gpt-oss-120b", r#"{"max_tokens": 16385}"#, "max_tokens"),
            ("gpt-oss-120b", r#"{"max\u005ftokens": 16385}"#, "max_tokens"),
            ("gpt-oss-120b", r#"{"max_output_tokens": 16385}"#, "max_output_tokens"),
            ("meta.llama3-8b-instruct-v1:0", r#"{"max_gen_len": 9000}"#, "max_gen_len"),
            (
                "amazon.titan-text-express-v1",
                r#"{"textGenerationConfig": {"maxTokenCount": 9000}}"#,
                "textGenerationConfig.maxTokenCount",
            ),
            ("cohere.command-text-v14", r#"{"max_tokens_to_sample": 5000}"#, "max_tokens_to_sample"),
            ("ai21.j2-ultra-v1", r#"{"maxTokens": 9000}"#, "maxTokens"),
            ("nova-lite", r#"{"inferenceConfig": {"maxTokens": 10001}}"#, "inferenceConfig.maxTokens"),
            (
                "nova-lite",
                r#"{"inferenceConfig": {"max_new_tokens": 10001}}"#,
                "inferenceConfig.max_new_tokens",
            ),
            ("deepseek.r1-v1:0", r#"{"max_tokens": 32768}"#, "max_tokens"),
            ("nova-lite", r#"{"max_tokens": "9"}"#, "max_tokens"),
            ("nova-lite", r#"{"max_tokens": 1e9}"#, "max_tokens"),
            ("nova-lite", r#"{"max_tokens": 0}"#, "max_tokens"),
            ("nova-lite", r#"{"max_tokens": -1}"#, "max_tokens"),
        ] {
            let told = refusal(model, body).unwrap_or_else(|| panic!("{model} takes {body}"));
            assert!(told.starts_with(&format!("{field}: ")), "{body}: {told}");
        }
        let twice = r#"{"inferenceConfig": {"maxTokens": 128000, "maxTokens": 10}}"#;
        assert!(refusal("nova-lite", twice).is_some_and(|told| told.contains("duplicate field")));
    }

    #[test]
    fn what_costs_extra_is_refused_wherever_it_stands() {
        for (body, field) in [
            (r#"{"serviceTier": {"type": "priority"}}"#, "serviceTier"),
            (r#"{"service_tier": "flex"}"#, "service_tier"),
            (r#"{"performanceConfig": {"latency": "optimized"}}"#, "performanceConfig"),
            (r#"{"performance_config": {"latency": "optimized"}}"#, "performance_config"),
            (
                r#"{"guardrailConfig": {"guardrailIdentifier": "mine", "guardrailVersion": "1"}}"#,
                "guardrailConfig",
            ),
            (
                r#"{"toolConfig": {"tools": [{"systemTool": {"name": "nova_grounding"}}]}}"#,
                "toolConfig.tools",
            ),
            (r#"{"toolConfig": {"tools": [{"toolSpec": {}}, {"newTool": {}}]}}"#, "toolConfig.tools"),
            (r#"{"tools": [{"type": "function"}, {"type": "web_search"}]}"#, "tools"),
            (r#"{"tools": [{"type": "code_interpreter"}]}"#, "tools"),
            (r#"{"web_search_options": {"search_context_size": "low"}}"#, "web_search_options"),
            (r#"{"extra": {"connectors": [{"id": "web-search"}]}}"#, "extra.connectors"),
            (r#"{"n": 2}"#, "n"),
            (r#"{"generation_config": {"candidateCount": 4}}"#, "generation_config.candidateCount"),
            (r#"{"num_return_sequences": 2}"#, "num_return_sequences"),
            (
                r#"{"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "high"}}"#,
                "reasoningConfig.maxReasoningEffort",
            ),
        ] {
            let told = refusal("nova-2-lite", body).unwrap_or_else(|| panic!("takes {body}"));
            assert!(told.starts_with(&format!("{field}: ")), "{body}: {told}");
        }
    }

    #[test]
    fn what_is_ordinary_passes() {
        for body in [
            r#"{"messages": [{"role": "user", "content": "n: 5, \"max_tokens\": 999999"}], "max_tokens": 100}"#,
            r#"{"serviceTier": {"type": "default"}, "performanceConfig": {"latency": "standard"}}"#,
            r#"{"service_tier": "auto", "n": 1, "max_tokens": null, "guardrailConfig": null}"#,
            r#"{"tools": [{"type": "function", "function": {"parameters": {"properties": {"n": {}, "max_tokens": {}}}}}]}"#,
            r#"{"toolConfig": {"tools": [{"toolSpec": {"name": "n"}}, {"cachePoint": {"type": "default"}}]}}"#,
            r#"{"textGenerationConfig": {"maxTokenCount": 100, "temperature": 0}}"#,
            r#"{"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "medium"}}"#,
            r#"{"max_input_tokens": 999999, "maximum_context_length": 999999}"#,
        ] {
            assert_eq!(refusal("nova-2-lite", body), None, "{body}");
        }
    }
}
