//! Where an issuer's keys are read: over the HTTP client that the AWS SDK brings, so that no second one is deployed.

use std::error::Error;
use std::time::Duration;

use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorSettings};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use axum::body::Body;
use http::Uri;

use super::jwks::Jwks;

/// How long a connection may take, and how long all of a reading.
const CONNECT: Duration = Duration::from_secs(2);
const WHOLE: Duration = Duration::from_secs(5);
/// The largest set that is read, in bytes. Providers' own have a few kilobytes.
const LARGEST: usize = 256 << 10;

/// Why a set could not be read: for the log, not for clients.
type Cause = Box<dyn Error + Send + Sync>;

pub(super) struct JwksClient {
    url: String,
    line: Connector,
    /// How long all of a reading may take.
    pub patience: Duration,
}

impl JwksClient {
    /// `url` is https, or http at this machine.
    pub fn new(url: &Uri) -> Self {
        let limits = HttpConnectorSettings::builder().connect_timeout(CONNECT).read_timeout(WHOLE).build();
        // No connection is kept: the next reading is minutes away, and Lambda may have slept in between.
        let line = Connector::builder()
            .connector_settings(limits)
            .sleep_impl(TokioSleep::new())
            .pool_max_idle_per_host(0);
        let line = if url.scheme_str() == Some("http") {
            line.build_http()
        } else {
            // As the SDK's own clients are built: their TLS, and the proxies of the environment.
            line.proxy_config(ProxyConfig::from_env())
                .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
                .build()
        };
        Self { url: url.to_string(), line, patience: WHOLE }
    }

    /// The usable keys that are published now. Follows no redirection: another place is another setting.
    pub async fn read(&self) -> Result<Jwks, Cause> {
        tokio::time::timeout(self.patience, self.answer()).await?
    }

    async fn answer(&self) -> Result<Jwks, Cause> {
        let mut request = HttpRequest::get(&self.url)?;
        request.headers_mut().insert("accept", "application/json");
        request.headers_mut().insert("user-agent", "stargate");
        let response = self.line.call(request).await?;
        let status = response.status().as_u16();
        if status != 200 {
            return Err(format!("status {status}").into());
        }
        let body = axum::body::to_bytes(Body::new(response.into_body()), LARGEST).await?;
        Ok(Jwks::parse(&body)?)
    }
}
