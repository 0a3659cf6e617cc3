//! Management as a Lambda function.

use std::sync::Arc;

use lambda_http::Error;
use management::{App, router};
use shared::auth::MasterKey;
use shared::clock::Clock;
use shared::config::Config;
use shared::model::Catalog;
use shared::store::{self, Store};
use shared::telemetry::{self, Lines};

#[tokio::main]
async fn main() -> Result<(), Error> {
    telemetry::init(Lines::Json, "info");
    let config = Config::from_env()?;
    let master =
        config.master_key.ok_or("STARGATE_MASTER_KEY must be set: nobody could be the administrator")?;
    let db = store::client(&aws_config::load_from_env().await);
    let app = App {
        store: Store::new(db, &config.table, config.terms),
        catalog: Arc::new(Catalog::bundled(&config.profile)?),
        admin: MasterKey::new(master, config.admin_secret),
        clock: Clock::default(),
        max_body: config.max_body,
    };
    lambda_http::run(router(app)).await
}
