//! One request, read: what it wants said, and the script that applies to it.

mod anthropic;
mod converse;
mod counted;
mod native;
pub mod recorded;
mod sample;

use serde_json::Value;

use super::refusal::FakeError;
use super::request::recorded::FakeOperation;
use super::script::{self, FoundDirective, Script};
use super::wire_format::Wire;
use super::{model, validate};

/// A request that passed validation, and the script for its answer.
pub(super) struct FakeRequest {
    pub(super) wire: Wire,
    pub(super) model: String,
    pub(super) script: Script,
    /// The directive itself, empty if there is none: what its failures are counted by.
    pub(super) directive: String,
    /// What the user last said, without the directive.
    pub(super) said: String,
    /// A JSON text, when the request asks for one by a schema.
    pub(super) structured: Option<String>,
    /// `None` when the request leaves it to the model.
    pub(super) max_tokens: Option<u64>,
    pub(super) body_bytes: usize,
}

/// What the reader of one kind of body finds in it.
struct RequestContent<'a> {
    wire: Wire,
    /// What the user said, the last message first.
    turns: Vec<UserTurn<'a>>,
    schema: Option<Value>,
    max_tokens: Option<u64>,
    bytes: usize,
}

/// One message of the user.
struct UserTurn<'a> {
    texts: Vec<&'a str>,
    brings_results: bool,
}

impl FakeRequest {
    /// Reads a body, or refuses it as Bedrock would.
    pub(super) fn read(operation: FakeOperation, model: &str, bytes: &[u8]) -> Result<Self, FakeError> {
        match operation {
            FakeOperation::Invoke | FakeOperation::InvokeStream => Self::invoke(model, bytes),
            FakeOperation::Converse | FakeOperation::ConverseStream => {
                let body = validate::converse::check(model, validate::object(bytes)?)?;
                Self::new(model, converse::content(&body, bytes.len()))
            }
            FakeOperation::CountTokens => counted::read(model, bytes),
        }
    }

    fn invoke(model: &str, bytes: &[u8]) -> Result<Self, FakeError> {
        let fields = validate::object(bytes)?;
        if model::is_foreign(model) {
            return Self::new(model, native::content(&Value::Object(fields), bytes.len()));
        }
        let body = validate::anthropic::check(model, fields)?;
        Self::new(model, anthropic::content(&body, bytes.len()))
    }

    fn new(model: &str, content: RequestContent) -> Result<Self, FakeError> {
        let FoundDirective { script, directive, rest } = directive(&content.turns)
            .map_err(|error| FakeError::validation(format!("<<fake ..>> directive: {error}")))?;
        Ok(Self {
            wire: content.wire,
            model: model.to_owned(),
            script: script.for_model(model),
            directive,
            said: rest,
            structured: content.schema.map(|schema| sample::sample_value(&schema).to_string()),
            max_tokens: content.max_tokens,
            body_bytes: content.bytes,
        })
    }
}

/// The script of the last user message. When that message only brings tool results, the
/// script is the one that asked for the tools, whose calls are now done.
fn directive(turns: &[UserTurn]) -> Result<FoundDirective, String> {
    let Some((last, earlier)) = turns.split_first() else {
        return Ok(FoundDirective::default());
    };
    if let Some(found) = last.directive()? {
        return Ok(found);
    }
    if last.brings_results {
        for turn in earlier {
            if let Some(found) = turn.directive()? {
                return Ok(FoundDirective { script: Script { tools: Vec::new(), ..found.script }, ..found });
            }
        }
    }
    let rest = last.texts.last().copied().unwrap_or_default().to_owned();
    Ok(FoundDirective { rest, ..FoundDirective::default() })
}

impl UserTurn<'_> {
    fn directive(&self) -> Result<Option<FoundDirective>, String> {
        self.texts.iter().find_map(|text| script::find(text)).transpose()
    }
}
