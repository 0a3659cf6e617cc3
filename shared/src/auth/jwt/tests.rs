mod claims;
mod issuer;
mod jwks_cache;
mod settings;
mod signatures;

use serde_json::{Value, json};

use super::*;
use issuer::{Issuer, RSA};

const NOW: Moment = Moment::from_ms(1_763_000_000_000);

fn later(seconds: i64) -> Moment {
    Moment::from_seconds(NOW.seconds() + seconds)
}

/// What every token of these tests claims, with `more` in its place or beside it. `null` takes a claim away.
fn claims(more: Value) -> Value {
    let common = json!({
        "iss": "https://login.company.com", "aud": "stargate", "exp": NOW.seconds() + 300, "sub": "mario",
    });
    merge_json(common, more)
}

/// A setting that believes `issuer`, with `more`.
fn setting(issuer: &Issuer, more: Value) -> Jwt {
    let common = json!({
        "issuer": "https://login.company.com", "audience": "stargate", "public_key_url": issuer.url(),
    });
    Jwt::read(&merge_json(common, more).to_string()).unwrap()
}

fn merge_json(mut common: Value, more: Value) -> Value {
    for (name, value) in more.as_object().unwrap() {
        match value {
            Value::Null => common.as_object_mut().unwrap().remove(name),
            _ => common.as_object_mut().unwrap().insert(name.clone(), value.clone()),
        };
    }
    common
}

/// A good token, but for `more`.
fn token(more: Value) -> Secret {
    RSA.token(json!({"alg": "RS256", "kid": "one"}), &claims(more))
}

/// What a client is told about a token at `now`: nothing if it is believed.
async fn response_message(jwt: &Jwt, token: &Secret, now: Moment) -> String {
    match jwt.verify(token, now).await {
        Ok(_) => String::new(),
        Err(fault) => format!("{} {fault}", fault.to_error_response().status.as_u16()),
    }
}

#[test]
fn a_token_is_told_from_a_key() {
    for (text, is_token) in [
        ("eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln-_", true),
        ("eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0", false),
        ("eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.", false),
        ("eyJhbGciOiJSUzI1NiJ9..c2ln", false),
        ("eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln.c2ln", false),
        ("eyJhbGciOiJSUzI1NiJ9.eyJzdWI=.c2ln", false),
        ("eyJ hbGci.eyJzdWI.c2ln", false),
        ("aGVsbG8.eyJzdWIiOiIxIn0.c2ln", false),
        ("sk-eyJhbGci.eyJzdWI.c2ln", false),
        ("", false),
    ] {
        assert_eq!(Jwt::is_token(&Secret::new(text)), is_token, "{text}");
    }
    assert!(!Jwt::is_token(&Secret::generate().unwrap()));
    assert!(Jwt::is_token(&token(json!({}))));
}
