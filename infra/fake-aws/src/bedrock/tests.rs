//! The stand-in, driven by the real AWS SDK.

mod converse;
mod faults;
mod native;
mod regions;
mod streams;
mod whole;

use std::time::Duration;

use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::config::retry::RetryConfig;
use aws_sdk_bedrockruntime::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_bedrockruntime::error::SdkError;
use aws_sdk_bedrockruntime::operation::invoke_model_with_response_stream::{
    InvokeModelWithResponseStreamError as Refused, InvokeModelWithResponseStreamOutput as Stream,
};
use aws_sdk_bedrockruntime::primitives::Blob;

use aws_sdk_bedrockruntime::types::ResponseStream;
use aws_sdk_bedrockruntime::types::error::ResponseStreamError;
use aws_smithy_types::event_stream::RawMessage;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::FakeBedrock;

const MODEL: &str = "anthropic.claude-opus-5-5";

/// A stand-in on a port of its own, and the SDK pointed at it.
struct Bedrock {
    fake: FakeBedrock,
    sdk: Client,
}

impl Bedrock {
    async fn start() -> Self {
        let fake = FakeBedrock::instant();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = fake.clone();
        #[expect(clippy::disallowed_methods, reason = "a server beside its test, which ends with it")]
        tokio::spawn(async move { server.serve(listener).await });
        let config = aws_sdk_bedrockruntime::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("a", "b", None, None, "test"))
            .retry_config(RetryConfig::disabled())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .endpoint_url(url)
            .build();
        Self { fake, sdk: Client::from_conf(config) }
    }

    async fn stream(&self, body: &Value) -> Result<Stream, SdkError<Refused>> {
        let body = Blob::new(body.to_string());
        self.sdk.invoke_model_with_response_stream().model_id(MODEL).body(body).send().await
    }

    /// All events of a scripted stream, and the error that ended it, if one did.
    async fn play(&self, script: Value) -> (Vec<Value>, Option<StreamSdkError>) {
        let mut stream = self.stream(&scripted_body(&script)).await.unwrap();
        let mut events = Vec::new();
        loop {
            match next(&mut stream).await {
                Ok(Some(event)) => events.push(event),
                Ok(None) => return (events, None),
                Err(broken) => return (events, Some(broken)),
            }
        }
    }

    /// Waits for a condition on the stand-in, and fails the test when it never comes.
    async fn wait_until(&self, condition: impl Fn(&FakeBedrock) -> bool) {
        for _ in 0..500 {
            if condition(&self.fake) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the condition never came true");
    }
}

type StreamSdkError = SdkError<ResponseStreamError, RawMessage>;

async fn next(stream: &mut Stream) -> Result<Option<Value>, StreamSdkError> {
    Ok(stream.body.recv().await?.map(|event| match event {
        ResponseStream::Chunk(part) => serde_json::from_slice(part.bytes.unwrap().as_ref()).unwrap(),
        other => panic!("{other:?}"),
    }))
}

fn asking(text: &str) -> Value {
    json!({
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 1000,
        "messages": [{"role": "user", "content": text}],
    })
}

fn scripted_body(script: &Value) -> Value {
    asking(&format!("please <<fake {script}>>"))
}

/// The events' types, runs of deltas as `delta*n`.
fn outline(events: &[Value]) -> String {
    let mut words: Vec<(&str, usize)> = Vec::new();
    for event in events {
        let word = event["type"].as_str().unwrap().trim_start_matches("content_block_");
        match words.last_mut() {
            Some((last, count)) if *last == word => *count += 1,
            _ => words.push((word, 1)),
        }
    }
    let words: Vec<String> = words
        .into_iter()
        .map(|(word, n)| if n == 1 { word.to_owned() } else { format!("{word}*{n}") })
        .collect();
    words.join(" ")
}

/// What a field of the deltas adds up to.
fn join_deltas(events: &[Value], field: &str) -> String {
    events.iter().filter_map(|event| event["delta"][field].as_str()).collect()
}
