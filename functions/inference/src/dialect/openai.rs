//! OpenAI's chat completions, `POST /v1/chat/completions`, put into Converse for every model and told from it.
//!
//! What changes the answer and cannot be had from Bedrock is refused by name (`refused`). What only decorates a request is
//! ignored: `user`, `metadata`, `seed`, `safety_identifier`, `prompt_cache_key`, `prompt_cache_retention`, `verbosity`, a
//! message's `name`, an image's `detail`, an assistant's `refusal` and `reasoning_content`, and every field that nothing
//! is known of; `parallel_tool_calls` and `thinking` for models other than Claude, which take neither. `null` is as good
//! as absent everywhere.

mod caching;
mod calls;
mod chunk;
mod format;
mod media;
mod messages;
mod parts;
mod read;
mod refused;
mod sampling;
mod teller;
mod thinking;
mod tools;
mod usage;
mod whole;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use shared::fault::Fault;
use shared::model::Model;

use super::converse::body::Body;
use super::raw::Object;
use super::{Api, Asking, Output, Said, Teller};
use chunk::Head;
use format::Format;
use messages::Conversation;
use read::{Wrong, boolean, field, object, required, word};
use sampling::Sampling;
use teller::ChatTeller;
use thinking::Thinking;
use tools::Tools;

/// The longest model name: it is echoed in errors, and Bedrock's own ids and ARNs are shorter.
const LONGEST_NAME: usize = 256;

/// A request that passed the checks which need no model.
#[derive(Debug)]
pub struct Chat<'a> {
    model: Cow<'a, str>,
    stream: bool,
    include_usage: bool,
    conversation: Conversation<'a>,
    sampling: Sampling<'a>,
    thinking: Thinking,
    tools: Tools<'a>,
    format: Format<'a>,
}

impl<'a> Chat<'a> {
    /// Reads a body, or names the field that is wrong and the rule.
    pub fn parse(body: &'a [u8]) -> Result<Self, Fault> {
        let body = Object::parse(body).map_err(|error| Fault::Invalid {
            param: None,
            message: format!("the request body is not valid JSON: {error}"),
        })?;
        Ok(Self::read(&body)?)
    }

    fn read(body: &Object<'a>) -> Result<Self, Wrong> {
        let model = required(body, "model", word)?;
        if model.len() > LONGEST_NAME {
            let rule = format!("must be at most {LONGEST_NAME} bytes long");
            return Err(Wrong::new(rule).inside("model"));
        }
        refused::check(body)?;
        let usage = |json| field(&object(json)?, "include_usage", boolean);
        Ok(Self {
            model,
            stream: field(body, "stream", boolean)?.unwrap_or(false),
            include_usage: field(body, "stream_options", usage)?.flatten().unwrap_or(false),
            conversation: required(body, "messages", Conversation::read)?,
            sampling: Sampling::read(body)?,
            thinking: Thinking::read(body)?,
            tools: Tools::read(body)?,
            format: field(body, "response_format", Format::read)?.unwrap_or_default(),
        })
    }

    /// What is sent to `model`.
    fn body(&self, model: &Model, max_tokens: u64) -> Result<Body<'_>, Fault> {
        let Self { conversation, sampling, thinking, tools, format, .. } = self;
        let thoughts = thinking.of(model, max_tokens, conversation.lacks_thoughts);
        let answer = format.tool(model, tools);
        let toolbox = tools.toolbox(conversation, model, answer, thoughts.claude_thinks)?;
        let mut fields = thoughts.fields;
        fields.extend(toolbox.claudes_choice.map(|choice| ("tool_choice".to_owned(), choice)));
        let mut system = conversation.system(model);
        system.extend(format.instruction());
        Ok(Body {
            messages: conversation.turns(model)?,
            system,
            inference_config: sampling.config(max_tokens, thoughts.claude_thinks),
            tool_config: toolbox.config,
            additional_model_request_fields: fields,
            output_config: format.config(model, tools)?,
        })
    }
}

impl Asking for Chat<'_> {
    fn model(&self) -> &str {
        &self.model
    }

    fn streams(&self) -> bool {
        self.stream
    }

    fn output(&self, model: &Model) -> Result<Output, Fault> {
        let max_tokens = self.sampling.max_tokens(model)?;
        let thoughts = self.thinking.of(model, max_tokens, self.conversation.lacks_thoughts);
        Ok(Output { asked: max_tokens, max_tokens, thinking_budget: thoughts.budget })
    }

    fn said_to(&self, model: &Model, max_tokens: u64) -> Result<Said, Fault> {
        let body = self.body(model, max_tokens)?.to_json().map_err(|error| Fault::Invalid {
            param: None,
            message: format!("the request cannot be put into Bedrock's words: {error}"),
        })?;
        Ok(Said::new(Api::Converse, body))
    }

    fn teller(&self, model: &Model, request_id: &str, began: i64) -> Box<dyn Teller> {
        let answer = self.format.tool(model, &self.tools).map(|schema| schema.name.clone().into_owned());
        Box::new(ChatTeller::new(Head::new(request_id, began, &model.name), self.include_usage, answer))
    }
}
