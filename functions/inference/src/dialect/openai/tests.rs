mod answers;
mod arbitrary;
mod refusals;
mod refused_messages;
mod requests;
mod thinking;
mod tools;

use std::sync::LazyLock;

use serde_json::{Value, json};
use shared::fault::Fault;
use shared::model::{Catalog, Model};

use super::*;

fn model(name: &str) -> &'static Model {
    static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::bundled("us").unwrap());
    CATALOG.find(name).unwrap()
}

/// A request that says hi, with these fields set.
fn asked(fields: &Value) -> String {
    let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    body.to_string()
}

/// What Bedrock is sent for a request.
fn said(name: &str, request: &str) -> Result<Value, Fault> {
    let model = model(name);
    let chat = Chat::parse(request.as_bytes())?;
    let output = chat.output(model)?;
    let said = chat.said_to(model, output.max_tokens)?;
    assert_eq!(said.api, Api::Converse);
    Ok(serde_json::from_slice(&said.body).unwrap())
}
