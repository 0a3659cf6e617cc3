//! Management as a Lambda function.

use std::sync::Arc;

use lambda_http::Error;
use management::{App, Entrance, MOST_BODY, Rules, router};
use shared::clock::Clock;
use shared::config::Config;
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
    let entrance = Entrance::open(&config, &aws, &clock).await?;
    let origin = Kept::open_any(config.origin_secret, Versions::CurrentAndPrevious, (&aws, &clock)).await?;
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
