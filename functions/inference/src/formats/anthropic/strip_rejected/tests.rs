use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// What is left of a body, as it is written, and what is gone.
fn strip(body: &str, refusal: &str) -> Option<(String, Vec<String>)> {
    strip_rejected_fields(body.as_bytes(), refusal)
        .map(|(body, gone)| (String::from_utf8(body).unwrap(), gone))
}

#[test]
fn betas_go_by_name_or_all() {
    let body = r#"{"max_tokens":1,"anthropic_beta":["a-2025-01-01","b-2025-02-02"],"messages":[ ]}"#;
    let none = r#"{"max_tokens":1,"messages":[ ]}"#;
    let only_b = r#"{"max_tokens":1,"anthropic_beta":["b-2025-02-02"],"messages":[ ]}"#;
    for (refusal, want) in [
        ("invalid beta flag", Some((none, vec!["a-2025-01-01", "b-2025-02-02"]))),
        ("invalid beta flag: `a-2025-01-01`", Some((only_b, vec!["a-2025-01-01"]))),
        (
            "Unexpected value(s) `a-2025-01-01` for the `anthropic-beta` header. Please consult our documentation",
            Some((only_b, vec!["a-2025-01-01"])),
        ),
        (
            "Unexpected value(s) `a-2025-01-01`, `b-2025-02-02` for the `anthropic-beta` header",
            Some((none, vec!["a-2025-01-01", "b-2025-02-02"])),
        ),
        ("Unexpected value(s) `c-2025-01-01` for the `anthropic-beta` header", None),
        ("Unexpected value(s) `a-2025-01-01` for something else", None),
        ("messages: Field required", None),
    ] {
        let want = want.map(|(body, gone)| (body.to_owned(), gone.into_iter().map(str::to_owned).collect()));
        assert_eq!(strip(body, refusal), want, "{refusal}");
    }
    assert_eq!(strip(none, "invalid beta flag"), None);
    assert_eq!(strip("nonsense", "invalid beta flag"), None);
}

#[test]
fn fields_go_by_their_path() {
    for (path, body, want) in [
        ("context_management", r#"{"a":1.50,"context_management":{"edits":[]}}"#, r#"{"a":1.50}"#),
        (
            "output_config.effort",
            r#"{"output_config":{"effort":"high","format":1}}"#,
            r#"{"output_config":{"format":1}}"#,
        ),
        ("output_config.effort", r#"{"a":1,"output_config":{"effort":"high"}}"#, r#"{"a":1}"#),
        (
            "messages.1.output_config",
            r#"{"messages":[{"output_config":{}, "x":1},{"role":"user","output_config":{}}]}"#,
            r#"{"messages":[{"output_config":{}, "x":1},{"role":"user"}]}"#,
        ),
        (
            "tools.0.custom.defer_loading",
            r#"{"tools":[{"name":"t","defer_loading":true}]}"#,
            r#"{"tools":[{"name":"t"}]}"#,
        ),
        (
            "tools.0.custom.defer_loading",
            r#"{"tools":[{"name":"t","custom":{"defer_loading":true,"x":1},"defer_loading":true}]}"#,
            r#"{"tools":[{"name":"t","custom":{"x":1},"defer_loading":true}]}"#,
        ),
        ("tools.0.custom", r#"{"tools":[{"name":"t","custom":{"x":1}}]}"#, r#"{"tools":[{"name":"t"}]}"#),
        (
            // `text` is the tag of the union, and a field of the block as well.
            "messages.0.content.1.text.cache_control.scope",
            r#"{"messages":[{"content":[{}, {"type":"text","text":"x","cache_control":{"type":"ephemeral","scope":"g"}}]}]}"#,
            r#"{"messages":[{"content":[{},{"type":"text","text":"x","cache_control":{"type":"ephemeral"}}]}]}"#,
        ),
        (
            "messages.0.content.0.tool_result.content.0.text.cache_control",
            r#"{"messages":[{"content":[{"content":[{"text":"x","cache_control":{}}]}]}]}"#,
            r#"{"messages":[{"content":[{"content":[{"text":"x"}]}]}]}"#,
        ),
        (
            "system.list[TextBlock].0.cache_control.ttl",
            r#"{"system":[{"text":"x","cache_control":{"ttl":"1h"}}]}"#,
            r#"{"system":[{"text":"x","cache_control":{}}]}"#,
        ),
    ] {
        let refusal = format!("Malformed input: {path}: Extra inputs are not permitted");
        assert_eq!(strip(body, &refusal), Some((want.to_owned(), vec![path.to_owned()])), "{path} {body}");
    }
}

#[test]
fn what_is_needed_or_is_not_there_stays() {
    let body = json!({
        "anthropic_version": "v", "max_tokens": 1, "metadata": {"user_id": "u"}, "system": "x",
        "messages": [{"role": "user", "content": [{"type": "text", "text": "x", "content": 1}]}],
        "tools": [{"name": "t", "input_schema": {"type": "object"}}],
    });
    for path in [
        "messages",
        "max_tokens",
        "anthropic_version",
        "messages.0.role",
        "messages.0.content",
        "messages.0.user.content",
        "tools.0.name",
        "tools.0.input_schema",
        "tools.0.custom.name",
        "output_config",
        "messages.7.role",
        "messages.0.content.0",
        "system.x",
        "x.metadata",
        "",
        "a.b.c",
        "system.0",
        "metadata.0.user_id",
        "messages.0.a.b.c.d.content",
        "a.b.c.d.e.f.g.h.i.j.k.l.m",
    ] {
        let refusal = format!("{path}: Extra inputs are not permitted");
        assert_eq!(strip(&body.to_string(), &refusal), None, "{path}");
    }
    assert_eq!(strip(&body.to_string(), "metadata: Extra inputs are welcome"), None);
}

#[test]
fn several_go_at_once_and_not_too_many() {
    let body = r#"{"a":1,"b":2,"anthropic_beta":["x"],"c":3}"#;
    let refusal = "invalid beta flag\na: Extra inputs are not permitted; c: Extra inputs are not permitted, \
                   a: Extra inputs are not permitted. messages: Extra inputs are not permitted";
    let gone = ["x", "a", "c"].map(str::to_owned).to_vec();
    assert_eq!(strip(body, refusal), Some((r#"{"b":2}"#.to_owned(), gone)));

    let many: serde_json::Map<String, Value> = (0..40).map(|at| (format!("f{at}"), json!(at))).collect();
    let refusal: String =
        many.keys().map(|name| format!("{name}: Extra inputs are not permitted\n")).collect();
    let (_, gone) = strip_rejected_fields(Value::from(many).to_string().as_bytes(), &refusal).unwrap();
    assert_eq!(gone.len(), 4);
}

/// Every member's path in a body.
fn paths(json: &Value, here: &str, all: &mut Vec<String>) {
    let members: Vec<(String, &Value)> = match json {
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), value)).collect(),
        Value::Array(list) => list.iter().enumerate().map(|(at, value)| (at.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    for (name, value) in members {
        let path = if here.is_empty() { name } else { format!("{here}.{name}") };
        paths(value, &path, all);
        all.push(path);
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let names =
        || prop::sample::select(vec!["a", "text", "0", "content", "role", "messages", "tools", "name"]);
    let leaf = prop_oneof![any::<i32>().prop_map(Value::from), names().prop_map(Value::from)];
    leaf.prop_recursive(5, 40, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(names().prop_map(str::to_owned), inner, 0..4)
                .prop_map(|fields| Value::from(serde_json::Map::from_iter(fields))),
        ]
    })
}

proptest! {
    #[test]
    fn exactly_the_member_that_is_named_is_gone(body in any_json(), at in any::<prop::sample::Index>()) {
        let mut all = Vec::new();
        paths(&body, "", &mut all);
        prop_assume!(!all.is_empty());
        let path = at.get(&all);
        let refusal = format!("{path}: Extra inputs are not permitted");
        if let Some((healed, gone)) = strip_rejected_fields(body.to_string().as_bytes(), &refusal) {
            prop_assert_eq!(&gone, std::slice::from_ref(path));
            let healed: Value = serde_json::from_slice(&healed).unwrap();
            let pointer = format!("/{}", path.replace('.', "/"));
            prop_assert!(body.pointer(&pointer).is_some() && healed.pointer(&pointer).is_none());
            let mut left = Vec::new();
            paths(&healed, "", &mut left);
            let first = path.split('.').next().unwrap();
            let is_of_it = |other: &String| other == path || other.starts_with(&format!("{path}."));
            let is_kept = |other: &&String| !is_of_it(other) && (*other != first || healed.get(first).is_some());
            let kept: Vec<&String> = all.iter().filter(is_kept).collect();
            prop_assert_eq!(left.iter().collect::<Vec<_>>(), kept);
        }
    }

    #[test]
    fn no_text_breaks_it(body in any_json(), refusal in ".{0,80}", path in "[a-z0-9.\\[\\]_]{0,40}") {
        let body = body.to_string();
        let _ = strip_rejected_fields(body.as_bytes(), &refusal);
        let _ = strip_rejected_fields(body.as_bytes(), &format!("{refusal} {path}: Extra inputs are not permitted {refusal}"));
        let _ = strip_rejected_fields(refusal.as_bytes(), &format!("invalid beta flag {path}"));
    }
}
