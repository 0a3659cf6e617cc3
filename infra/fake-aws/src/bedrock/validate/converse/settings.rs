//! Checks on everything beside the conversation and the tools.

use serde_json::Value;

use super::super::super::model;
use super::node::{CheckResult, Node, ObjectNode};

/// What Claude models take in `additionalModelRequestFields`: what Converse has no field for.
const ADDITIONAL: [&str; 5] = ["thinking", "anthropic_beta", "output_config", "tool_choice", "top_k"];

const MAX_METADATA: usize = 16;
const MAX_METADATA_LEN: usize = 256;

pub(super) fn check(model: &str, body: &ObjectNode) -> CheckResult {
    body.if_any("inferenceConfig", inference)?;
    body.if_any("additionalModelRequestFields", |fields| additional(model, fields))?;
    body.each_of("additionalModelResponseFieldPaths", |path| path.not_empty().map(drop))?;
    body.if_any("guardrailConfig", guardrail)?;
    body.if_any("promptVariables", variables)?;
    body.if_any("requestMetadata", metadata)?;
    body.if_any("performanceConfig", |config| {
        config
            .object(&["latency"])?
            .if_any("latency", |latency| latency.one_of(&["standard", "optimized"]).map(drop))
    })?;
    body.if_any("serviceTier", |tier| {
        let tiers = ["priority", "default", "flex", "reserved"];
        tier.object(&["type"])?.need("type")?.one_of(&tiers).map(drop)
    })?;
    body.if_any("outputConfig", |config| output(model, config))
}

fn inference(config: &Node) -> CheckResult {
    let config = config.object(&["maxTokens", "temperature", "topP", "stopSequences"])?;
    config.if_any("maxTokens", |most| {
        most.number(1.0..=f64::INFINITY)?;
        most.value.as_u64().map(drop).ok_or_else(|| most.wrong_type("Integer"))
    })?;
    config.if_any("temperature", |temperature| temperature.number(0.0..=1.0))?;
    config.if_any("topP", |top| top.number(0.0..=1.0))?;
    config.each_of("stopSequences", |sequence| sequence.not_empty().map(drop))
}

fn additional(model: &str, fields: &Node) -> CheckResult {
    let entries = fields.entries()?;
    if model::maker(model) != Some(model::ANTHROPIC) {
        return Ok(());
    }
    match entries.iter().find(|(name, _)| !ADDITIONAL.contains(name)) {
        None => Ok(()),
        Some((name, _)) => {
            Err(format!("The model returned the following errors: {name}: Extra inputs are not permitted"))
        }
    }
}

fn guardrail(config: &Node) -> CheckResult {
    let config =
        config.object(&["guardrailIdentifier", "guardrailVersion", "trace", "streamProcessingMode"])?;
    config.need("guardrailIdentifier")?.not_empty()?;
    config.need("guardrailVersion")?.not_empty()?;
    config.if_any("trace", |trace| trace.one_of(&["enabled", "disabled", "enabled_full"]).map(drop))?;
    config.if_any("streamProcessingMode", |mode| mode.one_of(&["sync", "async"]).map(drop))
}

fn variables(variables: &Node) -> CheckResult {
    for (_, variable) in variables.entries()? {
        variable.object(&["text"])?.need("text")?.text()?;
    }
    Ok(())
}

fn metadata(metadata: &Node) -> CheckResult {
    let entries = metadata.entries()?;
    if entries.len() > MAX_METADATA {
        return Err(metadata.breaks(&format!("Member must have length less than or equal to {MAX_METADATA}")));
    }
    for (name, value) in entries {
        let key = Value::from(name);
        let key = Node { path: metadata.path.clone(), value: &key };
        key.not_empty()?;
        for text in [&key, &value] {
            text.matching(r"[a-zA-Z0-9\s:_@$#=/+,-.]*", MAX_METADATA_LEN, in_metadata)?;
        }
    }
    Ok(())
}

fn in_metadata(c: char) -> bool {
    c.is_ascii_alphanumeric() || c.is_ascii_whitespace() || ":_@$#=/+,-.".contains(c)
}

fn output(model: &str, config: &Node) -> CheckResult {
    let config = config.object(&["textFormat", "effort"])?;
    config.if_any("effort", |effort| effort.one_of(&["low", "medium", "high", "xhigh", "max"]).map(drop))?;
    config.if_any("textFormat", |format| {
        // Amazon's own models are not on the list of those with structured outputs; the words are a guess.
        if model::maker(model) == Some("amazon") {
            return Err("This model doesn't support the outputConfig.textFormat field.".to_owned());
        }
        let format = format.object(&["type", "structure"])?;
        format.need("type")?.one_of(&["json_schema"])?;
        let (_, json_schema) = format.need("structure")?.union(&["jsonSchema"])?;
        let json_schema = json_schema.object(&["schema", "name", "description"])?;
        for name in ["name", "description"] {
            json_schema.if_any(name, |text| text.text().map(drop))?;
        }
        schema(&json_schema.need("schema")?)
    })
}

/// A schema is an object, written as a text.
fn schema(schema: &Node) -> CheckResult {
    match serde_json::from_str(schema.text()?) {
        Ok(Value::Object(_)) => Ok(()),
        _ => Err(format!("The value at {} is not a valid JSON schema.", schema.path)),
    }
}
