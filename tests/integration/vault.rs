//! Secrets of Secrets Manager, followed through a rotation, and the public API that only CloudFront's opens.

use aws_config::SdkConfig;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::routing::get;
use fake_aws::local_sdk_config;
use fake_aws::secrets_manager::Secrets;
use shared::api;
use shared::auth::MasterKey;
use shared::runtime::clock::Clock;
use shared::runtime::secrets_manager::{RotatingSecret, Versions};
use stargate_core::secret::Secret;
use tokio::net::TcpListener;
use tower::ServiceExt;

const ARN: &str = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:Origin-AbCdEf";

/// Secrets Manager with the one secret in it, and a configuration that finds it.
async fn manager(value: &str) -> (Secrets, SdkConfig, Clock) {
    let secrets = Secrets::default();
    secrets.put(ARN, value);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(secrets.clone().serve(listener));
    (secrets, local_sdk_config(&url), Clock::default())
}

async fn open(versions: Versions, at: (&SdkConfig, &Clock)) -> RotatingSecret {
    RotatingSecret::open(Secret::new(ARN), versions, at).await.unwrap()
}

async fn is(kept: &RotatingSecret, value: &str) -> bool {
    kept.is(&Secret::new(value)).await
}

#[tokio::test]
async fn both_values_hold_while_a_secret_is_rotated() {
    let (secrets, aws, clock) = manager("one").await;
    let kept = open(Versions::CurrentAndPrevious, (&aws, &clock)).await;
    assert!(is(&kept, "one").await && !is(&kept, "two").await && !is(&kept, "").await);
    let reads = secrets.reads();
    secrets.put(ARN, "two");
    // It looked a moment ago, and whoever guesses makes it look no more often.
    assert!(!is(&kept, "two").await && !is(&kept, "three").await);
    assert_eq!(secrets.reads(), reads);
    clock.shift(11_000);
    assert!(is(&kept, "two").await && is(&kept, "one").await);
    assert_eq!(secrets.reads(), reads + 2);
    // A second rotation ends the first value, within five minutes even where nobody sends the new one.
    secrets.put(ARN, "three");
    assert!(is(&kept, "one").await);
    clock.shift(301_000);
    assert!(!is(&kept, "one").await);
    assert!(is(&kept, "two").await && is(&kept, "three").await);
}

#[tokio::test]
async fn an_outage_of_secrets_manager_is_none_of_the_gateways() {
    let (secrets, aws, clock) = manager("one").await;
    let kept = open(Versions::Current, (&aws, &clock)).await;
    secrets.go_away(true);
    clock.shift(301_000);
    assert!(is(&kept, "one").await && !is(&kept, "two").await);
    secrets.go_away(false);
    secrets.put(ARN, "two");
    clock.shift(11_000);
    assert!(is(&kept, "two").await && !is(&kept, "one").await, "only the current one");
}

#[tokio::test]
async fn a_process_without_its_secret_does_not_start() {
    let (secrets, aws, clock) = manager("one").await;
    let other = Secret::new(ARN.replace("Origin", "Other"));
    let error = RotatingSecret::open(other, Versions::Current, (&aws, &clock)).await.unwrap_err();
    assert!(error.to_string().contains("Other-AbCdEf") && !error.to_string().contains("one"));
    let empty = ARN.replace("Origin", "Empty");
    secrets.put(&empty, "");
    assert!(RotatingSecret::open(Secret::new(empty), Versions::Current, (&aws, &clock)).await.is_err());
    // What is no ARN is the secret itself.
    assert!(
        is(
            &RotatingSecret::open(Secret::new("itself"), Versions::Current, (&aws, &clock)).await.unwrap(),
            "itself"
        )
        .await
    );
}

#[tokio::test]
async fn a_master_key_is_rotated_without_a_restart() {
    let (secrets, aws, clock) = manager("sk-one").await;
    let master = MasterKey::new(open(Versions::Current, (&aws, &clock)).await, None);
    let headers = |key: &str| {
        [("x-api-key", key)]
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect()
    };
    assert!(master.admit(&headers("sk-one")).await.is_some());
    secrets.put(ARN, "sk-two");
    clock.shift(11_000);
    assert!(
        master.admit(&headers("sk-two")).await.is_some() && master.admit(&headers("sk-one")).await.is_none()
    );
}

#[tokio::test]
async fn nobody_comes_around_cloudfront() {
    let (_, aws, clock) = manager("one").await;
    let origin = open(Versions::CurrentAndPrevious, (&aws, &clock)).await;
    // What reaches the function has no secret left in it.
    let seen = |request: Request<Body>| async move {
        request.headers().contains_key("x-stargate-origin").to_string()
    };
    let router =
        api::require_origin_secret(Some(origin), clock, Router::new().route("/v1/messages", get(seen)));
    for (secret, status, told) in [
        (Some("one"), StatusCode::OK, "false"),
        (Some("two"), StatusCode::FORBIDDEN, "permission_error"),
        (Some(""), StatusCode::FORBIDDEN, "public address"),
        (None, StatusCode::FORBIDDEN, "\"type\":\"error\""),
    ] {
        let mut request = Request::get("/v1/messages");
        if let Some(secret) = secret {
            request = request.header("x-stargate-origin", secret);
        }
        let response = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), status, "{secret:?}");
        let body = axum::body::to_bytes(response.into_body(), 1 << 16).await.unwrap();
        assert!(String::from_utf8_lossy(&body).contains(told), "{secret:?}: {body:?}");
    }
    // Paths that are none are refused the same way: there is nothing to be learned.
    let nowhere = router.oneshot(Request::get("/nowhere").body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(nowhere.status(), StatusCode::FORBIDDEN);
}
