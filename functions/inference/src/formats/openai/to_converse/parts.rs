//! The content of a message: a string, or parts of several kinds.

use serde_json::value::RawValue;

use super::caching::cache_control;
use super::media::{self, Names};
use crate::formats::converse::request::ConverseBlock;
use crate::formats::openai::read::{FieldError, object, parse, read_list, require_field, string};
use crate::formats::raw_json::{JsonObject, Text};

/// The kinds of part that a role may send.
pub type Kinds = &'static [&'static str];

/// What was met on the way through the parts of all messages.
#[derive(Debug, Default)]
pub struct SeenMedia {
    /// Where the first image stands.
    pub image: Option<String>,
    documents: Names,
}

/// The blocks of the content of the message at `message`, each followed by the cache point that it asks for. What is
/// blank is left out: Converse refuses it.
pub fn blocks<'a>(
    content: &'a RawValue,
    kinds: Kinds,
    message: usize,
    met: &mut SeenMedia,
) -> Result<Vec<ConverseBlock<'a>>, FieldError> {
    if content.get().starts_with('"') {
        return Ok(text(content)?.into_iter().collect());
    }
    if !content.get().starts_with('[') {
        return Err(FieldError::new("must be a string or an array of parts"));
    }
    let mut blocks = Vec::new();
    read_list(content, |at, json| {
        let part = object(json)?;
        let Some(block) = block(&part, kinds, met)? else {
            return Ok(());
        };
        if matches!(block, ConverseBlock::Image(_)) {
            met.image.get_or_insert_with(|| format!("messages.{message}.content.{at}.image_url"));
        }
        blocks.push(block);
        blocks.extend(cache_control(&part)?.map(ConverseBlock::CachePoint));
        Ok(())
    })?;
    Ok(blocks)
}

fn block<'a>(
    part: &JsonObject<'a>,
    kinds: Kinds,
    met: &mut SeenMedia,
) -> Result<Option<ConverseBlock<'a>>, FieldError> {
    let kind = require_field(part, "type", string)?;
    if !kinds.contains(&kind.as_ref()) {
        let rule = match kind.as_ref() {
            "input_audio" => "input_audio is not available on Amazon Bedrock".to_owned(),
            _ => format!("must be {} here", kinds.join(" or ")),
        };
        return Err(FieldError::new(rule).at_step("type"));
    }
    match kind.as_ref() {
        "image_url" => require_field(part, "image_url", media::image).map(Some),
        "file" => require_field(part, "file", |file| media::document(file, &mut met.documents)).map(Some),
        // `text` and `refusal`: a text in the field of its own name.
        name => require_field(part, name, text),
    }
}

/// A text as the client wrote it, unless it is blank.
fn text(json: &RawValue) -> Result<Option<ConverseBlock<'_>>, FieldError> {
    let Some(inner) = json.get().strip_prefix('"') else {
        return Err(FieldError::new("must be a string"));
    };
    // Only a text that begins with white space, or with an escape that may be some, has to be read to be judged.
    let may_be_blank = inner.starts_with(|first: char| first.is_whitespace() || matches!(first, '\\' | '"'));
    if may_be_blank && parse(json, "must be a string").map(|Text(text)| text.trim().is_empty())? {
        return Ok(None);
    }
    Ok(Some(ConverseBlock::Text(json)))
}
