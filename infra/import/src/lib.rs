//! `stargate import`: a LiteLLM installation's users, teams and keys, from an export of its tables.
//!
//! Keys go on working: LiteLLM stores the SHA-256 of a key, and so does Stargate. It may be repeated: what is there already
//! is left as it is, but that it is charged what was spent there since, and bound by what binds it there; what was deleted here
//! stays deleted.
//!
//! **It removes no limit.** A row whose limits do not exist here is skipped. Whatever belongs to a skipped row is skipped too.
//!
//! - `folder`: the files of an export, as JSON, JSON lines or CSV
//! - `row`, `model_limits`: the fields of one row; `columns`: what becomes of every column
//! - `reader`: the rows of one table; `budget`, `entities`, `members`: what they describe; `dump`: all tables
//! - `skipped`: the rows that are left out
//! - `apply`: writes everything in order; `create`: writes one thing; `report`: the result

mod apply;
mod budget;
mod columns;
mod create;
mod dump;
mod entities;
mod entry;
mod folder;
mod item;
mod members;
mod model_limits;
mod reader;
mod report;
mod row;
mod skipped;

use std::collections::HashSet;
use std::io;
use std::path::PathBuf;

use clap::Args;
use shared::store::{Store, StoreError};
use stargate_core::catalog::Catalog;
use stargate_core::moment::Moment;

use apply::Import;
use dump::Dump;
pub use report::Report;
use skipped::SkippedRows;

/// What `stargate import` takes.
#[derive(Clone, Debug, Args)]
pub struct ImportOptions {
    /// The folder with the exported tables: LiteLLM_UserTable.json (or .jsonl, .csv) and so on.
    #[arg(long)]
    pub from: PathBuf,

    /// Say what would be done, and write nothing: no table, no file, no folder.
    #[arg(long)]
    pub dry_run: bool,

    /// Take tables and columns that are not in the folder for empty: the limits in them are then not carried over.
    #[arg(long)]
    pub partial: bool,

    /// Write to the table of a deployment (STARGATE_TABLE), with the credentials that the AWS SDK finds.
    #[arg(long)]
    pub aws: bool,
}

/// A folder of exported tables, read. What is wrong with single rows is in the report.
pub struct Export {
    dump: Dump,
    report: Report,
    is_dry: bool,
    now: Moment,
}

impl Export {
    /// Reads a folder: nothing is written before all of it can be read.
    ///
    /// # Errors
    /// An export that cannot be read at all.
    pub fn read(options: &ImportOptions, now: Moment) -> io::Result<Self> {
        let mut report = Report::default();
        let dump = Dump::read(&options.from, options.partial, now, &mut report)?;
        Ok(Self { dump, report, is_dry: options.dry_run, now })
    }

    /// Writes the export; a dry run only finds out what would be written. A table that does not answer ends the import. The report
    /// of what was done until then comes with the error. The import may be repeated.
    pub async fn import(
        self,
        creates_missing_users: bool,
        store: &Store,
        catalog: &Catalog,
    ) -> (Report, Result<(), StoreError>) {
        let Self { dump, report, is_dry, now } = self;
        let (here, taken, skipped) = (HashSet::new(), HashSet::new(), SkippedRows::default());
        let mut import =
            Import { store, catalog, now, is_dry, creates_missing_users, report, here, taken, skipped };
        let ended = Box::pin(import.import_all(dump)).await;
        (import.report, ended)
    }
}
