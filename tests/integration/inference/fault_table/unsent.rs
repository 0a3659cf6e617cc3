//! Failures before a request is sent, each caused for real in front of the SDK: what the client is told, and the charge.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::future::ProvideCredentials as Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use axum::body::Body;
use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt};
use http::Request;
use http::header::CONTENT_TYPE;
use inference::{BedrockClient, BedrockConfig};
use serde_json::json;
use shared::runtime::clock::Clock;
use stargate_core::ledger::LedgerSettings;
use tests::calls::{Caller, employ, no_limits};
use tests::gateway::inference_on;
use tests::table::{Table, sdk};
use tests::tls::Authority;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tower::ServiceExt;

use super::{COLUMNS, CONCURRENCY, describe_charge, describe_response, request};

/// Long enough for an attempt to reach the connection, and shorter than the SDK's own connect timeout.
const OPEN_SECONDS: u64 = 1;

/// A source of credentials that fails in one way.
#[derive(Clone, Copy, Debug)]
enum Source {
    None,
    Invalid,
    Fails,
    Hangs,
}

impl ProvideCredentials for Source {
    fn provide_credentials<'a>(&'a self) -> Credentials<'a>
    where
        Self: 'a,
    {
        match self {
            Self::None => Credentials::ready(Err(CredentialsError::not_loaded("no provider has any"))),
            Self::Invalid => {
                Credentials::ready(Err(CredentialsError::invalid_configuration("a wrong profile")))
            }
            Self::Fails => Credentials::ready(Err(CredentialsError::provider_error("it answers 500"))),
            Self::Hangs => Credentials::new(pending()),
        }
    }
}

fn with_source(url: &str, source: Source) -> SdkConfig {
    let provider = SharedCredentialsProvider::new(source);
    sdk(url).0.into_builder().credentials_provider(provider).build()
}

/// The SDK's own HTTP client, which speaks TLS.
fn with_default_client(url: &str) -> SdkConfig {
    let given = sdk(url).0;
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("eu-central-1"))
        .endpoint_url(url)
        .credentials_provider(given.credentials_provider().unwrap())
        .build()
}

/// Every failure by its name, with a word that the client is told and the configuration of a client that meets it.
/// `listening` is a server that answers.
async fn causes(listening: &str) -> Vec<(&'static str, &'static str, SdkConfig)> {
    let address = listening.trim_start_matches("http://");
    let no_region = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(sdk(listening).0.credentials_provider().unwrap())
        .build();
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let untrusted = Authority::generate().start_tls_proxy(address.parse().unwrap()).await;
    vec![
        ("no credentials", "no valid AWS credentials", with_source(listening, Source::None)),
        (
            "a profile that is wrong or over",
            "no valid AWS credentials",
            with_source(listening, Source::Invalid),
        ),
        ("the credentials' source fails", "load its AWS credentials", with_source(listening, Source::Fails)),
        ("the credentials' source hangs", "connect", with_source(listening, Source::Hangs)),
        ("no region", "sign", no_region),
        ("an endpoint that is no URL", "sign", sdk("not a url").0),
        ("a host name that does not exist", "resolve", sdk("http://bedrock.invalid").0),
        ("a port that nobody listens on", "connect", sdk(&format!("http://{closed}")).0),
        ("a connection that is not made in time", "connect", sdk(&start_unresponsive().await).0),
        ("a server without TLS", "TLS", with_default_client(&format!("https://{address}"))),
        ("a certificate that is not trusted", "TLS", with_default_client(&untrusted)),
        ("a TLS handshake that hangs", "connect", with_default_client(&silent().await)),
    ]
}

/// An address whose connections are never completed: its queue is full.
async fn start_unresponsive() -> String {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(Ok(connection)) =
        tokio::time::timeout(Duration::from_millis(200), TcpStream::connect(address)).await
    {
        waiting.push(connection);
    }
    tokio::spawn(async move {
        let _kept = (listener, waiting);
        pending::<()>().await;
    });
    format!("http://{address}")
}

/// A server that accepts and says nothing.
async fn silent() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((connection, _)) = listener.accept().await {
            open.push(connection);
        }
    });
    format!("https://{address}")
}

/// A server that reads a request and closes the connection: it may have run.
async fn closing() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let mut bytes = [0; 1024];
            let _read = connection.read(&mut bytes).await.unwrap();
        }
    });
    format!("http://{address}")
}

/// A cell of each column for a client of this configuration.
async fn cells(table: &Table, config: &SdkConfig, says: &str, streams: bool) -> Vec<String> {
    let columns = (0..COLUMNS.len()).map(|column| async move {
        let (store, clock) = (table.store(LedgerSettings::default()), Clock::default());
        let (secret, pointer) = employ(&store, no_limits(), no_limits(), clock.now()).await;
        let setting = json!({"timeouts": {"open_seconds": OPEN_SECONDS, "whole_seconds": OPEN_SECONDS}});
        let (upstream, _) = BedrockConfig::read(Some(&setting.to_string()), "global").unwrap();
        let app = inference::InferenceState {
            bedrock: BedrockClient::new(config),
            upstream: Arc::new(upstream),
            ..inference_on(store.clone(), "http://127.0.0.1:9", clock.clone())
        };
        let (path, body) = request(column, streams, &json!({}));
        let asked = Request::post(path).header("x-api-key", secret).header(CONTENT_TYPE, "application/json");
        let asked = asked.body(Body::from(body.to_string())).unwrap();
        let response = inference::router(app).oneshot(asked).await.unwrap();
        let (head, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        assert!(String::from_utf8_lossy(&body).contains(says), "{says}: {body:?}");
        let cell = describe_response(http::Response::from_parts(head, body).into(), column).await;
        let caller = Caller { store, clock, pointer };
        let [key, user] = table.audit_both(&caller).await;
        assert!(key.leases.is_empty() && key.total_spend == user.total_spend, "{key:#?}");
        let day = caller.now().date();
        let records =
            caller.store.records_of_day(&day, 10_000, |record| record.key == caller.pointer.key).await;
        let record = records.unwrap().pop().unwrap();
        assert_eq!(record.cost, key.total_spend);
        format!("{cell}<br>{}", describe_charge(&record))
    });
    join_all(columns).await
}

/// A row for each failure before sending.
pub async fn rows() -> String {
    let (table, listening) = (Table::fresh().await, tests::gateway::Stargate::start().await);
    let causes = causes(listening.gateway.fake_url.as_ref().unwrap()).await;
    let table = &table;
    let rows = causes.iter().map(|(name, says, config)| async move {
        let streamed = cells(table, config, says, true).await;
        assert_eq!(streamed, cells(table, config, says, false).await, "{name}: streamed and buffered differ");
        for cell in &streamed {
            assert!(cell.ends_with("failure: nothing") && cell.contains("never again"), "{name}: {cell}");
        }
        format!("| {name} | {} |\n", streamed.join(" | "))
    });
    let rows = stream::iter(rows).buffered(CONCURRENCY).collect::<Vec<_>>().await.concat();
    assert_eq!(listening.fake().count(), 0, "something was sent");
    // The other side of the line: what was read by the other end may have run.
    let sent = cells(table, &sdk(&closing().await).0, "could not be reached", false).await;
    assert!(sent.iter().all(|cell| cell.ends_with("failure: bound + 1000")), "{sent:?}");
    rows
}
