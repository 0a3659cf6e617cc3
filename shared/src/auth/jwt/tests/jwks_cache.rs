use std::time::Duration;

use futures_util::future::join_all;

use super::issuer::OTHER_RSA;
use super::*;

const UNREAD: &str = "503 the keys of the tokens' issuer cannot be read; retry shortly";

/// A token of a key that is not published yet, good for a day.
fn of_key(kid: &str) -> Secret {
    OTHER_RSA.token(json!({"alg": "RS256", "kid": kid}), &claims(json!({"exp": NOW.seconds() + 86_400})))
}

fn lasting() -> Secret {
    token(json!({"exp": NOW.seconds() + 86_400}))
}

#[tokio::test]
async fn a_set_is_read_when_its_time_is_over() {
    let issuer = Issuer::usual().await;
    let jwt = setting(&issuer, json!({"public_key_ttl": 100}));
    for (at, reads) in [(0, 1), (99, 1), (100, 2), (199, 2), (200, 3)] {
        assert_eq!(response_message(&jwt, &lasting(), later(at)).await, "", "{at}");
        assert_eq!(issuer.reads(), reads, "{at}");
    }
    assert_eq!(response_message(&jwt.clone(), &lasting(), later(201)).await, "");
    assert_eq!(issuer.reads(), 3);
}

#[tokio::test]
async fn a_set_is_good_for_an_hour_if_the_issuer_fails() {
    let large = json!({"keys": [RSA.jwk("one")], "x": "x".repeat(256 << 10)}).to_string();
    let redirection = json!({"keys": [RSA.jwk("one")]}).to_string();
    for (status, body) in [
        (500, "{}".to_owned()),
        (302, redirection.clone()),
        (201, redirection),
        (200, "<html>".to_owned()),
        (200, "{\"keys\": []}".to_owned()),
        (200, json!({"keys": [{"kty": "oct", "kid": "one", "k": "c2VjcmV0"}]}).to_string()),
        (200, large),
    ] {
        let issuer = Issuer::usual().await;
        let jwt = setting(&issuer, json!({}));
        assert_eq!(response_message(&jwt, &lasting(), NOW).await, "");
        issuer.say(status, body);
        for (at, wanted, reads) in [
            (600, "", 2),
            (629, "", 2),
            (630, "", 3),
            (600 + 3599, "", 4),
            (600 + 3600, UNREAD, 4),
            (600 + 3601, UNREAD, 5),
            (600 + 3602, UNREAD, 5),
            (600 + 3603, UNREAD, 6),
        ] {
            assert_eq!(response_message(&jwt, &lasting(), later(at)).await, wanted, "{status} {at}");
            assert_eq!(issuer.reads(), reads, "{status} {at}");
        }
        issuer.publish(vec![RSA.jwk("one")]);
        assert_eq!(response_message(&jwt, &lasting(), later(600 + 3605)).await, "");
    }
}

#[tokio::test]
async fn an_issuer_that_is_not_there_is_no_refusal() {
    let jwt = Jwt::read(
        &json!({
            "issuer": "https://login.company.com", "audience": "stargate", "public_key_url": "http://127.0.0.1:9/",
        })
        .to_string(),
    );
    let jwt = jwt.unwrap();
    assert_eq!(response_message(&jwt, &token(json!({})), NOW).await, UNREAD);
    let wire = jwt.verify(&token(json!({})), NOW).await.unwrap_err().to_error_response();
    assert_eq!((wire.retry_after, wire.may_retry), (Some(2), true));
}

#[tokio::test]
async fn a_new_key_is_found_but_not_sought_all_the_time() {
    let issuer = Issuer::usual().await;
    let jwt = setting(&issuer, json!({}));
    assert_eq!(response_message(&jwt, &lasting(), NOW).await, "");
    for (at, reads) in [(1, 1), (29, 1), (30, 2), (31, 2), (59, 2), (60, 3)] {
        assert!(
            response_message(&jwt, &of_key("two"), later(at)).await.starts_with("401 the token's key (kid)"),
            "{at}"
        );
        assert_eq!(issuer.reads(), reads, "{at}");
    }
    issuer.publish(vec![RSA.jwk("one"), OTHER_RSA.jwk("two")]);
    assert!(response_message(&jwt, &of_key("two"), later(89)).await.starts_with("401 "));
    assert_eq!(response_message(&jwt, &of_key("two"), later(90)).await, "");
    assert_eq!(response_message(&jwt, &lasting(), later(90)).await, "");
    assert_eq!(issuer.reads(), 4);
    // It was the whole set that was read: its time begins again.
    assert_eq!(response_message(&jwt, &lasting(), later(90 + 599)).await, "");
    assert_eq!(issuer.reads(), 4);
    issuer.say(500, "");
    assert!(
        response_message(&jwt, &of_key("three"), later(700)).await.starts_with("401 the token's key (kid)")
    );
    assert_eq!(response_message(&jwt, &of_key("two"), later(700)).await, "");
}

#[tokio::test]
async fn requests_at_once_share_a_reading() {
    let issuer = Issuer::usual().await;
    let jwt = setting(&issuer, json!({}));
    let (known, new) = (lasting(), of_key("two"));
    for (token, at, status, reads, keys) in [
        // None is known yet, and the issuer fails; then it answers.
        (&known, 0, 500, 1, vec![]),
        (&known, 10, 200, 2, vec![RSA.jwk("one")]),
        // A key that all lack.
        (&new, 40, 200, 3, vec![RSA.jwk("one"), OTHER_RSA.jwk("two")]),
    ] {
        issuer.say(status, json!({"keys": keys}).to_string());
        let kept_back = issuer.gate.write().await;
        let open = async {
            issuer.wait_for_requests(reads).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
            drop(kept_back);
        };
        let all = join_all((0..20).map(|n| response_message(&jwt, token, later(at + n / 5))));
        let (all, ()) = tokio::join!(all, open);
        let wanted = if status == 200 { "" } else { UNREAD };
        assert!(all.iter().all(|told| told == wanted), "{at}: {all:?}");
        assert_eq!(issuer.reads(), reads, "{at}");
    }
}

#[tokio::test]
async fn nobody_waits_while_an_old_set_is_read_again() {
    let issuer = Issuer::usual().await;
    let jwt = setting(&issuer, json!({}));
    assert_eq!(response_message(&jwt, &lasting(), NOW).await, "");
    issuer.publish(vec![RSA.jwk("one"), OTHER_RSA.jwk("two")]);
    let kept_back = issuer.gate.write().await;
    let (known, new) = (lasting(), of_key("two"));
    let others = async {
        issuer.wait_for_requests(2).await;
        let all = join_all((0..20).map(|_| response_message(&jwt, &known, later(700)))).await;
        assert!(all.iter().all(String::is_empty), "{all:?}");
    };
    // Only who needs a key that the old set lacks waits for the new one, and asks for none of its own.
    let waiting = async {
        issuer.wait_for_requests(2).await;
        let open = async {
            others.await;
            drop(kept_back);
        };
        tokio::join!(response_message(&jwt, &new, later(700)), open).0
    };
    let both = async { tokio::join!(response_message(&jwt, &known, later(700)), waiting) };
    let (first, waiting) = tokio::time::timeout(Duration::from_secs(4), both).await.unwrap();
    assert_eq!((first.as_str(), waiting.as_str(), issuer.reads()), ("", "", 2));
}

#[tokio::test]
async fn a_request_that_goes_away_takes_nothing_with_it() {
    let issuer = Issuer::usual().await;
    let jwt = setting(&issuer, json!({}));
    let gone = |token: Secret, at: i64, reads: usize| {
        let (issuer, jwt) = (issuer.clone(), jwt.clone());
        async move {
            let _kept_back = issuer.gate.write().await;
            tokio::select! {
                told = response_message(&jwt, &token, later(at)) => panic!("{told}"),
                () = issuer.wait_for_requests(reads) => {}
            }
        }
    };
    gone(lasting(), 0, 1).await;
    assert_eq!(response_message(&jwt, &lasting(), NOW).await, "");
    assert_eq!(issuer.reads(), 2);
    // An invented key counts as asked for, even by who does not wait for the answer.
    gone(of_key("two"), 30, 3).await;
    assert!(response_message(&jwt, &of_key("two"), later(31)).await.starts_with("401 "));
    assert_eq!(issuer.reads(), 3);
}

#[tokio::test]
async fn a_reading_has_an_end() {
    let issuer = Issuer::usual().await;
    let _kept_back = issuer.gate.write().await;
    let mut source = JwksClient::new(&issuer.url().parse().unwrap());
    assert_eq!(source.patience, Duration::from_secs(5));
    source.patience = Duration::from_millis(50);
    let read = tokio::time::timeout(Duration::from_secs(4), source.read()).await;
    assert!(read.expect("it gave up by itself").is_err());
}
