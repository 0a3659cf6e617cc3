//! `POST /user/password/change`

use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use shared::audit::Action;
use shared::fault::Fault;
use shared::id::{KeyId, UserId};
use shared::password::{Password, RULE};
use shared::policy::{Caller, Forbidden, Permit};
use shared::secret::Secret;
use shared::store::{Person, StoreError};
use shared::web::json_answer;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::end_all;
use crate::App;
use crate::audit::{Scribe, USERS};
use crate::fields::Fields;
use crate::guard::Ask;
use crate::openapi::{Operation, schema_of};
use crate::users::UserRow;

#[derive(JsonSchema, Serialize)]
struct Answer {
    user_id: UserId,
}

pub const OPERATION: Operation = Operation::new("Changes the caller's password", schema_of::<Answer>)
    .takes(&[&["current_password", "new_password"]])
    .needs(&["current_password", "new_password"]);

/// Changes the caller's password, by the one that it has, and ends their other sessions.
pub async fn change_password(
    app: App,
    permit: Permit,
    ask: Ask,
    mut fields: Fields,
) -> Result<Response, Fault> {
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
    let entry = app.store.find_user(id).await?.ok_or(Fault::Unauthenticated("Invalid API key"))?;
    let person = Person::from(&entry.user);
    let Proof::Right(before) = prove(&app, &person, Secret::new(current)).await? else {
        return Err(Forbidden("current_password is not the password").into());
    };
    let new = hashed("new_password", Secret::new(new)).await?;
    // Only if it is still what was proven: an administrator may have set another meanwhile.
    replace(&app, &person, Some(&before), Some(&new), Some(key)).await?;
    let scribe = Scribe::new(&app, &permit, &ask);
    // That it was changed is all that there is to tell.
    scribe.note::<UserRow>(Action::Updated, (USERS, id.as_str()), None, None).await;
    Ok(json_answer(StatusCode::OK, &Answer { user_id: id.clone() }))
}

/// Gives a user another password than `before`, or none, and ends what the old one opened: sessions, but for one, before as
/// well as after, since this call may end in between; and open invitations.
pub async fn replace(
    app: &App,
    person: &Person,
    before: Option<&Password>,
    after: Option<&Password>,
    but: Option<&KeyId>,
) -> Result<(), Fault> {
    end_all(app, &person.id, but).await?;
    if !app.store.replace_password(person, before, after).await? {
        let message = "password: it was changed meanwhile; try again".to_owned();
        return Err(Fault::Conflict { param: Some("password".to_owned()), message });
    }
    app.store.end_invitations(&person.id, None).await?;
    end_all(app, &person.id, but).await
}

/// Whether a secret is a user's password.
pub enum Proof {
    /// It is this one.
    Right(Password),
    Wrong,
}

/// Checks a password of a user, of whom there may be none: that takes as long.
pub async fn prove(app: &App, person: &Person, secret: Secret) -> Result<Proof, Fault> {
    let stored = app.store.password_of(person).await?;
    let asked = stored.clone();
    let is_right = hashing(move || Password::verify(asked.as_ref(), &secret)).await?;
    Ok(match stored {
        Some(password) if is_right => Proof::Right(password),
        _ => Proof::Wrong,
    })
}

/// A password as it is stored.
pub async fn hashed(field: &'static str, secret: Secret) -> Result<Password, Fault> {
    let hash = hashing(move || Password::hash(&secret)).await?;
    hash.map_err(StoreError::from)?.ok_or_else(|| Fault::invalid(field, RULE))
}

/// Hashing takes long enough to be in the way of other people's streams, and 19 MiB each: a few at a time, elsewhere.
async fn hashing<T: Send + 'static>(hash: impl FnOnce() -> T + Send + 'static) -> Result<T, Fault> {
    static AT_ONCE: Semaphore = Semaphore::const_new(4);
    let _place = AT_ONCE.acquire().await.map_err(|_| Fault::Bug)?;
    spawn_blocking(hash).await.map_err(|_| Fault::Bug)
}
