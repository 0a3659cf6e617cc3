//! Reading a body piece by piece, so that whatever is wrong is told with the path to it: `messages.2.content.0.text`.

use std::borrow::Cow;
use std::fmt::Display;

use serde::Deserialize;
use serde_json::value::RawValue;
use shared::api::ApiError;

use crate::formats::raw_json::{JsonObject, Text};

/// A rule that a piece of the body breaks. Its path grows on the way out: a good body pays nothing for it.
#[derive(Debug, PartialEq, Eq)]
pub struct FieldError {
    path: String,
    rule: String,
}

impl FieldError {
    pub fn new(rule: impl Into<String>) -> Self {
        Self { path: String::new(), rule: rule.into() }
    }

    /// The same, as whoever holds the piece at `step` sees it.
    pub fn at_step(mut self, step: impl Display) -> Self {
        self.path = if self.path.is_empty() { step.to_string() } else { format!("{step}.{}", self.path) };
        self
    }
}

impl From<FieldError> for ApiError {
    fn from(FieldError { path, rule }: FieldError) -> Self {
        Self::invalid(&path, rule)
    }
}

/// A field, if it is there and not `null`.
pub fn field<'a, T>(
    object: &JsonObject<'a>,
    name: &str,
    read: impl FnOnce(&'a RawValue) -> Result<T, FieldError>,
) -> Result<Option<T>, FieldError> {
    object.get(name).map(read).transpose().map_err(|wrong| wrong.at_step(name))
}

/// A field that must be there.
pub fn require_field<'a, T>(
    object: &JsonObject<'a>,
    name: &str,
    read: impl FnOnce(&'a RawValue) -> Result<T, FieldError>,
) -> Result<T, FieldError> {
    field(object, name, read)?.ok_or_else(|| FieldError::new("Field required").at_step(name))
}

/// Every element of a list.
pub fn read_list<'a, T>(
    list: &'a RawValue,
    mut read: impl FnMut(usize, &'a RawValue) -> Result<T, FieldError>,
) -> Result<Vec<T>, FieldError> {
    let elements: Vec<&RawValue> = parse(list, "must be an array")?;
    let numbered = elements.into_iter().enumerate();
    numbered.map(|(at, element)| read(at, element).map_err(|wrong| wrong.at_step(at))).collect()
}

pub fn object(json: &RawValue) -> Result<JsonObject<'_>, FieldError> {
    if !json.get().starts_with('{') {
        return Err(FieldError::new("must be an object"));
    }
    // The text was read as JSON before: what is left is a field that is there twice, or too many of them.
    serde_json::from_str(json.get()).map_err(|error| FieldError::new(format!("cannot be read: {error}")))
}

pub fn string(json: &RawValue) -> Result<Cow<'_, str>, FieldError> {
    parse(json, "must be a string").map(|Text(text)| text)
}

/// A string that says something: a name, an id.
pub fn word(json: &RawValue) -> Result<Cow<'_, str>, FieldError> {
    let word = string(json)?;
    if word.trim().is_empty() { Err(FieldError::new("must not be blank")) } else { Ok(word) }
}

pub fn boolean(json: &RawValue) -> Result<bool, FieldError> {
    parse(json, "must be true or false")
}

/// A piece that is passed on as it came, if it is an object.
pub fn raw_object(json: &RawValue) -> Result<&RawValue, FieldError> {
    if json.get().starts_with('{') { Ok(json) } else { Err(FieldError::new("must be an object")) }
}

pub fn parse<'a, T: Deserialize<'a>>(json: &'a RawValue, rule: &str) -> Result<T, FieldError> {
    serde_json::from_str(json.get()).map_err(|_| FieldError::new(rule))
}

/// A piece of JSON of ours.
pub fn static_json(json: &'static str) -> &'static RawValue {
    // A test holds every use to be JSON.
    serde_json::from_str(json).unwrap_or(RawValue::NULL)
}
