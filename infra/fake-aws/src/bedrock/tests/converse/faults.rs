//! Failures before and in a stream, as the SDK sees them.

use aws_sdk_bedrockruntime::error::ProvideErrorMetadata;

use super::*;

#[tokio::test]
async fn refuses_before_the_answer() {
    let bedrock = Bedrock::start().await;
    for (script, status, code) in [
        (json!({"status": 429}), 429, "ThrottlingException"),
        (json!({"error": "ModelNotReadyException"}), 429, "ModelNotReadyException"),
        (json!({"error": "AccessDeniedException"}), 403, "AccessDeniedException"),
        (json!({"status": 424}), 424, "ModelErrorException"),
        (json!({"status": 503}), 503, "ServiceUnavailableException"),
        (json!({"txt": 1}), 400, "ValidationException"),
    ] {
        let error = bedrock.converse_stream(directive(&script)).send().await.unwrap_err();
        assert_eq!(error.raw_response().unwrap().status().as_u16(), status, "{script}");
        assert_eq!(error.code(), Some(code), "{script}");
        let error = bedrock.converse(directive(&script)).send().await.unwrap_err();
        assert_eq!(error.code(), Some(code), "{script}");
    }
}

#[tokio::test]
async fn refuses_bodies() {
    let bedrock = Bedrock::start().await;
    let error = bedrock.converse(ContentBlock::Text(" ".to_owned())).send().await.unwrap_err();
    let blank = "The text field in the ContentBlock object at messages.0.content.0 is blank. Add text to the text \
                 field, and try again.";
    assert_eq!((error.code(), error.message()), (Some("ValidationException"), Some(blank)));
}

#[tokio::test]
async fn throws_in_the_stream() {
    let bedrock = Bedrock::start().await;
    type Is = fn(&ConverseStreamOutputError) -> bool;
    let table: [(&str, Is); 6] = [
        ("throttlingException", ConverseStreamOutputError::is_throttling_exception),
        ("InternalServerException", ConverseStreamOutputError::is_internal_server_exception),
        ("modelStreamErrorException", ConverseStreamOutputError::is_model_stream_error_exception),
        ("validationException", ConverseStreamOutputError::is_validation_exception),
        ("serviceUnavailableException", ConverseStreamOutputError::is_service_unavailable_exception),
        ("newException", |error| error.to_string().contains("unhandled")),
    ];
    for (name, is) in table {
        let exception = json!({"type": name, "message": "so it is", "after": 2});
        let (events, broken) = bedrock.play_converse(json!({"deltas": 5, "exception": exception})).await;
        assert_eq!(words(&events), "message_start delta*2", "{name}");
        let broken = broken.unwrap();
        assert!(is(broken.as_service_error().unwrap()), "{name}: {broken:?}");
    }
    let script = json!({"exception": {"type": "throttlingException"}});
    let error = bedrock.converse(directive(&script)).send().await.unwrap_err();
    assert_eq!(error.code(), Some("ThrottlingException"));
}

#[tokio::test]
async fn breaks_and_ends_where_told() {
    let bedrock = Bedrock::start().await;
    for (script, want, breaks) in [
        (json!({"deltas": 5, "cut_after": 3}), "message_start delta*3", true),
        (json!({"deltas": 5, "cut_after": 0}), "message_start", true),
        (json!({"deltas": 5, "end_after": 3}), "message_start delta*3", false),
        (json!({"deltas": 2, "end_after": 9}), "message_start delta*2", false),
        (json!({"deltas": 5, "malformed_after": 3}), "message_start delta*3", true),
        (json!({"empty": true}), "", false),
        (json!({"empty": true, "cut_after": 0}), "", true),
    ] {
        let (events, broken) = bedrock.play_converse(script.clone()).await;
        assert_eq!((words(&events).as_str(), broken.is_some()), (want, breaks), "{script} {broken:?}");
    }
}

#[tokio::test]
async fn goes_silent() {
    let bedrock = Bedrock::start().await;
    let script = json!({"deltas": 3, "silence_after": 2});
    let mut output = bedrock.converse_stream(directive(&script)).send().await.unwrap();
    for _ in 0..3 {
        output.stream.recv().await.unwrap();
    }
    let more = tokio::time::timeout(Duration::from_millis(100), output.stream.recv()).await;
    assert!(more.is_err(), "{more:?}");
}
