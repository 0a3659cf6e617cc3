//! Inference on AWS Lambda.

use std::process::ExitCode;
use std::sync::Arc;

use inference::{App, Bedrock, Notices, Settings, Upstream};
use shared::clock::Clock;
use shared::config::Config;
use shared::exit;
use shared::offering::Offering;
use shared::origin;
use shared::store::{self, Store};
use shared::telemetry::{self, Lines};
use shared::tokens::Tokens;
use shared::vault::{Kept, Versions};
use tokio::join;

#[tokio::main]
async fn main() -> ExitCode {
    exit::report("inference", run().await)
}

async fn run() -> Result<(), lambda_http::Error> {
    let config = Config::from_env()?;
    telemetry::init(Lines::Json { metrics: config.metrics.clone() }, "info");
    let aws = aws_config::load_from_env().await;
    let (upstream, catalog) = Upstream::read(config.upstream.as_deref(), &config.profile)?;
    let offering = Offering::new(catalog);
    let tokens = Tokens::read(config.jwt.as_deref())?;
    let clock = Clock::default();
    let store = Store::new(store::client(&aws), &config.table, config.terms);
    let origin = Kept::open_any(config.origin_secret, Versions::CurrentAndPrevious, (&aws, &clock));
    // It also opens the connection to the table, for which the first request would wait.
    let (origin, ()) = join!(origin, offering.freshen(&store, clock.now()));
    let app = App {
        store,
        bedrock: Bedrock::new(&aws),
        upstream: Arc::new(upstream),
        catalog: Arc::clone(offering.shipped()),
        offering,
        keyring: Default::default(),
        tokens,
        clock: clock.clone(),
        refusals: Default::default(),
        settings: Settings { max_body: config.max_body, clamps: config.clamps },
        notices: config.soft_budget_topic.map(|topic| Notices::to(&aws, &topic)).unwrap_or_default(),
        abandonment: None,
    };
    app.check_upstream_names().await?;
    let router = origin::behind(origin?, clock, inference::router(app));
    // Lambda is Linux; elsewhere the function runs for developers.
    #[cfg(target_os = "linux")]
    let router =
        router.layer(axum::middleware::map_request(move |request: axum::extract::Request| async move {
            if let Some(Err(error)) = config.runtime_api.map(inference::nodelay::set) {
                tracing::warn!(%error, "nodelay_not_set");
            }
            request
        }));
    lambda_http::run_with_streaming_response_concurrent(router).await
}
