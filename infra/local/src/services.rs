//! `stargate services`: the stand-ins alone, and the environment in which functions find them.

use std::path::Path;

use fake_aws::secrets_manager::Secrets;
use fake_aws::serve;
use server::BoxError;
use shared::runtime::clock::Clock;
use shared::runtime::config::Config;
use shared::store::Store;
use stargate_core::secret::Secret;
use tokio::task::JoinHandle;

use crate::banner::demo_key;
use crate::data_dir::DataDir;
use crate::gateway::master_key;
use crate::local_services::LocalServices;
use crate::options::{BedrockTarget, LocalOptions};

/// Where the stand-in for Secrets Manager keeps the master key.
const MASTER_KEY: &str = "arn:aws:secretsmanager:us-east-1:000000000000:secret:master-key";

/// Running stand-ins. They end with the process.
pub struct Services {
    pub secrets: Secrets,
    /// What the functions are given.
    environment: Vec<(&'static str, String)>,
    master_key: Secret,
    demo_key: Option<Secret>,
    tasks: Vec<JoinHandle<()>>,
}

impl Services {
    /// Starts DynamoDB, Bedrock and Secrets Manager, with a table, a demo user and a master key in them.
    pub async fn start(options: &LocalOptions, config: Config, data: &DataDir) -> Result<Self, BoxError> {
        if options.bedrock == BedrockTarget::Aws {
            // The functions have credentials that mean nothing.
            return Err("services stand in for Bedrock, too: --bedrock aws is for the gateway".into());
        }
        let LocalServices { db, table_url, fake_url, mut tasks, .. } =
            LocalServices::start(options, &config, data).await?;
        let secrets = Secrets::default();
        let master_key = master_key(&config, data)?;
        secrets.put(MASTER_KEY, master_key.reveal());
        let serving = secrets.clone();
        let secrets_url = serve("Secrets Manager", |listener| serving.serve(listener), &mut tasks).await?;
        let store = Store::new(db, &config.table, config.terms.clone());
        let demo_key = demo_key(&store, &Clock::default(), data).await?;
        let mut environment = vec![
            ("AWS_ACCESS_KEY_ID", "local".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_LAMBDA_HTTP_IGNORE_STAGE_IN_PATH", "true".to_owned()),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", secrets_url),
            ("STARGATE_TABLE", config.table),
            ("STARGATE_MASTER_KEY", MASTER_KEY.to_owned()),
        ];
        environment
            .extend(table_url.or(options.dynamodb.clone()).map(|url| ("AWS_ENDPOINT_URL_DYNAMODB", url)));
        environment.extend(fake_url.map(|url| ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", url)));
        Ok(Self { secrets, environment, master_key, demo_key, tasks })
    }

    pub fn environment(&self) -> &[(&'static str, String)] {
        &self.environment
    }

    pub fn demo_key(&self) -> Option<&Secret> {
        self.demo_key.as_ref()
    }

    /// Writes the environment, and says what to do with it.
    #[expect(clippy::print_stdout, reason = "the terminal is this program's user interface")]
    pub fn tell(&self, env_file: &Path) -> std::io::Result<()> {
        if let Some(folder) = env_file.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let lines: String =
            self.environment.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
        std::fs::write(env_file, lines)?;
        println!("DynamoDB, Bedrock and Secrets Manager are stood in for, as {} says.\n", env_file.display());
        println!("  cargo lambda watch -A 127.0.0.1 -P 9000 --env-file {}\n", env_file.display());
        println!("Administer it with:  Authorization: Bearer {}", self.master_key.reveal());
        if let Some(key) = &self.demo_key {
            println!("The demo user's key: {}", key.reveal());
        }
        Ok(())
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}
