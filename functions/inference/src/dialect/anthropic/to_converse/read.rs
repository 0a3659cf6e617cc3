//! Pieces of the client's JSON, read where they lie; what is wrong is named by its path.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use shared::fault::Fault;

/// A string that is copied only where it holds escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Where something stands, as errors name it.
#[derive(Clone, Copy)]
pub struct At<'p> {
    pub path: &'p str,
    pub name: &'p str,
}

impl At<'_> {
    pub fn wrong(self, rule: impl Into<String>) -> Fault {
        Fault::invalid(&format!("{}.{}", self.path, self.name), rule)
    }
}

/// A field that must be there.
pub fn required<'a>(raw: Option<&'a RawValue>, at: At<'_>) -> Result<&'a RawValue, Fault> {
    raw.ok_or_else(|| at.wrong("Field required"))
}

/// The string that a field is.
pub fn string<'a>(raw: Option<&'a RawValue>, at: At<'_>) -> Result<Cow<'a, str>, Fault> {
    let text: Text<'a> =
        serde_json::from_str(required(raw, at)?.get()).map_err(|_| at.wrong("must be a string"))?;
    Ok(text.0)
}

/// The string that a field is, if it is there.
pub fn any_string<'a>(raw: Option<&'a RawValue>, at: At<'_>) -> Result<Option<Cow<'a, str>>, Fault> {
    raw.map(|raw| string(Some(raw), at)).transpose()
}

/// The string that a field is, as it was written.
pub fn text<'a>(raw: Option<&'a RawValue>, at: At<'_>) -> Result<&'a RawValue, Fault> {
    begins(required(raw, at)?, '"').ok_or_else(|| at.wrong("must be a string"))
}

/// The object that a field is, as it was written.
pub fn raw_object<'a>(raw: Option<&'a RawValue>, at: At<'_>) -> Result<&'a RawValue, Fault> {
    begins(required(raw, at)?, '{').ok_or_else(|| at.wrong("must be an object"))
}

/// The fields of an object that matter.
pub fn object<'a, T: Deserialize<'a>>(raw: &'a RawValue, path: &str) -> Result<T, Fault> {
    // A struct would be read from an array too.
    let raw = begins(raw, '{').ok_or_else(|| Fault::invalid(path, "must be an object"))?;
    serde_json::from_str(raw.get()).map_err(|error| Fault::invalid(path, format!("cannot be read: {error}")))
}

/// The elements of a list.
pub fn list<'a>(raw: &'a RawValue, path: &str) -> Result<Vec<&'a RawValue>, Fault> {
    serde_json::from_str(raw.get()).map_err(|_| Fault::invalid(path, "must be an array"))
}

fn begins(raw: &RawValue, with: char) -> Option<&RawValue> {
    raw.get().starts_with(with).then_some(raw)
}
