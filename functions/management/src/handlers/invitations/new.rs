//! `POST /invitation/new`

use axum::http::StatusCode;
use axum::response::Response;
use shared::api::{ApiError, json_response};
use shared::store::StoreError;
use stargate_core::audit::Action;
use stargate_core::entity::Invitation;
use stargate_core::policy::Permit;
use stargate_core::secret::Secret;

use crate::audit_log::{AuditRecorder, INVITATIONS};
use crate::authorize::RequestContext;
use crate::openapi::operation::{Operation, schema_of};
use crate::provisioning::user_ref::UserRef;
use crate::request::body::RequestBody;
use crate::rows::invitation::{InvitationResponse, InvitationRow};
use crate::state::ManagementState;

pub const OPERATION: Operation =
    Operation::new("Invites a user to set a password", schema_of::<InvitationResponse<'_>>)
        .takes(&[&["user_id", "user_email"]]);

/// Invites a user to set a password: `<console>/ui/onboarding?id=<id>`, seven days, once. The id is shown here and never
/// again, and not in the audit log: whoever has it can become the user.
pub async fn new(
    app: ManagementState,
    permit: Permit,
    ask: RequestContext,
    mut fields: RequestBody,
) -> Result<Response, ApiError> {
    let whom = UserRef::read(&mut fields)?;
    fields.finish()?;
    let user = whom.find(&app).await?;
    let id = Secret::one_time().map_err(StoreError::from)?;
    let by = permit.caller().actor();
    let invitation = Invitation { id: id.hash(), user, by, created: ask.now, accepted: None };
    app.store.create_invitation(&invitation).await?;
    let row = InvitationRow::new(&invitation);
    let scribe = AuditRecorder::new(&app, &permit, &ask);
    scribe.note(Action::Created, (INVITATIONS, invitation.user.as_str()), None, Some(&row)).await;
    Ok(json_response(StatusCode::OK, &InvitationResponse { id: id.reveal(), row }))
}
