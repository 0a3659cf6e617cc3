mod any;
mod content;
mod golden;
mod settings;
mod tools;

use std::sync::LazyLock;

use serde_json::{Value, json};
use stargate_core::catalog::Catalog;

use super::*;

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::load_bundled("global").unwrap());

/// What is sent to a model for a body, or why not. Who asks and how much is added to the body.
fn converse_body(model: &str, mut body: Value) -> Result<Value, String> {
    let model = CATALOG.find(model).unwrap();
    body["model"] = json!(model.name);
    body["max_tokens"] = json!(4096);
    if body.get("messages").is_none() {
        body["messages"] = json!([{"role": "user", "content": "hi"}]);
    }
    let text = body.to_string();
    let request = Request::parse(text.as_bytes()).map_err(|fault| fault.to_string())?;
    let sent = to_converse(&request, model, 4096).map_err(|fault| fault.to_string())?;
    Ok(serde_json::from_slice(&sent).unwrap())
}

/// What becomes of one user's message with this content.
fn converse_content(model: &str, content: Value) -> Result<Value, String> {
    let body = converse_body(model, json!({"messages": [{"role": "user", "content": content}]}))?;
    Ok(body["messages"][0]["content"].clone())
}
