//! A request's JSON object, read field by field, so that every error names its field and its rule.

pub mod defaults;
pub mod nan;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use shared::api::ApiError;

use crate::openapi::field_schemas::MAX_ENTRIES;
use crate::openapi::operation::Operation;
use crate::request::patch::Patch;
use crate::request::unsupported_fields::{IGNORED_FIELDS, UNSUPPORTED_FIELDS};

/// The longest text of one field, in bytes; ids have a limit of their own.
const MAX_TEXT_LEN: usize = 512;
/// The longest `metadata`, in bytes: it is read with every list, and an item of the table holds 400 KB.
const MAX_METADATA_LEN: usize = 16 << 10;

/// The fields of a body that nobody has asked for yet.
#[derive(Debug, Default)]
pub struct RequestBody {
    left: BTreeMap<String, Box<RawValue>>,
}

impl RequestBody {
    pub fn read(body: &[u8]) -> Result<Self, ApiError> {
        match serde_json::from_slice(body) {
            Ok(left) => Ok(Self { left }),
            Err(error) => Err(nan::fault(body).unwrap_or_else(|| ApiError::Invalid {
                param: None,
                message: format!("the body must be a JSON object: {error}"),
            })),
        }
    }

    /// Refuses what the operation does not take, unless LiteLLM has it: [`Self::finish`] knows of those.
    pub fn are_of(&self, operation: &Operation) -> Result<(), ApiError> {
        let is_known = |name: &str| {
            operation.fields().any(|own| own == name)
                || IGNORED_FIELDS.contains(&name)
                || UNSUPPORTED_FIELDS.contains(&name)
        };
        self.names().find(|name| !is_known(name)).map_or(Ok(()), |name| Err(foreign(name)))
    }

    /// A field, which must be what `rule` says.
    pub fn patch<T: DeserializeOwned>(&mut self, name: &str, rule: &str) -> Result<Patch<T>, ApiError> {
        match self.left.remove(name) {
            None => Ok(Patch::Keep),
            Some(raw) if raw.get() == "null" => Ok(Patch::Clear),
            Some(raw) => {
                let value = serde_json::from_str(raw.get());
                value.map(Patch::Set).map_err(|_| ApiError::invalid(name, format!("must be {rule}")))
            }
        }
    }

    /// A text of 1 to 512 bytes without control characters.
    pub fn text(&mut self, name: &str) -> Result<Patch<String>, ApiError> {
        self.patch(name, "a string")?.try_map(|text: String| check_text(name, text))
    }

    pub fn flag(&mut self, name: &str) -> Result<Patch<bool>, ApiError> {
        self.patch(name, "true or false")
    }

    pub fn count(&mut self, name: &str) -> Result<Patch<u64>, ApiError> {
        self.patch(name, "a whole number, zero or more; null is no limit")
    }

    /// A list of texts, as they were sent.
    pub fn texts(&mut self, name: &str) -> Result<Patch<Vec<String>>, ApiError> {
        self.patch(name, "a list of strings")?.try_map(|texts: Vec<String>| {
            if texts.len() > MAX_ENTRIES {
                return Err(ApiError::invalid(name, format!("must have at most {MAX_ENTRIES} entries")));
            }
            texts.into_iter().map(|text| check_text(name, text)).collect()
        })
    }

    /// What is a list of ids and nothing else: what is to be deleted.
    pub fn only_ids<T: Ord>(
        mut self,
        name: &str,
        noun: &str,
        parse: fn(&str, String) -> Result<T, ApiError>,
    ) -> Result<BTreeSet<T>, ApiError> {
        let ids = self.texts(name)?.value().unwrap_or_default();
        self.finish()?;
        if ids.is_empty() {
            return Err(ApiError::invalid(name, format!("must name at least one {noun}")));
        }
        ids.into_iter().map(|id| parse(name, id)).collect()
    }

    /// An object or a list of objects, each to be read field by field.
    pub fn objects(&mut self, name: &str) -> Result<Patch<Vec<Self>>, ApiError> {
        self.patch(name, "an object or a list of objects")?.try_map(|raw: Box<RawValue>| {
            let rule = || ApiError::invalid(name, "must be an object or a list of objects");
            let all: Vec<_> = match serde_json::from_str(raw.get()) {
                Ok(one) => vec![one],
                Err(_) => serde_json::from_str(raw.get()).map_err(|_| rule())?,
            };
            if all.len() > MAX_ENTRIES {
                return Err(ApiError::invalid(name, format!("must have at most {MAX_ENTRIES} entries")));
            }
            Ok(all.into_iter().map(|left| Self { left }).collect())
        })
    }

    /// How many bytes of JSON a field has.
    pub fn length(&mut self, name: &str) -> Option<u64> {
        self.left.remove(name).map(|raw| raw.get().len() as u64)
    }

    /// A JSON object, kept as it was sent.
    pub fn object(&mut self, name: &str) -> Result<Patch<String>, ApiError> {
        self.patch(name, "a JSON object")?.try_map(|raw: Box<RawValue>| {
            if !raw.get().starts_with('{') {
                return Err(ApiError::invalid(name, "must be a JSON object"));
            }
            if raw.get().len() > MAX_METADATA_LEN {
                return Err(ApiError::invalid(
                    name,
                    format!("must be at most {MAX_METADATA_LEN} bytes long"),
                ));
            }
            Ok(String::from(Box::<str>::from(raw)))
        })
    }

    /// Takes a field by another name that a route has for it.
    pub fn rename(&mut self, from: &str, to: &str) -> Result<(), ApiError> {
        let Some(raw) = self.left.remove(from) else {
            return Ok(());
        };
        match self.left.insert(to.to_owned(), raw) {
            None => Ok(()),
            Some(_) => Err(ApiError::invalid(to, format!("is the same as {from}: send one of them"))),
        }
    }

    /// Takes an empty string for `null`, as LiteLLM does for numbers that a form left empty.
    pub fn blank_is_null(&mut self, name: &str) {
        if let Some(raw) = self.left.get_mut(name)
            && raw.get() == "\"\""
        {
            *raw = RawValue::NULL.to_owned();
        }
    }

    /// Takes a counter that begins where every new counter does.
    pub fn only_zero(&mut self, name: &str) -> Result<(), ApiError> {
        match self.patch::<f64>(name, "0: what is spent is counted, not set")? {
            Patch::Set(number) if number != 0.0 => {
                Err(ApiError::invalid(name, "must be 0: what is spent is counted, not set"))
            }
            _ => Ok(()),
        }
    }

    /// Refuses what is left, unless LiteLLM has the field and it asks for nothing or changes nothing.
    pub fn finish(self) -> Result<(), ApiError> {
        let asks = |raw: &RawValue| !["null", "false", "\"\"", "[]", "{}"].contains(&raw.get());
        for (name, raw) in &self.left {
            match name.as_str() {
                name if IGNORED_FIELDS.contains(&name) => {}
                name if UNSUPPORTED_FIELDS.contains(&name) && !asks(raw) => {}
                name if UNSUPPORTED_FIELDS.contains(&name) => {
                    return Err(ApiError::invalid(name, "is not supported"));
                }
                name => return Err(foreign(name)),
            }
        }
        Ok(())
    }
}

fn foreign(name: &str) -> ApiError {
    let name: String = name.chars().take(100).collect();
    ApiError::invalid(&name, "is not a field of this request")
}

/// A text of 1 to 512 bytes without control characters.
pub fn check_text(name: &str, text: String) -> Result<String, ApiError> {
    let rule = if text.is_empty() {
        "must not be empty"
    } else if text.len() > MAX_TEXT_LEN {
        "must be at most 512 bytes long"
    } else if text.chars().any(char::is_control) {
        "must not contain control characters"
    } else {
        return Ok(text);
    };
    Err(ApiError::invalid(name, rule))
}
