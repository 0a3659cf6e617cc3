//! The gateway, put together: the same routers that Lambda runs, on one port.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use fake_aws::bedrock::FakeBedrock;
use fake_aws::local_sdk_config;
use inference::{BedrockClient, SoftBudgetAlerts};
use management::AdminAuthenticator;
use server::{AppBuilder, BoxError, Server, combined_router, scheduler, spawn};
use shared::auth::MasterKey;
use shared::runtime::clock::Clock;
use shared::runtime::config::Config;
use shared::runtime::secrets_manager::RotatingSecret;
use shared::store::Store;
use stargate_core::secret::Secret;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::data_dir::DataDir;
use crate::local_services::{LocalServices, on_aws};
use crate::options::LocalOptions;

/// How long a shutdown waits for open streams before it drops them.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);

/// A running gateway. Dropping it leaves its tasks to the runtime, but for new requests; [`Gateway::stop`] ends them in order.
pub struct Gateway {
    pub address: SocketAddr,
    pub store: Store,
    pub clock: Clock,
    pub master_key: Secret,
    /// The scripted Bedrock, unless another is used.
    pub fake: Option<FakeBedrock>,
    /// Where the stand-ins listen: the scripted Bedrock and the embedded DynamoDB, if they are used.
    pub fake_url: Option<String>,
    pub table_url: Option<String>,
    serving: Server,
    settler: JoinHandle<()>,
    tasks: Vec<JoinHandle<()>>,
}

impl Gateway {
    /// Starts everything and returns when it answers.
    pub async fn start(options: &LocalOptions, config: Config, data: &DataDir) -> Result<Self, BoxError> {
        let LocalServices { db, table_url, fake, fake_url, mut tasks } =
            LocalServices::start(options, &config, data).await?;
        let bedrock = match &fake_url {
            Some(url) => BedrockClient::new(&local_sdk_config(url)),
            None => BedrockClient::new(&on_aws().await),
        };
        let notices = match &config.soft_budget_topic {
            Some(topic) => SoftBudgetAlerts::for_topic(&on_aws().await, topic),
            None => SoftBudgetAlerts::default(),
        };
        let (master_key, clock) = (master_key(&config, data)?, Clock::default());
        let store = Store::new(db, &config.table, config.terms.clone());
        let parts = AppBuilder::new(&config, store.clone(), bedrock, notices, clock.clone())?;
        parts.check().await?;
        let master = RotatingSecret::from_fixed(master_key.clone());
        let entrance = MasterKey::new(master, config.admin_secret.map(RotatingSecret::from_fixed));
        let management = parts.management(AdminAuthenticator::MasterKey(entrance));
        let (calls, settling) = parts.inference();
        let settler = spawn(settling);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
        tasks.push(spawn(scheduler::run_scheduler(store.clone(), clock.clone())));
        let serving = Server::start(listener, combined_router(calls, management))?;
        let address = serving.address;
        Ok(Self { address, store, clock, master_key, fake, fake_url, table_url, serving, settler, tasks })
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Takes no more requests, lets open streams end for a while, and settles what is dropped then.
    pub async fn stop(self) {
        self.serving.stop(SHUTDOWN_TIMEOUT).await;
        if tokio::time::timeout(SHUTDOWN_TIMEOUT, self.settler).await.is_err() {
            tracing::warn!("some dropped calls are left to be swept at the next start");
        }
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// The administrator's: as it was set, or made at the first start and kept.
pub(crate) fn master_key(config: &Config, data: &DataDir) -> Result<Secret, BoxError> {
    const NAME: &str = "master-key";
    if let Some(configured) = &config.master_key {
        return Ok(configured.clone());
    }
    if let Some(kept) = data.secret(NAME)? {
        return Ok(kept);
    }
    let made = Secret::generate()?;
    data.keep(NAME, &made)?;
    Ok(made)
}
