use super::*;

#[test]
fn turns_alternate_and_empty_ones_are_left_out() {
    let text = |text: &str| json!({"type": "text", "text": text});
    let (user, assistant) = (
        |content: Value| json!({"role": "user", "content": content}),
        |content: Value| json!({"role": "assistant", "content": content}),
    );
    let system = |content: Value| json!({"role": "system", "content": content});
    for (name, messages, want) in [
        ("a string", json!([user(json!("hi"))]), json!([["user", "hi"]])),
        (
            "the same role twice",
            json!([user(json!("a")), user(json!([text("b")])), assistant(json!("c"))]),
            json!([["user", "a", "b"], ["assistant", "c"]]),
        ),
        (
            "a system in between",
            json!([user(json!("a")), system(json!([text("b")])), assistant(json!("c")), system(json!("d"))]),
            json!([["user", "a", "b"], ["assistant", "c"], ["user", "d"]]),
        ),
        (
            "a system that only set the effort",
            json!([user(json!("a")), {"role": "system", "output_config": {"effort": "low"}}, system(json!(""))]),
            json!([["user", "a"]]),
        ),
        (
            "blank texts",
            json!([
                user(json!([text(""), text(" \n\t"), text("\\n"), text("\n x")])),
                assistant(json!("\n"))
            ]),
            json!([["user", "\\n", "\n x"]]),
        ),
        (
            "thinking, which leaves nothing between two users",
            json!([
                user(json!("a")),
                assistant(
                    json!([{"type": "thinking", "thinking": "hm", "signature": "s"}, {"type": "redacted_thinking", "data": "x"}])
                ),
                user(json!("b")),
            ]),
            json!([["user", "a", "b"]]),
        ),
    ] {
        let sent = converse_body("nova-pro", json!({"messages": messages})).unwrap();
        let turns: Vec<Value> = sent["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|turn| {
                let texts = turn["content"].as_array().unwrap().iter().map(|block| block["text"].clone());
                std::iter::once(turn["role"].clone()).chain(texts).collect()
            })
            .collect();
        assert_eq!(json!(turns), want, "{name}");
    }
}

#[test]
fn texts_pass_byte_for_byte() {
    let body =
        r#"{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"\u00e9 \/ \ud83d\ude00"}]}"#;
    let request = Request::parse(body.as_bytes()).unwrap();
    let sent = to_converse(&request, CATALOG.find("nova-pro").unwrap(), 1).unwrap();
    let sent = String::from_utf8(sent).unwrap();
    assert!(sent.contains(r#"{"text":"\u00e9 \/ \ud83d\ude00"}"#), "{sent}");
}

#[test]
fn blocks_become_converses() {
    let base64 = |media: &str| json!({"type": "base64", "media_type": media, "data": "AA=="});
    let plain = json!({"type": "text", "media_type": "text/plain", "data": "hello"});
    let result =
        |content: Value| json!([{"type": "tool_result", "tool_use_id": "toolu_1", "content": content}]);
    let told = |content: Value| json!([{"toolResult": {"toolUseId": "toolu_1", "content": content}}]);
    for (model, content, want) in [
        (
            "nova-pro",
            json!([{"type": "image", "source": base64("image/png")}]),
            json!([{"image": {"format": "png", "source": {"bytes": "AA=="}}}]),
        ),
        (
            "nova-pro",
            json!([
                {"type": "document", "source": base64("application/pdf"), "title": "A/B.pdf", "context": "mine", "citations": {"enabled": true}},
                {"type": "document", "source": plain},
            ]),
            json!([
                {"text": "mine"},
                {"document": {"format": "pdf", "name": "A B pdf 1", "source": {"bytes": "AA=="}}},
                {"document": {"format": "txt", "name": "Document 2", "source": {"bytes": "aGVsbG8="}}},
            ]),
        ),
        (
            "qwen3-32b",
            json!([{"type": "document", "source": plain, "title": "T"}]),
            json!([{"text": "T"}, {"text": "hello"}]),
        ),
        (
            "nova-pro",
            json!([{"type": "search_result", "title": "T", "source": "https://x", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": ""}]}]),
            json!([{"text": "Search result: T (https://x)"}, {"text": "a"}]),
        ),
        (
            "nova-pro",
            json!([{"type": "tool_use", "id": "toolu_1", "name": "Read", "input": {"a": 1.0}}]),
            json!([{"toolUse": {"toolUseId": "toolu_1", "name": "Read", "input": {"a": 1.0}}}]),
        ),
        ("nova-pro", result(json!("x")), told(json!([{"text": "x"}]))),
        ("nova-pro", result(json!(" ")), told(json!([{"text": "(no content)"}]))),
        ("nova-pro", result(json!([])), told(json!([{"text": "(no content)"}]))),
        ("nova-pro", result(Value::Null), told(json!([{"text": "(no content)"}]))),
        (
            "nova-pro",
            result(json!([{"type": "text", "text": "x"}, {"type": "image", "source": base64("image/webp")}])),
            told(json!([{"text": "x"}, {"image": {"format": "webp", "source": {"bytes": "AA=="}}}])),
        ),
        (
            "nova-pro",
            result(json!([{"type": "tool_reference", "tool_name": "WebFetch"}])),
            told(json!([{"text": "The tool WebFetch can be called now."}])),
        ),
        (
            "nova-pro",
            json!([{"type": "tool_result", "tool_use_id": "t", "content": "x", "is_error": true}]),
            json!([{"toolResult": {"toolUseId": "t", "content": [{"text": "x"}], "status": "error"}}]),
        ),
        (
            "nova-pro",
            json!([{"type": "tool_result", "tool_use_id": "t", "content": "x", "is_error": false}]),
            json!([{"toolResult": {"toolUseId": "t", "content": [{"text": "x"}]}}]),
        ),
    ] {
        assert_eq!(converse_content(model, content.clone()), Ok(want), "{content}");
    }
}

#[test]
fn cache_points_follow_what_they_end() {
    let control = json!({"type": "ephemeral", "ttl": "1h"});
    let text = |text: &str| json!({"type": "text", "text": text, "cache_control": control});
    let point = json!({"cachePoint": {"type": "default"}});
    let result = json!([{"type": "tool_result", "tool_use_id": "t", "content": [text("x")]}]);
    for (model, content, want) in [
        ("nova-pro", json!([text("a")]), json!([{"text": "a"}, point])),
        ("nova-pro", json!([{"type": "text", "text": "a"}, text("")]), json!([{"text": "a"}])),
        ("nova-pro", json!([{"type": "text", "text": "a", "cache_control": null}]), json!([{"text": "a"}])),
        (
            "nova-pro",
            result.clone(),
            json!([{"toolResult": {"toolUseId": "t", "content": [{"text": "x"}]}}, point]),
        ),
        ("qwen3-32b", json!([text("a")]), json!([{"text": "a"}])),
    ] {
        assert_eq!(converse_content(model, content.clone()), Ok(want), "{model} {content}");
    }
    let system = json!([text("a"), {"type": "text", "text": "b"}]);
    let tools = json!([{"name": "t", "input_schema": {}, "cache_control": control}]);
    for (model, in_system, in_tools) in
        [("nova-pro", true, false), ("kimi-k3", true, true), ("qwen3-32b", false, false)]
    {
        let sent = converse_body(model, json!({"system": system, "tools": tools})).unwrap();
        assert_eq!(sent["system"][1] == point, in_system, "{model}");
        assert_eq!(sent["toolConfig"]["tools"][1] == point, in_tools, "{model}");
    }
}

#[test]
fn the_system_prompt_is_all_but_the_billing_header() {
    let billing = json!({"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.329;"});
    for (system, want) in [
        (json!("be kind"), json!([{"text": "be kind"}])),
        (json!([billing, {"type": "text", "text": "be kind"}]), json!([{"text": "be kind"}])),
        (json!([billing]), Value::Null),
        (json!(""), Value::Null),
        (Value::Null, Value::Null),
    ] {
        let sent = converse_body("nova-pro", json!({"system": system})).unwrap();
        assert_eq!(sent["system"], want, "{system}");
    }
}

#[test]
fn what_cannot_be_sent_is_named_by_its_path() {
    let url = json!({"type": "url", "url": "https://x"});
    let png = json!({"type": "base64", "media_type": "image/png", "data": "AA=="});
    let one = |block: Value| json!([{"type": "text", "text": "x"}, block]);
    for (model, content, want) in [
        ("nova-pro", json!(7), "messages.0.content: must be a string or an array"),
        ("nova-pro", json!([7]), "messages.0.content.0: must be an object"),
        ("nova-pro", one(json!({})), "messages.0.content.1.type: Field required"),
        ("nova-pro", one(json!({"type": "text"})), "messages.0.content.1.text: Field required"),
        ("nova-pro", one(json!({"type": "text", "text": 1})), "messages.0.content.1.text: must be a string"),
        (
            "nova-pro",
            one(json!({"type": "image", "source": url})),
            "messages.0.content.1.source: url is not taken: the gateway fetches nothing, send the data itself",
        ),
        (
            "nova-pro",
            one(json!({"type": "document", "source": {"type": "file", "file_id": "f"}})),
            "messages.0.content.1.source: file is not taken: the gateway fetches nothing, send the data itself",
        ),
        (
            "nova-pro",
            one(
                json!({"type": "image", "source": {"type": "base64", "media_type": "image/bmp", "data": ""}}),
            ),
            "messages.0.content.1.source.media_type: must be image/png, image/jpeg, image/gif or image/webp, in base64",
        ),
        (
            "nova-pro",
            one(json!({"type": "document", "source": png})),
            "messages.0.content.1.source.media_type: must be application/pdf in base64, or text/plain as text",
        ),
        (
            "nova-pro",
            one(json!({"type": "image", "source": {"type": "base64", "media_type": "image/png"}})),
            "messages.0.content.1.source.data: Field required",
        ),
        (
            "qwen3-32b",
            one(json!({"type": "image", "source": png})),
            "messages.0.content.1: qwen3-32b-v1:0 does not read images",
        ),
        (
            "nova-pro",
            one(json!({"type": "tool_use", "id": "i", "name": "n", "input": []})),
            "messages.0.content.1.input: must be an object",
        ),
        (
            "qwen3-32b",
            one(
                json!({"type": "tool_result", "tool_use_id": "t", "content": [{"type": "image", "source": png}]}),
            ),
            "messages.0.content.1.content.0: qwen3-32b-v1:0 does not read images",
        ),
        (
            "nova-pro",
            one(json!({"type": "tool_result", "tool_use_id": "t", "content": [{"type": "tool_result"}]})),
            "messages.0.content.1.content.0.type: tool_result is not a type of content that can be sent to nova-pro-v1:0",
        ),
        (
            "nova-pro",
            one(json!({"type": "server_tool_use", "id": "i"})),
            "messages.0.content.1: server_tool_use runs on Anthropic's own servers and is not available on Amazon Bedrock",
        ),
        (
            "nova-pro",
            one(json!({"type": "web_search_tool_result"})),
            "messages.0.content.1: web_search_tool_result runs on Anthropic's own servers and is not available on Amazon Bedrock",
        ),
        (
            "nova-pro",
            one(json!({"type": "hologram"})),
            "messages.0.content.1.type: hologram is not a type of content that can be sent to nova-pro-v1:0",
        ),
    ] {
        assert_eq!(converse_content(model, content.clone()), Err(want.to_owned()), "{content}");
    }
}

#[test]
fn a_field_that_is_there_twice_is_named() {
    let twice = r#"{"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"type":"text","text":"a","text":"b"}]}]}"#;
    let request = Request::parse(twice.as_bytes()).unwrap();
    let fault = to_converse(&request, CATALOG.find("nova-pro").unwrap(), 1).unwrap_err().to_string();
    assert!(fault.starts_with("messages.0.content.0: cannot be read: duplicate field `text`"), "{fault}");
}

#[test]
fn messages_and_systems_that_say_nothing_or_nonsense_are_refused() {
    let hi = json!({"role": "user", "content": "hi"});
    for (body, want) in [
        (json!({"messages": []}), "messages: at least one message must have content"),
        (
            json!({"messages": [{"role": "user", "content": " "}]}),
            "messages: at least one message must have content",
        ),
        (json!({"messages": [7]}), "messages.0: must be an object"),
        (
            json!({"messages": [hi, {"role": "tool", "content": "x"}]}),
            "messages.1.role: must be user, assistant or system",
        ),
        (json!({"messages": [{"content": "x"}]}), "messages.0.role: Field required"),
        (json!({"messages": [{"role": "user"}]}), "messages.0.content: Field required"),
        (json!({"system": 7}), "system: must be a string or an array"),
        (json!({"system": [{"type": "image"}]}), "system.0.type: must be text"),
    ] {
        assert_eq!(converse_body("nova-pro", body.clone()), Err(want.to_owned()), "{body}");
    }
}
