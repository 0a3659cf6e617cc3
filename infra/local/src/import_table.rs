//! The table without a gateway: what an import reads and writes.

use std::path::Path;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::describe_table::DescribeTableError;
use server::BoxError;
use shared::runtime::config::Config;
use shared::store::{self, Store};
use stargate_import::ImportOptions;
use tokio::task::JoinHandle;

use crate::data_dir::DataDir;
use crate::local_services::{on_aws, serve_table, table};
use crate::options::LocalOptions;

/// Opens a deployment's table on AWS, or the table of the gateway on this machine. A dry run reads the table that exists. It
/// creates no table, no folder and no file.
pub async fn table_alone(
    options: &LocalOptions,
    asked: &ImportOptions,
    config: &Config,
) -> Result<Store, BoxError> {
    // The embedded engine ends with the process.
    let mut tasks = Vec::new();
    let db = if asked.aws {
        open_deployed_table(config).await?
    } else if asked.dry_run {
        open_table_read_only(options, config, &mut tasks).await?
    } else if options.in_memory {
        return Err("import --in-memory would keep nothing: leave it out, or add --dry-run".into());
    } else {
        let data = DataDir::open(options.dynamodb.is_none().then_some(options.data_dir.as_path()))
            .map_err(|error| format!("--data-dir {}: {error}", options.data_dir.display()))?;
        let (db, _) = table(options, &data, &mut tasks).await?;
        store::create_table(&db, &config.table).await?;
        db
    };
    Ok(Store::new(db, &config.table, config.terms.clone()))
}

async fn open_deployed_table(config: &Config) -> Result<Client, BoxError> {
    let (db, name) = (store::client(&on_aws().await), &config.table);
    match table_exists(&db, name).await {
        Some(false) => {
            Err(format!("there is no table {name}: STARGATE_TABLE must be the deployment's output Table")
                .into())
        }
        _ => Ok(db),
    }
}

/// The table that is there, read only; or an empty one in memory.
async fn open_table_read_only(
    options: &LocalOptions,
    config: &Config,
    tasks: &mut Vec<JoinHandle<()>>,
) -> Result<Client, BoxError> {
    if options.dynamodb.is_some() {
        let (db, _) = table(options, &DataDir::existing(None), tasks).await?;
        if table_exists(&db, &config.table).await != Some(false) {
            return Ok(db);
        }
    }
    let is_embedded = options.dynamodb.is_none() && !options.in_memory;
    let data = DataDir::existing(is_embedded.then_some(options.data_dir.as_path()));
    let kept = data.table().filter(|path| path.exists());
    let database = dynoxide::Database::memory()?;
    if let Some(path) = &kept {
        database
            .restore_from(&read_only_uri(path))
            .map_err(|error| format!("{} could not be read: {error}", path.display()))?;
    }
    let (db, _) = serve_table(database, tasks).await?;
    if kept.is_none() || table_exists(&db, &config.table).await == Some(false) {
        store::create_table(&db, &config.table).await?;
    }
    Ok(db)
}

/// Whether there is such a table. `None`: nobody says, as where reading is all that is allowed.
async fn table_exists(db: &Client, table: &str) -> Option<bool> {
    match db.describe_table().table_name(table).send().await {
        Ok(_) => Some(true),
        Err(error) => match error.into_service_error() {
            DescribeTableError::ResourceNotFoundException(_) => Some(false),
            _ => None,
        },
    }
}

/// Names a SQLite file so that reading it leaves nothing beside it. After a kill, or while a gateway runs, recent writes are in
/// the write-ahead log beside the file and must be read too. Without a log SQLite must not create one.
fn read_only_uri(path: &Path) -> String {
    let text = path.to_string_lossy();
    let log = format!("{text}-wal");
    let has_log = std::fs::metadata(&log).is_ok_and(|log| log.len() > 0);
    let how = if has_log { "mode=ro&readonly_shm=1" } else { "mode=ro&immutable=1" };
    let escaped: String = text
        .bytes()
        .map(|byte| match char::from(byte) {
            plain if plain.is_ascii_alphanumeric() || "/.-_~".contains(plain) => plain.to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect();
    format!("file:{escaped}?{how}")
}
