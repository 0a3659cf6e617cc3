//! An answer by a JSON schema.

use serde::Deserialize;
use serde_json::value::RawValue;
use shared::fault::Fault;
use shared::model::Model;

use super::field;
use super::read::{At, object, raw_object, string};
use crate::dialect::converse::body::{Block, OutputConfig, TextFormat};
use crate::dialect::converse::takes;
use crate::dialect::raw::Fields;

/// Converse wants a name; Anthropic has none.
const NAME: &str = "answer";

#[derive(Deserialize)]
struct Config<'a> {
    #[serde(borrow)]
    format: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Format<'a> {
    #[serde(rename = "type", borrow)]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    schema: Option<&'a RawValue>,
}

/// The schema that the client wants its answer by: `output_config.format`, or `output_format` as it was called first.
pub fn wanted<'a>(fields: &'a Fields<'_>) -> Result<Option<&'a RawValue>, Fault> {
    let config: Option<Config<'a>> =
        field(fields, "output_config")?.map(|raw| object(raw, "output_config")).transpose()?;
    let (raw, path) = match config.and_then(|config| config.format) {
        Some(raw) => (Some(raw), "output_config.format"),
        None => (field(fields, "output_format")?, "output_format"),
    };
    let Some(raw) = raw else {
        return Ok(None);
    };
    let format: Format<'a> = object(raw, path)?;
    let at = At { path, name: "type" };
    if string(format.kind, at)? != "json_schema" {
        return Err(at.wrong("must be json_schema"));
    }
    raw_object(format.schema, At { path, name: "schema" }).map(Some)
}

/// Asks for it in the body, or in words where the model has no field for it.
pub fn asked<'a>(
    schema: &'a RawValue,
    model: &Model,
    system: &mut Vec<Block<'a>>,
) -> Option<OutputConfig<'a>> {
    if takes::schema(model) {
        let text_format = Some(TextFormat { name: NAME.into(), description: None, schema });
        return Some(OutputConfig { text_format });
    }
    let words = "Answer with one JSON value and nothing else: no other text, no code fence. It must be valid by this JSON schema:";
    system.push(Block::OwnText(format!("{words}\n{schema}").into()));
    None
}
