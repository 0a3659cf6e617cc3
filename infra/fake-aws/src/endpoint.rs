//! An endpoint of a service at a free port, and how an SDK reaches it.

use std::io;
use std::net::Ipv4Addr;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_bedrockruntime::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_http_client::Builder as HttpClient;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// An SDK configuration for a stand-in in this process: no TLS, and credentials that mean nothing.
pub fn local_sdk_config(url: &str) -> SdkConfig {
    let credentials = Credentials::new("local", "local", None, None, "local");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .http_client(HttpClient::new().build_http())
        .endpoint_url(url)
        .build()
}

/// Serves a stand-in at a free port, as one of the tasks. Returns its URL.
pub async fn serve<Serving: Future<Output = io::Result<()>> + Send + 'static>(
    what: &'static str,
    stand_in: impl FnOnce(TcpListener) -> Serving,
    tasks: &mut Vec<JoinHandle<()>>,
) -> io::Result<String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let serving = stand_in(listener);
    #[expect(clippy::disallowed_methods, reason = "a process of its own, which no Lambda freezes")]
    let task = tokio::spawn(async move {
        if let Err(error) = serving.await {
            tracing::error!(%error, "the stand-in for {what} ended");
        }
    });
    tasks.push(task);
    Ok(url)
}
