//! `cargo run`: the whole gateway on this machine.

use clap::Parser;
use shared::config::Config;
use shared::telemetry;
use stargate::data::Data;
use stargate::gateway::Gateway;
use stargate::options::Options;
use stargate::welcome;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let options = Options::parse();
    telemetry::init(telemetry::Lines::Text, "info,dynoxide=warn");
    let data = Data::open((!options.in_memory).then_some(options.data_dir.as_path()))?;
    let gateway = Gateway::start(&options, Config::from_env()?, &data).await?;
    let demo_key = welcome::demo_key(&gateway, &data).await?;
    welcome::greet(&gateway, demo_key.as_ref());
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminated.recv() => {}
    }
    gateway.stop().await;
    Ok(())
}
