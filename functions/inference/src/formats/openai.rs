//! OpenAI's chat completions, `POST /v1/chat/completions`, put into Converse for every model and told from it.
//!
//! What changes the answer and cannot be had from Bedrock is refused by name (`refused`). What only decorates a request is
//! ignored: `user`, `metadata`, `seed`, `safety_identifier`, `prompt_cache_key`, `prompt_cache_retention`, `verbosity`, a
//! message's `name`, an image's `detail`, an assistant's `refusal` and `reasoning_content`, and every field that nothing
//! is known of; `parallel_tool_calls` and `thinking` for models other than Claude, which take neither. `null` is as good
//! as absent everywhere.

pub mod from_converse;
mod read;
#[cfg(test)]
mod tests;
pub mod to_converse;
mod unsupported;

use std::borrow::Cow;

use from_converse::chunk::Head;
use from_converse::stream::ChatCompletionStream;
use shared::api::ApiError;
use stargate_core::catalog::Model;
use to_converse::messages::Conversation;
use to_converse::reasoning::ThinkingOptions;
use to_converse::response_format::ResponseFormat;
use to_converse::sampling::Sampling;
use to_converse::tools::Tools;

use super::converse::request::ConverseBody;
use super::raw_json::JsonObject;
use super::{Api, BedrockRequest, ChatRequest, OutputLimits, ResponseWriter};
use read::{FieldError, boolean, field, object, require_field, word};

/// The longest model name: it is echoed in errors, and Bedrock's own ids and ARNs are shorter.
const MAX_NAME_LEN: usize = 256;

/// A request that passed the checks which need no model.
#[derive(Debug)]
pub struct Chat<'a> {
    model: Cow<'a, str>,
    stream: bool,
    include_usage: bool,
    conversation: Conversation<'a>,
    sampling: Sampling<'a>,
    thinking: ThinkingOptions,
    tools: Tools<'a>,
    format: ResponseFormat<'a>,
}

impl<'a> Chat<'a> {
    /// Reads a body, or names the field that is wrong and the rule.
    pub fn parse(body: &'a [u8]) -> Result<Self, ApiError> {
        let body = JsonObject::parse(body).map_err(|error| ApiError::Invalid {
            param: None,
            message: format!("the request body is not valid JSON: {error}"),
        })?;
        Ok(Self::read(&body)?)
    }

    fn read(body: &JsonObject<'a>) -> Result<Self, FieldError> {
        let model = require_field(body, "model", word)?;
        if model.len() > MAX_NAME_LEN {
            let rule = format!("must be at most {MAX_NAME_LEN} bytes long");
            return Err(FieldError::new(rule).at_step("model"));
        }
        unsupported::reject_unsupported(body)?;
        let usage = |json| field(&object(json)?, "include_usage", boolean);
        Ok(Self {
            model,
            stream: field(body, "stream", boolean)?.unwrap_or(false),
            include_usage: field(body, "stream_options", usage)?.flatten().unwrap_or(false),
            conversation: require_field(body, "messages", Conversation::read)?,
            sampling: Sampling::read(body)?,
            thinking: ThinkingOptions::read(body)?,
            tools: Tools::read(body)?,
            format: field(body, "response_format", ResponseFormat::read)?.unwrap_or_default(),
        })
    }

    /// What is sent to `model`.
    fn body(&self, model: &Model, max_tokens: u64) -> Result<ConverseBody<'_>, ApiError> {
        let Self { conversation, sampling, thinking, tools, format, .. } = self;
        let thoughts = thinking.config_for(model, max_tokens, conversation.lacks_thoughts);
        let response = format.tool(model, tools);
        let toolbox = tools.toolbox(conversation, model, response, thoughts.claude_thinks)?;
        let mut fields = thoughts.fields;
        fields.extend(toolbox.claudes_choice.map(|choice| ("tool_choice".to_owned(), choice)));
        let mut system = conversation.system(model);
        system.extend(format.instruction());
        Ok(ConverseBody {
            messages: conversation.turns(model)?,
            system,
            inference_config: sampling.config(max_tokens, thoughts.claude_thinks),
            tool_config: toolbox.config,
            additional_model_request_fields: fields,
            output_config: format.config(model, tools)?,
        })
    }
}

impl ChatRequest for Chat<'_> {
    fn model(&self) -> &str {
        &self.model
    }

    fn streams(&self) -> bool {
        self.stream
    }

    fn output(&self, model: &Model) -> Result<OutputLimits, ApiError> {
        let max_tokens = self.sampling.max_tokens(model)?;
        let thoughts = self.thinking.config_for(model, max_tokens, self.conversation.lacks_thoughts);
        Ok(OutputLimits { asked: max_tokens, max_tokens, thinking_budget: thoughts.budget })
    }

    fn to_bedrock(&self, model: &Model, max_tokens: u64) -> Result<BedrockRequest, ApiError> {
        let body = self.body(model, max_tokens)?.to_json().map_err(|error| ApiError::Invalid {
            param: None,
            message: format!("the request cannot be put into Bedrock's words: {error}"),
        })?;
        Ok(BedrockRequest::new(Api::Converse, body))
    }

    fn teller(&self, model: &Model, request_id: &str, began: i64) -> Box<dyn ResponseWriter> {
        let response = self.format.tool(model, &self.tools).map(|schema| schema.name.clone().into_owned());
        Box::new(ChatCompletionStream::new(
            Head::new(request_id, began, &model.name),
            self.include_usage,
            response,
        ))
    }
}
