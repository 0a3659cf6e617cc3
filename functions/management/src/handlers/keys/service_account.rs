//! `POST /key/service-account/generate`

use axum::response::Response;
use shared::api::ApiError;
use stargate_core::policy::Permit;

use crate::authorize::RequestContext;
use crate::openapi::operation::{LIMITS, MODEL_LIMITS, Operation, schema_of};
use crate::provisioning::create_key::create_requested_key;
use crate::provisioning::new_key::read_new_key;
use crate::request::body::RequestBody;
use crate::rows::key::GenerateKeyResponse;
use crate::state::ManagementState;

pub const OPERATION: Operation = Operation::new(
    "Makes a service key: a key that belongs to a team and to no user",
    schema_of::<GenerateKeyResponse>,
)
.takes(&[
    &["team_id", "user_id", "key_alias", "duration", "key", "metadata", "aliases", "tags", "spend"],
    LIMITS,
    MODEL_LIMITS,
])
.needs(&["team_id"]);

/// Makes a service key: `/key/generate` with `"user_id": null`. It is charged to itself and to its team, and not to the
/// membership of whoever makes it.
pub async fn generate(
    app: ManagementState,
    permit: Permit,
    ask: RequestContext,
    mut fields: RequestBody,
) -> Result<Response, ApiError> {
    if !fields.has("team_id") {
        return Err(ApiError::invalid("team_id", "must be given: a service key belongs to a team"));
    }
    if fields.has("user_id") {
        let rule = "must not be given: a service key belongs to no user. /key/generate makes a user's key";
        return Err(ApiError::invalid("user_id", rule));
    }
    fields.set("user_id", &())?;
    let order = read_new_key(fields, &app.rules, &app.catalog, ask.now)?;
    Box::pin(create_requested_key(app, permit, ask, order)).await
}
