//! Management as a Lambda function.

use std::process::ExitCode;
use std::sync::Arc;

use futures_util::TryFutureExt;
use lambda_http::{Error, Request, service_fn};
use management::{App, Entrance, MOST_BODY, Rules, Whole, router};
use shared::clock::Clock;
use shared::config::Config;
use shared::exit;
use shared::model::Catalog;
use shared::offering::Offering;
use shared::origin;
use shared::store::{self, Store};
use shared::telemetry::{self, Lines};
use shared::tokens::Tokens;
use shared::vault::{Kept, Versions};
use tokio::join;
use tower::ServiceExt;

#[tokio::main]
async fn main() -> ExitCode {
    exit::report("management", run().await)
}

async fn run() -> Result<(), Error> {
    let config = Config::from_env()?;
    telemetry::init(Lines::Json { metrics: config.metrics.clone() }, "info");
    let aws = aws_config::load_from_env().await;
    let clock = Clock::default();
    let store = Store::new(store::client(&aws), &config.table, config.terms.clone());
    let offering = Offering::new(Catalog::bundled(&config.profile)?);
    let origin = config.origin_secret.clone();
    let origin = Kept::open_any(origin, Versions::CurrentAndPrevious, (&aws, &clock));
    let entrance = Entrance::open(&config, &aws, &clock);
    // The last also opens the connection to the table, for which the first request would wait.
    let (origin, entrance, ()) = join!(origin, entrance, offering.freshen(&store, clock.now()));
    let rules = Rules::read(config.litellm_settings.as_deref(), offering.shipped(), clock.now())?;
    let tokens = Tokens::read(config.jwt.as_deref())?;
    let app = App {
        store,
        catalog: Arc::clone(offering.shipped()),
        offering,
        rules: Arc::new(rules),
        create_missing_users: config.create_missing_users,
        team_admins_add_users: config.team_admins_add_users,
        tokens,
        entrance: entrance?,
        clock: clock.clone(),
        max_body: config.max_body.min(MOST_BODY),
    };
    let router = origin::behind(origin?, clock, router(app));
    lambda_http::run(service_fn(move |request: Request| router.clone().oneshot(request).map_ok(Whole))).await
}
