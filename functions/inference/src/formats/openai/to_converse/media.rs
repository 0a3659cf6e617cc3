//! Images and documents. They must come inside the body: what a client names is never fetched.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::value::RawValue;

use crate::formats::converse::request::{ConverseBlock, Document, Media, MediaSource};
use crate::formats::openai::read::{FieldError, field, object, require_field, string};

const NO_FETCHING: &str = "only data: URLs are taken; the gateway fetches nothing";

/// The kinds of document that Converse reads.
const DOCUMENTS: [(&str, &str); 10] = [
    ("application/pdf", "pdf"),
    ("text/csv", "csv"),
    ("application/msword", "doc"),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
    ("application/vnd.ms-excel", "xls"),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
    ("text/html", "html"),
    ("text/plain", "txt"),
    ("text/markdown", "md"),
    ("text/x-markdown", "md"),
];

/// Converse takes 200 characters: this leaves room for a number.
const MAX_NAME_LEN: usize = 180;

/// `image_url`: an object with a `url`, or the URL itself, as LiteLLM takes it.
pub fn image(json: &RawValue) -> Result<ConverseBlock<'_>, FieldError> {
    let url = if json.get().starts_with('"') {
        string(json)?
    } else {
        require_field(&object(json)?, "url", string)?
    };
    if !url.starts_with("data:") {
        return Err(FieldError::new(NO_FETCHING));
    }
    let rule = "must be data:image/png, jpeg, gif or webp in base64";
    let (media, data) = split(url).ok_or_else(|| FieldError::new(rule))?;
    let format = match media.as_str() {
        "image/png" => "png",
        "image/jpeg" | "image/jpg" => "jpeg",
        "image/gif" => "gif",
        "image/webp" => "webp",
        _ => return Err(FieldError::new(rule)),
    };
    Ok(ConverseBlock::Image(Media { format: format.into(), source: MediaSource::Bytes(data) }))
}

/// The names of the documents so far: Converse wants each to have one of its own.
#[derive(Debug, Default)]
pub struct Names(BTreeSet<String>);

/// `file`, with the document inside.
pub fn document<'a>(json: &'a RawValue, names: &mut Names) -> Result<ConverseBlock<'a>, FieldError> {
    let file = object(json)?;
    if file.get("file_id").is_some() {
        return Err(FieldError::new("no files are kept here: send file_data").at_step("file_id"));
    }
    let rule = "must be a data: URL of a document in base64: pdf, csv, doc, docx, xls, xlsx, html, txt or md";
    let format = |media: &str| DOCUMENTS.iter().find(|(known, _)| *known == media).map(|(_, format)| *format);
    let (format, data) = require_field(&file, "file_data", |json| {
        let (media, data) = split(string(json)?).ok_or_else(|| FieldError::new(rule))?;
        format(&media).map(|format| (format, data)).ok_or_else(|| FieldError::new(rule))
    })?;
    let name = names.take(field(&file, "filename", string)?.as_deref());
    Ok(ConverseBlock::Document(Document {
        format: format.into(),
        name: name.into(),
        source: MediaSource::Bytes(data),
    }))
}

impl Names {
    /// A name that Converse takes, as near to `asked` as can be.
    fn take(&mut self, asked: Option<&str>) -> String {
        let number = self.0.len() + 1;
        let mut name = asked.map(clean).unwrap_or_default();
        if name.is_empty() {
            name = format!("document {number}");
        }
        while self.0.contains(&name) {
            name = format!("{name} ({number})");
        }
        self.0.insert(name.clone());
        name
    }
}

/// Letters, digits, hyphens, brackets and single spaces: what else there is becomes a space.
fn clean(name: &str) -> String {
    let is_taken = |letter: char| letter.is_ascii_alphanumeric() || "-()[]".contains(letter);
    let words = name.split(|letter: char| !is_taken(letter)).filter(|word| !word.is_empty());
    let clean = words.collect::<Vec<_>>().join(" ");
    clean.chars().take(MAX_NAME_LEN).collect::<String>().trim_end().to_owned()
}

/// The media type of a data URL, and its base64.
fn split(url: Cow<'_, str>) -> Option<(String, Cow<'_, str>)> {
    let (head, _) = url.split_once(',')?;
    let media = head.strip_prefix("data:")?.strip_suffix(";base64")?.to_ascii_lowercase();
    let start = head.len() + 1;
    let data = match url {
        Cow::Borrowed(url) => Cow::Borrowed(url.get(start..)?),
        Cow::Owned(mut url) => Cow::Owned(url.split_off(start)),
    };
    (!data.is_empty()).then_some((media, data))
}
