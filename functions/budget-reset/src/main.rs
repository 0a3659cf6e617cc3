//! Budget reset as a Lambda function, called by a schedule.

use std::process::ExitCode;

use budget_reset::{reset, time_left};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;
use shared::runtime::clock::Clock;
use shared::runtime::config::Config;
use shared::runtime::exit;
use shared::runtime::telemetry::{self, LogFormat};
use shared::store::{self, Store};
use tokio::time::Instant;

#[tokio::main]
async fn main() -> ExitCode {
    exit::run("budget-reset", Box::pin(run())).await
}

async fn run() -> Result<(), Error> {
    let config = Config::from_env()?;
    telemetry::init(LogFormat::Json { metrics: config.metrics.clone() });
    let db = store::client(&aws_config::load_from_env().await);
    let (store, clock) = (&Store::new(db, &config.table, config.terms), &Clock::default());
    // What the schedule says does not matter: what is due is found in the table.
    let handle = |event: LambdaEvent<Value>| async move {
        let until = Instant::now() + time_left(event.context.deadline, clock.now());
        // Boxed: the compiler gives up on the layout of a future this deep inside the runtime's own.
        Box::pin(reset(store, clock, until)).await.map(|_| ()).map_err(Error::from)
    };
    lambda_runtime::run(service_fn(handle)).await
}
