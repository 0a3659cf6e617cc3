//! `response_format`: an answer in JSON.

use serde_json::value::RawValue;
use shared::api::ApiError;
use stargate_core::catalog::{Capability, Model};

use super::schema::Schema;
use super::tools::Tools;
use crate::formats::converse::capabilities;
use crate::formats::converse::request::{ConverseBlock, OutputConfig};
use crate::formats::openai::read::{FieldError, object, require_field, string};

/// What stands for `json_object`, for which Converse has nothing.
const ONE_OBJECT: &str = "Answer with one JSON object only: no other text, and no code fence around it.";

#[derive(Debug, Default)]
pub enum ResponseFormat<'a> {
    #[default]
    Text,
    Object,
    Schema(Schema<'a>),
}

impl<'a> ResponseFormat<'a> {
    pub fn read(json: &'a RawValue) -> Result<Self, FieldError> {
        let format = object(json)?;
        match require_field(&format, "type", string)?.as_ref() {
            "text" => Ok(Self::Text),
            "json_object" => Ok(Self::Object),
            "json_schema" => {
                require_field(&format, "json_schema", |json| Schema::read(&object(json)?)).map(Self::Schema)
            }
            _ => Err(FieldError::new("must be text, json_object or json_schema").at_step("type")),
        }
    }

    /// What is added to the system prompt.
    pub fn instruction(&self) -> Option<ConverseBlock<'a>> {
        matches!(self, Self::Object).then(|| ConverseBlock::OwnText(ONE_OBJECT.into()))
    }

    /// The schema in Converse's words, for a model that knows them.
    pub fn config<'b>(
        &'b self,
        model: &Model,
        tools: &Tools<'_>,
    ) -> Result<Option<OutputConfig<'b>>, ApiError> {
        let Self::Schema(schema) = self else {
            return Ok(None);
        };
        if capabilities::supports_json_schema(model) {
            return Ok(Some(OutputConfig { text_format: Some(schema.text_format()) }));
        }
        if self.tool(model, tools).is_none() && !tools.are_forced() {
            let rule = format!("{} does not answer by a schema", model.name);
            return Err(ApiError::invalid("response_format", rule));
        }
        Ok(None)
    }

    /// The schema as a tool that the model is made to call, where it knows schemas only of tools. Where it is made to
    /// call another, its answer is no text that could follow a schema.
    pub fn tool(&self, model: &Model, tools: &Tools<'_>) -> Option<&Schema<'a>> {
        let can_be_made = model.can(Capability::FunctionCalling) && model.can(Capability::ToolChoice);
        match self {
            Self::Schema(schema)
                if !capabilities::supports_json_schema(model) && can_be_made && !tools.are_forced() =>
            {
                Some(schema)
            }
            _ => None,
        }
    }
}
