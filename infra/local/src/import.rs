//! `stargate import`: a LiteLLM installation's users, teams and keys, from an export of its tables.
//!
//! Keys go on working: LiteLLM stores the SHA-256 of a key, and so does Stargate. It may be repeated: what is there already
//! is left as it is, but for the spend of what has spent nothing here yet.
//!
//! - `file` an export: JSON, JSON lines or CSV; `row` one row of it, field by field
//! - `dump` all tables of an export, as the things that they are
//! - `apply` those things, written; `report` what came of it

mod apply;
mod dump;
mod file;
mod report;
mod row;

use std::path::PathBuf;

use clap::Args;
use shared::model::Catalog;
use shared::moment::Moment;
use shared::store::Store;

use apply::Import;
use dump::Dump;
pub use report::Report;

/// What `stargate import` takes.
#[derive(Clone, Debug, Args)]
pub struct ImportOptions {
    /// The folder with the exported tables: LiteLLM_UserTable.json (or .jsonl, .csv) and so on.
    #[arg(long)]
    pub from: PathBuf,

    /// Say what would be done, and do nothing.
    #[arg(long)]
    pub dry_run: bool,

    /// Write to the table of a deployment (STARGATE_TABLE), with the credentials that the AWS SDK finds.
    #[arg(long)]
    pub aws: bool,
}

/// Imports a folder of exported tables.
///
/// # Errors
/// An export that cannot be read at all, or a table that does not answer. What is wrong with single rows is in the report.
pub async fn import(
    options: &ImportOptions,
    store: &Store,
    catalog: &Catalog,
    now: Moment,
) -> Result<Report, Box<dyn std::error::Error + Send + Sync>> {
    let mut report = Report::default();
    let dump = Dump::read(&options.from, now, &mut report)?;
    let mut import = Import { store, catalog, now, is_dry: options.dry_run, report };
    Box::pin(import.everything(dump)).await?;
    Ok(import.report)
}
