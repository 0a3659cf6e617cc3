//! The gateway as one server, for those who outgrow Lambda's limits: the public API on one port, the admin API on another.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use inference::{BedrockClient, SoftBudgetAlerts};
use management::AdminAuthenticator;
use server::{AppBuilder, BoxError, Server, combined_router, health, scheduler, spawn};
use shared::api;
use shared::runtime::clock::Clock;
use shared::runtime::config::Config;
use shared::runtime::exit;
use shared::runtime::secrets_manager::{RotatingSecret, Versions};
use shared::runtime::telemetry::{self, LogFormat};
use shared::store::{self, Store};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// Serves the public API and the admin API. Everything else is a setting of the deployment, in the environment.
#[derive(Debug, Parser)]
#[command(name = "stargate-server", version)]
struct ServerOptions {
    /// Where clients and users reach it.
    #[arg(long, env = "STARGATE_PUBLIC_ADDRESS", default_value = "0.0.0.0:8080")]
    public: SocketAddr,

    /// Where administrators reach it, with the master key. It belongs into no public target group.
    #[arg(long, env = "STARGATE_ADMIN_ADDRESS", default_value = "0.0.0.0:8081")]
    admin: SocketAddr,

    /// How many seconds open streams have to end after SIGTERM. Then they are settled with what they have cost.
    #[arg(long, env = "STARGATE_STOP_SECONDS", default_value_t = 100)]
    stop_seconds: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    exit::report("stargate-server", run().await)
}

async fn run() -> Result<(), BoxError> {
    let (options, config) = (ServerOptions::parse(), Config::from_env()?);
    // From the start: the first process of a container ignores signals that it does not ask for.
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    telemetry::init(LogFormat::Json { metrics: config.metrics.clone() });
    let (aws, clock) = (aws_config::load_from_env().await, Clock::default());
    let store = Store::new(store::client(&aws), &config.table, config.terms.clone());
    let origin = config.origin_secret.clone();
    let origin = RotatingSecret::open_any(origin, Versions::CurrentAndPrevious, (&aws, &clock)).await?;
    let topic = config.soft_budget_topic.as_ref();
    let notices = topic.map(|topic| SoftBudgetAlerts::for_topic(&aws, topic)).unwrap_or_default();
    let entrance = match AdminAuthenticator::open(&config, &aws, &clock).await? {
        AdminAuthenticator::SelfService => None,
        // Nobody would say whose signature it is, so nobody would be let in.
        AdminAuthenticator::Iam => {
            return Err("STARGATE_ADMIN_AUTH=iam needs API Gateway, which checks signatures".into());
        }
        entrance @ AdminAuthenticator::MasterKey(_) => Some(entrance),
    };
    let parts = AppBuilder::new(&config, store.clone(), BedrockClient::new(&aws), notices, clock.clone())?;
    parts.check().await?;
    let admin = entrance.map(|entrance| health::with_health_routes(&store, parts.management(entrance)));
    let themselves = parts.management(AdminAuthenticator::SelfService);
    let (calls, settling) = parts.inference();
    let settler = spawn(settling);
    let public = api::require_origin_secret(origin, clock.clone(), combined_router(calls, themselves));
    let upkeep = spawn(scheduler::run_scheduler(store.clone(), clock));

    let public =
        Server::start(TcpListener::bind(options.public).await?, health::with_health_routes(&store, public))?;
    let admin = match admin {
        Some(router) => Some(Server::start(TcpListener::bind(options.admin).await?, router)?),
        None => None,
    };
    tracing::info!(public = %public.address, admin = ?admin.as_ref().map(|admin| admin.address), "listening");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }

    let patience = Duration::from_secs(options.stop_seconds);
    let admin_stops = async {
        if let Some(admin) = admin {
            admin.stop(patience).await;
        }
    };
    tokio::join!(public.stop(patience), admin_stops);
    // What was dropped is settled; nobody sends to it any more.
    if tokio::time::timeout(Duration::from_secs(10), settler).await.is_err() {
        tracing::error!("some dropped calls are left to be swept");
    }
    upkeep.abort();
    Ok(())
}
