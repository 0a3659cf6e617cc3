//! `GET /onboarding/get_token`

use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use shared::api::{ApiError, json_response};
use shared::store::StoreError;
use stargate_core::secret::Secret;

use crate::authorize::RequestContext;
use crate::openapi::operation::{Operation, schema_of};
use crate::provisioning::find_invitation::{USED, require_valid_invitation};
use crate::provisioning::sessions::LOGIN_URL;
use crate::request::body::RequestBody;
use crate::state::ManagementState;

#[derive(JsonSchema, Serialize)]
struct OnboardingTokenResponse<'a> {
    login_url: &'static str,
    token: &'a str,
    user_email: Option<String>,
}

pub const OPERATION: Operation = Operation::new(
    "Opens an invitation: the token that it is accepted with",
    schema_of::<OnboardingTokenResponse<'_>>,
)
.query(&["invite_link"])
.needs(&["invite_link"]);

/// Opens an invitation: answers the token that it is accepted with, good for a quarter of an hour. Opened again, it has
/// another.
pub async fn get_onboarding_token(
    app: ManagementState,
    ask: RequestContext,
    _fields: RequestBody,
) -> Result<Response, ApiError> {
    const FIELD: &str = "invite_link";
    let id = ask.query.text(FIELD)?.ok_or_else(|| ApiError::invalid(FIELD, "must be given"))?;
    let invitation = require_valid_invitation(&app, &Secret::new(id), ask.now).await?;
    let token = Secret::one_time().map_err(StoreError::from)?;
    let user = app.store.find_user(&invitation.user).await?;
    let user = user.ok_or(ApiError::Unauthenticated("Invitation link does not exist"))?.user;
    if !app.store.open_invitation(&invitation.id, &token.hash(), ask.now).await? {
        return Err(USED);
    }
    let response =
        OnboardingTokenResponse { login_url: LOGIN_URL, token: token.reveal(), user_email: user.email };
    Ok(json_response(StatusCode::OK, &response))
}
