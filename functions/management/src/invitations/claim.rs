//! `POST /onboarding/claim_token`

use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use shared::fault::Fault;
use shared::policy;
use shared::secret::Secret;
use shared::web::json_answer;

use super::{USED, good};
use crate::App;
use crate::fields::Fields;
use crate::guard::Ask;
use crate::sessions::{self, LOGIN_URL, hashed};
use crate::users::{UserRow, parse_id};

#[derive(Serialize)]
struct Answer<'a> {
    login_url: &'static str,
    token: &'a str,
    user_email: Option<String>,
    user: UserRow,
}

/// Accepts an invitation, with the token that it was opened with as bearer: sets the user's password, ends the sessions that
/// there were, and begins one.
pub async fn claim(app: App, ask: Ask) -> Result<Response, Fault> {
    ask.query.only(&[])?;
    let mut fields = Fields::read(&ask.body)?;
    let given = |name: &'static str| move || Fault::invalid(name, "must be given");
    let id = fields.text("invitation_link")?.value().ok_or_else(given("invitation_link"))?;
    let user = fields.patch("user_id", "a string")?.checked(|id| parse_id("user_id", id))?.value();
    let password = fields.text("password")?.value().ok_or_else(given("password"))?;
    fields.finish()?;
    let token = ask.presented.as_ref().ok_or(Fault::Unauthenticated("No token was sent"))?.hash();
    let invitation = good(&app, &Secret::new(id), ask.now).await?;
    if user.is_some_and(|user| user != invitation.user) {
        return Err(Fault::invalid("user_id", "is not the user who was invited"));
    }
    let entry = app.store.find_user(&invitation.user).await?;
    let entry = entry.ok_or(Fault::Unauthenticated("Invitation link does not exist"))?;
    let password = hashed("password", Secret::new(password)).await?;
    if !app.store.accept_invitation(&invitation.id, &token, ask.now).await? {
        return Err(if invitation.accepted.is_some() {
            USED
        } else {
            Fault::Unauthenticated("The token is not the one that the invitation was opened with, or is over")
        });
    }
    if !app.store.claim_password(&invitation.user, &password, &invitation.id).await? {
        return Err(USED);
    }
    let permit = policy::identified(invitation.user.clone());
    sessions::end_all(&app, &invitation.user, None).await?;
    let minted = sessions::begin(&app, &permit, &ask, &invitation.user).await?;
    let answer = Answer {
        login_url: LOGIN_URL,
        token: minted.secret.reveal(),
        user_email: entry.user.email.clone(),
        user: UserRow::read(&app, &entry, ask.now).await?,
    };
    Ok(json_answer(StatusCode::OK, &answer))
}
