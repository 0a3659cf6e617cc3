//! What `cargo run` takes on its command line. Settings that a deployment has too are environment variables.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use stargate_import::ImportOptions;

/// Serves the whole gateway on 127.0.0.1: inference, management and the scheduled reset.
#[derive(Clone, Debug, Parser)]
#[command(name = "stargate", version)]
pub struct LocalOptions {
    #[command(subcommand)]
    pub command: Option<Command>,

    /// The port to serve on; 0 picks a free one.
    #[arg(long, default_value_t = 4000)]
    pub port: u16,

    /// Where users, keys and spend are kept between runs.
    #[arg(long, global = true, default_value = ".stargate")]
    pub data_dir: PathBuf,

    /// Keep nothing: a fresh table at every start.
    #[arg(long, global = true, conflicts_with = "data_dir")]
    pub in_memory: bool,

    /// Which Bedrock answers: the scripted one, or AWS (or whatever AWS_ENDPOINT_URL_BEDROCK_RUNTIME names).
    #[arg(long, value_enum, default_value_t = BedrockTarget::Fake)]
    pub bedrock: BedrockTarget,

    /// A DynamoDB endpoint to use instead of the embedded one.
    #[arg(long, global = true, env = "AWS_ENDPOINT_URL_DYNAMODB")]
    pub dynamodb: Option<String>,

    /// How fast the scripted Bedrock talks.
    #[arg(long, value_enum, default_value_t = Pace::Human)]
    pub pace: Pace,
}

/// What to do instead of serving.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Import the users, teams and keys of a LiteLLM installation, from an export of its tables.
    Import(ImportOptions),
    /// Run the stand-ins alone, for the functions under `cargo lambda watch`.
    Services(ServicesOptions),
}

#[derive(Args, Clone, Debug)]
pub struct ServicesOptions {
    /// Where the functions' environment is written, for `cargo lambda watch --env-file`.
    #[arg(long, default_value = ".stargate/services.env")]
    pub env_file: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BedrockTarget {
    Fake,
    Aws,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Pace {
    Human,
    Instant,
}
