//! Inference's routes, which another function serves: Anthropic's API, told as far as a gateway knows it.

use serde_json::{Map, Value, json};

use crate::openapi::operation::APIS;

/// Names of the shapes of errors.
const ANTHROPIC: &str = "AnthropicError";
const PLAIN: &str = "Error";
const AWS: &str = "AwsError";

/// What routes with a body may answer besides: their own, and Bedrock's.
const BY_BODY: [(&str, &str); 7] = [
    ("413", "The body is too large"),
    ("415", "The body does not say that it is JSON"),
    ("429", "A budget, a rate or Bedrock's own limit; retry-after says until when"),
    ("500", "Bedrock failed"),
    ("502", "Bedrock does not answer"),
    ("504", "The model took too long"),
    ("529", "Bedrock is not available"),
];

/// Every path of inference, by its shortest name. `/v1` may be left out, or be there twice.
pub fn paths() -> Map<String, Value> {
    let mut paths = Map::new();
    let mut add = |path: &str, method: &str, told: Value| {
        let item = paths.entry(path).or_insert_with(|| json!({}));
        item[method] = told;
        item[method][APIS] = json!(["public"]);
    };
    add("/v1/messages", "post", messages());
    add("/v1/messages/count_tokens", "post", count_tokens());
    add("/v1/chat/completions", "post", chat());
    for operation in ["invoke", "invoke-with-response-stream", "converse", "converse-stream", "count-tokens"]
    {
        add(&format!("/bedrock/model/{{id}}/{operation}"), "post", of_bedrock(operation));
    }
    add("/bedrock/inference-profiles", "get", profiles());
    add("/v1/models", "get", operation(PLAIN, "The models that the key may use", &[], list()));
    let name = json!({"name": "name", "in": "path", "required": true, "schema": {"type": "string"}});
    add("/v1/models/{name}", "get", operation(PLAIN, "A model, by any of its names", &[name], model()));
    add(
        "/v1/me",
        "get",
        operation(PLAIN, "What the key may spend, has spent and has left", &[], me_operation()),
    );
    for (path, method) in [("/", "get"), ("/api/hello", "get"), ("/api/event_logging/batch", "post")] {
        let status =
            json!({"type": "object", "required": ["status"], "properties": {"status": {"type": "string"}}});
        let content = json!({"application/json": {"schema": status}});
        let summary = "Asked by Claude Code; needs no key";
        let about = json!({"description": summary, "content": content});
        add(
            path,
            method,
            json!({"summary": summary, "tags": ["inference"], "security": [], "responses": {"200": about}}),
        );
    }
    paths
}

/// AWS's shape of errors; the header `x-amzn-errortype` says which it is.
pub fn aws_error() -> Value {
    json!({"type": "object", "required": ["message"], "properties": {"message": {"type": "string"}}})
}

/// Anthropic's shape of errors.
pub fn error() -> Value {
    let text = || json!({"type": "string"});
    json!({
        "type": "object",
        "required": ["type", "error", "request_id"],
        "properties": {
            "type": {"const": "error"},
            "error": {"type": "object", "required": ["type", "message"], "properties": {"type": text(), "message": text()}},
            "request_id": text(),
        },
    })
}

fn messages() -> Value {
    let summary = "Anthropic's Messages API, charged to every scope of the key";
    let mut told = operation(ANTHROPIC, summary, &[], json!({"type": "object"}));
    told["requestBody"] = body(&["model", "messages", "max_tokens"]);
    told["responses"]["200"]["content"]["text/event-stream"] = json!({});
    by_body(ANTHROPIC, told)
}

fn count_tokens() -> Value {
    let response = json!({
        "type": "object",
        "required": ["input_tokens"],
        "properties": {"input_tokens": {"type": "integer", "minimum": 0}},
    });
    let mut told = operation(ANTHROPIC, "How many tokens a request has; reserves nothing", &[], response);
    told["requestBody"] = body(&["model", "messages"]);
    by_body(ANTHROPIC, told)
}

fn chat() -> Value {
    let response = json!({"type": "object", "required": ["id", "object", "created", "model", "choices"]});
    let mut told = operation(PLAIN, "OpenAI's chat completions, for every chat model", &[], response);
    told["requestBody"] = body(&["model", "messages"]);
    told["responses"]["200"]["content"]["text/event-stream"] = json!({});
    by_body(PLAIN, told)
}

/// Bedrock Runtime's own operations. Their bodies are Bedrock's to describe.
fn of_bedrock(action: &str) -> Value {
    let summary = format!("Bedrock's own {action}, charged to every scope of the key");
    let id = json!({"name": "id", "in": "path", "required": true, "schema": {"type": "string"}});
    let mut told = operation(AWS, &summary, &[id], json!({"type": "object"}));
    if action.ends_with("stream") {
        told["responses"]["200"]["content"] = json!({"application/vnd.amazon.eventstream": {}});
    }
    let schema = json!({"type": "object"});
    told["requestBody"] = json!({"required": true, "content": {"application/json": {"schema": schema}}});
    by_body(AWS, told)
}

fn profiles() -> Value {
    let response = json!({
        "type": "object",
        "required": ["inferenceProfileSummaries"],
        "properties": {"inferenceProfileSummaries": {"type": "array", "items": {"type": "object"}}},
    });
    operation(AWS, "The models that the key may use, as inference profiles", &[], response)
}

fn by_body(shape: &str, mut told: Value) -> Value {
    for (status, about) in BY_BODY {
        told["responses"][status] = failure(shape, about);
    }
    told
}

fn body(needs: &[&str]) -> Value {
    let schema = json!({
        "type": "object",
        "required": needs,
        "properties": {
            "model": {"type": "string"},
            "messages": {"type": "array", "items": {"type": "object"}},
            "max_tokens": {"type": "integer", "minimum": 1},
            "stream": {"type": "boolean"},
        },
    });
    json!({"required": true, "content": {"application/json": {"schema": schema}}})
}

fn model() -> Value {
    json!({
        "type": "object",
        "required": ["id", "type", "display_name", "created_at", "object", "created", "owned_by"],
        "properties": {"id": {"type": "string"}, "display_name": {"type": "string"}},
    })
}

fn me_operation() -> Value {
    let amount = || json!({"type": ["number", "null"]});
    let count = || json!({"type": ["integer", "null"]});
    let budget = json!({
        "type": "object",
        "required": ["scope", "spend", "max_budget", "left", "headroom", "resets_at"],
        "properties": {
            "scope": {"type": "string"},
            "spend": {"type": "number"},
            "max_budget": amount(),
            "left": amount(),
            "headroom": amount(),
            "resets_at": {"type": ["string", "null"]},
            "rpm_limit": count(),
            "tpm_limit": count(),
            "max_parallel_requests": count(),
            "models": {"type": "array", "items": {"type": "string"}},
        },
    });
    json!({
        "type": "object",
        "required": ["user_id", "team_id", "summary", "budgets"],
        "properties": {
            "user_id": {"type": ["string", "null"]},
            "team_id": {"type": ["string", "null"]},
            "summary": {"type": "string"},
            "budgets": {"type": "array", "items": budget},
        },
    })
}

fn list() -> Value {
    json!({
        "type": "object",
        "required": ["data", "has_more", "first_id", "last_id", "object"],
        "properties": {"data": {"type": "array", "items": model()}, "has_more": {"type": "boolean"}},
    })
}

fn operation(shape: &str, summary: &str, parameters: &[Value], response: Value) -> Value {
    let mut told = json!({
        "summary": summary,
        "tags": ["inference"],
        "parameters": parameters,
        "responses": {"200": {"description": summary, "content": {"application/json": {"schema": response}}}},
    });
    for (status, about) in [
        ("400", "The request is wrong; the message says how"),
        ("401", "No key, or one that is unknown, expired, blocked or deleted"),
        ("403", "The model is not allowed for this key"),
        ("404", "There is no such model"),
        ("503", "The table does not answer, or a scope has too many calls in flight"),
    ] {
        told["responses"][status] = failure(shape, about);
    }
    told
}

fn failure(shape: &str, about: &str) -> Value {
    let schema = json!({"$ref": format!("#/components/schemas/{shape}")});
    json!({"description": about, "content": {"application/json": {"schema": schema}}})
}
