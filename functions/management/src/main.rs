//! Management as a Lambda function.

use std::process::ExitCode;
use std::sync::Arc;

use futures_util::TryFutureExt;
use lambda_http::{Error, Request, service_fn};
use management::{AdminAuthenticator, BufferedResponse, MAX_BODY, ManagementState, router};
use shared::api;
use shared::auth::JwtAuthenticator;
use shared::runtime::clock::Clock;
use shared::runtime::config::Config;
use shared::runtime::exit;
use shared::runtime::secrets_manager::{RotatingSecret, Versions};
use shared::runtime::telemetry::{self, LogFormat};
use shared::store::{self, CatalogCache, Store};
use stargate_core::catalog::Catalog;
use tokio::join;
use tower::ServiceExt;

#[tokio::main]
async fn main() -> ExitCode {
    exit::run("management", Box::pin(run())).await
}

async fn run() -> Result<(), Error> {
    let config = Config::from_env()?;
    telemetry::init(LogFormat::Json { metrics: config.metrics.clone() });
    let aws = aws_config::load_from_env().await;
    let clock = Clock::default();
    let store = Store::new(store::client(&aws), &config.table, config.terms.clone());
    let offering = CatalogCache::new(Catalog::load_bundled(&config.profile)?);
    let origin = config.origin_secret.clone();
    let origin = RotatingSecret::open_any(origin, Versions::CurrentAndPrevious, (&aws, &clock));
    let entrance = AdminAuthenticator::open(&config, &aws, &clock);
    // The last also opens the connection to the table, for which the first request would wait.
    let (origin, entrance, ()) = join!(origin, entrance, offering.refresh_if_stale(&store, clock.now()));
    let rules = management::read_key_policy(
        config.litellm_settings.as_deref(),
        offering.bundled_catalog(),
        clock.now(),
    )?;
    let tokens = JwtAuthenticator::read(config.jwt.as_deref())?;
    let app = ManagementState {
        store,
        catalog: Arc::clone(offering.bundled_catalog()),
        offering,
        rules: Arc::new(rules),
        create_missing_users: config.create_missing_users,
        team_admins_add_users: config.team_admins_add_users,
        tokens,
        entrance: entrance?,
        clock: clock.clone(),
        max_body: config.max_body.min(MAX_BODY),
    };
    let router = api::require_origin_secret(origin?, clock, router(app));
    lambda_http::run(service_fn(move |request: Request| {
        router.clone().oneshot(request).map_ok(BufferedResponse)
    }))
    .await
}
