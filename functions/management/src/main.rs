//! Management as a Lambda function.

use std::sync::Arc;

use lambda_http::Error;
use management::{App, Entrance, MOST_BODY, Rules, router};
use shared::auth::MasterKey;
use shared::clock::Clock;
use shared::config::{AdminAuth, Config};
use shared::model::Catalog;
use shared::offering::Offering;
use shared::origin;
use shared::store::{self, Store};
use shared::telemetry::{self, Lines};
use shared::tokens::Tokens;
use shared::vault::{Kept, Versions};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let config = Config::from_env()?;
    telemetry::init(Lines::Json { metrics: config.metrics.clone() }, "info");
    let aws = aws_config::load_from_env().await;
    let clock = Clock::default();
    let origin = Kept::open_any(config.origin_secret, Versions::CurrentAndPrevious, (&aws, &clock)).await?;
    let entrance = match config.admin_auth {
        AdminAuth::MasterKey => {
            let master = config.master_key;
            let master =
                master.ok_or("STARGATE_MASTER_KEY must be set: nobody could be the administrator")?;
            let master = Kept::open(master, Versions::Current, (&aws, &clock)).await?;
            let second = Kept::open_any(config.admin_secret, Versions::Current, (&aws, &clock)).await?;
            Entrance::MasterKey(MasterKey::new(master, second))
        }
        AdminAuth::Iam => Entrance::Iam,
        AdminAuth::None => Entrance::SelfService,
    };
    let offering = Offering::new(Catalog::bundled(&config.profile)?);
    let rules = Rules::read(config.litellm_settings.as_deref(), offering.shipped(), clock.now())?;
    let tokens = Tokens::read(config.jwt.as_deref())?;
    let db = store::client(&aws);
    let app = App {
        store: Store::new(db, &config.table, config.terms),
        catalog: Arc::clone(offering.shipped()),
        offering,
        rules: Arc::new(rules),
        tokens,
        entrance,
        clock: clock.clone(),
        max_body: config.max_body.min(MOST_BODY),
    };
    lambda_http::run(origin::behind(origin, clock, router(app))).await
}
