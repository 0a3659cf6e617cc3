//! Errors of one region, or of a while: what a caller that tries again meets.

use aws_sdk_bedrockruntime::error::ProvideErrorMetadata;

use super::*;

const EUROPE: &str = "eu.anthropic.claude-opus-5-5";
const AMERICA: &str = "us.anthropic.claude-opus-5-5";

impl Bedrock {
    /// The events of an answer, or the code of its refusal.
    async fn ask(&self, model: &str, script: &Value) -> Result<(String, bool), Option<String>> {
        let body = Blob::new(scripted_body(script).to_string());
        let request = self.sdk.invoke_model_with_response_stream().model_id(model).body(body);
        let mut stream = request.send().await.map_err(|error| error.code().map(str::to_owned))?;
        let mut events = Vec::new();
        loop {
            match next(&mut stream).await {
                Ok(Some(event)) => events.push(event),
                ended => return Ok((outline(&events), ended.is_err())),
            }
        }
    }
}

#[tokio::test]
async fn fails_for_one_region_only() {
    let bedrock = Bedrock::start().await;
    let good = "message_start start delta stop message_delta message_stop";
    for (fault, in_europe) in [
        (json!({"status": 429}), Err(Some("ThrottlingException".to_owned()))),
        (json!({"error": "AccessDeniedException"}), Err(Some("AccessDeniedException".to_owned()))),
        (json!({"exception": {"type": "throttlingException"}}), Ok(("message_start start", true))),
        (json!({"cut_after": 0}), Ok(("message_start start", true))),
        (json!({"end_after": 0}), Ok(("message_start start", false))),
        (json!({"malformed_after": 0}), Ok(("message_start start", true))),
        (json!({"empty": true}), Ok(("", false))),
    ] {
        let mut script = fault.clone();
        script["only_for"] = json!("eu.");
        script["deltas"] = json!(1);
        let in_europe = in_europe.map(|(events, broken)| (events.to_owned(), broken));
        assert_eq!(bedrock.ask(EUROPE, &script).await, in_europe, "{fault}");
        assert_eq!(bedrock.ask(AMERICA, &script).await, Ok((good.to_owned(), false)), "{fault}");
    }
    let silent = json!({"silence_after": 0, "only_for": "eu.", "deltas": 1});
    assert_eq!(bedrock.ask(AMERICA, &silent).await, Ok((good.to_owned(), false)));
}

#[tokio::test]
async fn fails_so_many_times() {
    let bedrock = Bedrock::start().await;
    let throttled = Err(Some("ThrottlingException".to_owned()));
    let good = Ok(("message_start start delta stop message_delta message_stop".to_owned(), false));
    let script = |text: &str| json!({"status": 429, "failures": 2, "deltas": 1, "text": text});
    for (model, text, want) in [
        (EUROPE, "a", &throttled),
        (AMERICA, "a", &throttled),
        (EUROPE, "a", &good),
        (EUROPE, "b", &throttled), // another directive
        (EUROPE, "a", &good),
    ] {
        assert_eq!(&bedrock.ask(model, &script(text)).await, want, "{model} {text}");
    }

    // Those whom the error is not for are not counted.
    let script = json!({"status": 429, "failures": 1, "only_for": "eu.", "deltas": 1});
    for (model, want) in [(AMERICA, &good), (EUROPE, &throttled), (EUROPE, &good)] {
        assert_eq!(&bedrock.ask(model, &script).await, want, "{model}");
    }

    // Faults in a stream are counted as errors before it are.
    let script = json!({"cut_after": 0, "failures": 1, "deltas": 1});
    let broken = Ok(("message_start start".to_owned(), true));
    for want in [&broken, &good] {
        assert_eq!(&bedrock.ask(EUROPE, &script).await, want);
    }

    let error = bedrock.stream(&scripted_body(&json!({"failures": 1}))).await.unwrap_err();
    assert!(error.message().unwrap().contains("failures of which there are none"));
}
