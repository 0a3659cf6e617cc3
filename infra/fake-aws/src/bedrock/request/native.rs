//! What a body in a format of its own asks for. Nothing is known of its fields, so the
//! directive may stand in any text.

use serde_json::Value;

use super::super::script;
use super::super::wire_format::Wire;
use super::{RequestContent, UserTurn};

/// The script is the last one in the body.
pub(super) fn content(body: &Value, bytes: usize) -> RequestContent<'_> {
    let mut texts = Vec::new();
    collect(body, &mut texts);
    let scripted = texts.iter().rfind(|text| script::is_in(text));
    let said = scripted.or(texts.last()).copied();
    RequestContent {
        wire: Wire::Native,
        turns: vec![UserTurn { texts: said.into_iter().collect(), brings_results: false }],
        schema: None,
        max_tokens: None,
        bytes,
    }
}

/// All texts in a value, depth first; the fields of an object in the order of their names.
fn collect<'a>(value: &'a Value, texts: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => texts.push(text),
        Value::Array(values) => values.iter().for_each(|value| collect(value, texts)),
        Value::Object(fields) => fields.values().for_each(|value| collect(value, texts)),
        _ => {}
    }
}
