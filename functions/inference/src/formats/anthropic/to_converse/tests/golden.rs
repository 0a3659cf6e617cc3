use super::*;

/// A turn of Claude Code in its tool loop, shortened: every field that it sends is there.
#[test]
fn a_turn_of_claude_code() {
    let control = json!({"type": "ephemeral"});
    let body = json!({
        "stream": true,
        "metadata": {"user_id": "{\"device_id\":\"d\"}"},
        "thinking": {"type": "adaptive", "display": "omitted"},
        "output_config": {"effort": "high"},
        "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
        "system": [
            {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.329; cc_entrypoint=sdk-cli;"},
            {"type": "text", "text": "You are Claude Code.", "cache_control": control},
            {"type": "text", "text": "Be brief.", "cache_control": control},
        ],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "<system-reminder>"}, {"type": "text", "text": "read a.txt"}]},
            {"role": "system", "content": "", "output_config": {"effort": "high"}},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "", "signature": "Eo=="},
                {"type": "text", "text": "Reading."},
                {"type": "tool_use", "id": "toolu_01", "name": "Read", "input": {"file_path": "/a.txt"}},
            ]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "toolu_01", "content": "1\thello", "cache_control": control},
            ]},
            {"role": "system", "content": [{"type": "text", "text": "Mind the time."}]},
        ],
        "tools": [
            {"name": "Read", "description": "Reads a file.", "input_schema": {"type": "object", "properties": {"file_path": {"type": "string"}}}},
            {"name": "DeferredToolPlaceholder", "description": "Later.", "input_schema": {"type": "object"}, "defer_loading": true},
        ],
    });
    insta::assert_json_snapshot!("claude_code_to_nova_2_lite", converse_body("nova-2-lite", body).unwrap());
}
