//! Converse and ConverseStream, driven by the SDK's own types.

mod faults;
mod streams;
mod whole;

use aws_sdk_bedrockruntime::operation::converse::builders::ConverseFluentBuilder;
use aws_sdk_bedrockruntime::operation::converse_stream::ConverseStreamOutput as Output;
use aws_sdk_bedrockruntime::operation::converse_stream::builders::ConverseStreamFluentBuilder;
use aws_sdk_bedrockruntime::types::error::ConverseStreamOutputError;
use aws_sdk_bedrockruntime::types::{
    ContentBlock, ContentBlockDelta, ConversationRole, ConverseStreamOutput as Event, Message,
    ReasoningContentBlockDelta, Tool, ToolConfiguration, ToolInputSchema, ToolResultBlock,
    ToolResultContentBlock, ToolSpecification, ToolUseBlock,
};
use aws_smithy_types::Document;

use super::*;

const NOVA: &str = "eu.amazon.nova-lite-v1:0";

type ConverseSdkError = SdkError<ConverseStreamOutputError, RawMessage>;

impl Bedrock {
    fn converse(&self, content: ContentBlock) -> ConverseFluentBuilder {
        self.sdk.converse().model_id(NOVA).messages(user(content))
    }

    fn converse_stream(&self, content: ContentBlock) -> ConverseStreamFluentBuilder {
        self.sdk.converse_stream().model_id(NOVA).messages(user(content))
    }

    /// All events of a scripted stream, and the error that ended it, if one did.
    async fn play_converse(&self, script: Value) -> (Vec<Event>, Option<ConverseSdkError>) {
        all(self.converse_stream(directive(&script)).send().await.unwrap()).await
    }
}

async fn all(mut output: Output) -> (Vec<Event>, Option<ConverseSdkError>) {
    let mut events = Vec::new();
    loop {
        match output.stream.recv().await {
            Ok(Some(event)) => events.push(event),
            Ok(None) => return (events, None),
            Err(broken) => return (events, Some(broken)),
        }
    }
}

fn directive(script: &Value) -> ContentBlock {
    ContentBlock::Text(format!("please <<fake {script}>>"))
}

fn user(content: ContentBlock) -> Message {
    message_of(ConversationRole::User, content)
}

fn message_of(role: ConversationRole, content: ContentBlock) -> Message {
    Message::builder().role(role).content(content).build().unwrap()
}

/// What a user's messages need beside a call and its result.
fn tools() -> ToolConfiguration {
    let schema = Document::Object([("type".to_owned(), "object".into())].into());
    let spec = ToolSpecification::builder().name("Bash").input_schema(ToolInputSchema::Json(schema));
    ToolConfiguration::builder().tools(Tool::ToolSpec(spec.build().unwrap())).build().unwrap()
}

/// One word for every event, runs of deltas as `delta*n`.
fn words(events: &[Event]) -> String {
    let named: Vec<Value> = events.iter().map(|event| json!({"type": word(event)})).collect();
    outline(&named)
}

fn word(event: &Event) -> &'static str {
    match event {
        Event::MessageStart(_) => "message_start",
        Event::ContentBlockStart(_) => "start",
        Event::ContentBlockDelta(_) => "delta",
        Event::ContentBlockStop(_) => "stop",
        Event::MessageStop(_) => "message_stop",
        Event::Metadata(_) => "metadata",
        other => panic!("{other:?}"),
    }
}

/// What the deltas of each kind add up to: reasoning, signature, text, tool input.
fn parts(events: &[Event]) -> [String; 4] {
    let mut parts = [const { String::new() }; 4];
    for event in events {
        let Event::ContentBlockDelta(event) = event else { continue };
        let (at, piece) = match event.delta.as_ref().unwrap() {
            ContentBlockDelta::ReasoningContent(ReasoningContentBlockDelta::Text(text)) => (0, text),
            ContentBlockDelta::ReasoningContent(ReasoningContentBlockDelta::Signature(text)) => (1, text),
            ContentBlockDelta::Text(text) => (2, text),
            ContentBlockDelta::ToolUse(call) => (3, &call.input),
            other => panic!("{other:?}"),
        };
        parts[at].push_str(piece);
    }
    parts
}

/// The stop reason that the stream reported.
fn stop_reason(events: &[Event]) -> String {
    let stop = events.iter().find_map(|event| event.as_message_stop().ok()).unwrap();
    stop.stop_reason.as_str().to_owned()
}
