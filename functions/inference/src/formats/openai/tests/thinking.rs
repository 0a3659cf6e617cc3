use super::requests::part;
use super::*;

#[test]
fn every_family_is_asked_to_think_in_its_own_words() {
    let effort = |effort: &str| json!({"reasoning_effort": effort});
    let budget = json!({"thinking": {"type": "enabled", "budget_tokens": 2000, "display": "omitted"}});
    let adaptive = json!({"thinking": {"type": "adaptive", "display": "omitted"}});
    for (model, fields, want) in [
        ("claude-haiku-4-5", effort("none"), json!({"thinking": {"type": "disabled"}})),
        (
            "claude-haiku-4-5",
            effort("medium"),
            json!({"thinking": {"type": "enabled", "budget_tokens": 2048}}),
        ),
        (
            "claude-opus-5-5",
            effort("max"),
            json!({"thinking": {"type": "adaptive"}, "output_config": {"effort": "max"}}),
        ),
        ("gpt-oss-120b", effort("max"), json!({"reasoning_effort": "high"})),
        ("nova-lite", effort("high"), json!(null)),
        ("claude-haiku-4-5", budget.clone(), json!({"thinking": {"type": "enabled", "budget_tokens": 2000}})),
        ("claude-opus-5-5", budget.clone(), json!({"thinking": {"type": "adaptive", "display": "omitted"}})),
        ("claude-haiku-4-5", adaptive, json!({"thinking": {"type": "enabled", "budget_tokens": 8192}})),
        ("gpt-oss-120b", budget, json!(null)),
    ] {
        assert_eq!(part(model, &fields, "/additionalModelRequestFields"), want, "{model} {fields}");
    }
}

#[test]
fn a_budget_of_thinking_is_part_of_the_output() {
    for (name, fields, max_tokens, thinking_budget) in [
        ("claude-haiku-4-5", json!({"reasoning_effort": "high"}), 16_384, 4096),
        ("claude-haiku-4-5", json!({"reasoning_effort": "high", "max_tokens": 2048}), 2048, 1024),
        ("claude-haiku-4-5", json!({"reasoning_effort": "high", "max_tokens": 100}), 100, 0),
        ("claude-opus-5-5", json!({"reasoning_effort": "high"}), 16_384, 0),
        (
            "claude-haiku-4-5",
            json!({"thinking": {"type": "enabled", "budget_tokens": 9000}, "max_tokens": 5000}),
            5000,
            5000,
        ),
    ] {
        let request = request_with(&fields);
        let output = Chat::parse(request.as_bytes()).unwrap().output(model(name)).unwrap();
        assert_eq!(
            output,
            OutputLimits { asked: max_tokens, max_tokens, thinking_budget },
            "{name} {fields}"
        );
    }
}

#[test]
fn what_a_thinking_claude_refuses_is_not_sent() {
    let fields = |effort: &str| {
        json!({"reasoning_effort": effort, "temperature": 0.5, "top_p": 0.5, "tools": [{"function": {"name": "f"}}],
            "tool_choice": "required"})
    };
    for (model, effort, is_sent) in
        [("claude-haiku-4-5", "low", false), ("claude-haiku-4-5", "none", true), ("nova-2-lite", "low", true)]
    {
        let said = bedrock_body(model, &request_with(&fields(effort))).unwrap();
        for pointer in ["/inferenceConfig/temperature", "/inferenceConfig/topP", "/toolConfig/toolChoice/any"]
        {
            assert_eq!(said.pointer(pointer).is_some(), is_sent, "{model} {effort} {pointer}");
        }
    }
}

#[test]
fn claude_does_not_think_without_its_earlier_thoughts() {
    let thought = json!({"type": "thinking", "thinking": "hm", "signature": "s"});
    let calls = json!([{"id": "1", "function": {"name": "f", "arguments": "{}"}}]);
    let with = json!({"role": "assistant", "tool_calls": calls, "thinking_blocks": [thought]});
    let without = json!({"role": "assistant", "tool_calls": calls});
    let plain = json!({"role": "assistant", "content": "x"});
    let result = json!({"role": "tool", "tool_call_id": "1", "content": "r"});
    for (messages, thinks) in [
        (json!([with, result]), true),
        (json!([without, result]), false),
        (json!([without, result, with, result]), true),
        (json!([with, result, without, result]), false),
        (json!([with, result, plain]), true),
    ] {
        for asked_by in [json!({"reasoning_effort": "low"}), json!({"thinking": {"type": "adaptive"}})] {
            let mut fields = asked_by;
            fields["messages"] = messages.clone();
            let thinking = part("claude-haiku-4-5", &fields, "/additionalModelRequestFields/thinking");
            assert_eq!(!thinking.is_null(), thinks, "{fields}");
        }
    }
}
