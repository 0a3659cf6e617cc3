//! Kills the gateway at random moments under load, starts it again on the same table, and audits what is left.
//!
//! `target/debug/kills --gateway target/debug/stargate --kills 100 --freezes 10`. The table and the scripted Bedrock are
//! this process's, so they outlive every kill, and what was on its way to the table when a gateway died may still land.
//! A failure ends it with the round's seed; `--seed` repeats the round's choices, though not the machine's timing.

mod client;
mod round;
mod slow;

use std::path::PathBuf;
use std::time::Duration;

use budget_reset::reset;
use clap::Parser;
use fake_aws::bedrock::FakeBedrock;
use shared::runtime::clock::Clock;
use shared::store::Store;
use stargate_core::ledger::LedgerSettings;
use stargate_core::scope::Limits;
use tests::process::Endpoints;
use tests::table::Table;
use tokio::net::TcpListener;
use tokio::time::Instant;

use round::{End, Figures, Keyholder, KillRound};

/// A lease's life. Its margin is a sixth of it, as ever.
pub const LEASE: Duration = Duration::from_millis(1500);

/// How long a request to the table may be on its way.
const SLOWNESS: Duration = Duration::from_millis(60);

#[derive(Parser)]
struct Options {
    /// The gateway's binary.
    #[arg(long)]
    gateway: PathBuf,
    /// How many gateways are killed, two in each round.
    #[arg(long, default_value_t = 20)]
    kills: usize,
    /// How many are stopped for longer than a lease lives, and go on.
    #[arg(long, default_value_t = 2)]
    freezes: usize,
    #[arg(long)]
    seed: Option<u64>,
}

#[tokio::main]
async fn main() {
    let options = Options::parse();
    let seed = options.seed.unwrap_or_else(rand::random);
    println!("seed {seed}");
    let table = Table::fresh().await;
    let dynamodb = slow::start_slow_proxy(table.endpoint(), SLOWNESS).await;
    let bedrock = serve_fake().await;
    let (binary, table_name) = (options.gateway, table.name().to_owned());
    let endpoints = Endpoints { binary, table: table_name, dynamodb, bedrock, lease: Some(LEASE) };
    let terms = LedgerSettings {
        lease_life: LEASE,
        lease_margin: LEASE / 6,
        renew_every: LEASE / 4,
        ..LedgerSettings::default()
    };
    let (store, clock) = (table.store(terms), Clock::default());

    let rounds = options.kills.div_ceil(2) + options.freezes;
    let mut resting: Vec<KillRound> = Vec::new();
    let mut figures = Figures::default();
    // One key lives through all of it: calls of its dead gateways stand in the way of its next ones, until they are swept.
    let few = Limits { max_parallel_requests: Some(8), ..Limits::default() };
    let veteran = Keyholder::new(&store, &clock, few).await;
    let begun = Instant::now();
    for number in 0..rounds {
        // Freezes are spread among the kills.
        let freezes = (number + 1) * options.freezes / rounds > number * options.freezes / rounds;
        let end = if freezes { End::Freeze } else { End::Kill };
        let seed = seed.wrapping_add(number as u64);
        let play = KillRound::play(&endpoints, &store, &clock, &veteran, &mut figures, seed, end);
        resting.push(Box::pin(play).await);
        // What a round has left runs out while the next ones play.
        let (rested, still) = resting.into_iter().partition(KillRound::has_rested);
        resting = still;
        audit(rested, &table, &store, &clock, &mut figures).await;
    }
    tokio::time::sleep(LEASE * 2).await;
    resting.push(KillRound::of_all(veteran));
    audit(resting, &table, &store, &clock, &mut figures).await;
    // The scheduled job finds nothing that was forgotten.
    let summary = reset(&store, &clock, Instant::now() + Duration::from_secs(60)).await.unwrap();
    assert_eq!((summary.ended, summary.more), (0, false), "{summary:?}");
    figures.print(begun.elapsed());
}

async fn audit(rounds: Vec<KillRound>, table: &Table, store: &Store, clock: &Clock, figures: &mut Figures) {
    for round in rounds {
        round.audit(table, store, clock, figures).await;
    }
}

/// A scripted Bedrock in this process; answers where it listens.
async fn serve_fake() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { FakeBedrock::instant().serve(listener).await });
    url
}
