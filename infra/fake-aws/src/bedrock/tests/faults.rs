//! Failures before and in a stream, as the SDK sees them.

use aws_sdk_bedrockruntime::error::ProvideErrorMetadata;

use super::*;

#[tokio::test]
async fn refuses_before_the_stream() {
    let bedrock = Bedrock::start().await;
    for (script, status, code) in [
        (json!({"error": "ValidationException"}), 400, "ValidationException"),
        (json!({"error": "ServiceQuotaExceededException"}), 400, "ServiceQuotaExceededException"),
        (json!({"error": "AccessDeniedException"}), 403, "AccessDeniedException"),
        (json!({"error": "ResourceNotFoundException"}), 404, "ResourceNotFoundException"),
        (json!({"error": "ModelTimeoutException"}), 408, "ModelTimeoutException"),
        (json!({"status": 424}), 424, "ModelErrorException"),
        (json!({"status": 429}), 429, "ThrottlingException"),
        (json!({"error": "ModelNotReadyException"}), 429, "ModelNotReadyException"),
        (json!({"error": "InternalServerException"}), 500, "InternalServerException"),
        (json!({"status": 503, "error": "ServiceUnavailableException"}), 503, "ServiceUnavailableException"),
    ] {
        let mut script = script;
        script["message"] = json!("so it is");
        let error = bedrock.stream(&scripted_body(&script)).await.unwrap_err();
        assert_eq!(error.raw_response().unwrap().status().as_u16(), status, "{script}");
        assert_eq!((error.code(), error.message()), (Some(code), Some("so it is")), "{script}");
    }
    let error = bedrock.stream(&scripted_body(&json!({"status": 502}))).await.unwrap_err();
    assert_eq!((error.raw_response().unwrap().status().as_u16(), error.code()), (502, None));
}

#[tokio::test]
async fn refuses_bodies_and_bad_directives() {
    let bedrock = Bedrock::start().await;
    let mut body = asking("hi");
    body["stream"] = json!(true);
    let error = bedrock.stream(&body).await.unwrap_err();
    assert_eq!(error.message(), Some("stream: Extra inputs are not permitted"));

    for (directive, why) in [
        ("<<fake {\"txt\": 1}>>", "unknown field `txt`"),
        ("<<fake {}", "`>>` does not follow"),
        ("<<fake >>", "expected value"),
        ("<<fake {\"cut_after\": 1, \"end_after\": 1}>>", "more than one"),
        ("<<fake {\"status\": 200}>>", "200 is not an error"),
    ] {
        let error = bedrock.stream(&asking(directive)).await.unwrap_err();
        assert_eq!(error.code(), Some("ValidationException"));
        assert!(error.message().unwrap().contains(why), "{directive}: {error:?}");
    }
    assert_eq!(bedrock.fake.count(), 6);
    assert_eq!(bedrock.fake.requests()[0].json()["stream"], true);
}

#[tokio::test]
async fn throws_in_the_stream() {
    let bedrock = Bedrock::start().await;
    type Is = fn(&ResponseStreamError) -> bool;
    let table: [(&str, Is); 7] = [
        ("throttlingException", ResponseStreamError::is_throttling_exception),
        ("InternalServerException", ResponseStreamError::is_internal_server_exception),
        ("modelStreamErrorException", ResponseStreamError::is_model_stream_error_exception),
        ("validationException", ResponseStreamError::is_validation_exception),
        ("modelTimeoutException", ResponseStreamError::is_model_timeout_exception),
        ("serviceUnavailableException", ResponseStreamError::is_service_unavailable_exception),
        ("newException", |error| error.to_string().contains("unhandled")),
    ];
    for (name, is) in table {
        let exception = json!({"type": name, "message": "so it is", "after": 2});
        let (events, broken) = bedrock.play(json!({"deltas": 5, "exception": exception})).await;
        assert_eq!(outline(&events), "message_start start delta*2", "{name}");
        let broken = broken.unwrap();
        assert!(is(broken.as_service_error().unwrap()), "{name}: {broken:?}");
    }
    let (events, broken) =
        bedrock.play(json!({"empty": true, "exception": {"type": "throttlingException"}})).await;
    assert!(events.is_empty() && broken.is_some());
}

#[tokio::test]
async fn breaks_and_ends_where_told() {
    let bedrock = Bedrock::start().await;
    for (script, want, breaks) in [
        (json!({"deltas": 5, "cut_after": 3}), "message_start start delta*3", true),
        (json!({"deltas": 5, "cut_after": 0}), "message_start start", true),
        (json!({"deltas": 2, "cut_after": 9}), "message_start start delta*2", true),
        (json!({"deltas": 5, "end_after": 3}), "message_start start delta*3", false),
        (json!({"deltas": 5, "malformed_after": 3}), "message_start start delta*3", true),
        (json!({"empty": true}), "", false),
        (json!({"empty": true, "cut_after": 0}), "", true),
        (json!({"deltas": 0}), "message_start start stop message_delta message_stop", false),
    ] {
        let (events, broken) = bedrock.play(script.clone()).await;
        assert_eq!((outline(&events).as_str(), broken.is_some()), (want, breaks), "{script} {broken:?}");
    }
}

#[tokio::test]
async fn goes_silent() {
    let bedrock = Bedrock::start().await;
    let mut stream = bedrock.stream(&scripted_body(&json!({"deltas": 3, "silence_after": 2}))).await.unwrap();
    for _ in 0..4 {
        next(&mut stream).await.unwrap();
    }
    let more = tokio::time::timeout(Duration::from_millis(100), next(&mut stream)).await;
    assert!(more.is_err(), "{more:?}");
}
