//! An answer by a JSON schema.

use serde::Deserialize;
use serde_json::value::RawValue;
use shared::api::ApiError;
use stargate_core::catalog::Model;

use super::field;
use super::read::{FieldPath, object, raw_object, string};
use crate::formats::converse::capabilities;
use crate::formats::converse::request::{ConverseBlock, OutputConfig, TextFormat};
use crate::formats::raw_json::RawObject;

/// Converse wants a name; Anthropic has none.
const NAME: &str = "answer";

#[derive(Deserialize)]
struct OutputConfigFormat<'a> {
    #[serde(borrow)]
    format: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct JsonSchemaFormat<'a> {
    #[serde(rename = "type", borrow)]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    schema: Option<&'a RawValue>,
}

/// The schema that the client wants its answer by: `output_config.format`, or `output_format` as it was called first.
pub fn read_schema<'a>(fields: &'a RawObject<'_>) -> Result<Option<&'a RawValue>, ApiError> {
    let config: Option<OutputConfigFormat<'a>> =
        field(fields, "output_config")?.map(|raw| object(raw, "output_config")).transpose()?;
    let (raw, path) = match config.and_then(|config| config.format) {
        Some(raw) => (Some(raw), "output_config.format"),
        None => (field(fields, "output_format")?, "output_format"),
    };
    let Some(raw) = raw else {
        return Ok(None);
    };
    let format: JsonSchemaFormat<'a> = object(raw, path)?;
    let at = FieldPath { path, name: "type" };
    if string(format.kind, at)? != "json_schema" {
        return Err(at.wrong("must be json_schema"));
    }
    raw_object(format.schema, FieldPath { path, name: "schema" }).map(Some)
}

/// Asks for it in the body, or in words where the model has no field for it.
pub fn apply_schema<'a>(
    schema: &'a RawValue,
    model: &Model,
    system: &mut Vec<ConverseBlock<'a>>,
) -> Option<OutputConfig<'a>> {
    if capabilities::supports_json_schema(model) {
        let text_format = Some(TextFormat { name: NAME.into(), description: None, schema });
        return Some(OutputConfig { text_format });
    }
    let words = "Answer with one JSON value and nothing else: no other text, no code fence. It must be valid by this JSON schema:";
    system.push(ConverseBlock::OwnText(format!("{words}\n{schema}").into()));
    None
}
