//! What stands in for AWS on one machine: an embedded DynamoDB and a scripted Bedrock.

use aws_config::meta::region::RegionProviderChain;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_dynamodb::Client;
use fake_aws::bedrock::FakeBedrock;
use fake_aws::{dynamodb, local_sdk_config, serve};
use server::BoxError;
use shared::runtime::config::Config;
use shared::store;
use tokio::task::JoinHandle;

use crate::data_dir::DataDir;
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
    let database = dynamodb::open(data.table().as_deref())?;
    let (db, url) = serve_table(database, tasks).await?;
    Ok((db, Some(url)))
}

/// Serves an embedded table. Returns a client of it, and its URL.
pub(crate) async fn serve_table(
    database: dynoxide::Database,
    tasks: &mut Vec<JoinHandle<()>>,
) -> Result<(Client, String), BoxError> {
    let url = dynamodb::serve_database(database, tasks).await?;
    Ok((store::client(&local_sdk_config(&url)), url))
}
