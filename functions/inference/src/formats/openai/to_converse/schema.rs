//! A JSON schema that the answer must have, as Converse or as a tool has it.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::formats::converse::request::{InputSchema, TextFormat, Tool, ToolSpec};
use crate::formats::openai::read::{FieldError, field, raw_object, require_field, string, word};
use crate::formats::raw_json::JsonObject;

#[derive(Debug)]
pub struct Schema<'a> {
    pub name: Cow<'a, str>,
    description: Option<Cow<'a, str>>,
    schema: &'a RawValue,
}

impl<'a> Schema<'a> {
    pub fn read(object: &JsonObject<'a>) -> Result<Self, FieldError> {
        Ok(Self {
            name: require_field(object, "name", word)?,
            description: field(object, "description", string)?.filter(|text| !text.trim().is_empty()),
            schema: require_field(object, "schema", raw_object)?,
        })
    }

    pub fn text_format(&self) -> TextFormat<'_> {
        TextFormat {
            name: Cow::Borrowed(&self.name),
            description: self.description.as_deref().map(Cow::Borrowed),
            schema: self.schema,
        }
    }

    pub fn tool(&self) -> Tool<'a> {
        let description = self.description.clone();
        Tool::ToolSpec(ToolSpec { description, ..spec(self.name.clone(), self.schema) })
    }
}

/// A tool of which no more is known.
pub fn spec<'a>(name: Cow<'a, str>, schema: &'a RawValue) -> ToolSpec<'a> {
    ToolSpec {
        name,
        description: None,
        input_schema: InputSchema { json: Cow::Borrowed(schema) },
        strict: None,
    }
}
