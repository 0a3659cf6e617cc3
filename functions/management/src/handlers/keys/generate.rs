//! `POST /key/generate`

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

pub const OPERATION: Operation = Operation::new("Makes a key, shown once", schema_of::<GenerateKeyResponse>)
    .takes(&[
        &[
            "user_id",
            "team_id",
            "organization_id",
            "key_alias",
            "duration",
            "key",
            "metadata",
            "aliases",
            "tags",
            "spend",
        ],
        LIMITS,
        MODEL_LIMITS,
    ]);

/// Makes a key. An administrator's request creates the user that it names, if there is none: see [`ensure_user`].
///
/// Users make keys for themselves. Administrators of a team make its keys for themselves, and service keys.
pub async fn generate(
    app: ManagementState,
    permit: Permit,
    ask: RequestContext,
    fields: RequestBody,
) -> Result<Response, ApiError> {
    let order = read_new_key(fields, &app.rules, &app.catalog, ask.now)?;
    Box::pin(create_requested_key(app, permit, ask, order)).await
}
