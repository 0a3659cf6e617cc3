//! `GET /invitation/info`

use axum::http::StatusCode;
use axum::response::Response;
use shared::api::{ApiError, json_response};
use stargate_core::policy::Permit;
use stargate_core::secret::Secret;

use super::row::{AnyInvitation, InvitationResponse};
use super::{ID, InvitationRow, find, find_team_invitation};
use crate::ManagementState;
use crate::guard::RequestContext;
use crate::openapi::{Operation, schema_of};

pub const OPERATION: Operation =
    Operation::new("An invitation, to whoever has its id", schema_of::<AnyInvitation<'_>>)
        .query(&[ID])
        .needs(&[ID]);

/// An invitation, to whoever has its id.
pub async fn info(app: ManagementState, _permit: Permit, ask: RequestContext) -> Result<Response, ApiError> {
    let id = ask.query.text(ID)?.ok_or_else(|| ApiError::invalid(ID, "must be given"))?;
    let shown = match find_team_invitation(&app, &id).await? {
        Some(invitation) => AnyInvitation::Team(Box::new((&invitation).into())),
        None => {
            let row = InvitationRow::new(&find(&app, &Secret::new(&id)).await?);
            AnyInvitation::Password(InvitationResponse { id: &id, row })
        }
    };
    Ok(json_response(StatusCode::OK, &shown))
}
