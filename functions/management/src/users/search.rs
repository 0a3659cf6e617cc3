//! Users by how a part of their id or address begins.

use shared::fault::Fault;
use shared::store::UserEntry;
use shared::user::{SHORTEST_PREFIX, parts};

use crate::App;

/// The users of whom a part begins so, whatever its case. `field` is where the beginning was sent.
pub async fn search(app: &App, field: &str, prefix: &str) -> Result<Vec<UserEntry>, Fault> {
    let found = app.store.search_users(prefix).await?;
    let ids = found.ok_or_else(|| {
        Fault::invalid(field, format!("must have at least {SHORTEST_PREFIX} characters to search by"))
    })?;
    let prefix = prefix.trim().to_lowercase();
    let mut entries = app.store.users(&ids).await?;
    // What was found may be how a user was called before.
    entries.retain(|entry| {
        let parts = parts(&entry.user.id, entry.user.email.as_deref());
        parts.iter().any(|part| part.starts_with(&prefix))
    });
    Ok(entries)
}
