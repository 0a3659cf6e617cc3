//! Many slow streams at once through one gateway: what each costs it in memory, and whether any has to wait.
//!
//! `target/debug/streams --gateway target/debug/stargate --streams 1000`. The stand-ins are another process's, so what is
//! measured is the gateway alone.

mod large;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use clap::Parser;
use fake_aws::bedrock::FakeBedrock;
use futures_util::StreamExt;
use futures_util::future::join_all;
use serde_json::json;
use shared::runtime::clock::Clock;
use stargate_core::ledger::LedgerSettings;
use stargate_core::scope::Limits;
use tests::calls::employ;
use tests::process::{Endpoints, Gateway};
use tests::table::Table;
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};

/// Pieces of an answer, and milliseconds between them: a minute in all.
const PIECES: u64 = 120;
const PAUSE_MS: u64 = 500;

/// Between two beginnings: it is not the table that is measured.
const STAGGER: Duration = Duration::from_millis(20);

/// A stream that waits this long for a piece that was made is starved.
const STARVED_MS: u64 = 10 * PAUSE_MS;

/// Streams of one key. They are far below what a scope may hold at once.
const OF_A_KEY: usize = 10;

#[derive(Parser)]
struct Options {
    /// The gateway's binary.
    #[arg(long)]
    gateway: PathBuf,
    #[arg(long, default_value_t = 1000)]
    streams: usize,
}

/// What one stream has received, and the longest that it waited for the next piece.
#[derive(Default)]
struct StreamOutcome {
    pieces: AtomicU64,
    longest_ms: AtomicU64,
}

#[tokio::main]
async fn main() {
    let options = Options::parse();
    let table = Table::fresh().await;
    let (store, clock) = (table.store(LedgerSettings::default()), Clock::default());
    let (binary, dynamodb) = (options.gateway, table.endpoint().to_owned());
    let endpoints = Endpoints {
        binary,
        table: table.name().to_owned(),
        dynamodb,
        bedrock: serve_fake().await,
        lease: None,
    };
    let gateway = Gateway::start(&endpoints).await;
    let mut keys = Vec::new();
    for _ in 0..options.streams.div_ceil(OF_A_KEY) {
        keys.push(employ(&store, Limits::default(), Limits::default(), clock.now()).await.0);
    }
    let http = reqwest::Client::new();
    // One before, so that what a first call costs is none of theirs.
    stream(&http, &gateway.url, &keys[0], 1, &StreamOutcome::default()).await;
    let before = gateway.process.memory("VmRSS");
    let seen: Vec<Arc<StreamOutcome>> = (0..options.streams).map(|_| Arc::default()).collect();
    let begun = Instant::now();
    let all = join_all(seen.iter().enumerate().map(async |(at, seen)| {
        sleep(STAGGER * u32::try_from(at).unwrap()).await;
        stream(&http, &gateway.url, &keys[at / OF_A_KEY], PIECES, seen).await;
    }));
    // When the first is done all have begun.
    let during = async {
        while !seen.iter().any(|seen| seen.pieces.load(Ordering::Relaxed) == PIECES) {
            sleep(Duration::from_millis(10)).await;
        }
        assert!(seen.iter().all(|seen| seen.pieces.load(Ordering::Relaxed) > 0), "not all are open at once");
        gateway.process.memory("VmRSS")
    };
    let (_, during) = tokio::join!(all, during);
    let took = begun.elapsed();
    let longest = seen.iter().map(|seen| seen.longest_ms.load(Ordering::Relaxed)).max().unwrap();
    let each = during.saturating_sub(before) as f64 / options.streams as f64;
    println!(
        "measured: {} streams of {PIECES} pieces, one every {PAUSE_MS} ms: all open at once, all ended after {:.1} s; \
         the longest wait for a piece was {longest} ms; {each:.1} KiB of memory for each ({before} KiB before, {during} during, {} at most)",
        options.streams,
        took.as_secs_f64(),
        gateway.process.memory("VmHWM"),
    );
    assert!(seen.iter().all(|seen| seen.pieces.load(Ordering::Relaxed) == PIECES), "a stream lost pieces");
    assert!(longest < STARVED_MS, "a stream was starved");
    large::measure(&http, &gateway.url, &keys[0]).await;
}

/// One stream, read to its end.
async fn stream(http: &reqwest::Client, url: &str, key: &str, pieces: u64, seen: &StreamOutcome) {
    let script = json!({"text": "word ", "deltas": pieces, "first_ms": PAUSE_MS, "delay_ms": PAUSE_MS,
                        "input_tokens": 10, "output_tokens": pieces});
    let body = json!({
        "model": "claude-haiku-4-5", "max_tokens": 1000, "stream": true,
        "messages": [{"role": "user", "content": format!("Hi <<fake {script}>>")}],
    });
    let response = loop {
        let sent = http.post(format!("{url}/v1/messages")).header("x-api-key", key).json(&body).send();
        let response = sent.await.unwrap();
        // The embedded table takes one write at a time: clients come back, as the real ones do.
        if response.status() != 503 {
            break response;
        }
        sleep(Duration::from_secs(1)).await;
    };
    assert_eq!(response.status(), 200);
    let (mut bytes, mut last, mut tail) = (response.bytes_stream(), Instant::now(), String::new());
    while let Some(piece) = bytes.next().await {
        let piece = piece.unwrap();
        let text = std::str::from_utf8(&piece).unwrap();
        let count = text.matches("text_delta").count() as u64;
        if count > 0 {
            seen.pieces.fetch_add(count, Ordering::Relaxed);
            seen.longest_ms.fetch_max(last.elapsed().as_millis() as u64, Ordering::Relaxed);
            last = Instant::now();
        }
        tail = text.to_owned();
    }
    assert!(tail.contains("message_stop"), "{tail}");
}

/// A scripted Bedrock in this process; answers where it listens.
async fn serve_fake() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { FakeBedrock::instant().serve(listener).await });
    url
}
