use super::*;

fn fields(json: &str) -> RequestBody {
    RequestBody::read(json.as_bytes()).unwrap()
}

fn error_message<T>(result: Result<T, ApiError>) -> Option<String> {
    result.err().map(|fault| fault.to_string())
}

#[test]
fn absent_null_and_zero_are_told_apart() {
    let mut body = fields(r#"{"a": null, "b": 0}"#);
    assert_eq!(body.count("a").unwrap(), Patch::Clear);
    assert_eq!(body.count("b").unwrap(), Patch::Set(0));
    assert_eq!(body.count("c").unwrap(), Patch::Keep);
    assert_eq!(error_message(body.finish()), None);
}

#[test]
fn an_error_names_the_field() {
    for json in
        [r#"{"n": "5"}"#, r#"{"n": -1}"#, r#"{"n": 1.5}"#, r#"{"n": []}"#, r#"{"n": 99999999999999999999}"#]
    {
        let told = error_message(fields(json).count("n")).unwrap_or_default();
        assert_eq!(told, "n: must be a whole number, zero or more; null is no limit", "{json}");
    }
    for json in [r#"{"t": 5}"#, r#"{"t": ""}"#, r#"{"t": "a\u0000"}"#, r#"{"t": "\ud800"}"#] {
        assert!(
            error_message(fields(json).text("t")).is_some_and(|told| told.starts_with("t: must ")),
            "{json}"
        );
    }
    for json in [r#"{"o": []}"#, r#"{"o": "{}"}"#, r#"{"o": 1}"#] {
        assert_eq!(
            error_message(fields(json).object("o")).as_deref(),
            Some("o: must be a JSON object"),
            "{json}"
        );
    }
    assert_eq!(
        fields(r#"{"o": {"b":1, "a":2} }"#).object("o").unwrap(),
        Patch::Set(r#"{"b":1, "a":2}"#.to_owned())
    );
}

#[test]
fn what_nobody_serves_is_named() {
    for (json, want) in [
        (r#"{"send_invite_email": true, "allowed_cache_controls": ["no-cache"]}"#, None),
        (r#"{"guardrails": [], "team_id": null, "aliases": {}, "auto_rotate": false}"#, None),
        (r#"{"guardrails": ["pii"]}"#, Some("guardrails: is not supported")),
        (r#"{"max_buget": null}"#, Some("max_buget: is not a field of this request")),
    ] {
        assert_eq!(error_message(fields(json).finish()).as_deref(), want, "{json}");
    }
}

#[test]
fn a_body_is_one_json_object() {
    for (body, part) in [
        ("", "must be a JSON object"),
        ("[]", "must be a JSON object"),
        ("{\"a\":", "must be a JSON object"),
        ("{\"a\": 1} x", "must be a JSON object"),
        ("{\"max_budget\": NaN}", "max_budget: must be a JSON number or null; JSON has no NaN"),
    ] {
        let told = error_message(RequestBody::read(body.as_bytes())).unwrap_or_default();
        assert!(told.contains(part), "{body}: {told}");
    }
    assert!(RequestBody::read(b"{\"a\": \"\xff\"}").is_err());
}
