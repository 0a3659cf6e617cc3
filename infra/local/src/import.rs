//! `stargate import`: a LiteLLM installation's users, teams and keys, from an export of its tables.
//!
//! Keys go on working: LiteLLM stores the SHA-256 of a key, and so does Stargate. It may be repeated: what is there already
//! is left as it is, but that it is charged what was spent there since, and bound by what binds it there; what was deleted here
//! stays deleted.
//!
//! - `file` an export: JSON, JSON lines or CSV; `row` one row of it, field by field
//! - `dump` all tables of an export, as the things that they are
//! - `apply` those things, written; `report` what came of it

mod apply;
mod dump;
mod file;
mod report;
mod row;

use std::io;
use std::path::PathBuf;

use clap::Args;
use shared::model::Catalog;
use shared::moment::Moment;
use shared::store::{Store, StoreError};

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

    /// Take tables that are not in the folder for empty: what they limit is then without limits.
    #[arg(long)]
    pub partial: bool,

    /// Write to the table of a deployment (STARGATE_TABLE), with the credentials that the AWS SDK finds.
    #[arg(long)]
    pub aws: bool,
}

/// Imports a folder of exported tables. What is wrong with single rows is in the report.
///
/// # Errors
/// An export that cannot be read at all. A table that does not answer ends the import, which may be repeated; the report of
/// what was done until then comes with the error.
pub async fn import(
    options: &ImportOptions,
    store: &Store,
    catalog: &Catalog,
    now: Moment,
) -> io::Result<(Report, Result<(), StoreError>)> {
    let mut report = Report::default();
    let dump = Dump::read(&options.from, options.partial, now, &mut report)?;
    let (made, taken) = Default::default();
    let mut import = Import { store, catalog, now, is_dry: options.dry_run, report, made, taken };
    let ended = Box::pin(import.everything(&dump)).await;
    Ok((import.report, ended))
}
