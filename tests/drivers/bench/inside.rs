//! One process, one stream at a time: what a request asks of the store and of Bedrock, and what is left for our own code.

use std::alloc::System;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use http::Request;
use http::header::CONTENT_TYPE;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tests::gateway::inference_on;
use tower::ServiceExt;
use tracing::{Instrument, info_span};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::Registry;

use super::Setting;
use super::bodies::Size;
use super::spans::Spans;

#[global_allocator]
pub static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const REQUESTS: u32 = 300;

/// Prints the time of a small streamed request by call, and the allocations of each size.
pub async fn print(setting: &Setting) {
    let spans = Spans::default();
    tracing::subscriber::set_global_default(Registry::default().with(spans.clone())).unwrap();
    let app = inference_on(setting.store.clone(), &setting.bedrock, Default::default());
    let router = inference::router(app);
    let body = Size::Small.body(0).to_string();
    for _ in 0..50 {
        ask(&router, setting, &body).await;
    }
    spans.take();
    let begun = Instant::now();
    for _ in 0..REQUESTS {
        ask(&router, setting, &body).instrument(info_span!("request")).await;
    }
    let whole = begun.elapsed() / REQUESTS;
    println!("\n## Where a small streamed request's time goes\n");
    println!(
        "One process, one stream at a time, {REQUESTS} requests: microseconds of each request. *Busy* is what its task"
    );
    println!("works; sockets are served by other tasks.\n");
    println!("| call | times | each takes | busy, in all |\n|---|---|---|---|");
    let mut calls = spans.take();
    let request = calls.remove("request").unwrap();
    let mut ours = request.busy;
    for (name, spent) in calls {
        ours -= spent.busy;
        let (each, busy) = (spent.wall / spent.calls, spent.busy / REQUESTS);
        let times = f64::from(spent.calls) / f64::from(REQUESTS);
        println!("| `{name}` | {times:.1} | {} | {} |", each.as_micros(), busy.as_micros());
    }
    println!("| our own code | | | {} |", (ours / REQUESTS).as_micros());
    println!("| the request | 1 | {} | {} |", whole.as_micros(), (request.busy / REQUESTS).as_micros());
    allocations(&router, setting).await;
}

/// A body that was parsed into a tree would take an allocation for each of its values.
async fn allocations(router: &Router, setting: &Setting) {
    println!("\n## Allocations of one streamed request, SDKs included\n");
    println!("| body | bytes | allocations | allocated bytes |\n|---|---|---|---|");
    for size in Size::ALL {
        let body = size.body(0).to_string();
        ask(router, setting, &body).await;
        let region = Region::new(ALLOCATOR);
        ask(router, setting, &body).await;
        let change = region.change();
        println!(
            "| {} | {} | {} | {} |",
            size.name(),
            body.len(),
            change.allocations,
            change.bytes_allocated
        );
    }
}

async fn ask(router: &Router, setting: &Setting, body: &str) {
    let request = Request::post("/v1/messages").header("x-api-key", &setting.keys[0]);
    let request = request.header(CONTENT_TYPE, "application/json").body(Body::from(body.to_owned())).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
}
