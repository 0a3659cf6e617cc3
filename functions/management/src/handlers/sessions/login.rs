//! `POST /login` and `POST /v2/login`

use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use shared::api::{ApiError, json_response};
use shared::store::UserIdentity;
use stargate_core::entity::UserRole;
use stargate_core::id::UserId;
use stargate_core::ledger::{Refusal, check_active};
use stargate_core::policy;
use stargate_core::scope::Scope;
use stargate_core::secret::Secret;

use crate::admin_auth::AdminAuthenticator;
use crate::authorize::RequestContext;
use crate::openapi::operation::{Operation, schema_of};
use crate::provisioning::sessions::{LOGIN_URL, PasswordCheck, check_password, start_session};
use crate::request::body::RequestBody;
use crate::rows::limits::format_time;
use crate::state::ManagementState;

#[derive(JsonSchema, Serialize)]
struct LoginResponse<'a> {
    redirect_url: &'static str,
    token: &'a str,
    user_id: UserId,
    user_role: &'static str,
    expires: Option<String>,
}

pub const OPERATION: Operation =
    Operation::new("Begins a session by a password", schema_of::<LoginResponse<'_>>)
        .takes(&[&["username", "password"]])
        .needs(&["username", "password"]);

/// Begins a session by a user's address or id and their password. An unknown name, a wrong password and a user without one
/// are told in the same words, after the same work.
pub async fn login(
    app: ManagementState,
    ask: RequestContext,
    mut fields: RequestBody,
) -> Result<Response, ApiError> {
    const WRONG: ApiError =
        ApiError::Unauthenticated("Invalid credentials: no such user, or not their password");
    let given = |name: &'static str| move || ApiError::invalid(name, "must be given");
    let name = fields.text("username")?.value().ok_or_else(given("username"))?;
    let password = Secret::new(fields.text("password")?.value().ok_or_else(given("password"))?);
    fields.finish()?;
    if let Some(until) = app.store.count_login(&name, ask.now).await? {
        return Err(ApiError::TooManyTries { retry_after: ask.now.seconds_until(until).max(1) });
    }
    // An id first: somebody else's address may be the same text.
    let by_id = match UserId::parse(&*name) {
        Ok(id) => app.store.find_user(&id).await?,
        Err(_) => None,
    };
    let by_email = app.store.user_of_email(&name).await?;
    let entry = match (by_id, by_email) {
        (Some(entry), _) => Some(entry),
        (None, Some(id)) => app.store.find_user(&id).await?,
        (None, None) => None,
    };
    // Nobody's password is looked for as well.
    let nobody = UserId::parse("nobody").map_err(|_| WRONG)?;
    let person = entry.as_ref().map(|entry| UserIdentity::from(&entry.user));
    let person = person.unwrap_or(UserIdentity { id: nobody, created: ask.now });
    let (PasswordCheck::Right(password), Some(entry)) =
        (check_password(&app, &person, password).await?, entry)
    else {
        return Err(WRONG);
    };
    // On the public API an administrator's password is worth nothing, and nobody learns that it is one.
    if entry.user.role == UserRole::ProxyAdmin && matches!(app.entrance, AdminAuthenticator::SelfService) {
        return Err(WRONG);
    }
    check_active(&entry.state, ask.now).map_err(|reason| {
        ApiError::Refused(Refusal { scope: Scope::User(person.id.clone()), reason }, ask.now)
    })?;
    let minted = start_session(&app, &policy::permit_identified(person.id.clone()), &ask, &person.id).await?;
    // Whoever changed the password meanwhile did not see this session.
    if app.store.password_of(&person).await? != Some(password) {
        app.store.delete_key(&minted.entry.key.id).await?;
        return Err(WRONG);
    }
    app.store.forget_logins(&name, ask.now).await?;
    let response = LoginResponse {
        redirect_url: LOGIN_URL,
        token: minted.secret.reveal(),
        user_id: person.id,
        user_role: entry.user.role.word(),
        expires: format_time(minted.entry.key.limits.expires),
    };
    Ok(json_response(StatusCode::OK, &response))
}
