use serde_json::json;

use super::*;

const NEW: &str = "us.anthropic.claude-opus-5-5";
const OLD: &str = "anthropic.claude-sonnet-4-5-20250929-v1:0";

/// Why the smallest good body is refused once some fields are set; `null` takes a field out.
fn refusal_of(model: &str, change: &Value) -> Option<String> {
    let mut body = json!({
        "anthropic_version": VERSION, "max_tokens": 64,
        "messages": [{"role": "user", "content": "hi"}],
    });
    for (field, value) in change.as_object().unwrap() {
        match value {
            Value::Null => drop(body.as_object_mut().unwrap().remove(field)),
            value => body[field] = value.clone(),
        }
    }
    check(model, body.as_object().unwrap().clone()).err().map(|refusal| refusal.message)
}

fn refuses(model: &str, change: Value, why: &str) {
    let got = refusal_of(model, &change).unwrap_or_default();
    assert!(got.starts_with(why), "{change}\n got: {got}\nwant: {why}");
}

#[test]
fn refuses_bad_fields() {
    refuses(NEW, json!({"anthropic_version": null}), "anthropic_version: Field required");
    refuses(NEW, json!({"anthropic_version": "2023-06-01"}), "anthropic_version: Input should be");
    refuses(NEW, json!({"model": "x"}), "model: Extra inputs are not permitted");
    refuses(NEW, json!({"stream": true}), "stream: Extra inputs are not permitted");
    refuses(NEW, json!({"max_tokens": null}), "max_tokens: Field required");
    refuses(NEW, json!({"max_tokens": 0}), "max_tokens: Input should be greater");
    refuses(NEW, json!({"max_tokens": 128_001}), "max_tokens: 128001 > 128000");
    refuses(NEW, json!({"anthropic_beta": ["claude-code-20250219"]}), "invalid beta flag");
}

#[test]
fn refuses_bad_messages() {
    refuses(NEW, json!({"messages": null}), "messages: Field required");
    refuses(NEW, json!({"messages": []}), "messages: at least one");
    let configured = json!([{"role": "user", "content": "a", "output_config": {"effort": "low"}}]);
    refuses(NEW, json!({"messages": configured}), "messages.0.output_config: Extra inputs");
    let with_system = json!([{"role": "user", "content": "a"}, {"role": "system", "content": "b"}]);
    refuses(OLD, json!({"messages": with_system}), "messages.1.role: Input should be 'user' or 'assistant'");
    let empty = json!([{"role": "user", "content": ""}]);
    refuses(NEW, json!({"messages": empty}), "messages.0: all messages must have non-empty");
    let scoped =
        json!([{"type": "text", "text": "s", "cache_control": {"type": "ephemeral", "scope": "global"}}]);
    refuses(NEW, json!({"system": scoped}), "system.0.cache_control.ephemeral.scope: Extra inputs");
    let search = json!([{"type": "web_search_20250305", "name": "web_search"}]);
    refuses(NEW, json!({"tools": search}), "tools.0: Input tag 'web_search_20250305'");
    let custom = json!([{"name": "a", "custom": {"defer_loading": true}}]);
    refuses(NEW, json!({"tools": custom}), "tools.0.custom: Extra inputs");
}

#[test]
fn refuses_features_a_model_lacks() {
    let beta = json!(["context-management-2025-06-27"]);
    let clear = json!({"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]});
    let uses = json!({"edits": [{"type": "clear_tool_uses_20250919"}]});
    refuses(NEW, json!({"context_management": uses}), "context_management: Extra inputs");
    refuses(
        NEW,
        json!({"context_management": clear, "anthropic_beta": beta}),
        "context_management: Extra inputs",
    );
    refuses(OLD, json!({"output_config": {"effort": "high"}}), "output_config.effort: Extra inputs");
    refuses(OLD, json!({"thinking": {"type": "adaptive"}}), "thinking: Input tag 'adaptive'");
    let shown = json!({"type": "enabled", "budget_tokens": 9, "display": "omitted"});
    refuses(OLD, json!({"thinking": shown}), "thinking.enabled.display: Extra inputs");
    let all = json!({"type": "enabled", "budget_tokens": 64});
    refuses(OLD, json!({"thinking": all}), "`max_tokens` must be greater");
}

#[test]
fn takes_what_claude_code_sends_in_bedrock_mode() {
    let newest = json!({
        "anthropic_beta": [
            "interleaved-thinking-2025-05-14", "tool-search-tool-2025-10-19", "thinking-token-count-2026-05-13",
        ],
        "max_tokens": 128_000,
        "system": [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral", "ttl": "1h"}}],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "hi"}]},
            {"role": "system", "content": "note"},
        ],
        "thinking": {"type": "adaptive", "display": "omitted"},
        "output_config": {"effort": "medium"},
        "metadata": {"user_id": "{}"},
        "tools": [{"name": "Bash", "input_schema": {"type": "object"}, "defer_loading": true}],
    });
    let older = json!({"thinking": {"type": "enabled", "budget_tokens": 63}, "temperature": 1});
    let managed =
        json!({"context_management": {"edits": []}, "anthropic_beta": ["context-management-2025-06-27"]});
    for (model, change) in [(NEW, newest), (OLD, older), (NEW, managed)] {
        assert_eq!(refusal_of(model, &change), None);
    }
}
