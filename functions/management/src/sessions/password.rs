//! `POST /user/password/change`

use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use shared::api::{ApiError, json_response};
use shared::store::{StoreError, UserIdentity};
use stargate_core::audit::Action;
use stargate_core::id::{KeyId, UserId};
use stargate_core::password::{Password, RULE};
use stargate_core::policy::{Caller, PermissionError, Permit};
use stargate_core::secret::Secret;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::end_all;
use crate::ManagementState;
use crate::audit::{AuditRecorder, USERS};
use crate::fields::RequestBody;
use crate::guard::RequestContext;
use crate::openapi::{Operation, schema_of};
use crate::users::UserRow;

#[derive(JsonSchema, Serialize)]
struct ChangePasswordResponse {
    user_id: UserId,
}

pub const OPERATION: Operation =
    Operation::new("Changes the caller's password", schema_of::<ChangePasswordResponse>)
        .takes(&[&["current_password", "new_password"]])
        .needs(&["current_password", "new_password"]);

/// Changes the caller's password, by the one that it has, and ends their other sessions.
pub async fn change_password(
    app: ManagementState,
    permit: Permit,
    ask: RequestContext,
    mut fields: RequestBody,
) -> Result<Response, ApiError> {
    let given = |name: &'static str| move || ApiError::invalid(name, "must be given");
    let current = fields.text("current_password")?.value().ok_or_else(given("current_password"))?;
    let new = fields.text("new_password")?.value().ok_or_else(given("new_password"))?;
    fields.finish()?;
    let Caller::User { id, key, .. } = permit.caller() else {
        return Err(PermissionError("only users have passwords").into());
    };
    if let Some(until) = app.store.count_login(id.as_str(), ask.now).await? {
        return Err(ApiError::TooManyTries { retry_after: ask.now.seconds_until(until).max(1) });
    }
    let entry = app.store.find_user(id).await?.ok_or(ApiError::Unauthenticated("Invalid API key"))?;
    let person = UserIdentity::from(&entry.user);
    let PasswordCheck::Right(before) = prove(&app, &person, Secret::new(current)).await? else {
        return Err(PermissionError("current_password is not the password").into());
    };
    let new = hash_password("new_password", Secret::new(new)).await?;
    // Only if it is still what was proven: an administrator may have set another meanwhile.
    replace(&app, &person, Some(&before), Some(&new), Some(key)).await?;
    let scribe = AuditRecorder::new(&app, &permit, &ask);
    // That it was changed is all that there is to tell.
    scribe.note::<UserRow>(Action::Updated, (USERS, id.as_str()), None, None).await;
    Ok(json_response(StatusCode::OK, &ChangePasswordResponse { user_id: id.clone() }))
}

/// Gives a user another password than `before`, or none, and ends what the old one opened: sessions, but for one, before as
/// well as after, since this call may end in between; and open invitations.
pub async fn replace(
    app: &ManagementState,
    person: &UserIdentity,
    before: Option<&Password>,
    after: Option<&Password>,
    but: Option<&KeyId>,
) -> Result<(), ApiError> {
    end_all(app, &person.id, but).await?;
    if !app.store.replace_password(person, before, after).await? {
        let message = "password: it was changed meanwhile; try again".to_owned();
        return Err(ApiError::Conflict { param: Some("password".to_owned()), message });
    }
    app.store.end_invitations(&person.id, None).await?;
    end_all(app, &person.id, but).await
}

/// Whether a secret is a user's password.
pub enum PasswordCheck {
    /// It is this one.
    Right(Password),
    Wrong,
}

/// Checks a password of a user, of whom there may be none: that takes as long.
pub async fn prove(
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
async fn hashing<T: Send + 'static>(hash: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
    static AT_ONCE: Semaphore = Semaphore::const_new(4);
    let _place = AT_ONCE.acquire().await.map_err(|_| ApiError::Bug)?;
    spawn_blocking(hash).await.map_err(|_| ApiError::Bug)
}
