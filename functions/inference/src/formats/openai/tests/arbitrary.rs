use std::collections::BTreeMap;

use bytes::Bytes;
use proptest::prelude::*;

use super::answers::teller;
use super::*;
use crate::formats::BedrockEvent;
use crate::formats::converse::event::{ConverseDelta, ConverseEvent};

/// Words of requests, so that a body has something to go wrong at.
const WORDS: [&str; 34] = [
    "model",
    "messages",
    "role",
    "user",
    "assistant",
    "system",
    "tool",
    "content",
    "type",
    "text",
    "image_url",
    "url",
    "file",
    "file_data",
    "filename",
    "data:image/png;base64,AA==",
    "data:application/pdf;base64,AA==",
    "tool_calls",
    "tool_call_id",
    "function",
    "name",
    "arguments",
    "{}",
    "tools",
    "parameters",
    "tool_choice",
    "required",
    "response_format",
    "json_schema",
    "schema",
    "thinking_blocks",
    "cache_control",
    "stop",
    "stream_options",
];

fn word() -> impl Strategy<Value = String> {
    prop_oneof![3 => prop::sample::select(&WORDS[..]).prop_map(str::to_owned), 1 => ".{0,6}"]
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        word().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(word(), inner, 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// Messages most of which are right.
fn near_message() -> impl Strategy<Value = Value> {
    let role = prop::sample::select(vec!["user", "assistant", "assistant", "system", "tool"]);
    let content = prop_oneof![6 => word().prop_map(Value::from), 1 => Just(json!([])), 1 => any_json()];
    let call = json!([{"id": "t", "type": "function", "function": {"name": "f", "arguments": "{}"}}]);
    let calls = prop_oneof![6 => Just(Value::Null), 3 => Just(call), 1 => any_json()];
    (role, content, calls).prop_map(|(role, content, calls)| {
        json!({"role": role, "content": content, "tool_calls": calls, "tool_call_id": "t"})
    })
}

fn try_all(body: &str) {
    let Ok(chat) = Chat::parse(body.as_bytes()) else {
        return;
    };
    for name in ["claude-haiku-4-5", "claude-opus-5-5", "nova-lite", "deepseek-v3", "jamba-instruct"] {
        let model = model(name);
        let max_tokens = chat.output(model).map_or(1, |output| output.max_tokens);
        if let Ok(said) = chat.to_bedrock(model, max_tokens) {
            let body: Value = serde_json::from_slice(&said.body).unwrap();
            let roles: Vec<_> =
                body["messages"].as_array().unwrap().iter().map(|turn| &turn["role"]).collect();
            assert!(!roles.is_empty() && roles.windows(2).all(|pair| pair[0] != pair[1]), "{body}");
        }
    }
}

fn any_event() -> impl Strategy<Value = ConverseEvent<'static>> {
    let text = || ".{0,4}".prop_map(Cow::Owned);
    let delta = prop_oneof![
        1 => text().prop_map(ConverseDelta::Text),
        4 => text().prop_map(ConverseDelta::ToolInput),
        1 => text().prop_map(ConverseDelta::Reasoning),
        1 => text().prop_map(ConverseDelta::Signature),
        1 => text().prop_map(ConverseDelta::Redacted),
    ];
    let index = || 0..4_u64;
    prop_oneof![
        1 => Just(ConverseEvent::MessageStart),
        4 => (index(), text(), prop::sample::select(vec!["f", "g", "answer"]))
            .prop_map(|(index, id, name)| ConverseEvent::ToolStart { index, id, name: name.into() }),
        8 => (index(), delta).prop_map(|(index, delta)| ConverseEvent::Delta { index, delta }),
        2 => index().prop_map(|index| ConverseEvent::BlockStop { index }),
        1 => text().prop_map(|reason| ConverseEvent::MessageStop { reason }),
        1 => Just(ConverseEvent::Metadata(None)),
        1 => Just(ConverseEvent::Other),
    ]
}

/// What a client makes of a stream: the text, and each call's name and arguments.
fn read_stream(sse: &str) -> (String, Vec<(String, String)>) {
    let (mut text, mut calls) = (String::new(), Vec::<(String, String)>::new());
    let events: Vec<&str> = sse.split_terminator("\n\n").collect();
    let (done, chunks) = events.split_last().unwrap();
    assert_eq!(*done, "data: [DONE]");
    for (at, chunk) in chunks.iter().enumerate() {
        let chunk: Value = serde_json::from_str(chunk.strip_prefix("data: ").unwrap()).unwrap();
        assert_eq!(
            (&chunk["id"], &chunk["object"]),
            (&json!("chatcmpl-01"), &json!("chat.completion.chunk"))
        );
        let choice = &chunk["choices"][0];
        assert_eq!(choice["finish_reason"].is_null(), at + 1 < chunks.len());
        assert_eq!(choice["delta"]["role"] == "assistant", at == 0);
        assert!(at == 0 || choice["delta"]["content"] != "", "{chunk}");
        text.push_str(choice["delta"]["content"].as_str().unwrap_or_default());
        let Some(call) = choice["delta"]["tool_calls"].get(0) else {
            continue;
        };
        let index = usize::try_from(call["index"].as_u64().unwrap()).unwrap();
        if call.get("id").is_some() {
            assert_eq!(index, calls.len());
            calls.push((call["function"]["name"].as_str().unwrap().to_owned(), String::new()));
        }
        calls[index].1.push_str(call["function"]["arguments"].as_str().unwrap());
    }
    (text, calls)
}

/// What the events say, told without regard to order of writing: the calls that were begun, and their inputs.
fn tool_calls_of(events: &[ConverseEvent<'_>]) -> Vec<(String, String)> {
    let mut calls: Vec<(String, String)> = Vec::new();
    let mut open: BTreeMap<u64, usize> = BTreeMap::new();
    for event in events {
        match event {
            ConverseEvent::ToolStart { index, name, .. } => {
                open.insert(*index, calls.len());
                calls.push((name.to_string(), String::new()));
            }
            ConverseEvent::Delta { index, delta: ConverseDelta::ToolInput(input) } => {
                if let Some(call) = open.get(index) {
                    calls[*call].1.push_str(input);
                }
            }
            ConverseEvent::BlockStop { index } => {
                open.remove(index);
            }
            _ => {}
        }
    }
    for (_, input) in &mut calls {
        if input.is_empty() {
            input.push_str("{}");
        }
    }
    calls
}

proptest! {
    // A failure prints what it was: a file of seeds would say less.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_body_breaks_anything(bytes in prop::collection::vec(any::<u8>(), 0..64), json in any_json()) {
        let _ = Chat::parse(&bytes);
        try_all(&json.to_string());
    }

    #[test]
    fn no_field_breaks_anything(
        fields in prop::collection::btree_map(word(), any_json(), 0..8),
        messages in prop::collection::vec(near_message(), 1..6),
        stays in any::<bool>(),
    ) {
        let mut fields: serde_json::Map<String, Value> = fields.into_iter().collect();
        fields.insert("model".to_owned(), json!("m"));
        if stays {
            fields.insert("messages".to_owned(), json!(messages));
        }
        try_all(&Value::Object(fields).to_string());
    }

    #[test]
    fn calls_add_up_to_what_was_given(events in prop::collection::vec(any_event(), 0..40), is_by_tool in any::<bool>()) {
        let mut teller = teller(false, is_by_tool.then_some("answer"));
        let mut out = Vec::new();
        for event in &events {
            out.extend(teller.write_event(&BedrockEvent::Converse(event.clone()), &Bytes::new()));
        }
        out.extend(teller.end());
        let (text, calls) = read_stream(std::str::from_utf8(&out).unwrap());
        let (answers, others): (Vec<_>, Vec<_>) =
            tool_calls_of(&events).into_iter().partition(|(name, _)| is_by_tool && name == "answer");
        prop_assert_eq!(calls, others);
        let said: String = events.iter().filter_map(|event| match event {
            ConverseEvent::Delta { delta: ConverseDelta::Text(text), .. } => Some(text.as_ref()),
            _ => None,
        }).collect();
        // An answer by a tool is what it was called with first, and nothing besides.
        prop_assert_eq!(text, answers.into_iter().next().map_or(said, |(_, input)| input));
    }
}
