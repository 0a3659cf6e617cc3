//! A new key, however it was asked for.

use crate::provisioning::find_organization;
use crate::rows::key::GenerateKeyResponse;

use axum::http::StatusCode;
use axum::response::Response;
use shared::api::{ApiError, json_response};
use shared::store::{CreateError, KeyEntry, StoreError};
use stargate_core::audit::Action;
use stargate_core::entity::Key;
use stargate_core::id::random_key_id;
use stargate_core::moment::Moment;
use stargate_core::policy::Permit;
use stargate_core::scope::{KeyOwner, Limits, LinkedScopes, Scope};
use stargate_core::secret::Secret;

use crate::audit_log::{AuditRecorder, KEYS};
use crate::authorize::RequestContext;
use crate::provisioning::key_owner::{check_owner, check_team_membership};
use crate::provisioning::new_key::NewKey;
use crate::provisioning::user_ref::{UserRef, ensure_user};
use crate::rows::created_users::CreatedUsers;
use crate::rows::key::KeyRow;
use crate::state::ManagementState;

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
    if let Err(fault) = order.model_limits.apply(&app.store, &scope, &entry.state, now).await {
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

/// Makes a key that was ordered, if the caller may order it.
pub async fn create_requested_key(
    app: ManagementState,
    permit: Permit,
    ask: RequestContext,
    order: NewKey,
) -> Result<Response, ApiError> {
    let order = check_owner(&app, &permit, order).await?;
    // What would be refused is refused before a user is created for it.
    if let Some(alias) = &order.alias {
        must_be_free(&app, alias).await?;
    }
    if let Some(secret) = &order.secret
        && app.store.find_pointer(&secret.hash()).await?.is_some()
    {
        return Err(not_unique(CreateError::Taken { field: "key" }, None));
    }
    if let Some(org) = &order.org {
        if order.team.is_some() {
            return Err(ApiError::invalid("organization_id", "is the team's where there is a team_id"));
        }
        find_organization::require_organization(&app, org).await?;
    }
    let scribe = AuditRecorder::new(&app, &permit, &ask);
    let mut created = CreatedUsers::default();
    if let Some(team) = &order.team {
        check_team_membership(&app, team, order.user.as_ref()).await?;
    } else if let Some(user) = &order.user {
        ensure_user(&app, &scribe, &UserRef::Id(user.clone()), &mut created, ask.now).await?;
    }
    let minted = create_key(&app, &permit, order, ask.now).await?;
    minted.note(&app, &scribe, ask.now).await?;
    let row = KeyRow::read(&app, &minted.entry, ask.now).await?;
    Ok(json_response(
        StatusCode::OK,
        &GenerateKeyResponse { created, ..GenerateKeyResponse::with_secret(&minted.secret, row) },
    ))
}
