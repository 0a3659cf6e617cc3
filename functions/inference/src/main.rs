//! Inference on AWS Lambda.

use std::process::ExitCode;
use std::sync::Arc;

use inference::{BedrockClient, BedrockConfig, InferenceState, Settings, SoftBudgetAlerts};
use shared::api;
use shared::auth::JwtAuthenticator;
use shared::runtime::clock::Clock;
use shared::runtime::config::Config;
use shared::runtime::exit;
use shared::runtime::secrets_manager::{RotatingSecret, Versions};
use shared::runtime::telemetry::{self, LogFormat};
use shared::store::{self, CatalogCache, Store};
use tokio::join;

#[tokio::main]
async fn main() -> ExitCode {
    exit::run("inference", Box::pin(run())).await
}

async fn run() -> Result<(), lambda_http::Error> {
    let config = Config::from_env()?;
    telemetry::init(LogFormat::Json { metrics: config.metrics.clone() });
    let aws = aws_config::load_from_env().await;
    let (upstream, catalog) = BedrockConfig::read(config.upstream.as_deref(), &config.profile)?;
    let offering = CatalogCache::new(catalog);
    let tokens = JwtAuthenticator::read(config.jwt.as_deref())?;
    let clock = Clock::default();
    let store = Store::new(store::client(&aws), &config.table, config.terms);
    let origin = RotatingSecret::open_any(config.origin_secret, Versions::CurrentAndPrevious, (&aws, &clock));
    // It also opens the connection to the table, for which the first request would wait.
    let (origin, ()) = join!(origin, offering.refresh_if_stale(&store, clock.now()));
    let app = InferenceState {
        store,
        bedrock: BedrockClient::new(&aws),
        upstream: Arc::new(upstream),
        catalog: Arc::clone(offering.bundled_catalog()),
        offering,
        keyring: Default::default(),
        tokens,
        clock: clock.clone(),
        refusals: Default::default(),
        settings: Settings { max_body: config.max_body, clamps: config.clamps },
        notices: config
            .soft_budget_topic
            .map(|topic| SoftBudgetAlerts::for_topic(&aws, &topic))
            .unwrap_or_default(),
        abandonment: None,
    };
    app.check_upstream_names().await?;
    let router = api::require_origin_secret(origin?, clock, inference::router(app));
    // Lambda is Linux; elsewhere the function runs for developers.
    #[cfg(target_os = "linux")]
    let router =
        router.layer(axum::middleware::map_request(move |request: axum::extract::Request| async move {
            if let Some(Err(error)) = config.runtime_api.map(inference::tcp_nodelay::disable_nagle) {
                tracing::warn!(%error, "nodelay_not_set");
            }
            request
        }));
    lambda_http::run_with_streaming_response_concurrent(router).await
}
