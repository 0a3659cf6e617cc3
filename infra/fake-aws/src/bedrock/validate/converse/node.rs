//! A value in a body, with its path: what every check reads through, so that every refusal
//! names the place.

use std::ops::RangeInclusive;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

pub(super) type CheckResult<T = ()> = Result<T, String>;

pub(super) struct Node<'a> {
    pub(super) path: String,
    pub(super) value: &'a Value,
}

/// An object whose fields are all known.
pub(super) struct ObjectNode<'a> {
    path: String,
    fields: &'a Map<String, Value>,
}

impl<'a> Node<'a> {
    pub(super) fn text(&self) -> CheckResult<&'a str> {
        self.value.as_str().ok_or_else(|| self.wrong_type("String"))
    }

    pub(super) fn boolean(&self) -> CheckResult {
        self.value.as_bool().map(drop).ok_or_else(|| self.wrong_type("Boolean"))
    }

    pub(super) fn list(&self) -> CheckResult<Vec<Node<'a>>> {
        let values = self.value.as_array().ok_or_else(|| self.wrong_type("JSONArray"))?;
        Ok(values.iter().enumerate().map(|(at, value)| self.child(&at.to_string(), value)).collect())
    }

    pub(super) fn check_each(&self, check: impl Fn(&Node<'a>) -> CheckResult) -> CheckResult {
        self.list()?.iter().try_for_each(check)
    }

    /// The entries of an object with free keys.
    pub(super) fn entries(&self) -> CheckResult<Vec<(&'a str, Node<'a>)>> {
        let fields = self.value.as_object().ok_or_else(|| self.wrong_type("JSONObject"))?;
        Ok(fields.iter().map(|(name, value)| (name.as_str(), self.child(name, value))).collect())
    }

    pub(super) fn object(&self, known: &[&str]) -> CheckResult<ObjectNode<'a>> {
        let fields = self.value.as_object().ok_or_else(|| self.wrong_type("JSONObject"))?;
        ObjectNode::check_object(self.path.clone(), fields, known)
    }

    /// The one member of a union.
    pub(super) fn union(&self, members: &[&str]) -> CheckResult<(&'a str, Node<'a>)> {
        self.object(members)?;
        let entries: [(&str, Node); 1] = self.entries()?.try_into().map_err(|_| {
            self.malformed_value(&format!("expected exactly one of the members {}", members.join(", ")))
        })?;
        let [entry] = entries;
        Ok(entry)
    }

    pub(super) fn one_of(&self, values: &[&str]) -> CheckResult<&'a str> {
        let text = self.text()?;
        if values.contains(&text) {
            return Ok(text);
        }
        Err(self.breaks(&format!("Member must satisfy enum value set: [{}]", values.join(", "))))
    }

    pub(super) fn not_empty(&self) -> CheckResult<&'a str> {
        let text = self.text()?;
        if text.is_empty() {
            return Err(self.breaks("Member must have length greater than or equal to 1"));
        }
        Ok(text)
    }

    /// A text of at most `most` of the characters that `pattern`, for people, says.
    pub(super) fn matching(
        &self,
        pattern: &str,
        most: usize,
        allowed: fn(char) -> bool,
    ) -> CheckResult<&'a str> {
        let text = self.text()?;
        if text.chars().count() > most {
            return Err(self.breaks(&format!("Member must have length less than or equal to {most}")));
        }
        if !text.chars().all(allowed) {
            return Err(self.breaks(&format!("Member must satisfy regular expression pattern: {pattern}")));
        }
        Ok(text)
    }

    pub(super) fn number(&self, range: RangeInclusive<f64>) -> CheckResult {
        let number = self.value.as_f64().ok_or_else(|| self.wrong_type("Number"))?;
        if number < *range.start() {
            return Err(
                self.breaks(&format!("Member must have value greater than or equal to {}", range.start()))
            );
        }
        if number > *range.end() {
            return Err(self.breaks(&format!("Member must have value less than or equal to {}", range.end())));
        }
        Ok(())
    }

    pub(super) fn base64(&self) -> CheckResult {
        match STANDARD.decode(self.not_empty()?) {
            Ok(_) => Ok(()),
            Err(error) => Err(self.malformed_value(&format!("no base64: {error}"))),
        }
    }

    /// A refusal of this value's type.
    pub(super) fn wrong_type(&self, kind: &str) -> String {
        let found = match self.value {
            Value::Null => "Null",
            Value::Bool(_) => "Boolean",
            Value::Number(_) => "Number",
            Value::String(_) => "String",
            Value::Array(_) => "JSONArray",
            Value::Object(_) => "JSONObject",
        };
        self.malformed_value(&format!("expected type: {kind}, found: {found}"))
    }

    /// A refusal of this value, which `must` be otherwise.
    pub(super) fn breaks(&self, must: &str) -> String {
        let value = self.value.as_str().map_or_else(|| self.value.to_string(), str::to_owned);
        constraint(&format!("'{value}'"), &self.path, must)
    }

    fn malformed_value(&self, why: &str) -> String {
        malformed_request(&format!("#/{}: {why}", self.path.replace('.', "/")))
    }

    fn child(&self, name: &str, value: &'a Value) -> Self {
        Self { path: format!("{}.{name}", self.path), value }
    }
}

impl<'a> ObjectNode<'a> {
    /// The body itself.
    pub(super) fn top(fields: &'a Map<String, Value>, known: &[&str]) -> CheckResult<Self> {
        Self::check_object(String::new(), fields, known)
    }

    fn check_object(path: String, fields: &'a Map<String, Value>, known: &[&str]) -> CheckResult<Self> {
        match fields.keys().find(|name| !known.contains(&name.as_str())) {
            None => Ok(Self { path, fields }),
            Some(name) => {
                let place = if path.is_empty() { path } else { format!("#/{}: ", path.replace('.', "/")) };
                Err(malformed_request(&format!("{place}extraneous key [{name}] is not permitted")))
            }
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<Node<'a>> {
        let value = self.fields.get(name)?;
        Some(Node { path: self.place(name), value })
    }

    pub(super) fn need(&self, name: &str) -> CheckResult<Node<'a>> {
        self.get(name).ok_or_else(|| constraint("null", &self.place(name), "Member must not be null"))
    }

    fn place(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// Checks a field if it is there.
    pub(super) fn if_any(&self, name: &str, check: impl FnOnce(&Node<'a>) -> CheckResult) -> CheckResult {
        self.get(name).map_or(Ok(()), |node| check(&node))
    }

    /// Checks every value of a list, if it is there.
    pub(super) fn each_of(&self, name: &str, check: impl Fn(&Node<'a>) -> CheckResult) -> CheckResult {
        self.if_any(name, |list| list.check_each(check))
    }
}

fn malformed_request(why: &str) -> String {
    format!("Malformed input request: {why}, please reformat your input and try again.")
}

fn constraint(value: &str, path: &str, must: &str) -> String {
    format!("1 validation error detected: Value {value} at '{path}' failed to satisfy constraint: {must}")
}
