//! What each model takes of a Messages body.

use super::global;

/// Every beta that Claude Code 2.1.329 sends, against what its own Bedrock mode sends.
#[test]
fn betas_of_claude_code_become_those_of_its_bedrock_mode() {
    const REQUESTED: [&str; 12] = [
        "claude-code-20250219",
        "interleaved-thinking-2025-05-14",
        "context-management-2025-06-27",
        "per-turn-control-2026-07-01",
        "mid-conversation-tool-changes-2026-07-01",
        "thinking-token-count-2026-05-13",
        "advanced-tool-use-2025-11-20",
        "effort-2025-11-24",
        "redact-thinking-2026-02-12",
        "structured-outputs-2025-12-15",
        "extended-cache-ttl-2025-04-11",
        "nobody-knows-this-one",
    ];
    const INTERLEAVED: &str = "interleaved-thinking-2025-05-14";
    const TOKEN_COUNT: &str = "thinking-token-count-2026-05-13";
    const TOOL_SEARCH: &str = "tool-search-tool-2025-10-19";
    let catalog = global();
    for (model, sent) in [
        ("claude-opus-5-5", vec![INTERLEAVED, TOKEN_COUNT, TOOL_SEARCH]),
        ("claude-haiku-5-5", vec![INTERLEAVED, TOKEN_COUNT, TOOL_SEARCH]),
        ("claude-opus-4-7", vec![INTERLEAVED, TOKEN_COUNT, TOOL_SEARCH]),
        ("claude-sonnet-4-6", vec![INTERLEAVED, TOOL_SEARCH]),
        ("claude-sonnet-4-5", vec![INTERLEAVED, TOOL_SEARCH]),
        ("claude-sonnet-4", vec![INTERLEAVED, TOOL_SEARCH]),
        ("claude-haiku-4-5", vec![TOOL_SEARCH]),
    ] {
        let rules = catalog.find(model).unwrap().rules.as_ref().unwrap();
        let got: Vec<_> = REQUESTED.iter().filter_map(|requested| rules.beta(requested)).collect();
        assert_eq!(got, sent, "{model}");
    }
}

#[test]
fn fields_follow_the_model() {
    let catalog = global();
    for (model, thinking, display, effort, system_role, ttl) in [
        ("claude-opus-5-5", "disabled adaptive", true, Some("max"), true, true),
        ("claude-sonnet-5", "disabled adaptive", true, Some("max"), false, true),
        ("claude-opus-4-8", "disabled adaptive", true, Some("xhigh"), true, true),
        ("claude-opus-4-7", "disabled adaptive", true, Some("xhigh"), false, true),
        ("claude-opus-4-6", "disabled enabled adaptive", false, Some("max"), false, true),
        ("claude-opus-4-5", "disabled enabled", false, None, false, true),
        ("claude-haiku-4-5", "disabled enabled", false, None, false, true),
        ("claude-opus-4-1", "disabled enabled", false, None, false, false),
    ] {
        let rules = catalog.find(model).unwrap().rules.as_ref().unwrap();
        let kinds: Vec<_> = ["disabled", "enabled", "adaptive"]
            .into_iter()
            .filter(|kind| rules.allows_thinking(kind))
            .collect();
        assert_eq!(kinds.join(" "), thinking, "{model}");
        assert_eq!(rules.allows_thinking_display(), display, "{model}");
        assert_eq!(rules.effort("max"), effort, "{model}");
        assert_eq!(rules.allows_system_role(), system_role, "{model}");
        assert_eq!(rules.allows_cache_ttl(), ttl, "{model}");
        assert!(!rules.allows_message_output_config(), "{model}");
        assert!(
            rules.allows_field("messages") && !rules.allows_field("stream") && !rules.allows_field("model")
        );
        assert_eq!(rules.edit_beta("clear_thinking_20251015"), None, "{model}");
        assert_eq!(
            rules.edit_beta("clear_tool_uses_20250919"),
            Some("context-management-2025-06-27"),
            "{model}"
        );
        assert!(rules.refuses_tool("web_search_20250305") && !rules.refuses_tool("bash_20250124"));
    }
    let opus_4_6 = catalog.find("claude-opus-4-6").unwrap().rules.as_ref().unwrap();
    for (requested, sent) in [("low", "low"), ("xhigh", "high"), ("max", "max"), ("ultra", "ultra")] {
        assert_eq!(opus_4_6.effort(requested), Some(sent), "{requested}");
    }
    assert!(!opus_4_6.source().is_empty());
}
