use super::requests::part;
use super::*;

fn tool(name: &str) -> Value {
    json!({"type": "function", "function": {"name": name}})
}

#[test]
fn which_tools_are_sent_and_which_must_be_called() {
    let history = json!([
        {"role": "user", "content": "a"},
        {"role": "assistant", "tool_calls": [
            {"id": "1", "function": {"name": "g", "arguments": "{}"}},
            {"id": "2", "function": {"name": "f", "arguments": "{}"}},
            {"id": "3", "function": {"name": "g", "arguments": "{}"}}]},
    ]);
    let results = json!([{"role": "tool", "tool_call_id": "1", "content": "r"}]);
    let spec = |name: &str| {
        let schema = json!({"json": {"type": "object", "properties": {}}});
        json!({"toolSpec": {"name": name, "inputSchema": schema}})
    };
    let bare = |name: &str| json!({"toolSpec": {"name": name, "inputSchema": {"json": {"type": "object"}}}});
    let tools = json!([tool("f")]);
    for (fields, want) in [
        (json!({"tools": []}), Value::Null),
        (json!({"tools": tools}), json!({"tools": [spec("f")]})),
        (json!({"tools": tools, "tool_choice": "auto"}), json!({"tools": [spec("f")]})),
        (json!({"tools": tools, "tool_choice": "none"}), Value::Null),
        (
            json!({"tools": tools, "tool_choice": "required"}),
            json!({"tools": [spec("f")], "toolChoice": {"any": {}}}),
        ),
        (
            json!({"tools": tools, "tool_choice": tool("f")}),
            json!({"tools": [spec("f")], "toolChoice": {"tool": {"name": "f"}}}),
        ),
        (json!({"tools": tools, "tool_choice": "none", "messages": history}), json!({"tools": [spec("f")]})),
        (json!({"messages": history}), json!({"tools": [bare("f"), bare("g")]})),
        (json!({"messages": results}), Value::Null),
        (json!({"tools": tools, "tool_choice": "none", "messages": results}), json!({"tools": [spec("f")]})),
    ] {
        assert_eq!(part("claude-haiku-4-5", &fields, "/toolConfig"), want, "{fields}");
    }
}

#[test]
fn tools_are_told_as_they_were_given() {
    let function = json!({"name": "f", "description": "does", "strict": true,
        "parameters": {"type": "object", "properties": {"a": {}}}});
    let fields = json!({"tools": [{"type": "function", "function": function},
        {"type": "function", "function": {"name": "g", "description": " ", "parameters": {}}}]});
    let strict = json!([
        {"toolSpec": {"name": "f", "description": "does", "strict": true,
            "inputSchema": {"json": {"type": "object", "properties": {"a": {}}}}}},
        {"toolSpec": {"name": "g", "inputSchema": {"json": {"type": "object", "properties": {}}}}},
    ]);
    assert_eq!(part("claude-haiku-4-5", &fields, "/toolConfig/tools"), strict);
    // It does not answer by a schema.
    assert_eq!(part("gpt-6-sol", &fields, "/toolConfig/tools/0/toolSpec/strict"), Value::Null);
}

#[test]
fn claude_is_told_to_call_one_tool_at_a_time() {
    let with =
        |choice: Value| json!({"tools": [tool("f")], "tool_choice": choice, "parallel_tool_calls": false});
    let mut after_a_call = with(json!("none"));
    after_a_call["messages"] = json!([{"role": "tool", "tool_call_id": "1", "content": "r"}]);
    for (model, fields, own, converse) in [
        (
            "claude-haiku-4-5",
            with(json!(null)),
            json!({"type": "auto", "disable_parallel_tool_use": true}),
            json!(null),
        ),
        (
            "claude-haiku-4-5",
            with(json!("required")),
            json!({"type": "any", "disable_parallel_tool_use": true}),
            json!(null),
        ),
        (
            "claude-haiku-4-5",
            with(tool("f")),
            json!({"type": "tool", "name": "f", "disable_parallel_tool_use": true}),
            json!(null),
        ),
        ("claude-haiku-4-5", with(json!("none")), json!(null), json!(null)),
        ("claude-haiku-4-5", after_a_call, json!(null), json!(null)),
        ("claude-haiku-4-5", json!({"parallel_tool_calls": false}), json!(null), json!(null)),
        (
            "claude-haiku-4-5",
            json!({"tools": [tool("f")], "parallel_tool_calls": true}),
            json!(null),
            json!(null),
        ),
        ("nova-lite", with(json!("required")), json!(null), json!({"any": {}})),
    ] {
        let said = bedrock_body(model, &request_with(&fields)).unwrap();
        assert_eq!(
            said.pointer("/additionalModelRequestFields/tool_choice").cloned().unwrap_or_default(),
            own
        );
        assert_eq!(said.pointer("/toolConfig/toolChoice").cloned().unwrap_or_default(), converse, "{fields}");
    }
}

#[test]
fn an_answer_by_a_schema_is_had_from_whoever_can() {
    let schema = json!({"type": "json_schema", "json_schema": {"name": "s", "schema": {"type": "object"}}});
    let with = |more: Value| {
        let mut fields = json!({"response_format": schema});
        fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        fields
    };
    let tools = json!([tool("f")]);
    for (model, fields, names, choice) in [
        ("deepseek-v3", with(json!({})), json!(["s"]), json!({"tool": {"name": "s"}})),
        ("deepseek-v3", with(json!({"tools": tools})), json!(["f", "s"]), json!({"any": {}})),
        (
            "deepseek-v3",
            with(json!({"tools": tools, "tool_choice": "none"})),
            json!(["s"]),
            json!({"tool": {"name": "s"}}),
        ),
        (
            "deepseek-v3",
            with(json!({"tools": tools, "tool_choice": "required"})),
            json!(["f"]),
            json!({"any": {}}),
        ),
        ("deepseek-v3.2", with(json!({"tools": tools})), json!(["f"]), json!(null)),
    ] {
        let said = bedrock_body(model, &request_with(&fields)).unwrap();
        let told = said["toolConfig"]["tools"].as_array().unwrap().iter();
        let told: Vec<_> = told.map(|tool| tool["toolSpec"]["name"].clone()).collect();
        assert_eq!(
            (json!(told), said["toolConfig"]["toolChoice"].clone()),
            (names, choice),
            "{model} {fields}"
        );
        assert_eq!(said.get("outputConfig").is_some(), model == "deepseek-v3.2", "{model}");
    }
    let object = json!({"response_format": {"type": "json_object"}});
    let system = part("nova-lite", &object, "/system/0/text");
    assert!(system.as_str().unwrap().starts_with("Answer with one JSON object only"), "{system}");
    assert_eq!(part("nova-lite", &json!({"response_format": {"type": "text"}}), "/system"), Value::Null);
}
