//! JSON objects whose values stay text: a large body is looked into where it must be, and never parsed into a tree.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The most fields of an object: more than any request has, and few enough to look through for each.
const MAX_FIELDS: usize = 64;

/// The fields of one object in their order, each value as the JSON text that it came as.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawObject<'a>(Vec<(String, Cow<'a, str>)>);

impl<'a> RawObject<'a> {
    /// Reads one object. Its values are checked to be JSON and not looked into. A field that is there twice is an
    /// error: we and Bedrock might each believe another of the two.
    pub fn parse(json: &'a [u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(json)
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(field, _)| field.as_str())
    }

    /// The JSON text of a field.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_ref())
    }

    /// A field read as `T`; `None` if it is absent or `null`.
    pub fn read<'b, T: Deserialize<'b>>(&'b self, name: &str) -> Result<Option<T>, serde_json::Error> {
        self.get(name).map_or(Ok(None), serde_json::from_str)
    }

    /// Sets a field to a JSON text, in its place or at the end.
    pub fn set(&mut self, name: &str, json: impl Into<Cow<'a, str>>) {
        let json = json.into();
        match self.0.iter_mut().find(|(field, _)| field == name) {
            Some((_, value)) => *value = json,
            None => self.0.push((name.to_owned(), json)),
        }
    }

    pub fn remove(&mut self, name: &str) -> Option<Cow<'a, str>> {
        let at = self.0.iter().position(|(field, _)| field == name)?;
        Some(self.0.remove(at).1)
    }

    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.0.retain(|(field, _)| keep(field));
    }

    /// The bytes of all values but those of `names`.
    pub fn size_without(&self, names: &[&str]) -> u64 {
        let others = self.0.iter().filter(|(field, _)| !names.contains(&field.as_str()));
        others.map(|(field, value)| (field.len() + value.len()) as u64).sum()
    }

    /// The object as JSON text, every value copied once.
    pub fn to_json(&self) -> String {
        let size = self.0.iter().map(|(field, value)| field.len() + value.len() + 4).sum::<usize>();
        let mut json = String::with_capacity(size + 2);
        json.push('{');
        for (at, (field, value)) in self.0.iter().enumerate() {
            if at > 0 {
                json.push(',');
            }
            // Written as a JSON string: a name may hold anything.
            json.push_str(&serde_json::Value::from(field.as_str()).to_string());
            json.push(':');
            json.push_str(value);
        }
        json.push('}');
        json
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for RawObject<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let JsonObject(fields) = JsonObject::deserialize(deserializer)?;
        let own =
            |(name, value): (Cow<'a, str>, &'a RawValue)| (name.into_owned(), Cow::Borrowed(value.get()));
        Ok(Self(fields.into_iter().map(own).collect()))
    }
}

/// One object to read from, where nothing is to be changed: all of it stays in the body that it came in.
#[derive(Clone, Debug, Default)]
pub struct JsonObject<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> JsonObject<'a> {
    /// Reads one object, like [`RawObject::parse`].
    pub fn parse(json: &'a [u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(json)
    }

    /// A field; `None` if it is absent or `null`.
    pub fn get(&self, name: &str) -> Option<&'a RawValue> {
        let (_, value) = self.0.iter().find(|(field, _)| field == name)?;
        (value.get() != "null").then_some(*value)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for JsonObject<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor)
    }
}

/// A JSON string that stays in the body it came in where it has no escapes. A bare `Cow` would always be copied.
#[derive(Deserialize)]
#[serde(transparent)]
pub struct Text<'a>(#[serde(borrow)] pub Cow<'a, str>);

struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = JsonObject<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<JsonObject<'de>, A::Error> {
        let mut fields: Vec<(Cow<'de, str>, &'de RawValue)> = Vec::new();
        while let Some((Text(name), value)) = map.next_entry()? {
            if fields.len() == MAX_FIELDS {
                return Err(A::Error::custom(format_args!("more than {MAX_FIELDS} fields")));
            }
            if fields.iter().any(|(field, _)| *field == name) {
                // A name may be of any size, and this is echoed.
                let shown: String = name.chars().take(64).collect();
                return Err(A::Error::custom(format_args!("duplicate field {shown:?}")));
            }
            fields.push((name, value));
        }
        Ok(JsonObject(fields))
    }
}

/// The elements of a JSON array as text.
pub fn elements(json: &str) -> Result<Vec<&str>, serde_json::Error> {
    let raw: Vec<&RawValue> = serde_json::from_str(json)?;
    Ok(raw.into_iter().map(RawValue::get).collect())
}

/// Elements as the text of a JSON array.
pub fn array<'a>(elements: impl IntoIterator<Item = Cow<'a, str>>) -> String {
    let elements: Vec<Cow<'a, str>> = elements.into_iter().collect();
    format!("[{}]", elements.join(","))
}

/// Whether `json` holds the string `word` as a whole: as a name or a value, not inside another string, where its
/// quotes would be escaped.
pub fn mentions(json: &str, word: &str) -> bool {
    let quoted = format!("\"{word}\"");
    memchr::memmem::find(json.as_bytes(), quoted.as_bytes()).is_some()
}

/// Whether a body may hold this word as a name or a value, by whatever spelling.
pub fn may_hold(body: &[u8], word: &str) -> bool {
    has_escaped_ascii(body) || memchr::memmem::find(body, format!("\"{word}").as_bytes()).is_some()
}

/// Whether the body spells ordinary letters as `\u00xx`: no encoder does, and the words that we look for could be
/// among them.
pub fn has_escaped_ascii(body: &[u8]) -> bool {
    memchr::memmem::find_iter(body, b"\\u00").any(|at| {
        let is_letter = |hex: &[u8]| {
            let code = std::str::from_utf8(hex).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok());
            code.is_some_and(|code| code.is_ascii_alphanumeric() || code == b'_')
        };
        body.get(at + 4..at + 6).is_some_and(is_letter)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_pass_byte_for_byte() {
        let body = r#"{"a": {"x" : 1.50e3},"b":"\u00e9","c":[ ]}"#;
        let mut fields = RawObject::parse(body.as_bytes()).unwrap();
        assert_eq!(fields.get("a"), Some(r#"{"x" : 1.50e3}"#));
        fields.set("c", "2");
        fields.set("d\"", "null");
        assert_eq!(fields.to_json(), r#"{"a":{"x" : 1.50e3},"b":"\u00e9","c":2,"d\"":null}"#);
    }

    #[test]
    fn refuses_what_two_readers_could_read_differently() {
        for body in [r#"{"a":1,"a":2}"#, r#"{"a":1,"\u0061":2}"#, "[]", r#"{"a":1"#, r#"{"a":}"#, ""] {
            assert!(RawObject::parse(body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn finds_words_and_not_text_about_them() {
        assert!(mentions(r#"{"type":"document"}"#, "document"));
        assert!(!mentions(r#"{"text":"a \"document\" of mine"}"#, "document"));
    }
}
