//! Users by how a part of their id or address begins.

use shared::fault::Fault;
use shared::id::UserId;
use shared::store::{Search, UserEntry};
use shared::user::{SHORTEST_PREFIX, parts};

use crate::App;

/// The ids of users of whom a part begins so, whatever its case. `field` is where the beginning was sent.
pub async fn search(app: &App, field: &str, prefix: &str) -> Result<Vec<UserId>, Fault> {
    match app.store.search_users(prefix).await? {
        Search::Found(ids) => Ok(ids),
        Search::TooShort => Err(Fault::invalid(
            field,
            format!("must have at least {SHORTEST_PREFIX} characters to search by"),
        )),
        Search::TooMany => {
            Err(Fault::invalid(field, "finds more users than one search shows: write more of it"))
        }
    }
}

/// The users of some of these ids, but for those who are called otherwise by now.
pub async fn found(app: &App, ids: &[UserId], prefix: &str) -> Result<Vec<UserEntry>, Fault> {
    let prefix = prefix.trim().to_lowercase();
    let mut entries = app.store.users(ids).await?;
    entries.retain(|entry| {
        let parts = parts(&entry.user.id, entry.user.email.as_deref());
        parts.iter().any(|part| part.starts_with(&prefix))
    });
    Ok(entries)
}
