//! What the benchmark sends: a question, a Claude Code-shaped request, and four megabytes.

use serde_json::{Value, json};

/// Deltas of every answer, and how many bytes each has.
pub const DELTAS: usize = 50;
const WORDS: &str = "twelve bytes";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    Small,
    Code,
    Large,
}

impl Size {
    pub const ALL: [Self; 3] = [Self::Small, Self::Code, Self::Large];

    pub fn name(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Code => "122 KB",
            Self::Large => "4 MB",
        }
    }

    /// The most streams at once: 256 large ones take two gigabytes, and two cores so long that the table answers too late.
    pub fn max_streams(self) -> usize {
        match self {
            Self::Small | Self::Code => 256,
            Self::Large => 64,
        }
    }

    /// A body whose answer comes `pause_ms` apart, as Anthropic's clients send it.
    pub fn body(self, pause_ms: u64) -> Value {
        let script = json!({
            "text": WORDS, "times": DELTAS, "deltas": DELTAS, "delay_ms": pause_ms, "first_ms": pause_ms,
            "input_tokens": 1000, "output_tokens": 3 * DELTAS,
        });
        let question = json!({"role": "user", "content": format!("Hello <<fake {script}>>")});
        let mut body = json!({"model": "claude-haiku-4-5", "max_tokens": 4096, "stream": true});
        match self {
            Self::Small => body["messages"] = json!([question]),
            Self::Code => {
                body["system"] = json!([{"type": "text", "text": prose(24_000)}]);
                body["tools"] = (0..24).map(tool).collect();
                let turn = |at: usize| {
                    let role = if at.is_multiple_of(2) { "user" } else { "assistant" };
                    json!({"role": role, "content": [{"type": "text", "text": prose(900)}]})
                };
                body["messages"] = (0..30).map(turn).chain([question]).collect();
            }
            Self::Large => {
                let piece = |_| json!({"type": "text", "text": prose(1000)});
                let pieces: Vec<Value> = (0..3900).map(piece).collect();
                let response = json!({"role": "assistant", "content": "I see."});
                body["messages"] = json!([{"role": "user", "content": pieces}, response, question]);
            }
        }
        body
    }
}

/// The same as Bedrock takes it.
pub fn for_bedrock(body: &Value) -> Value {
    let mut body = body.clone();
    let fields = body.as_object_mut().unwrap();
    fields.remove("model");
    fields.remove("stream");
    body["anthropic_version"] = json!("bedrock-2023-05-31");
    body
}

/// So many bytes of text, with what text has: quotes, lines and a letter that is no byte.
fn prose(bytes: usize) -> String {
    "He said \"so be it\", and it was so.\nPerché no?\n".chars().cycle().take(bytes).collect()
}

fn tool(at: usize) -> Value {
    let property = |_| json!({"type": "string", "description": prose(150)});
    let names = ["path", "pattern", "content", "limit", "offset", "mode"];
    let properties: serde_json::Map<String, Value> =
        names.iter().map(|name| ((*name).to_owned(), property(0))).collect();
    json!({
        "name": format!("tool_{at}"), "description": prose(1500),
        "input_schema": {"type": "object", "properties": properties, "required": ["path"]},
    })
}
