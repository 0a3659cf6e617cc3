//! Whole answers, and token counts of conversations.

use aws_sdk_bedrockruntime::error::ProvideErrorMetadata;
use aws_sdk_bedrockruntime::types::{
    ConverseTokensRequest, CountTokensInput, JsonSchemaDefinition, OutputConfig, OutputFormat,
    OutputFormatStructure, OutputFormatType,
};

use super::super::super::FakeOperation;
use super::*;

#[tokio::test]
async fn answers_in_one_piece() {
    let bedrock = Bedrock::start().await;
    let script = json!({
        "thinking": true, "tools": [{"name": "Now"}], "input_tokens": 7, "output_tokens": 3, "cache_read": 1,
    });
    let response = bedrock.converse(directive(&script)).send().await.unwrap();
    assert_eq!(response.stop_reason.as_str(), "tool_use");
    let usage = response.usage.as_ref().unwrap();
    assert_eq!((usage.input_tokens, usage.output_tokens, usage.total_tokens), (7, 3, 11));
    assert_eq!(response.metrics.as_ref().unwrap().latency_ms, 1);
    let message = response.output.as_ref().unwrap().as_message().unwrap();
    assert_eq!(message.role, ConversationRole::Assistant);
    let [reasoning, call] = message.content() else { panic!("{message:?}") };
    let reasoning = reasoning.as_reasoning_content().unwrap().as_reasoning_text().unwrap();
    assert!(!reasoning.text.is_empty() && reasoning.signature.is_some());
    let call = call.as_tool_use().unwrap();
    assert_eq!((call.name.as_str(), &call.input), ("Now", &Document::Object([].into())));

    let received = bedrock.fake.requests().remove(0);
    assert_eq!((received.operation, received.model.as_str()), (FakeOperation::Converse, NOVA));
    assert!(received.headers.contains_key("authorization"));
}

#[tokio::test]
async fn speaks_for_claude_too() {
    let bedrock = Bedrock::start().await;
    let response = bedrock.converse(directive(&json!({"text": "hi"}))).model_id(MODEL).send().await.unwrap();
    let message = response.output.as_ref().unwrap().as_message().unwrap();
    assert_eq!(message.content(), [ContentBlock::Text("hi".to_owned())]);
    assert_eq!(response.stop_reason.as_str(), "end_turn");
}

#[tokio::test]
async fn fills_a_schema() {
    let bedrock = Bedrock::start().await;
    let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}}).to_string();
    let schema = JsonSchemaDefinition::builder().schema(schema).build().unwrap();
    let format = OutputFormat::builder().r#type(OutputFormatType::JsonSchema);
    let format = format.structure(OutputFormatStructure::JsonSchema(schema)).build().unwrap();
    let config = OutputConfig::builder().text_format(format).build();
    // Nova takes none.
    let asked = bedrock.converse(directive(&json!({"text": "x"}))).model_id("deepseek.v3.2");
    let response = asked.output_config(config).send().await.unwrap();
    let message = response.output.as_ref().unwrap().as_message().unwrap();
    assert_eq!(message.content(), [ContentBlock::Text(r#"{"n":1}"#.to_owned())]);
}

#[tokio::test]
async fn counts_tokens_of_claude_only() {
    let bedrock = Bedrock::start().await;
    for (model, counted) in [(MODEL, true), (NOVA, false), ("amazon.nova-lite-v1:0", false)] {
        let content = directive(&json!({"input_tokens": 100, "cache_write": 5}));
        let request = ConverseTokensRequest::builder().messages(user(content)).build();
        let count = bedrock.sdk.count_tokens().model_id(model).input(CountTokensInput::Converse(request));
        let response = count.send().await;
        let response =
            response.map(|answer| answer.input_tokens).map_err(|error| error.message().map(str::to_owned));
        let refused = Some("The provided model doesn't support counting tokens.".to_owned());
        assert_eq!(response, if counted { Ok(105) } else { Err(refused) }, "{model}");
    }
}
