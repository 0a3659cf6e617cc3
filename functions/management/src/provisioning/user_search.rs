//! Users by how a part of their id or address begins.

use shared::api::ApiError;
use shared::store::{Search, UserEntry};
use stargate_core::entity::{MIN_PREFIX_LEN, search_terms};
use stargate_core::id::UserId;

use crate::state::ManagementState;

/// The ids of users of whom a part begins so, whatever its case. `field` is where the beginning was sent.
pub async fn search(app: &ManagementState, field: &str, prefix: &str) -> Result<Vec<UserId>, ApiError> {
    match app.store.search_users(prefix).await? {
        Search::Found(ids) => Ok(ids),
        Search::TooShort => Err(ApiError::invalid(
            field,
            format!("must have at least {MIN_PREFIX_LEN} characters to search by"),
        )),
        Search::TooMany => {
            Err(ApiError::invalid(field, "finds more users than one search shows: write more of it"))
        }
    }
}

/// The users of some of these ids, but for those who are called otherwise by now.
pub async fn read_matching(
    app: &ManagementState,
    ids: &[UserId],
    prefix: &str,
) -> Result<Vec<UserEntry>, ApiError> {
    let prefix = prefix.trim().to_lowercase();
    let mut entries = app.store.users(ids).await?;
    entries.retain(|entry| {
        let terms = search_terms(&entry.user.id, entry.user.email.as_deref());
        terms.iter().any(|part| part.starts_with(&prefix))
    });
    Ok(entries)
}
