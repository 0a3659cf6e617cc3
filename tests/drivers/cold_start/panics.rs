//! A function with a handler that panics, put together as the gateway's are: `cold` tries that it answers, and goes on.

use axum::Router;
use axum::routing::get;
use shared::api;
use shared::runtime::clock::Clock;
use shared::runtime::telemetry::{self, LogFormat};

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init(LogFormat::Json { metrics: None });
    let router = Router::new()
        .route("/v1/messages", get(async || -> &'static str { panic!("what was sent") }))
        .route("/", get(async || "alive"));
    lambda_http::run_with_streaming_response_concurrent(api::catch_panic(Clock::default(), router)).await
}
