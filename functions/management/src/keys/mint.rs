//! A new key, however it was asked for.

use std::collections::BTreeMap;

use shared::api::ApiError;
use shared::store::{CreateError, KeyEntry, StoreError};
use stargate_core::audit::Action;
use stargate_core::entity::Key;
use stargate_core::id::{OrgId, TeamId, UserId, random_key_id};
use stargate_core::moment::Moment;
use stargate_core::period::KeyDuration;
use stargate_core::policy::Permit;
use stargate_core::scope::{KeyOwner, Limits, LinkedScopes, Scope};
use stargate_core::secret::Secret;

use super::KeyRow;
use crate::ManagementState;
use crate::audit::{AuditRecorder, KEYS};
use crate::model_limits::ModelLimitsPatch;

/// What a key is to be.
pub struct NewKey {
    /// `None`: a random one.
    pub secret: Option<Secret>,
    pub alias: Option<String>,
    /// `None`: for ever.
    pub duration: Option<KeyDuration>,
    pub user: Option<UserId>,
    /// Whether the request says that the key belongs to no user: `"user_id": null`.
    pub is_service_key: bool,
    pub team: Option<TeamId>,
    pub org: Option<OrgId>,
    pub limits: Limits,
    pub model_limits: ModelLimitsPatch,
    pub metadata: String,
    pub aliases: BTreeMap<String, String>,
    pub tags: Vec<String>,
    pub is_session: bool,
}

/// A key that was just made, and its secret, which is shown once.
pub struct CreatedKey {
    pub secret: Secret,
    pub entry: KeyEntry,
}

impl CreatedKey {
    /// Writes down that the key was made.
    pub async fn note(
        &self,
        app: &ManagementState,
        scribe: &AuditRecorder<'_>,
        now: Moment,
    ) -> Result<(), ApiError> {
        let row = KeyRow::read(app, &self.entry, now).await?;
        scribe.note(Action::Created, (KEYS, row.hash()), None, Some(&row)).await;
        Ok(())
    }
}

/// Creates a key, or says what stands against it.
pub async fn create_key(
    app: &ManagementState,
    _permit: &Permit,
    order: NewKey,
    now: Moment,
) -> Result<CreatedKey, ApiError> {
    let secret = match order.secret {
        Some(secret) => secret,
        None => Secret::generate().map_err(StoreError::from)?,
    };
    let expires = order.duration.map(|duration| Moment::from_seconds(duration.expires(now.seconds())));
    let key = Key {
        id: random_key_id().map_err(StoreError::from)?,
        hint: secret.hint(),
        alias: order.alias,
        holder: KeyOwner { secret: secret.hash(), user: order.user, team: order.team },
        ties: LinkedScopes { org: order.org, aliases: order.aliases, ..LinkedScopes::default() },
        limits: Limits { expires, ..order.limits },
        metadata: order.metadata,
        tags: order.tags,
        is_session: order.is_session,
        created: now,
    };
    app.store.create_key(&key).await.map_err(|error| not_unique(error, key.alias.as_deref()))?;
    let gone = || ApiError::NotFound {
        param: Some("key".to_owned()),
        message: "key: the key was deleted while it was made".to_owned(),
    };
    let find = || async { app.store.keys(std::slice::from_ref(&key.id)).await?.pop().ok_or_else(gone) };
    let entry = find().await?;
    if !order.model_limits.is_asked() {
        return Ok(CreatedKey { secret, entry });
    }
    let scope = Scope::Key(key.id.clone());
    if let Err(fault) = order.model_limits.apply(app, &scope, &entry.state, now).await {
        // All or nothing: nobody knows its secret yet.
        app.store.delete_key(&key.id).await?;
        return Err(fault);
    }
    Ok(CreatedKey { secret, entry: find().await? })
}

/// Refuses an alias that a key has.
pub async fn must_be_free(app: &ManagementState, alias: &str) -> Result<(), ApiError> {
    match app.store.find_key_by_alias(alias).await? {
        None => Ok(()),
        Some(_) => Err(not_unique(CreateError::Taken { field: "key_alias" }, Some(alias))),
    }
}

/// Why a key was not created.
pub fn not_unique(error: CreateError, alias: Option<&str>) -> ApiError {
    match error {
        CreateError::Store(error) => error.into(),
        CreateError::Taken { field: "key_alias" } => {
            let message = format!("key_alias: Key with alias '{}' already exists", alias.unwrap_or_default());
            ApiError::Conflict { param: Some("key_alias".to_owned()), message }
        }
        CreateError::Taken { field } => {
            let message = format!("{field}: this key exists already");
            ApiError::Conflict { param: Some(field.to_owned()), message }
        }
        CreateError::Gone { field } => {
            let message = format!("{field}: it is not there, or not in the team");
            ApiError::Conflict { param: Some(field.to_owned()), message }
        }
    }
}
