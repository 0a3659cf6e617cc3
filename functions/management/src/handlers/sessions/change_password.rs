//! `POST /user/password/change`

use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use shared::api::{ApiError, json_response};
use shared::store::UserIdentity;
use stargate_core::audit::Action;
use stargate_core::id::UserId;
use stargate_core::policy::{Caller, PermissionError, Permit};
use stargate_core::secret::Secret;

use crate::audit_log::{AuditRecorder, USERS};
use crate::authorize::RequestContext;
use crate::openapi::operation::{Operation, schema_of};
use crate::provisioning::sessions::{PasswordCheck, check_password, hash_password, replace_password};
use crate::request::body::RequestBody;
use crate::rows::user::UserRow;
use crate::state::ManagementState;

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
    let PasswordCheck::Right(before) = check_password(&app, &person, Secret::new(current)).await? else {
        return Err(PermissionError("current_password is not the password").into());
    };
    let new = hash_password("new_password", Secret::new(new)).await?;
    // Only if it is still what was proven: an administrator may have set another meanwhile.
    replace_password(&app, &person, Some(&before), Some(&new), Some(key)).await?;
    let scribe = AuditRecorder::new(&app, &permit, &ask);
    // That it was changed is all that there is to tell.
    scribe.note::<UserRow>(Action::Updated, (USERS, id.as_str()), None, None).await;
    Ok(json_response(StatusCode::OK, &ChangePasswordResponse { user_id: id.clone() }))
}
