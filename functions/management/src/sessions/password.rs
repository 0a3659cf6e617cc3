//! `POST /user/password/change`

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;
use shared::audit::Action;
use shared::fault::{Fault, Kind};
use shared::id::UserId;
use shared::password::{Password, RULE};
use shared::policy::{Caller, Forbidden, Permit};
use shared::secret::Secret;
use shared::store::StoreError;
use shared::web::json_answer;
use tokio::task::spawn_blocking;

use super::end_all;
use crate::App;
use crate::audit::{Scribe, USERS};
use crate::fields::Fields;
use crate::guard::Ask;
use crate::users::UserRow;

/// Changes the caller's password, by the one that it has, and ends their other sessions.
pub async fn change_password(app: App, permit: Permit, ask: Ask) -> Result<Response, Fault> {
    ask.query.only(&[])?;
    let mut fields = Fields::read(&ask.body)?;
    let given = |name: &'static str| move || Fault::invalid(name, "must be given");
    let current = fields.text("current_password")?.value().ok_or_else(given("current_password"))?;
    let new = fields.text("new_password")?.value().ok_or_else(given("new_password"))?;
    fields.finish()?;
    let Caller::User { id, key, .. } = permit.caller() else {
        return Err(Forbidden("only users have passwords").into());
    };
    if let Some(until) = app.store.count_login(id.as_str(), ask.now).await? {
        return Err(Fault::TooManyTries { retry_after: ask.now.seconds_until(until).max(1) });
    }
    if !is_password(&app, id, Secret::new(current)).await? {
        return Err(Forbidden("current_password is not the password").into());
    }
    let new = hashed("new_password", Secret::new(new)).await?;
    set_password(&app, id, Some(&new)).await?;
    end_all(&app, id, Some(key)).await?;
    let scribe = Scribe::new(&app, &permit, &ask);
    // That it was changed is all that there is to tell.
    scribe.note::<UserRow>(Action::Updated, (USERS, id.as_str()), None, None).await;
    Ok(json_answer(StatusCode::OK, &json!({"user_id": id})))
}

/// Gives a user another password, or none.
pub async fn set_password(app: &App, user: &UserId, password: Option<&Password>) -> Result<(), Fault> {
    let before = app.store.password_of(user).await?;
    if app.store.replace_password(user, before.as_ref(), password).await? {
        return Ok(());
    }
    let message = "password: it was changed meanwhile; try again".to_owned();
    Err(Fault::Conflict { param: Some("password".to_owned()), message })
}

/// A password as it is stored. Hashing it takes long enough to be in the way of other people's streams.
pub async fn hashed(field: &'static str, secret: Secret) -> Result<Password, Fault> {
    let hash = spawn_blocking(move || Password::hash(&secret)).await.map_err(lost)?;
    hash.map_err(StoreError::from)?.ok_or_else(|| Fault::invalid(field, RULE))
}

/// Whether it is the user's password, of whom there may be none: that takes as long.
pub async fn is_password(app: &App, user: &UserId, secret: Secret) -> Result<bool, Fault> {
    let stored = app.store.password_of(user).await?;
    spawn_blocking(move || Password::verify(stored.as_ref(), &secret)).await.map_err(lost)
}

fn lost(_: tokio::task::JoinError) -> Fault {
    let (status, kind) = (StatusCode::INTERNAL_SERVER_ERROR, Kind::Api);
    Fault::Upstream {
        status,
        kind,
        message: "the password could not be checked".to_owned(),
        retry_after: None,
    }
}
