//! `POST /login` and `POST /v2/login`

use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use shared::admission::{Refusal, stands};
use shared::fault::Fault;
use shared::id::UserId;
use shared::policy;
use shared::scope::Scope;
use shared::secret::Secret;
use shared::web::json_answer;

use super::password::is_password;
use super::{LOGIN_URL, begin};
use crate::App;
use crate::columns::told;
use crate::fields::Fields;
use crate::guard::Ask;

#[derive(Serialize)]
struct Answer<'a> {
    redirect_url: &'static str,
    token: &'a str,
    user_id: UserId,
    user_role: &'static str,
    expires: Option<String>,
}

/// Begins a session by a user's address or id and their password. An unknown name, a wrong password and a user without one
/// are told in the same words, after the same work.
pub async fn login(app: App, ask: Ask) -> Result<Response, Fault> {
    const WRONG: Fault = Fault::Unauthenticated("Invalid credentials: no such user, or not their password");
    ask.query.only(&[])?;
    let mut fields = Fields::read(&ask.body)?;
    let given = |name: &'static str| move || Fault::invalid(name, "must be given");
    let name = fields.text("username")?.value().ok_or_else(given("username"))?;
    let password = Secret::new(fields.text("password")?.value().ok_or_else(given("password"))?);
    fields.finish()?;
    if let Some(until) = app.store.count_login(&name, ask.now).await? {
        return Err(Fault::TooManyTries { retry_after: ask.now.seconds_until(until).max(1) });
    }
    let id = match app.store.user_of_email(&name).await? {
        Some(id) => id,
        None => UserId::parse(&*name).map_err(|_| WRONG)?,
    };
    let entry = app.store.find_user(&id).await?;
    let is_right = is_password(&app, &id, password).await?;
    let entry = entry.filter(|_| is_right).ok_or(WRONG)?;
    stands(&entry.state, ask.now)
        .map_err(|reason| Fault::Refused(Refusal { scope: Scope::User(id.clone()), reason }, ask.now))?;
    let minted = begin(&app, &policy::identified(id.clone()), &ask, &id).await?;
    app.store.forget_logins(&name, ask.now).await?;
    let answer = Answer {
        redirect_url: LOGIN_URL,
        token: minted.secret.reveal(),
        user_id: id,
        user_role: entry.user.role.word(),
        expires: told(minted.entry.key.limits.expires),
    };
    Ok(json_answer(StatusCode::OK, &answer))
}
