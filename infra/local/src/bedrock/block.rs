//! Content blocks, whole and as the events that build them up.

use serde_json::{Value, json};

/// How much of a tool's input one delta carries, in characters: small enough that every
/// realistic input comes in several pieces, which a reader must put together.
const INPUT_PIECE: usize = 16;

/// One server-sent Anthropic event.
pub(super) struct Event {
    pub(super) json: String,
    pub(super) is_delta: bool,
}

impl Event {
    pub(super) fn new(json: &Value) -> Self {
        Self { json: json.to_string(), is_delta: json["type"] == "content_block_delta" }
    }
}

pub(super) enum Block {
    Thinking { pieces: Vec<String>, signature: String },
    Text { pieces: Vec<String> },
    ToolUse { id: String, name: String, input: Value },
}

impl Block {
    /// The block as a whole message holds it.
    pub(super) fn whole(&self) -> Value {
        match self {
            Self::Thinking { pieces, signature } => {
                json!({"type": "thinking", "thinking": pieces.concat(), "signature": signature})
            }
            Self::Text { pieces } => json!({"type": "text", "text": pieces.concat()}),
            Self::ToolUse { id, name, input } => {
                json!({"type": "tool_use", "id": id, "name": name, "input": input})
            }
        }
    }

    /// Start, deltas and stop of the block at `index`.
    pub(super) fn events(&self, index: usize) -> Vec<Event> {
        let start = json!({"type": "content_block_start", "index": index, "content_block": self.opening()});
        let stop = json!({"type": "content_block_stop", "index": index});
        let deltas = self.deltas();
        let deltas =
            deltas.iter().map(|delta| json!({"type": "content_block_delta", "index": index, "delta": delta}));
        [start].into_iter().chain(deltas).chain([stop]).map(|event| Event::new(&event)).collect()
    }

    fn opening(&self) -> Value {
        match self {
            Self::Thinking { .. } => json!({"type": "thinking", "thinking": "", "signature": ""}),
            Self::Text { .. } => json!({"type": "text", "text": ""}),
            Self::ToolUse { id, name, .. } => {
                json!({"type": "tool_use", "id": id, "name": name, "input": {}})
            }
        }
    }

    fn deltas(&self) -> Vec<Value> {
        match self {
            Self::Thinking { pieces, signature } => pieces
                .iter()
                .map(|piece| json!({"type": "thinking_delta", "thinking": piece}))
                .chain([json!({"type": "signature_delta", "signature": signature})])
                .collect(),
            Self::Text { pieces } => {
                pieces.iter().map(|piece| json!({"type": "text_delta", "text": piece})).collect()
            }
            // The real one opens with an empty fragment, which a JSON reader must survive.
            Self::ToolUse { input, .. } => [String::new()]
                .into_iter()
                .chain(chunks(&input.to_string(), INPUT_PIECE))
                .map(|piece| json!({"type": "input_json_delta", "partial_json": piece}))
                .collect(),
        }
    }
}

/// A text in pieces of a few words, as a model would say it.
pub(super) fn spoken(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split_inclusive(' ').collect();
    words.chunks(3).map(|words| words.concat()).collect()
}

/// A text in exactly `count` pieces, none empty: it is repeated whole until it is long enough.
pub(super) fn split(text: &str, count: usize) -> Vec<String> {
    let length = text.chars().count();
    if length == 0 || count == 0 {
        return Vec::new();
    }
    let repeats = count.div_ceil(length);
    let (small, larger) = (length * repeats / count, length * repeats % count);
    let mut letters = text.chars().cycle();
    (0..count).map(|at| letters.by_ref().take(small + usize::from(at < larger)).collect()).collect()
}

fn chunks(text: &str, size: usize) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    letters.chunks(size).map(|letters| letters.iter().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_into_exactly_so_many_pieces() {
        for (text, count, pieces) in [
            ("hello", 2, vec!["hel", "lo"]),
            ("ab", 3, vec!["ab", "a", "b"]),
            ("ab", 1, vec!["ab"]),
            ("ab", 0, vec![]),
            ("", 2, vec![]),
        ] {
            assert_eq!(split(text, count), pieces, "{text} {count}");
        }
    }
}
