//! Content blocks, whole and in the pieces that build them up.

use serde_json::Value;

use super::hidden::HiddenThinking;

/// How much of a tool's input one delta carries, in characters: small enough that every
/// realistic input comes in several pieces, which a reader must put together.
const INPUT_PIECE: usize = 16;

pub(crate) enum FakeBlock {
    Hidden { hidden: HiddenThinking, signature: String },
    Thinking { pieces: Vec<String>, signature: String },
    Text { pieces: Vec<String> },
    ToolUse { id: String, name: String, input: Value },
}

/// A piece of a block, as a stream brings it.
pub(crate) enum FakeDelta<'a> {
    Thinking(&'a str),
    Signature(&'a str),
    Text(&'a str),
    Input(String),
}

impl FakeBlock {
    /// The pieces that add up to the block.
    pub(crate) fn deltas(&self) -> Vec<FakeDelta<'_>> {
        match self {
            Self::Hidden { signature, .. } => vec![FakeDelta::Signature(signature)],
            Self::Thinking { pieces, signature } => pieces
                .iter()
                .map(|piece| FakeDelta::Thinking(piece))
                .chain([FakeDelta::Signature(signature)])
                .collect(),
            Self::Text { pieces } => pieces.iter().map(|piece| FakeDelta::Text(piece)).collect(),
            // The real one opens with an empty fragment, which a JSON reader must survive.
            Self::ToolUse { input, .. } => [String::new()]
                .into_iter()
                .chain(chunks(&input.to_string(), INPUT_PIECE))
                .map(FakeDelta::Input)
                .collect(),
        }
    }

    /// How many bytes the model wrote for it.
    pub(crate) fn written_bytes(&self) -> usize {
        match self {
            Self::Hidden { .. } => 0,
            Self::Thinking { pieces, signature } => pieces.concat().len() + signature.len(),
            Self::Text { pieces } => pieces.concat().len(),
            Self::ToolUse { name, input, .. } => name.len() + input.to_string().len(),
        }
    }
}

/// A text in pieces of a few words, as a model would say it.
pub(crate) fn split_text(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split_inclusive(' ').collect();
    words.chunks(3).map(|words| words.concat()).collect()
}

/// A text in exactly `count` pieces, none empty: it is repeated whole until it is long enough.
pub(crate) fn split(text: &str, count: usize) -> Vec<String> {
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
