//! `GET /invitation/info`

use axum::http::StatusCode;
use axum::response::Response;
use shared::api::{ApiError, json_response};
use stargate_core::policy::Permit;
use stargate_core::secret::Secret;

use crate::authorize::RequestContext;
use crate::openapi::operation::{Operation, schema_of};
use crate::provisioning::find_invitation::{INVITATION_ID, find_invitation, find_team_invitation};
use crate::rows::invitation::{AnyInvitation, InvitationResponse, InvitationRow};
use crate::state::ManagementState;

pub const OPERATION: Operation =
    Operation::new("An invitation, to whoever has its id", schema_of::<AnyInvitation<'_>>)
        .query(&[INVITATION_ID])
        .needs(&[INVITATION_ID]);

/// An invitation, to whoever has its id.
pub async fn info(app: ManagementState, _permit: Permit, ask: RequestContext) -> Result<Response, ApiError> {
    let id =
        ask.query.text(INVITATION_ID)?.ok_or_else(|| ApiError::invalid(INVITATION_ID, "must be given"))?;
    let shown = match find_team_invitation(&app, &id).await? {
        Some(invitation) => AnyInvitation::Team(Box::new((&invitation).into())),
        None => {
            let row = InvitationRow::new(&find_invitation(&app, &Secret::new(&id)).await?);
            AnyInvitation::Password(InvitationResponse { id: &id, row })
        }
    };
    Ok(json_response(StatusCode::OK, &shown))
}
