//! Content that is text alone.

use serde_json::value::RawValue;
use shared::api::ApiError;

use super::block_fields::BlockFields;
use super::read::{FieldPath, list, object, string, text};
use crate::formats::converse::request::ConverseBlock;

/// A text, unless it is blank.
pub fn text_block(text: &RawValue) -> Option<ConverseBlock<'_>> {
    (!is_blank(text)).then_some(ConverseBlock::Text(text))
}

/// Text alone: a string, or blocks of type `text`.
pub fn texts<'a>(raw: &'a RawValue, path: &str) -> Result<Vec<ConverseBlock<'a>>, ApiError> {
    Ok(marked_texts(raw, path)?.into_iter().map(|(text, _)| ConverseBlock::Text(text)).collect())
}

/// Texts that are not blank, each with whether it ends what shall be cached.
pub fn marked_texts<'a>(raw: &'a RawValue, path: &str) -> Result<Vec<(&'a RawValue, bool)>, ApiError> {
    if raw.get().starts_with('"') {
        return Ok(if is_blank(raw) { Vec::new() } else { vec![(raw, false)] });
    }
    let mut texts = Vec::new();
    for (number, raw) in blocks_of(raw, path)?.into_iter().enumerate() {
        let path = format!("{path}.{number}");
        let fields: BlockFields<'a> = object(raw, &path)?;
        let at = FieldPath { path: &path, name: "type" };
        if string(fields.kind, at)? != "text" {
            return Err(at.wrong("must be text"));
        }
        let text = text(fields.text, FieldPath { name: "text", ..at })?;
        if !is_blank(text) {
            texts.push((text, fields.cache_control.is_some()));
        }
    }
    Ok(texts)
}

/// The blocks of content that is no string.
pub fn blocks_of<'a>(raw: &'a RawValue, path: &str) -> Result<Vec<&'a RawValue>, ApiError> {
    list(raw, path).map_err(|_| ApiError::invalid(path, "must be a string or an array"))
}

/// Whether a string says nothing: Converse refuses texts of white space.
fn is_blank(text: &RawValue) -> bool {
    let visible = text.get().trim_matches('"').trim_start();
    // Only what begins with an escape, a line end for one, must be read to know.
    let decoded = || serde_json::from_str::<String>(text.get());
    visible.is_empty() || (visible.starts_with('\\') && decoded().is_ok_and(|text| text.trim().is_empty()))
}
