//! The pieces of a streamed answer: `chat.completion.chunk`.

use serde::Serialize;

use super::usage::CompletionUsage;

/// What every piece of one answer begins with.
#[derive(Debug)]
pub struct Head {
    pub id: String,
    pub created: i64,
    pub model: String,
}

#[derive(Serialize)]
pub struct Chunk<'a> {
    id: &'a str,
    object: &'static str,
    created: i64,
    model: &'a str,
    system_fingerprint: Null,
    /// One, or none where the usage is told.
    choices: &'a [ChunkChoice<'a>],
    /// `null` in all but the last, where it was asked for; left out where it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Option<CompletionUsage>>,
}

#[derive(Serialize)]
pub struct ChunkChoice<'a> {
    pub index: u64,
    pub delta: ChunkDelta<'a>,
    pub logprobs: Null,
    pub finish_reason: Option<&'static str>,
}

/// `null`
pub type Null = ();

#[derive(Default, Serialize)]
pub struct ChunkDelta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thinking_blocks: Option<[ThinkingBlock<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_calls: Option<[CallDelta<'a>; 1]>,
}

/// A block of thinking that a client gives back as it is, as LiteLLM has it.
#[derive(Debug, Serialize)]
#[serde(tag = "type")]
pub enum ThinkingBlock<'a> {
    #[serde(rename = "thinking")]
    Signed { thinking: &'a str, signature: &'a str },
    #[serde(rename = "redacted_thinking")]
    Redacted { data: &'a str },
}

/// The start of a call, which names it, or a piece of its arguments.
#[derive(Serialize)]
pub struct CallDelta<'a> {
    pub index: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<&'a str>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<&'static str>,
    pub function: Function<'a>,
}

#[derive(Debug, Serialize)]
pub struct Function<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
    /// The JSON text of an object, or a piece of it.
    pub arguments: &'a str,
}

impl Head {
    pub fn new(request_id: &str, created: i64, model: &str) -> Self {
        let id = request_id.strip_prefix("req_").unwrap_or(request_id);
        Self { id: format!("chatcmpl-{id}"), created, model: model.to_owned() }
    }

    pub fn chunk<'a>(
        &'a self,
        choices: &'a [ChunkChoice<'a>],
        usage: Option<Option<CompletionUsage>>,
    ) -> Chunk<'a> {
        let Self { id, created, model } = self;
        Chunk {
            id,
            object: "chat.completion.chunk",
            created: *created,
            model,
            system_fingerprint: (),
            choices,
            usage,
        }
    }
}

impl<'a> CallDelta<'a> {
    pub fn start(index: u64, id: &'a str, name: &'a str) -> Self {
        let function = Function { name: Some(name), arguments: "" };
        Self { index, id: Some(id), kind: Some("function"), function }
    }

    pub fn arguments_delta(index: u64, arguments: &'a str) -> Self {
        Self { index, id: None, kind: None, function: Function { name: None, arguments } }
    }
}

/// Writes one server-sent event.
pub fn event(out: &mut Vec<u8>, json: &impl Serialize) {
    let start = out.len();
    out.extend_from_slice(b"data: ");
    match serde_json::to_writer(&mut *out, json) {
        Ok(()) => out.extend_from_slice(b"\n\n"),
        // Texts and numbers can always be written; half an event must not be.
        Err(_) => out.truncate(start),
    }
}
