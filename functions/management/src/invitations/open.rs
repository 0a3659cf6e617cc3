//! `GET /onboarding/get_token`

use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use shared::fault::Fault;
use shared::secret::Secret;
use shared::store::StoreError;
use shared::web::json_answer;

use super::{USED, good};
use crate::App;
use crate::fields::Fields;
use crate::guard::Ask;
use crate::openapi::{Operation, schema_of};
use crate::sessions::LOGIN_URL;

#[derive(JsonSchema, Serialize)]
struct Answer<'a> {
    login_url: &'static str,
    token: &'a str,
    user_email: Option<String>,
}

pub const OPERATION: Operation =
    Operation::new("Opens an invitation: the token that it is accepted with", schema_of::<Answer<'_>>)
        .query(&["invite_link"])
        .needs(&["invite_link"]);

/// Opens an invitation: answers the token that it is accepted with, good for a quarter of an hour. Opened again, it has
/// another.
pub async fn get_token(app: App, ask: Ask, _fields: Fields) -> Result<Response, Fault> {
    const FIELD: &str = "invite_link";
    let id = ask.query.text(FIELD)?.ok_or_else(|| Fault::invalid(FIELD, "must be given"))?;
    let invitation = good(&app, &Secret::new(id), ask.now).await?;
    let token = Secret::one_time().map_err(StoreError::from)?;
    let user = app.store.find_user(&invitation.user).await?;
    let user = user.ok_or(Fault::Unauthenticated("Invitation link does not exist"))?.user;
    if !app.store.open_invitation(&invitation.id, &token.hash(), ask.now).await? {
        return Err(USED);
    }
    let answer = Answer { login_url: LOGIN_URL, token: token.reveal(), user_email: user.email };
    Ok(json_answer(StatusCode::OK, &answer))
}
