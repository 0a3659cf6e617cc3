//! Pieces of the client's JSON, read where they lie; what is wrong is named by its path.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use shared::api::ApiError;

use crate::formats::raw_json::Text;

/// Where something stands, as errors name it.
#[derive(Clone, Copy)]
pub struct FieldPath<'p> {
    pub path: &'p str,
    pub name: &'p str,
}

impl FieldPath<'_> {
    pub fn wrong(self, rule: impl Into<String>) -> ApiError {
        ApiError::invalid(&format!("{}.{}", self.path, self.name), rule)
    }
}

/// A field that must be there.
pub fn require<'a>(raw: Option<&'a RawValue>, at: FieldPath<'_>) -> Result<&'a RawValue, ApiError> {
    raw.ok_or_else(|| at.wrong("Field required"))
}

/// The string that a field is.
pub fn string<'a>(raw: Option<&'a RawValue>, at: FieldPath<'_>) -> Result<Cow<'a, str>, ApiError> {
    let text: Text<'a> =
        serde_json::from_str(require(raw, at)?.get()).map_err(|_| at.wrong("must be a string"))?;
    Ok(text.0)
}

/// The string that a field is, if it is there.
pub fn any_string<'a>(
    raw: Option<&'a RawValue>,
    at: FieldPath<'_>,
) -> Result<Option<Cow<'a, str>>, ApiError> {
    raw.map(|raw| string(Some(raw), at)).transpose()
}

/// The string that a field is, as it was written.
pub fn text<'a>(raw: Option<&'a RawValue>, at: FieldPath<'_>) -> Result<&'a RawValue, ApiError> {
    begins(require(raw, at)?, '"').ok_or_else(|| at.wrong("must be a string"))
}

/// The object that a field is, as it was written.
pub fn raw_object<'a>(raw: Option<&'a RawValue>, at: FieldPath<'_>) -> Result<&'a RawValue, ApiError> {
    begins(require(raw, at)?, '{').ok_or_else(|| at.wrong("must be an object"))
}

/// The fields of an object that matter.
pub fn object<'a, T: Deserialize<'a>>(raw: &'a RawValue, path: &str) -> Result<T, ApiError> {
    // A struct would be read from an array too.
    let raw = begins(raw, '{').ok_or_else(|| ApiError::invalid(path, "must be an object"))?;
    serde_json::from_str(raw.get())
        .map_err(|error| ApiError::invalid(path, format!("cannot be read: {error}")))
}

/// The elements of a list.
pub fn list<'a>(raw: &'a RawValue, path: &str) -> Result<Vec<&'a RawValue>, ApiError> {
    serde_json::from_str(raw.get()).map_err(|_| ApiError::invalid(path, "must be an array"))
}

fn begins(raw: &RawValue, with: char) -> Option<&RawValue> {
    raw.get().starts_with(with).then_some(raw)
}
