//! `Converse`: one form of body for every model.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use shared::api::ApiError;
use stargate_core::catalog::Model;

use super::passthrough::EventStreamPassthrough;
use super::priced_extras::check_tool_config;
use crate::formats::raw_json::RawObject;
use crate::formats::{Api, BedrockRequest, ChatRequest, OutputLimits, ResponseWriter};

/// A request whose path names the model and says whether it streams.
pub struct ConverseRequest<'a> {
    fields: RawObject<'a>,
    model: String,
    streams: bool,
    inference: Map<String, Value>,
    additional: Map<String, Value>,
}

impl<'a> ConverseRequest<'a> {
    pub fn read(body: &'a [u8], model: &str, streams: bool) -> Result<Self, ApiError> {
        let fields = RawObject::parse(body).map_err(|error| ApiError::Invalid {
            param: None,
            message: format!("Malformed input request: {error}, please reformat your input and try again."),
        })?;
        if let Some(name) = fields.names().find(|name| !KNOWN.contains(name)) {
            // It may cost other than is reserved.
            return Err(ApiError::Invalid {
                param: None,
                message: format!("{name:.64}: is not a field of Converse"),
            });
        }
        let object = |name: &str| {
            let object = fields.read::<Map<String, Value>>(name);
            object.map(Option::unwrap_or_default).map_err(|_| ApiError::invalid(name, "must be an object"))
        };
        let (inference, additional) = (object("inferenceConfig")?, object("additionalModelRequestFields")?);
        known_only(&additional)?;
        each_once(&fields)?;
        at_the_ordinary_price(&fields)?;
        Ok(Self { fields, model: model.to_owned(), streams, inference, additional })
    }
}

/// The fields of Converse. Source: the API reference of Amazon Bedrock Runtime.
const KNOWN: [&str; 12] = [
    "additionalModelRequestFields",
    "additionalModelResponseFieldPaths",
    "guardrailConfig",
    "inferenceConfig",
    "messages",
    "outputConfig",
    "performanceConfig",
    "promptVariables",
    "requestMetadata",
    "serviceTier",
    "system",
    "toolConfig",
];

/// What may stand in `additionalModelRequestFields`: nothing that gives a model another limit or price than is paid for.
const ADDITIONAL: [&str; 16] = [
    "anthropic_beta",
    "chat_template_kwargs",
    "enable_thinking",
    "frequency_penalty",
    "inferenceConfig",
    "k",
    "min_p",
    "output_config",
    "presence_penalty",
    "reasoning",
    "reasoning_effort",
    "reasoningConfig",
    "seed",
    "thinking",
    "tool_choice",
    "top_k",
];

/// Refuses what nothing is known of, and Nova's limit of tokens by its own name.
fn known_only(additional: &Map<String, Value>) -> Result<(), ApiError> {
    const FIELD: &str = "additionalModelRequestFields";
    let own = additional.get("inferenceConfig").and_then(Value::as_object);
    let unknown = additional
        .keys()
        .find(|name| !ADDITIONAL.contains(&name.as_str()))
        .or_else(|| own.and_then(|own| own.keys().find(|name| *name != "topK")));
    match unknown {
        // The name is the client's own text, of any length.
        Some(name) => Err(ApiError::Invalid {
            param: Some(FIELD.to_owned()),
            message: format!(
                "{FIELD}.{name:.64}: is not taken; a limit of tokens is inferenceConfig.maxTokens"
            ),
        }),
        None => Ok(()),
    }
}

/// Refuses fields that are there twice in what is passed on as it came: Bedrock might believe the one that was not read.
fn each_once(fields: &RawObject<'_>) -> Result<(), ApiError> {
    const FIELD: &str = "additionalModelRequestFields";
    let Some(additional) = fields.get(FIELD).filter(|json| *json != "null") else { return Ok(()) };
    let wrong = |error| ApiError::invalid(FIELD, format!("cannot be read: {error}"));
    let additional = RawObject::parse(additional.as_bytes()).map_err(wrong)?;
    match additional.get("inferenceConfig").filter(|json| *json != "null") {
        Some(own) => RawObject::parse(own.as_bytes()).map(|_| ()).map_err(wrong),
        None => Ok(()),
    }
}

/// Refuses what costs other than the catalog says.
fn at_the_ordinary_price(fields: &RawObject<'_>) -> Result<(), ApiError> {
    if let Some(tools) = fields.get("toolConfig").filter(|tools| *tools != "null") {
        check_tool_config(tools)?;
    }

    #[derive(Deserialize)]
    struct TypedSetting {
        #[serde(alias = "latency")]
        r#type: Option<String>,
    }

    for (name, field, ordinary) in [
        ("serviceTier", "serviceTier.type", "default"),
        ("performanceConfig", "performanceConfig.latency", "standard"),
    ] {
        let choice: Option<TypedSetting> =
            fields.read(name).map_err(|_| ApiError::invalid(name, "must be an object"))?;
        if choice.and_then(|choice| choice.r#type).is_some_and(|choice| choice != ordinary) {
            return Err(ApiError::invalid(
                field,
                format!("is the gateway's to choose; leave it out, or {ordinary}"),
            ));
        }
    }
    Ok(())
}

impl ChatRequest for ConverseRequest<'_> {
    fn model(&self) -> &str {
        &self.model
    }

    fn streams(&self) -> bool {
        self.streams
    }

    fn output(&self, model: &Model) -> Result<OutputLimits, ApiError> {
        const FIELD: &str = "inferenceConfig.maxTokens";
        let most = model.max_output_tokens;
        let max_tokens = match self.inference.get("maxTokens") {
            None | Some(Value::Null) => most,
            Some(asked) => match asked.as_u64() {
                Some(asked) if (1..=most).contains(&asked) => asked,
                _ => {
                    return Err(ApiError::invalid(FIELD, format!("must be a whole number from 1 to {most}")));
                }
            },
        };
        let budget = self.additional.get("thinking").and_then(|thinking| thinking["budget_tokens"].as_u64());
        let thinking_budget = budget.map_or(0, |budget| budget.min(max_tokens));
        Ok(OutputLimits { asked: max_tokens, max_tokens, thinking_budget })
    }

    fn to_bedrock(&self, _: &Model, max_tokens: u64) -> Result<BedrockRequest, ApiError> {
        let mut fields = self.fields.clone();
        let mut inference = self.inference.clone();
        // Always said: what a model does without it is nobody's promise.
        inference.insert("maxTokens".to_owned(), json!(max_tokens));
        fields.set("inferenceConfig", Value::from(inference).to_string());
        fields.remove("serviceTier");
        fields.remove("performanceConfig");
        let mut taken = |name: &str| fields.remove(name).map(|value| value.into_owned());
        let (guardrail, metadata) = (taken("guardrailConfig"), taken("requestMetadata"));
        let metadata = match metadata.as_deref().map(serde_json::from_str).transpose() {
            Ok(metadata) => metadata.unwrap_or_default(),
            Err(_) => return Err(ApiError::invalid("requestMetadata", "must be an object of texts")),
        };
        Ok(BedrockRequest {
            guardrail,
            metadata,
            ..BedrockRequest::new(Api::Converse, fields.to_json().into_bytes())
        })
    }

    fn teller(&self, _: &Model, _: &str, _: i64) -> Box<dyn ResponseWriter> {
        Box::new(EventStreamPassthrough)
    }
}
