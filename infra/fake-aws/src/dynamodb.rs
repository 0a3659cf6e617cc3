//! An embedded DynamoDB.

use std::io;
use std::path::Path;

use dynoxide::{Database, server};
use tokio::task::JoinHandle;

use crate::serve;

/// A database of a file, or one in memory.
pub fn open(path: Option<&Path>) -> Result<Database, Box<dyn std::error::Error + Send + Sync>> {
    let database = match path {
        Some(path) => Database::new(&path.to_string_lossy()),
        None => Database::memory(),
    };
    Ok(database.map_err(|error| format!("the embedded table could not be opened: {error}"))?)
}

/// Serves a database at a free port, as one of the tasks. Returns its URL.
pub async fn serve_database(database: Database, tasks: &mut Vec<JoinHandle<()>>) -> io::Result<String> {
    let serving = async move |listener| {
        server::serve_on(listener, database).await;
        Ok(())
    };
    serve("DynamoDB", serving, tasks).await
}
