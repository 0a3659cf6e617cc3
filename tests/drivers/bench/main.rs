//! What the gateway adds to Bedrock, in time, CPU and memory, against the same scripted Bedrock called directly in the same
//! run. Times differ from machine to machine: read the ratios.
//!
//! `cargo build --release --workspace && target/release/bench --gateway target/release/stargate`

mod bodies;
mod bytes;
mod inside;
mod load;
mod scope;
mod spans;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Parser;
use serde_json::Value;
use shared::runtime::clock::Clock;
use shared::store::{AdmissionRequest, KeyRef, Store, client};
use stargate_core::ledger::LedgerSettings;
use stargate_core::scope::Limits;
use tests::calls::{call, employ, record};
use tests::gateway::budget;
use tests::process::{Endpoints, Gateway, StandIns};
use tests::table::sdk;

use bodies::{Size, for_bedrock};
use load::{Sample, Target, quantile};

#[derive(Parser)]
struct Options {
    /// The gateway's binary.
    #[arg(long)]
    gateway: PathBuf,
    /// A tenth of the requests: whether it works, not how fast.
    #[arg(long)]
    quick: bool,
}

/// Developers, each with a key: the most that stream at once.
const KEYS: usize = 256;

/// What everything is measured with: stand-ins in a process of their own, and keys.
struct Setting {
    endpoints: Endpoints,
    bedrock: String,
    store: Store,
    keys: Arc<[String]>,
    /// The first key's.
    pointer: KeyRef,
}

#[tokio::main]
async fn main() {
    let options = Options::parse();
    let stand_ins = StandIns::start(&options.gateway);
    let setting = Setting::new(options.gateway, &stand_ins).await;
    start_to_answer(&setting).await;
    side_by_side(&setting, if options.quick { 10 } else { 1 }).await;
    scope::print(&setting.store).await;
    inside::print(&setting).await;
    bytes::print();
}

impl Setting {
    async fn new(binary: PathBuf, stand_ins: &StandIns) -> Self {
        let table = "stargate".to_owned();
        let store = Store::new(client(&sdk(&stand_ins.dynamodb).0), &table, LedgerSettings::default());
        let (mut keys, mut pointers) = (Vec::new(), Vec::new());
        for _ in 0..KEYS {
            let (secret, pointer) = staff(&store).await;
            keys.push(secret);
            pointers.push(pointer);
        }
        let (dynamodb, bedrock) = (stand_ins.dynamodb.clone(), stand_ins.bedrock.clone());
        let endpoints = Endpoints { binary, table, dynamodb, bedrock: bedrock.clone(), lease: None };
        Self { endpoints, bedrock, store, keys: keys.into(), pointer: pointers.swap_remove(0) }
    }

    fn target_of(&self, gateway: &Gateway) -> Target {
        Target::new(format!("{}/v1/messages", gateway.url), &self.keys)
    }

    fn direct(&self) -> Target {
        let model = "global.anthropic.claude-haiku-4-5-20251001-v1:0";
        Target::new(format!("{}/model/{model}/invoke-with-response-stream", self.bedrock), &self.keys)
    }

    /// How long a reservation takes: the one round trip that stands before Bedrock.
    async fn round_trip(&self) -> Duration {
        let (clock, ask): (Clock, AdmissionRequest) = (Clock::default(), call(1000));
        let mut taken = Vec::new();
        for _ in 0..200 {
            let begun = Instant::now();
            let admission = self.store.admit(&mut self.pointer.clone(), &ask, || clock.now()).await.unwrap();
            taken.push(begun.elapsed());
            let record = record(&self.pointer, &admission, clock.now());
            self.store.settle(&admission, &record, || clock.now()).await.unwrap();
        }
        quantile(taken.into_iter(), 50)
    }
}

/// A user with a key: limits of every kind, and none in the way.
async fn staff(store: &Store) -> (String, KeyRef) {
    let limits = Limits { rpm: Some(1_000_000), tpm: Some(1_000_000_000), ..budget("1000000") };
    employ(store, limits.clone(), limits, Clock::default().now()).await
}

/// From a process's start to the first byte of its first streamed answer.
async fn start_to_answer(setting: &Setting) {
    let body = Size::Small.body(0).to_string();
    let mut taken = Vec::new();
    for _ in 0..5 {
        let begun = Instant::now();
        let gateway = Gateway::start(&setting.endpoints).await;
        let answers = begun.elapsed();
        let sample = setting.target_of(&gateway).stream(0, body.clone().into()).await;
        taken.push((answers + sample.first, gateway.process.memory("VmRSS")));
    }
    let median = quantile(taken.iter().map(|(taken, _)| *taken), 50);
    println!("## A process\n");
    println!("From its start to the first byte of its first stream: {} ms.", millis(median));
    println!("Memory after that: {} MiB.", taken[0].1 / 1024);
    println!("A reservation in both scopes, from this process: {} ms.", millis(setting.round_trip().await));
}

/// Each size, at each number of streams and each pace, directly and through the gateway by turns.
async fn side_by_side(setting: &Setting, fewer: usize) {
    println!("\n## Beside the same Bedrock called directly\n");
    println!("50 deltas a stream. Milliseconds to the first byte; CPU is the gateway process's.\n");
    println!(
        "| body | streams | deltas | direct p50 / p99 | gateway p50 / p99 | added p50 | CPU s per 1,000 | largest gap: direct, gateway | \
         MiB at most | KiB a stream |\n|---|---|---|---|---|---|---|---|---|---|"
    );
    for size in Size::ALL {
        for (pause_ms, pace) in [(0, "at once"), (10, "10 ms apart")] {
            for at_once in [1, 32, size.max_streams()] {
                let requests = (requests(size, at_once, pause_ms) / fewer).max(at_once);
                cell(setting, size, pause_ms, pace, at_once, requests).await;
            }
        }
    }
}

fn requests(size: Size, at_once: usize, pause_ms: u64) -> usize {
    let (few, some, many) = match (size, pause_ms) {
        (Size::Small | Size::Code, 0) => (300, 1280, 1280),
        (Size::Small | Size::Code, _) => (20, 192, 768),
        (Size::Large, 0) => (12, 64, 64),
        (Size::Large, _) => (6, 32, 64),
    };
    match at_once {
        1 => few,
        32 => some,
        _ => many,
    }
}

/// One row: a gateway of its own, so that its memory is this row's.
async fn cell(setting: &Setting, size: Size, pause_ms: u64, pace: &str, at_once: usize, requests: usize) {
    let gateway = Gateway::start(&setting.endpoints).await;
    let (through, straight) = (setting.target_of(&gateway), setting.direct());
    let body = size.body(pause_ms);
    let as_bedrock_takes_it = for_bedrock(&body);
    // Connections, pools and allocators warm up first.
    let warm = at_once.min(32);
    load(&through, &body, warm, warm).await;
    load(&straight, &as_bedrock_takes_it, warm, warm).await;
    let idle = gateway.process.memory("VmRSS");
    let (mut ours, mut direct, mut cpu) = (Vec::new(), Vec::new(), Duration::ZERO);
    for _ in 0..2 {
        direct.extend(load(&straight, &as_bedrock_takes_it, at_once, requests / 2).await);
        let before = gateway.process.cpu();
        ours.extend(load(&through, &body, at_once, requests / 2).await);
        cpu += gateway.process.cpu() - before;
    }
    let most = gateway.process.memory("VmHWM");
    let first = |samples: &[Sample], percent| quantile(samples.iter().map(|sample| sample.first), percent);
    let gap = |samples: &[Sample]| millis(quantile(samples.iter().map(|sample| sample.gap), 100));
    let added = first(&ours, 50).as_secs_f64() - first(&direct, 50).as_secs_f64();
    println!(
        "| {} | {at_once} | {pace} | {} / {} | {} / {} | {:.2} | {:.2} | {}, {} | {} | {} |",
        size.name(),
        millis(first(&direct, 50)),
        millis(first(&direct, 99)),
        millis(first(&ours, 50)),
        millis(first(&ours, 99)),
        added * 1000.0,
        cpu.as_secs_f64() * 1000.0 / ours.len() as f64,
        gap(&direct),
        gap(&ours),
        most / 1024,
        most.saturating_sub(idle) / at_once as u64,
    );
}

async fn load(target: &Target, body: &Value, at_once: usize, requests: usize) -> Vec<Sample> {
    target.load(body, at_once, requests.max(at_once)).await
}

fn millis(duration: Duration) -> String {
    format!("{:.2}", duration.as_secs_f64() * 1000.0)
}
