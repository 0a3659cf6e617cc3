//! `InvokeModel`: a body in the model's own form.

use std::borrow::Cow;

use http::HeaderMap;
use serde::Deserialize;
use serde_json::json;
use shared::api::ApiError;
use stargate_core::catalog::{AnthropicCompat, Model};

use super::passthrough::EventStreamPassthrough;
use super::priced_extras::check_native;
use crate::formats::anthropic::request::Request;
use crate::formats::anthropic::strip_blocks;
use crate::formats::raw_json::RawObject;
use crate::formats::{Api, BedrockRequest, ChatRequest, OutputLimits, ResponseWriter};

/// The headers by which `InvokeModel` takes a guardrail, and those that choose another price.
const GUARDRAIL: [&str; 2] = ["x-amzn-bedrock-guardrailidentifier", "x-amzn-bedrock-guardrailversion"];
const PRICED: [(&str, &str); 2] =
    [("x-amzn-bedrock-service-tier", "default"), ("x-amzn-bedrock-performanceconfig-latency", "standard")];

#[derive(Deserialize)]
struct Management {
    #[serde(default)]
    edits: Vec<Edit>,
}

#[derive(Deserialize)]
struct Edit {
    #[serde(rename = "type", default)]
    kind: String,
}

/// A request whose path names the model and says whether it streams.
pub struct InvokeRequest<'a> {
    body: &'a [u8],
    /// Claude's form, where the body is an object; other models' forms are theirs.
    request: Request<'a>,
    /// The guardrail that the client's headers name, as Converse has it.
    guardrail: Option<String>,
}

impl<'a> InvokeRequest<'a> {
    pub fn read(headers: &HeaderMap, body: &'a [u8], model: &str, streams: bool) -> Result<Self, ApiError> {
        for (name, ordinary) in PRICED {
            if headers.get(name).is_some_and(|value| value != ordinary) {
                let rule = format!("is the gateway's to choose; leave it out, or send {ordinary}");
                return Err(ApiError::invalid(name, rule));
            }
        }
        let fields = RawObject::parse(body).map_err(|error| ApiError::Invalid {
            param: None,
            message: format!("Malformed input request: {error}, please reformat your input and try again."),
        })?;
        let request = Request { fields, model: model.to_owned(), stream: streams };
        Ok(Self { body, request, guardrail: guardrail(headers) })
    }
}

impl InvokeRequest<'_> {
    /// Refuses, in Bedrock's own words, what nothing is known of: it may cost what is not reserved.
    fn asks_what_is_known(&self, rules: &AnthropicCompat) -> Result<(), ApiError> {
        let fields = &self.request.fields;
        let is_known = |name: &str| rules.allows_field(name) || name.starts_with("amazon-bedrock-");
        if let Some(name) = fields.names().find(|name| !is_known(name)) {
            return Err(unknown_field(&format!("{name:.64}")));
        }
        // They are told and logged where Bedrock does not take them, which free text must not be.
        let betas: Vec<Cow<'_, str>> = fields
            .read("anthropic_beta")
            .map_err(|_| ApiError::invalid("anthropic_beta", "must be a list of strings"))?
            .unwrap_or_default();
        if !betas.iter().all(|beta| is_name(beta)) {
            return Err(ApiError::invalid("anthropic_beta", "invalid beta flag"));
        }
        let management: Option<Management> = fields
            .read("context_management")
            .map_err(|_| ApiError::invalid("context_management", "must be an object"))?;
        if let Some(tools) = fields.get("tools").filter(|tools| *tools != "null") {
            // Nothing is rewritten here: only what Bedrock or Anthropic would run is refused.
            strip_blocks::refuse_server_tools(tools, rules)?;
        }
        let edits = management.map(|management| management.edits).unwrap_or_default();
        match edits.iter().position(|edit| rules.edit_beta(&edit.kind).is_none()) {
            Some(at) => Err(unknown_field(&format!("context_management.edits.{at}"))),
            None => Ok(()),
        }
    }
}

/// The guardrail of a request's headers.
fn guardrail(headers: &HeaderMap) -> Option<String> {
    let text =
        |name: &str| headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let [id, version] = GUARDRAIL.map(text);
    (id.is_some() || version.is_some())
        .then(|| json!({"guardrailIdentifier": id, "guardrailVersion": version}).to_string())
}

/// Whether it is written like a beta, such as `context-1m-2025-08-07`.
fn is_name(beta: &str) -> bool {
    (1..=64).contains(&beta.len())
        && beta.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn unknown_field(path: &str) -> ApiError {
    ApiError::invalid(path, "Extra inputs are not permitted")
}

impl ChatRequest for InvokeRequest<'_> {
    fn model(&self) -> &str {
        &self.request.model
    }

    fn streams(&self) -> bool {
        self.request.stream
    }

    fn output(&self, model: &Model) -> Result<OutputLimits, ApiError> {
        if let Some(rules) = &model.rules {
            self.asks_what_is_known(rules)?;
            return self.request.output(model);
        }
        check_native(&self.request.fields, model)?;
        // A limit is held to the announced one, but need not be there, and a model may take it by a name that nobody knows. So
        // the most that the model can make is reserved, all of it thought.
        let max_tokens = model.output_bound;
        Ok(OutputLimits { asked: max_tokens, max_tokens, thinking_budget: max_tokens })
    }

    fn to_bedrock(&self, model: &Model, max_tokens: u64) -> Result<BedrockRequest, ApiError> {
        if model.rules.is_none() {
            return Ok(BedrockRequest {
                guardrail: self.guardrail.clone(),
                ..BedrockRequest::new(Api::Native, self.body.to_vec())
            });
        }
        let body = if self.request.output(model)?.max_tokens == max_tokens {
            self.body.to_vec()
        } else {
            let mut fields = self.request.fields.clone();
            fields.set("max_tokens", max_tokens.to_string());
            fields.to_json().into_bytes()
        };
        // Claude Code sends betas in this mode that not every model takes, and does not always drop them itself.
        Ok(BedrockRequest {
            heals: true,
            guardrail: self.guardrail.clone(),
            ..BedrockRequest::new(Api::Messages, body)
        })
    }

    /// A form is one maker's: what is written in Claude's no other model takes.
    fn supports_fallback(&self, from: &Model, to: &Model) -> bool {
        from.base_id == to.base_id || (from.rules.is_some() && to.rules.is_some())
    }

    fn teller(&self, _: &Model, _: &str, _: i64) -> Box<dyn ResponseWriter> {
        Box::new(EventStreamPassthrough)
    }
}
