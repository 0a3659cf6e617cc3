//! The document: OpenAPI 3.1, of every route that is served here and by inference.

use axum::http::Method;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};
use stargate_core::policy;

use crate::openapi::field_schemas::{FieldType, word};
use crate::openapi::inference;
use crate::openapi::operation::{APIS, Operation, RouteOperation};

/// Where schemas with a name are kept.
const SCHEMAS: &str = "/components/schemas";

/// The document of these operations, and of inference's.
pub fn document(described: &[RouteOperation]) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = SCHEMAS.into();
        settings.meta_schema = None;
    });
    let mut generator = settings.for_serialize().into_generator();
    let mut paths = inference::paths();
    for RouteOperation { method, path, operation } in described {
        let told = operation_of(method, path, operation, &mut generator);
        let item = paths.entry(*path).or_insert_with(|| json!({}));
        if let Some(item) = item.as_object_mut() {
            item.insert(method.as_str().to_lowercase(), told);
        }
    }
    let mut schemas = generator.take_definitions(true);
    schemas.insert("Error".to_owned(), error());
    schemas.insert("AnthropicError".to_owned(), inference::error());
    schemas.insert("AwsError".to_owned(), inference::aws_error());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Stargate",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "An LLM gateway in front of Amazon Bedrock. Errors name the field and the rule; docs/API.md says the rest.",
        },
        "paths": paths,
        "security": [{"bearer": []}, {"key": []}],
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A key, the master key (with X-Admin-Secret, where one is set), or a session. Behind AWS_IAM, a signature instead.",
                },
                "key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
            },
        },
    })
}

fn operation_of(
    method: &Method,
    path: &str,
    operation: &Operation,
    generator: &mut SchemaGenerator,
) -> Value {
    let is_open = policy::is_open(method.as_str(), path);
    let area = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    let mut told = json!({
        "operationId": format!("{}{}", method.as_str().to_lowercase(), path.replace(['/', '{', '}'], "_")),
        "summary": operation.summary,
        "tags": [area],
        "parameters": parameters(path, operation),
        "responses": responses(operation, is_open, generator),
        APIS: if policy::is_public(method.as_str(), path) { json!(["admin", "public"]) } else { json!(["admin"]) },
    });
    if is_open {
        told["security"] = json!([]);
    }
    if operation.fields().next().is_some() {
        let content = json!({"application/json": {"schema": body(operation)}});
        told["requestBody"] = json!({"required": true, "content": content});
    }
    told
}

fn parameters(path: &str, operation: &Operation) -> Vec<Value> {
    let told = |name: &str, place: &str, is_needed: bool| {
        let (kind, about) = word(name).unwrap_or((FieldType::Text, ""));
        json!({"name": name, "in": place, "required": is_needed, "description": about, "schema": kind.plain()})
    };
    let named = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let in_path = named.map(|name| told(name, "path", true));
    in_path
        .chain(operation.query.iter().map(|name| told(name, "query", operation.needs.contains(name))))
        .collect()
}

/// Any field may be `null`: in a new thing it says nothing, in an update it clears.
fn body(operation: &Operation) -> Value {
    let field = |name: &'static str| {
        let (kind, about) = word(name).unwrap_or((FieldType::Any, ""));
        let mut schema = kind.schema();
        if !operation.needs.contains(&name) {
            schema = json!({"anyOf": [schema, {"type": "null"}]});
        }
        schema["description"] = about.into();
        (name.to_owned(), schema)
    };
    let properties: Map<String, Value> = operation.fields().map(field).collect();
    json!({"type": "object", "properties": properties, "required": operation.needs})
}

/// What may be answered: by every route, by those with a body, and by those without a key.
fn responses(operation: &Operation, is_open: bool, generator: &mut SchemaGenerator) -> Value {
    let schema = (operation.answer)(generator);
    let mut told = Map::new();
    let content = json!({"application/json": {"schema": schema}});
    told.insert("200".to_owned(), json!({"description": operation.summary, "content": content}));
    let mut add = |status: &str, about: &str| {
        let content = json!({"application/json": {"schema": {"$ref": format!("#{SCHEMAS}/Error")}}});
        told.insert(status.to_owned(), json!({"description": about, "content": content}));
    };
    add("400", "A field or a parameter is wrong; the message names it and the rule");
    add("401", "No key, or one that is unknown, expired, blocked or deleted");
    add("403", "Not allowed for this caller");
    add("404", "What was named is not there");
    if operation.fields().next().is_some() {
        add("409", "What must be unique is taken, or was changed meanwhile");
        add("413", "The body is too large");
        add("415", "The body does not say that it is JSON");
    }
    if is_open || operation.fields().any(|name| name.ends_with("password")) {
        add("429", "Too many tries");
    }
    add("503", "The table does not answer");
    Value::Object(told)
}

fn error() -> Value {
    let text = || json!({"type": "string"});
    json!({
        "type": "object",
        "required": ["error"],
        "properties": {"error": {
            "type": "object",
            "required": ["message", "type", "param", "code"],
            "properties": {
                "message": text(),
                "type": text(),
                "param": {"type": ["string", "null"], "description": "The field that is wrong"},
                "code": {"type": "integer", "description": "The status"},
            },
        }},
    })
}
