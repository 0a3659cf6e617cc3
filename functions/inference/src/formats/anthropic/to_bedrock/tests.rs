use serde_json::{Value, json};
use stargate_core::catalog::Catalog;

use super::*;

/// The body that Bedrock gets for one that a client sent.
fn bedrock_body(model: &str, betas: &[&str], mut body: Value) -> Result<Value, ApiError> {
    let catalog = Catalog::load_bundled("global").unwrap();
    let rules = catalog.find(model).unwrap().rules.clone().unwrap();
    body["model"] = json!(model);
    body["max_tokens"] = json!(4096);
    if body.get("messages").is_none() {
        body["messages"] = json!([{"role": "user", "content": "hi"}]);
    }
    let text = body.to_string();
    let request = Request::parse(text.as_bytes()).unwrap();
    let betas: Vec<String> = betas.iter().map(|beta| (*beta).to_owned()).collect();
    to_bedrock(&request, &rules, &betas, 4096).map(|bytes| serde_json::from_slice(&bytes).unwrap())
}

#[test]
fn keeps_what_bedrock_takes_and_drops_what_it_refuses() {
    let body = bedrock_body(
        "claude-opus-5-5",
        &[],
        json!({"stream": true, "speed": "fast", "metadata": {"user_id": "u"}}),
    );
    let body = body.unwrap();
    assert_eq!(body["anthropic_version"], "bedrock-2023-05-31");
    for gone in ["model", "stream", "speed", "anthropic_beta"] {
        assert_eq!(body.get(gone), None, "{gone}");
    }
    assert_eq!(body["metadata"], json!({"user_id": "u"}));
}

#[test]
fn betas_are_renamed_dropped_and_sent_once() {
    let asked = [
        "claude-code-20250219",
        "interleaved-thinking-2025-05-14",
        "advanced-tool-use-2025-11-20",
        "tool-search-tool-2025-10-19",
    ];
    let body = bedrock_body("claude-opus-5-5", &asked, json!({})).unwrap();
    assert_eq!(
        body["anthropic_beta"],
        json!(["interleaved-thinking-2025-05-14", "tool-search-tool-2025-10-19"])
    );
}

#[test]
fn context_edits_stay_with_their_beta_or_go() {
    let edits = json!({"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]});
    let body = bedrock_body(
        "claude-opus-5-5",
        &["context-management-2025-06-27"],
        json!({"context_management": edits}),
    );
    assert_eq!(body.unwrap().get("context_management"), None);
    let edits = json!({"edits": [{"type": "clear_tool_uses_20250919"}, {"type": "clear_thinking_20251015"}]});
    let body = bedrock_body("claude-opus-5-5", &[], json!({"context_management": edits})).unwrap();
    assert_eq!(body["context_management"], json!({"edits": [{"type": "clear_tool_uses_20250919"}]}));
    assert_eq!(body["anthropic_beta"], json!(["context-management-2025-06-27"]));
    // A compaction is a second run of the model, which neither the quote nor the usage that is read would count.
    let edits = json!({"edits": [{"type": "compact_20260112"}]});
    let body = bedrock_body("claude-opus-5-5", &[], json!({"context_management": edits})).unwrap();
    assert_eq!(body.get("context_management"), None);
}

#[test]
fn thinking_takes_the_form_that_the_model_knows() {
    let with =
        |model: &str, thinking: Value| bedrock_body(model, &[], json!({"thinking": thinking})).unwrap();
    let enabled = json!({"type": "enabled", "budget_tokens": 2000, "display": "omitted"});
    assert_eq!(
        with("claude-opus-5-5", enabled.clone())["thinking"],
        json!({"type": "adaptive", "display": "omitted"})
    );
    assert_eq!(
        with("claude-opus-4-5", enabled)["thinking"],
        json!({"type": "enabled", "budget_tokens": 2000})
    );
    let adaptive = json!({"type": "adaptive", "display": "omitted"});
    assert_eq!(
        with("claude-haiku-4-5", adaptive)["thinking"],
        json!({"type": "enabled", "budget_tokens": 2048})
    );
}

#[test]
fn system_messages_are_folded_where_the_role_is_unknown() {
    let messages = json!([
        {"role": "user", "content": "hi"},
        {"role": "system", "content": [{"type": "text", "text": "be kind"}], "output_config": {"effort": "low"}},
        {"role": "system", "content": "", "output_config": {"effort": "low"}},
    ]);
    let body = bedrock_body("claude-haiku-4-5", &[], json!({"messages": messages})).unwrap();
    assert_eq!(
        body["messages"],
        json!([
            {"role": "user", "content": "hi"},
            {"role": "user", "content": [{"type": "text", "text": "be kind"}]},
        ])
    );
    let body = bedrock_body("claude-opus-5-5", &[], json!({"messages": messages})).unwrap();
    assert_eq!(body["messages"][1]["role"], "system");
    assert_eq!(body["messages"].as_array().unwrap().len(), 2);
}

#[test]
fn cache_controls_lose_what_bedrock_refuses_however_deep() {
    let control = json!({"type": "ephemeral", "scope": "global", "ttl": "1h"});
    let block = json!({"type": "text", "text": "x", "cache_control": control});
    let nested = json!({"type": "tool_result", "tool_use_id": "t", "content": [block]});
    let body = json!({
        "system": [block],
        "messages": [{"role": "user", "content": [nested]}],
        "tools": [{"name": "t", "input_schema": {"type": "object"}, "cache_control": control,
                   "custom": {"defer_loading": true}}],
    });
    let body = bedrock_body("claude-opus-4-5", &[], body).unwrap();
    let clean = json!({"type": "ephemeral", "ttl": "1h"});
    assert_eq!(body["system"][0]["cache_control"], clean);
    assert_eq!(body["messages"][0]["content"][0]["content"][0]["cache_control"], clean);
    let tool = &body["tools"][0];
    assert_eq!((&tool["cache_control"], &tool["defer_loading"]), (&clean, &json!(true)));
    assert_eq!(tool.get("custom"), None);
}

#[test]
fn a_tool_of_anthropics_servers_is_refused_by_name() {
    let tools = json!([{"type": "web_search_20250305", "name": "web_search"}]);
    let fault = bedrock_body("claude-opus-5-5", &[], json!({"tools": tools})).unwrap_err();
    assert!(fault.to_string().contains("web_search_20250305"), "{fault}");
}

#[test]
fn effort_is_clamped_or_dropped() {
    let with = |model: &str| bedrock_body(model, &[], json!({"output_config": {"effort": "max"}})).unwrap();
    assert_eq!(with("claude-opus-5-5")["output_config"], json!({"effort": "max"}));
    assert_eq!(with("claude-haiku-4-5").get("output_config"), None);
}
