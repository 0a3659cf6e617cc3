//! Which key a request means, and whether its caller may touch it.

use shared::api::ApiError;
use shared::store::KeyEntry;
use stargate_core::entity::Key;
use stargate_core::id::KeyId;
use stargate_core::policy::{PermissionError, Permit};
use stargate_core::secret::Secret;

use crate::provisioning::find_team;
use crate::request::body::RequestBody;
use crate::request::ids::key_hash;
use crate::state::ManagementState;

/// A key by its secret or its hash, within the caller's reach.
pub async fn by_secret(
    app: &ManagementState,
    permit: &Permit,
    field: &str,
    text: &str,
) -> Result<KeyEntry, ApiError> {
    let pointer = app.store.find_pointer(&key_hash(text)).await?;
    // A secret is named by its end only: this text is logged.
    let missing = || unknown_key(field, &Secret::new(text).hint());
    let id = pointer.ok_or_else(missing)?.key;
    within_reach(app, permit, &id).await?.ok_or_else(missing)
}

/// A key that may be changed: a session ends, and is nothing else.
pub async fn changeable(
    app: &ManagementState,
    permit: &Permit,
    field: &str,
    text: &str,
) -> Result<KeyEntry, ApiError> {
    let entry = by_secret(app, permit, field, text).await?;
    match entry.key.is_session {
        false => Ok(entry),
        true => Err(ApiError::invalid(field, "is a session, which cannot be changed")),
    }
}

/// The key of a body's `key`.
pub async fn of_body(
    app: &ManagementState,
    permit: &Permit,
    fields: &mut RequestBody,
) -> Result<KeyEntry, ApiError> {
    let text = fields.text("key")?.value().ok_or_else(|| ApiError::invalid("key", "must be given"))?;
    changeable(app, permit, "key", &text).await
}

/// A key by its id: one's own, one of a team that one administers, or any to those who reach everything.
pub async fn within_reach(
    app: &ManagementState,
    permit: &Permit,
    id: &KeyId,
) -> Result<Option<KeyEntry>, ApiError> {
    let Some(entry) = app.store.keys(std::slice::from_ref(id)).await?.pop() else {
        return Ok(None);
    };
    let holder = &entry.key.holder;
    if permit.reaches_key(id, holder.user.as_ref()) {
        return Ok(Some(entry));
    }
    if let Some(team) = &holder.team
        && find_team::may_administer(app, permit, team).await?
    {
        return Ok(Some(entry));
    }
    Err(PermissionError("this key is not yours").into())
}

/// Whether a key belongs to another user, and the caller reaches it only as an administrator of its team. A new secret would
/// let the caller spend that user's budget; new aliases would decide what that user pays for.
pub fn is_key_of_another(permit: &Permit, key: &Key) -> bool {
    key.holder.user.is_some() && !permit.reaches_key(&key.id, key.holder.user.as_ref())
}

/// A key by its alias, which anybody may guess: one out of reach is as unknown as one that is not there.
pub async fn by_alias(
    app: &ManagementState,
    permit: &Permit,
    field: &str,
    alias: &str,
) -> Result<KeyEntry, ApiError> {
    let missing = || unknown_key(field, alias);
    let id = app.store.find_key_by_alias(alias).await?.ok_or_else(missing)?;
    match within_reach(app, permit, &id).await {
        Ok(Some(entry)) => Ok(entry),
        Ok(None) | Err(ApiError::Forbidden(_)) => Err(missing()),
        Err(fault) => Err(fault),
    }
}

pub fn unknown_key(field: &str, which: &str) -> ApiError {
    ApiError::NotFound { param: Some(field.to_owned()), message: format!("{field}: No keys found: {which}") }
}
