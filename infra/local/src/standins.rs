//! What stands in for AWS on one machine: an embedded DynamoDB and a scripted Bedrock.

use std::io;
use std::net::Ipv4Addr;

use aws_config::meta::region::RegionProviderChain;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{Credentials, Region, SharedCredentialsProvider};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_http_client::Builder as HttpClient;
use server::{BoxError, spawn};
use shared::runtime::config::Config;
use shared::store;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::bedrock::FakeBedrock;
use crate::data::DataDir;
use crate::options::{BedrockTarget, LocalOptions, Pace};

/// Those that the options ask for.
pub struct LocalServices {
    pub db: Client,
    /// Where the table is, if it is embedded.
    pub table_url: Option<String>,
    /// The scripted Bedrock, and where it is, unless another is used.
    pub fake: Option<FakeBedrock>,
    pub fake_url: Option<String>,
    pub tasks: Vec<JoinHandle<()>>,
}

impl LocalServices {
    /// Starts them, with the table made.
    pub async fn start(options: &LocalOptions, config: &Config, data: &DataDir) -> Result<Self, BoxError> {
        let mut tasks = Vec::new();
        let (db, table_url) = table(options, data, &mut tasks).await?;
        store::create_table(&db, &config.table).await?;
        let fake = (options.bedrock == BedrockTarget::Fake).then(|| match options.pace {
            Pace::Human => FakeBedrock::human(),
            Pace::Instant => FakeBedrock::instant(),
        });
        let fake_url = match &fake {
            Some(fake) => {
                let serving = fake.clone();
                Some(serve("Bedrock", |listener| serving.serve(listener), &mut tasks).await?)
            }
            None => None,
        };
        Ok(Self { db, table_url, fake, fake_url, tasks })
    }
}

/// The SDK's own configuration: its variables, profiles and credentials.
pub async fn on_aws() -> SdkConfig {
    let region = RegionProviderChain::default_provider().or_else("us-east-1");
    aws_config::defaults(BehaviorVersion::latest()).region(region).load().await
}

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

/// The table: at the endpoint that was named, or embedded in this process.
pub(crate) async fn table(
    options: &LocalOptions,
    data: &DataDir,
    tasks: &mut Vec<JoinHandle<()>>,
) -> Result<(Client, Option<String>), BoxError> {
    if let Some(url) = &options.dynamodb {
        let aws = on_aws().await.into_builder().endpoint_url(url).build();
        return Ok((store::client(&aws), None));
    }
    let database = match data.table() {
        Some(path) => dynoxide::Database::new(&path.to_string_lossy()),
        None => dynoxide::Database::memory(),
    };
    let database = database.map_err(|error| format!("the embedded table could not be opened: {error}"))?;
    let (db, url) = serve_table(database, tasks).await?;
    Ok((db, Some(url)))
}

/// Serves an embedded table. Returns a client of it, and its URL.
pub(crate) async fn serve_table(
    database: dynoxide::Database,
    tasks: &mut Vec<JoinHandle<()>>,
) -> Result<(Client, String), BoxError> {
    let serving = async move |listener| {
        dynoxide::server::serve_on(listener, database).await;
        Ok(())
    };
    let url = serve("DynamoDB", serving, tasks).await?;
    Ok((store::client(&local_sdk_config(&url)), url))
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
    tasks.push(spawn(async move {
        if let Err(error) = serving.await {
            tracing::error!(%error, "the stand-in for {what} ended");
        }
    }));
    Ok(url)
}
