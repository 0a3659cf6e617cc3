//! What a request says where it says nothing.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use shared::api::ApiError;

use crate::request::body::RequestBody;

/// Fields and what they are by default.
#[derive(Clone, Debug, Default)]
pub struct FieldDefaults {
    values: BTreeMap<String, Box<RawValue>>,
}

impl FieldDefaults {
    /// Makes one field of `fields` the default of another.
    pub fn take(&mut self, fields: &mut RequestBody, from: &str, to: &str) {
        if let Some(raw) = fields.left.remove(from) {
            self.values.insert(to.to_owned(), raw);
        }
    }

    /// A default as it was written.
    pub fn default_text(&self, name: &str) -> &str {
        self.values.get(name).map_or("null", |raw| raw.get())
    }
}

impl RequestBody {
    /// The defaults themselves, to be read like any request.
    pub fn from_defaults(defaults: &FieldDefaults) -> Self {
        Self { left: defaults.values.clone() }
    }

    /// A field that is an object of defaults.
    pub fn defaults(&mut self, name: &str) -> Result<FieldDefaults, ApiError> {
        Ok(self.take_object(name)?.map(|fields| FieldDefaults { values: fields.left }).unwrap_or_default())
    }

    /// A field that is an object, to be read field by field.
    pub fn take_object(&mut self, name: &str) -> Result<Option<Self>, ApiError> {
        let left = self.patch::<BTreeMap<String, Box<RawValue>>>(name, "a JSON object")?.value();
        Ok(left.map(|left| Self { left }))
    }

    /// Adds what is absent, or asks for nothing: LiteLLM's clients send `null`, `[]` and `{}` for that.
    pub fn complete(&mut self, defaults: &FieldDefaults, except: &[&str]) {
        for (name, value) in &defaults.values {
            if !self.has(name) && !except.contains(&name.as_str()) {
                self.left.insert(name.clone(), value.clone());
            }
        }
    }

    /// Takes some fields out, to be read as something else: those of them that say something.
    pub fn split(&mut self, names: &[&str]) -> Self {
        let taken = names.iter().filter_map(|name| self.left.remove_entry(*name));
        Self { left: taken.filter(|(_, raw)| raw.get() != "null").collect() }
    }

    /// Adds a field that nobody sent.
    pub fn set(&mut self, name: &str, value: &impl Serialize) -> Result<(), ApiError> {
        let raw = to_raw_value(value).map_err(|_| ApiError::invalid(name, "cannot be written"))?;
        self.left.insert(name.to_owned(), raw);
        Ok(())
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.left.keys().map(String::as_str)
    }

    /// Leaves out what may be sent and says nothing here.
    pub fn ignore(&mut self, is_idle: impl Fn(&str) -> bool) {
        self.left.retain(|name, _| !is_idle(name));
    }

    /// Whether a field is there and asks for something.
    pub fn has(&self, name: &str) -> bool {
        self.left.get(name).is_some_and(|raw| !["null", "[]", "{}"].contains(&raw.get()))
    }

    /// Refuses every field but these.
    pub fn reject_others(&self, within: &str, names: &[&str]) -> Result<(), ApiError> {
        match self.left.keys().find(|name| !names.contains(&name.as_str())) {
            None => Ok(()),
            Some(name) => Err(ApiError::invalid(
                within,
                format!("{name} is not served here; there are: {}", names.join(", ")),
            )),
        }
    }
}
