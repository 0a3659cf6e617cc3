//! Sessions and passwords.

use std::collections::{BTreeMap, BTreeSet};

use shared::api::ApiError;
use shared::store::{StoreError, UserIdentity};
use stargate_core::id::{KeyId, UserId};
use stargate_core::password::{Password, RULE};
use stargate_core::period::KeyDuration;
use stargate_core::policy::Permit;
use stargate_core::scope::Limits;
use stargate_core::secret::Secret;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::audit_log::AuditRecorder;
use crate::authorize::RequestContext;
use crate::provisioning::create_key::{CreatedKey, create_key};
use crate::provisioning::new_key::NewKey;
use crate::request::model_limits::ModelLimitsPatch;
use crate::state::ManagementState;

/// Where a browser goes when it has a session.
pub const LOGIN_URL: &str = "/ui/?login=success";

/// The most sessions of one user: the oldest ends when there would be more.
pub const MAX_SESSIONS: usize = 20;

/// LiteLLM's word for no model at all.
pub const NO_MODELS: &str = "no-default-models";

/// Begins a session. Those that are over are cleared away.
pub async fn start_session(
    app: &ManagementState,
    permit: &Permit,
    ask: &RequestContext,
    user: &UserId,
) -> Result<CreatedKey, ApiError> {
    let mut sessions = app.store.keys(&app.store.sessions_of_user(user).await?).await?;
    sessions.sort_by_key(|entry| std::cmp::Reverse(entry.key.created));
    let is_over = |at: usize, end| at + 1 >= MAX_SESSIONS || end <= Some(ask.now);
    for (at, entry) in sessions.iter().enumerate() {
        if is_over(at, entry.key.limits.expires) {
            app.store.delete_key(&entry.key.id).await?;
        }
    }
    let order = NewKey {
        secret: None,
        alias: None,
        duration: KeyDuration::parse("24h").ok(),
        user: Some(user.clone()),
        is_service_key: false,
        team: None,
        org: None,
        limits: Limits { models: BTreeSet::from([NO_MODELS.to_owned()]), ..Limits::default() },
        model_limits: ModelLimitsPatch::default(),
        aliases: BTreeMap::new(),
        metadata: "{}".to_owned(),
        tags: Vec::new(),
        is_session: true,
    };
    let minted = create_key(app, permit, order, ask.now).await?;
    minted.note(app, &AuditRecorder::new(app, permit, ask), ask.now).await?;
    Ok(minted)
}

/// Ends the sessions of a user, but for one.
pub async fn end_sessions(app: &ManagementState, user: &UserId, but: Option<&KeyId>) -> Result<(), ApiError> {
    for id in app.store.sessions_of_user(user).await? {
        if Some(&id) != but {
            app.store.delete_key(&id).await?;
        }
    }
    Ok(())
}

/// Gives a user another password than `before`, or none, and ends what the old one opened: sessions, but for one, before as
/// well as after, since this call may end in between; and open invitations.
pub async fn replace_password(
    app: &ManagementState,
    person: &UserIdentity,
    before: Option<&Password>,
    after: Option<&Password>,
    but: Option<&KeyId>,
) -> Result<(), ApiError> {
    end_sessions(app, &person.id, but).await?;
    if !app.store.replace_password(person, before, after).await? {
        let message = "password: it was changed meanwhile; try again".to_owned();
        return Err(ApiError::Conflict { param: Some("password".to_owned()), message });
    }
    app.store.end_invitations(&person.id, None).await?;
    end_sessions(app, &person.id, but).await
}

/// Whether a secret is a user's password.
pub enum PasswordCheck {
    /// It is this one.
    Right(Password),
    Wrong,
}

/// Checks a password of a user, of whom there may be none: that takes as long.
pub async fn check_password(
    app: &ManagementState,
    person: &UserIdentity,
    secret: Secret,
) -> Result<PasswordCheck, ApiError> {
    let stored = app.store.password_of(person).await?;
    let asked = stored.clone();
    let is_right = hashing(move || Password::verify(asked.as_ref(), &secret)).await?;
    Ok(match stored {
        Some(password) if is_right => PasswordCheck::Right(password),
        _ => PasswordCheck::Wrong,
    })
}

/// A password as it is stored.
pub async fn hash_password(field: &'static str, secret: Secret) -> Result<Password, ApiError> {
    let hash = hashing(move || Password::hash(&secret)).await?;
    hash.map_err(StoreError::from)?.ok_or_else(|| ApiError::invalid(field, RULE))
}

/// Hashing takes long enough to be in the way of other people's streams, and 19 MiB each: a few at a time, elsewhere.
pub async fn hashing<T: Send + 'static>(hash: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
    static CONCURRENCY: Semaphore = Semaphore::const_new(4);
    let _place = CONCURRENCY.acquire().await.map_err(|_| ApiError::Bug)?;
    spawn_blocking(hash).await.map_err(|_| ApiError::Bug)
}
