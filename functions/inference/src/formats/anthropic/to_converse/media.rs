//! Images and documents.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::value::RawValue;
use shared::api::ApiError;
use stargate_core::catalog::{Capability, Model};

use super::block_fields::BlockFields;
use super::read::{FieldPath, any_string, object, require, string};
use crate::formats::converse::request::{ConverseBlock, Document, Media, MediaSource as Bytes};

/// The longest part of a document's name that is its title's: Converse takes 200, and a number follows.
const MAX_TITLE_LEN: usize = 180;

#[derive(Deserialize)]
struct SourceBody<'a> {
    #[serde(rename = "type", borrow)]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    media_type: Option<&'a RawValue>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

/// A source that lies in the body: its type (`base64` or `text`), its media type and its data.
struct InlineSource<'a> {
    kind: Cow<'a, str>,
    media_type: Cow<'a, str>,
    data: Cow<'a, str>,
}

fn read_inline_source<'a>(fields: &BlockFields<'a>, path: &str) -> Result<InlineSource<'a>, ApiError> {
    let at = FieldPath { path, name: "source" };
    let path = format!("{path}.source");
    let source: SourceBody<'a> = object(require(fields.source, at)?, &path)?;
    let kind = string(source.kind, FieldPath { path: &path, name: "type" })?;
    if !matches!(kind.as_ref(), "base64" | "text") {
        return Err(
            at.wrong(format!("{kind:.64} is not taken: the gateway fetches nothing, send the data itself"))
        );
    }
    let media_type = string(source.media_type, FieldPath { path: &path, name: "media_type" })?;
    let data = string(source.data, FieldPath { path: &path, name: "data" })?;
    Ok(InlineSource { kind, media_type, data })
}

pub fn image<'a>(fields: &BlockFields<'a>, path: &str, model: &Model) -> Result<ConverseBlock<'a>, ApiError> {
    if !model.can(Capability::Vision) {
        return Err(ApiError::invalid(path, format!("{} does not read images", model.name)));
    }
    let InlineSource { kind, media_type, data } = read_inline_source(fields, path)?;
    let format = match (kind.as_ref(), media_type.as_ref()) {
        ("base64", "image/png") => "png",
        ("base64", "image/jpeg") => "jpeg",
        ("base64", "image/gif") => "gif",
        ("base64", "image/webp") => "webp",
        _ => {
            let at = FieldPath { path, name: "source.media_type" };
            return Err(at.wrong("must be image/png, image/jpeg, image/gif or image/webp, in base64"));
        }
    };
    Ok(ConverseBlock::Image(Media { format: format.into(), source: Bytes::Bytes(data) }))
}

/// A document, what the client says about it before it. Converse refuses one that no text stands beside, and says so:
/// nothing is added here. Whether a model reads PDFs is left to Bedrock as well, which takes them apart for some that
/// cannot; a plain text is sent as text to models that are not known to take documents.
pub fn document<'a>(
    fields: &BlockFields<'a>,
    path: &str,
    model: &Model,
    number: usize,
) -> Result<Vec<ConverseBlock<'a>>, ApiError> {
    let InlineSource { kind, media_type, data } = read_inline_source(fields, path)?;
    let title = any_string(fields.title, FieldPath { path, name: "title" })?;
    let context = any_string(fields.context, FieldPath { path, name: "context" })?;
    let said = |text: Cow<'a, str>| (!text.trim().is_empty()).then_some(ConverseBlock::OwnText(text));
    let mut blocks: Vec<ConverseBlock<'a>> = context.and_then(said).into_iter().collect();
    let (format, data) = match (kind.as_ref(), media_type.as_ref()) {
        ("base64", "application/pdf") => ("pdf", data),
        ("text", "text/plain") if model.can(Capability::PdfInput) => {
            ("txt", STANDARD.encode(data.as_ref()).into())
        }
        ("text", "text/plain") => {
            blocks.extend([title, Some(data)].into_iter().flatten().filter_map(said));
            return Ok(blocks);
        }
        _ => {
            let at = FieldPath { path, name: "source.media_type" };
            return Err(at.wrong("must be application/pdf in base64, or text/plain as text"));
        }
    };
    let name = name(title.as_deref().unwrap_or_default(), number).into();
    blocks.push(ConverseBlock::Document(Document {
        format: format.into(),
        name,
        source: Bytes::Bytes(data),
    }));
    Ok(blocks)
}

/// The title in the few characters that Converse takes, with a number: it refuses names that are there twice.
fn name(title: &str, number: usize) -> String {
    let is_taken = |letter: char| letter.is_ascii_alphanumeric() || "-()[]".contains(letter);
    let taken: String = title.chars().map(|letter| if is_taken(letter) { letter } else { ' ' }).collect();
    let words: Vec<&str> = taken.split_whitespace().collect();
    let title: String = words.join(" ").chars().take(MAX_TITLE_LEN).collect();
    let title = if title.is_empty() { "Document" } else { title.trim_end() };
    format!("{title} {number}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_what_converse_takes_and_never_there_twice() {
        for (title, number, want) in [
            ("", 1, "Document 1"),
            ("***", 2, "Document 2"),
            ("Report (v2) [final]-b.pdf", 1, "Report (v2) [final]-b pdf 1"),
            ("  a\t\u{a0}b  ", 3, "a b 3"),
            ("\u{65e5}\u{672c} x", 1, "x 1"),
        ] {
            assert_eq!(name(title, number), want, "{title}");
        }
        let long = name(&"ab ".repeat(900), 12345);
        assert!(long.len() <= 200 && !long.contains("  "), "{long}");
    }
}
