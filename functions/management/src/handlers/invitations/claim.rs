//! `POST /onboarding/claim_token`

use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use shared::api::{ApiError, json_response};
use shared::store::UserIdentity;
use stargate_core::audit::Action;
use stargate_core::entity::UserRole;
use stargate_core::password::{Password, RULE};
use stargate_core::policy::{self, PermissionError};
use stargate_core::secret::Secret;

use crate::admin_auth::AdminAuthenticator;
use crate::audit_log::{AuditRecorder, USERS};
use crate::authorize::RequestContext;
use crate::openapi::operation::{Operation, schema_of};
use crate::provisioning::find_invitation::{USED, require_valid_invitation};
use crate::provisioning::sessions::{self, LOGIN_URL, hash_password};
use crate::request::body::RequestBody;
use crate::request::ids::parse_user_id;
use crate::rows::user::UserRow;
use crate::state::ManagementState;

#[derive(JsonSchema, Serialize)]
struct ClaimInvitationResponse<'a> {
    login_url: &'static str,
    token: &'a str,
    user_email: Option<String>,
    user: UserRow,
}

pub const OPERATION: Operation = Operation::new(
    "Accepts an invitation: sets a password and begins a session",
    schema_of::<ClaimInvitationResponse<'_>>,
)
.takes(&[&["invitation_link", "user_id", "password"]])
.needs(&["invitation_link", "password"]);

/// Accepts an invitation, with the token that it was opened with as bearer: sets the user's password, ends the sessions that
/// there were, and begins one.
pub async fn claim(
    app: ManagementState,
    ask: RequestContext,
    mut fields: RequestBody,
) -> Result<Response, ApiError> {
    let given = |name: &'static str| move || ApiError::invalid(name, "must be given");
    let id = fields.text("invitation_link")?.value().ok_or_else(given("invitation_link"))?;
    let user = fields.patch("user_id", "a string")?.try_map(|id| parse_user_id("user_id", id))?.value();
    let password = Secret::new(fields.text("password")?.value().ok_or_else(given("password"))?);
    fields.finish()?;
    let token = ask.presented.as_ref().ok_or(ApiError::Unauthenticated("No token was sent"))?.hash();
    let invitation = require_valid_invitation(&app, &Secret::new(id), ask.now).await?;
    if user.is_some_and(|user| user != invitation.user) {
        return Err(ApiError::invalid("user_id", "is not the user who was invited"));
    }
    let entry = app.store.find_user(&invitation.user).await?;
    let entry = entry.ok_or(ApiError::Unauthenticated("Invitation link does not exist"))?;
    if entry.user.role == UserRole::ProxyAdmin && matches!(app.entrance, AdminAuthenticator::SelfService) {
        return Err(PermissionError("administrators are served by the admin API only").into());
    }
    if !Password::fits(&password) {
        return Err(ApiError::invalid("password", RULE));
    }
    // Before anything is hashed, which is dear: only whoever opened the invitation gets that far.
    if !app.store.accept_invitation(&invitation.id, &token, ask.now).await? {
        return Err(if invitation.accepted.is_some() {
            USED
        } else {
            ApiError::Unauthenticated(
                "The token is not the one that the invitation was opened with, or is over",
            )
        });
    }
    let (person, password) = (UserIdentity::from(&entry.user), hash_password("password", password).await?);
    sessions::end_sessions(&app, &person.id, None).await?;
    if !app.store.claim_password(&person, &password, &invitation.id).await? {
        return Err(USED);
    }
    app.store.end_invitations(&person.id, Some(&invitation.id)).await?;
    sessions::end_sessions(&app, &person.id, None).await?;
    let permit = policy::permit_identified(person.id);
    let scribe = AuditRecorder::new(&app, &permit, &ask);
    // That it was set is all that there is to tell.
    scribe.note::<UserRow>(Action::Updated, (USERS, entry.user.id.as_str()), None, None).await;
    let minted = sessions::start_session(&app, &permit, &ask, &invitation.user).await?;
    let response = ClaimInvitationResponse {
        login_url: LOGIN_URL,
        token: minted.secret.reveal(),
        user_email: entry.user.email.clone(),
        user: UserRow::read(&app, &entry, ask.now).await?,
    };
    Ok(json_response(StatusCode::OK, &response))
}
