//! Bodies that nobody would write.

use proptest::prelude::*;

use super::*;

/// JSON that is built of the API's own words, so that it is read beyond its first brace.
fn any_json() -> impl Strategy<Value = Value> {
    let words = prop::sample::select(vec![
        "user",
        "assistant",
        "system",
        "text",
        "image",
        "document",
        "tool_use",
        "tool_result",
        "thinking",
        "base64",
        "search_result",
        "tool_reference",
        "image/png",
        "application/pdf",
        "text/plain",
        "custom",
        "any",
        "tool",
        "none",
        "enabled",
        "adaptive",
        "json_schema",
        "high",
        "",
        " ",
        "\n",
        "x-anthropic-billing-header: x",
    ]);
    let names = prop::sample::select(vec![
        "type",
        "role",
        "content",
        "text",
        "source",
        "media_type",
        "data",
        "title",
        "context",
        "id",
        "name",
        "input",
        "tool_use_id",
        "tool_name",
        "is_error",
        "cache_control",
        "input_schema",
        "description",
        "format",
        "schema",
        "effort",
        "budget_tokens",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,6}".prop_map(Value::from),
        words.prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(names.clone().prop_map(str::to_owned), inner, 0..6)
                .prop_map(|fields| Value::from(serde_json::Map::from_iter(fields))),
        ]
    })
}

/// Blocks that a client could send, blank ones among them.
fn any_block() -> impl Strategy<Value = Value> {
    let text = || prop::sample::select(vec!["", " ", "\n", "a", "b\n"]);
    let block = prop_oneof![
        text().prop_map(|text| json!({"type": "text", "text": text})),
        text().prop_map(|text| json!({"type": "tool_result", "tool_use_id": "t", "content": text})),
        Just(json!({"type": "tool_use", "id": "t", "name": "Read", "input": {}})),
        Just(json!({"type": "thinking", "thinking": "a", "signature": "s"})),
        Just(
            json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}})
        ),
    ];
    (block, any::<bool>()).prop_map(|(mut block, is_cached)| {
        if is_cached {
            block["cache_control"] = json!({"type": "ephemeral"});
        }
        block
    })
}

fn any_messages() -> impl Strategy<Value = Value> {
    let role = prop::sample::select(vec!["user", "assistant", "system"]);
    let content = prop::collection::vec(any_block(), 0..4);
    let message = (role, content).prop_map(|(role, content)| json!({"role": role, "content": content}));
    prop::collection::vec(message, 1..6).prop_map(Value::from)
}

proptest! {
    #[test]
    fn whatever_comes_breaks_nothing(
        messages in prop_oneof![any_messages(), any_json()],
        field in prop::sample::select(vec![
            "system", "tools", "tool_choice", "thinking", "output_config", "stop_sequences", "temperature",
        ]),
        value in any_json(),
    ) {
        let _ = converse_body("nova-2-lite", json!({"messages": messages, field: value})).is_ok();
    }

    #[test]
    fn every_conversation_is_one_that_converse_takes(messages in any_messages()) {
        let sent = match converse_body("nova-pro", json!({"messages": messages})) {
            Err(nothing) => {
                prop_assert_eq!(nothing, "messages: at least one message must have content");
                return Ok(());
            }
            Ok(sent) => sent,
        };
        let turns = sent["messages"].as_array().unwrap();
        prop_assert!(turns.windows(2).all(|pair| pair[0]["role"] != pair[1]["role"]));
        for turn in turns {
            let content = turn["content"].as_array().unwrap();
            let is_point = |block: &Value| block.get("cachePoint").is_some();
            prop_assert!(!is_point(&content[0]));
            prop_assert!(!content.windows(2).any(|pair| is_point(&pair[0]) && is_point(&pair[1])));
            let results = content.iter().filter_map(|block| block["toolResult"]["content"].as_array()).flatten();
            for text in content.iter().chain(results).filter_map(|block| block.get("text")) {
                prop_assert!(!text.as_str().unwrap().trim().is_empty());
            }
        }
        let calls = turns.iter().filter_map(|turn| turn["content"].as_array()).flatten();
        let calls = calls.filter(|block| block.get("toolUse").is_some()).count();
        prop_assert_eq!(sent.get("toolConfig").is_some(), calls > 0);
    }

    #[test]
    fn a_byte_that_is_wrong_never_breaks_more_than_its_request(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let body = json!({
            "model": "m", "max_tokens": 9, "thinking": {"type": "enabled", "budget_tokens": 1024},
            "system": [{"type": "text", "text": "\u{e9}\n"}], "tools": [{"name": "t", "input_schema": {}}],
            "messages": [{"role": "user", "content": [{"type": "text", "text": "a\"b"}, {"type": "tool_result", "tool_use_id": "t"}]}],
        });
        let mut body = body.to_string().into_bytes();
        let at = at.index(body.len());
        body[at] = byte;
        if let Ok(request) = Request::parse(&body)
            && let Ok(sent) = to_converse(&request, CATALOG.find("nova-2-lite").unwrap(), 9)
        {
            prop_assert!(serde_json::from_slice::<Value>(&sent).is_ok());
        }
    }
}
