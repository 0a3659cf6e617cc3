//! `response_format`: an answer in JSON.

use std::borrow::Cow;

use serde_json::value::RawValue;
use shared::fault::Fault;
use shared::model::{Capability, Model};

use super::read::{Wrong, field, object, raw_object, required, string, word};
use super::tools::{Tools, spec};
use crate::dialect::converse::body::{Block, OutputConfig, TextFormat, Tool, ToolSpec};
use crate::dialect::converse::takes;
use crate::dialect::raw::Object;

/// What stands for `json_object`, for which Converse has nothing.
const ONE_OBJECT: &str = "Answer with one JSON object only: no other text, and no code fence around it.";

#[derive(Debug, Default)]
pub enum Format<'a> {
    #[default]
    Text,
    Object,
    Schema(Schema<'a>),
}

#[derive(Debug)]
pub struct Schema<'a> {
    pub name: Cow<'a, str>,
    description: Option<Cow<'a, str>>,
    schema: &'a RawValue,
}

impl<'a> Format<'a> {
    pub fn read(json: &'a RawValue) -> Result<Self, Wrong> {
        let format = object(json)?;
        match required(&format, "type", string)?.as_ref() {
            "text" => Ok(Self::Text),
            "json_object" => Ok(Self::Object),
            "json_schema" => {
                required(&format, "json_schema", |json| Schema::read(&object(json)?)).map(Self::Schema)
            }
            _ => Err(Wrong::new("must be text, json_object or json_schema").inside("type")),
        }
    }

    /// What is added to the system prompt.
    pub fn instruction(&self) -> Option<Block<'a>> {
        matches!(self, Self::Object).then(|| Block::OwnText(ONE_OBJECT.into()))
    }

    /// The schema in Converse's words, for a model that knows them.
    pub fn config<'b>(&'b self, model: &Model, tools: &Tools<'_>) -> Result<Option<OutputConfig<'b>>, Fault> {
        let Self::Schema(schema) = self else {
            return Ok(None);
        };
        if takes::schema(model) {
            return Ok(Some(OutputConfig { text_format: Some(schema.text_format()) }));
        }
        if self.tool(model, tools).is_none() && !tools.are_forced() {
            let rule = format!("{} does not answer by a schema", model.name);
            return Err(Fault::invalid("response_format", rule));
        }
        Ok(None)
    }

    /// The schema as a tool that the model is made to call, where it knows schemas only of tools. Where it is made to
    /// call another, its answer is no text that could follow a schema.
    pub fn tool(&self, model: &Model, tools: &Tools<'_>) -> Option<&Schema<'a>> {
        let can_be_made = model.can(Capability::FunctionCalling) && model.can(Capability::ToolChoice);
        match self {
            Self::Schema(schema) if !takes::schema(model) && can_be_made && !tools.are_forced() => {
                Some(schema)
            }
            _ => None,
        }
    }
}

impl<'a> Schema<'a> {
    fn read(object: &Object<'a>) -> Result<Self, Wrong> {
        Ok(Self {
            name: required(object, "name", word)?,
            description: field(object, "description", string)?.filter(|text| !text.trim().is_empty()),
            schema: required(object, "schema", raw_object)?,
        })
    }

    fn text_format(&self) -> TextFormat<'_> {
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
