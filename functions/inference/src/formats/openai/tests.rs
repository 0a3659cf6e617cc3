mod answers;
mod arbitrary;
mod refusals;
mod refused_messages;
mod requests;
mod thinking;
mod tools;

use std::sync::LazyLock;

use serde_json::{Value, json};
use shared::api::ApiError;
use stargate_core::catalog::{Catalog, Model};

use super::*;

fn model(name: &str) -> &'static Model {
    static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::load_bundled("us").unwrap());
    CATALOG.find(name).unwrap()
}

/// A request that says hi, with these fields set.
fn request_with(fields: &Value) -> String {
    let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    body.to_string()
}

/// What Bedrock is sent for a request.
fn bedrock_body(name: &str, request: &str) -> Result<Value, ApiError> {
    let model = model(name);
    let chat = Chat::parse(request.as_bytes())?;
    let output = chat.output(model)?;
    let said = chat.to_bedrock(model, output.max_tokens)?;
    assert_eq!(said.api, Api::Converse);
    Ok(serde_json::from_slice(&said.body).unwrap())
}
