//! Whole messages and token counts.

use aws_sdk_bedrockruntime::error::ProvideErrorMetadata;
use aws_sdk_bedrockruntime::types::{CountTokensInput, InvokeModelTokensRequest};

use super::super::FakeOperation;
use super::*;

impl Bedrock {
    async fn invoke(&self, body: &Value) -> Result<Value, Option<String>> {
        let request = self.sdk.invoke_model().model_id(MODEL).body(Blob::new(body.to_string()));
        match request.send().await {
            Ok(answer) => Ok(serde_json::from_slice(answer.body.as_ref()).unwrap()),
            Err(error) => Err(error.code().map(str::to_owned)),
        }
    }

    async fn count_tokens(&self, model: &str, body: &Value) -> Result<i32, String> {
        let request = InvokeModelTokensRequest::builder().body(Blob::new(body.to_string())).build().unwrap();
        let response = self
            .sdk
            .count_tokens()
            .model_id(model)
            .input(CountTokensInput::InvokeModel(request))
            .send()
            .await;
        response.map(|counted| counted.input_tokens).map_err(|error| error.message().unwrap().to_owned())
    }
}

#[tokio::test]
async fn answers_in_one_piece() {
    let bedrock = Bedrock::start().await;
    let script = json!({"thinking": true, "tools": [{"name": "Now"}], "input_tokens": 7, "output_tokens": 3});
    let message = bedrock.invoke(&scripted_body(&script)).await.unwrap();
    assert_eq!((&message["type"], &message["stop_reason"]), (&json!("message"), &json!("tool_use")));
    assert_eq!(message["content"][0]["type"], "thinking");
    assert_eq!(
        (&message["content"][1]["name"], &message["content"][1]["input"]),
        (&json!("Now"), &json!({}))
    );
    assert_eq!(
        (&message["usage"]["input_tokens"], &message["usage"]["output_tokens"]),
        (&json!(7), &json!(3))
    );

    let received = bedrock.fake.requests().remove(0);
    assert_eq!((received.operation, received.model.as_str()), (FakeOperation::Invoke, MODEL));
    assert!(received.headers.contains_key("authorization"));
}

#[tokio::test]
async fn fails_in_one_piece() {
    let bedrock = Bedrock::start().await;
    for (script, code) in [
        (json!({"status": 429}), Some("ThrottlingException")),
        (json!({"exception": {"type": "serviceUnavailableException"}}), Some("ServiceUnavailableException")),
        (json!({"cut_after": 1}), None),
    ] {
        let failed = bedrock.invoke(&scripted_body(&script)).await.unwrap_err();
        assert_eq!(failed.as_deref(), code, "{script}");
    }
}

#[tokio::test]
async fn fills_a_schema() {
    let bedrock = Bedrock::start().await;
    let mut body = scripted_body(&json!({"tools": [{"name": "Bash"}]}));
    let schema = json!({"type": "object", "properties": {"title": {"type": "string"}, "n": {"type": "integer"}}, "required": ["title"]});
    body["output_config"] = json!({"format": {"type": "json_schema", "schema": schema}});
    let message = bedrock.invoke(&body).await.unwrap();
    let text = message["content"][0]["text"].as_str().unwrap();
    assert_eq!(serde_json::from_str::<Value>(text).unwrap(), json!({"title": "Scripted answer"}));
}

#[tokio::test]
async fn counts_tokens_for_base_models_only() {
    let bedrock = Bedrock::start().await;
    let body = scripted_body(&json!({"input_tokens": 100, "cache_read": 20, "cache_write_1h": 3}));
    assert_eq!(bedrock.count_tokens(MODEL, &body).await, Ok(123));
    assert_eq!(
        bedrock.count_tokens(MODEL, &asking("hi")).await,
        i32::try_from(asking("hi").to_string().len().div_ceil(4)).map_err(|error| error.to_string())
    );
    let refused = bedrock.count_tokens("global.anthropic.claude-opus-5-5", &body).await.unwrap_err();
    assert!(refused.contains("doesn't support counting tokens"), "{refused}");
    let refused = bedrock.count_tokens(MODEL, &json!({"messages": []})).await.unwrap_err();
    assert_eq!(refused, "anthropic_version: Field required");

    let arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc";
    bedrock.count_tokens(arn, &body).await.unwrap();
    assert_eq!(bedrock.fake.requests().last().unwrap().model, arn);
}
