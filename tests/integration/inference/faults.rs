//! Every fault of the upstream: what the client is told, and what it is charged.

use serde_json::{Value, json};
use stargate_core::money::Money;
use stargate_core::spend::Status;
use tests::gateway::{Stargate, ask, ask_stream, names};

#[tokio::test]
async fn an_error_before_the_first_byte_is_told_and_free() {
    let stargate = Stargate::start().await;
    let holder = stargate.free_keyholder().await;
    for (error, status, kind) in [
        ("ValidationException", 400, "invalid_request_error"),
        ("AccessDeniedException", 403, "permission_error"),
        ("ResourceNotFoundException", 404, "not_found_error"),
        ("ModelTimeoutException", 504, "timeout_error"),
        ("ModelErrorException", 500, "api_error"),
        ("ThrottlingException", 429, "rate_limit_error"),
        ("ModelNotReadyException", 429, "rate_limit_error"),
        ("ServiceQuotaExceededException", 429, "rate_limit_error"),
        ("ServiceUnavailableException", 529, "overloaded_error"),
        ("InternalServerException", 500, "api_error"),
    ] {
        let script = json!({"error": error, "message": "told by Bedrock"});
        for body in [ask(&script), ask_stream(&script)] {
            let response = stargate.messages(&holder, &body).await;
            assert_eq!(response.status().as_u16(), status, "{error}");
            assert_eq!(
                response.headers().contains_key("retry-after"),
                status == 429 || status == 529,
                "{error}"
            );
            let body: Value = response.json().await.unwrap();
            assert_eq!((&body["type"], &body["error"]["type"]), (&json!("error"), &json!(kind)), "{error}");
            let shown =
                if error == "AccessDeniedException" { "the gateway may not use" } else { "told by Bedrock" };
            let message = body["error"]["message"].as_str().unwrap();
            assert!(message.starts_with(shown), "{error}: {message}");
        }
    }
    assert_eq!(stargate.charged_amount(&holder).await, Money::ZERO);
    assert!(stargate.records().await.iter().all(|record| record.status == Status::Failure));
}

#[tokio::test]
async fn bedrocks_validation_text_passes_word_for_word() {
    let stargate = Stargate::start().await;
    let holder = stargate.free_keyholder().await;
    let text = "messages.3.role: Input should be 'user' or 'assistant'";
    let response =
        stargate.messages(&holder, &ask(&json!({"error": "ValidationException", "message": text}))).await;
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["error"]["message"], text);
}

#[tokio::test]
async fn a_failure_in_mid_stream_ends_in_an_error_event_and_is_charged_what_was_seen() {
    let stargate = Stargate::start().await;
    let exception = |kind: &str| json!({"exception": {"type": kind, "message": "mid", "after": 2}});
    for (name, fault, kind) in [
        ("throttled", exception("throttlingException"), "rate_limit_error"),
        ("unavailable", exception("serviceUnavailableException"), "overloaded_error"),
        ("timeout", exception("modelTimeoutException"), "timeout_error"),
        ("model error", exception("modelStreamErrorException"), "api_error"),
        ("internal", exception("internalServerException"), "api_error"),
        ("validation", exception("validationException"), "invalid_request_error"),
        ("cut", json!({"cut_after": 2}), "api_error"),
        ("clean end without message_stop", json!({"end_after": 2}), "api_error"),
    ] {
        let holder = stargate.free_keyholder().await;
        let mut script = json!({"text": "abcdefghij", "deltas": 5, "input_tokens": 100, "output_tokens": 50});
        script.as_object_mut().unwrap().extend(fault.as_object().unwrap().clone());
        let (status, events) = stargate.stream(&holder, &ask_stream(&script)).await;
        assert_eq!(status, 200, "{name}");
        let last = events.last().unwrap();
        assert_eq!((last.name.as_str(), &last.data["error"]["type"]), ("error", &json!(kind)), "{name}");
        let seen = names(&events).iter().filter(|name| **name == "content_block_delta").count();
        assert_eq!(seen, 2, "{name}");
        // The prompt was told at the start; of the output, the four bytes that were seen count two tokens.
        let cost = Money::from_pico(100 * 1_000_000 + 2 * 5_000_000);
        assert_eq!(stargate.charged_amount(&holder).await, cost, "{name}");
        assert_eq!(stargate.records().await.pop().unwrap().status, Status::Failure, "{name}");
    }
}

#[tokio::test]
async fn an_empty_answer_is_an_error_and_not_free() {
    let stargate = Stargate::start().await;
    let holder = stargate.free_keyholder().await;
    let (_, events) = stargate.stream(&holder, &ask_stream(&json!({"empty": true}))).await;
    assert_eq!(names(&events), ["error"]);
    assert!(stargate.charged_amount(&holder).await > Money::ZERO);
}

/// What a proxy or a newer Bedrock answers, as Claude Code and its helper code read it: the status and the text decide.
#[tokio::test]
async fn an_error_of_no_known_type_keeps_its_status_and_its_text() {
    let stargate = Stargate::start().await;
    let text = "tools.0.custom.name: String should match pattern";
    for (script, status, kind, attempts) in [
        (json!({"status": 400, "error": "", "message": text}), 400, "invalid_request_error", 1),
        (
            json!({"status": 400, "error": "BrandNewException", "message": text}),
            400,
            "invalid_request_error",
            1,
        ),
        (json!({"status": 422, "error": "", "message": text}), 400, "invalid_request_error", 1),
        (json!({"status": 429, "error": "", "message": text}), 429, "rate_limit_error", 3),
        (json!({"status": 503, "error": "", "message": text}), 529, "overloaded_error", 3),
        (json!({"status": 500, "error": "", "message": text}), 500, "api_error", 1),
    ] {
        let (holder, before) = (stargate.free_keyholder().await, stargate.fake().count());
        let response = stargate.messages(&holder, &ask(&script)).await;
        assert_eq!(response.status(), status, "{script}");
        let body: Value = response.json().await.unwrap();
        assert_eq!(
            (&body["error"]["type"], &body["error"]["message"]),
            (&json!(kind), &json!(text)),
            "{script}"
        );
        assert_eq!(stargate.fake().count() - before, attempts, "{script}");
        assert_eq!(stargate.charged_amount(&holder).await, Money::ZERO, "{script}");
    }
}

#[tokio::test]
async fn credentials_that_bedrock_refuses_are_the_gateways_fault_and_free() {
    let stargate = Stargate::start().await;
    for (status, code) in [
        (403, "ExpiredTokenException"),
        (403, "UnrecognizedClientException"),
        (403, "InvalidSignatureException"),
        (403, "InvalidClientTokenId"),
        (400, "IncompleteSignature"),
        (400, "RequestExpired"),
        (403, "MissingAuthenticationTokenException"),
    ] {
        let (holder, before) = (stargate.free_keyholder().await, stargate.fake().count());
        let response = stargate.messages(&holder, &ask(&json!({"status": status, "error": code}))).await;
        assert_eq!(
            (response.status().as_u16(), &response.headers()["x-should-retry"]),
            (503, &"false".parse().unwrap())
        );
        let body = response.text().await.unwrap();
        assert!(body.contains("credentials") && body.contains("administrator"), "{code}: {body}");
        assert_eq!(
            (stargate.fake().count() - before, stargate.charged_amount(&holder).await),
            (1, Money::ZERO),
            "{code}"
        );
    }
}
