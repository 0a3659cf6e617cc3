//! `cargo run`: the whole gateway on this machine.

use std::process::ExitCode;

use clap::Parser;
use server::BoxError;
use shared::runtime::clock::Clock;
use shared::runtime::config::Config;
use shared::runtime::{exit, telemetry};
use shared::store::CatalogCache;
use stargate::banner;
use stargate::data_dir::DataDir;
use stargate::gateway::Gateway;
use stargate::import_table::table_alone;
use stargate::options::{Command, LocalOptions};
use stargate::services::Services;
use stargate_core::catalog::Catalog;
use stargate_import::{Export, ImportOptions};
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> ExitCode {
    exit::report("stargate", run(&LocalOptions::parse()).await)
}

async fn run(options: &LocalOptions) -> Result<(), BoxError> {
    telemetry::init(telemetry::LogFormat::Text);
    if let Some(Command::Import(import)) = &options.command {
        return run_import(options, import).await;
    }
    let data = DataDir::open((!options.in_memory).then_some(options.data_dir.as_path()))?;
    if let Some(Command::Services(asked)) = &options.command {
        let services = Services::start(options, Config::from_env()?, &data).await?;
        services.tell(&asked.env_file)?;
        return Ok(wait_for_end().await?);
    }
    let gateway = Gateway::start(options, Config::from_env()?, &data).await?;
    let demo_key = banner::demo_key(&gateway.store, &gateway.clock, &data).await?;
    banner::print_banner(&gateway, demo_key.as_ref());
    wait_for_end().await?;
    gateway.stop().await;
    Ok(())
}

/// Waits until somebody ends this process.
async fn wait_for_end() -> std::io::Result<()> {
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminated.recv() => Ok(()),
    }
}

/// Imports, and says what came of it. It fails if anything was left out.
#[expect(clippy::print_stdout, reason = "what a command found is its output")]
async fn run_import(options: &LocalOptions, asked: &ImportOptions) -> Result<(), BoxError> {
    let config = Config::from_env()?;
    let now = Clock::default().now();
    let export = Export::read(asked, now)?;
    let store = table_alone(options, asked, &config).await?;
    // A catalog that cannot be read says no more than that the service is busy.
    store.own_models().await?;
    let catalog = match CatalogCache::new(Catalog::load_bundled(&config.profile)?).read(&store, now).await {
        Ok(catalog) => catalog,
        Err(fault) => return Err(format!("the table does not answer: {fault}").into()),
    };
    let (report, ended) = export.import(config.create_missing_users, &store, &catalog).await;
    let heading = if asked.dry_run { "This would be done:" } else { "This was done:" };
    println!("{heading}\n{report}");
    ended?;
    match report.is_whole() {
        true => Ok(()),
        false => Err("some rows were skipped, or are here without their limits: see above".into()),
    }
}
