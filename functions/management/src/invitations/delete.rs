//! `POST /invitation/delete`

use axum::http::StatusCode;
use axum::response::Response;
use shared::audit::Action;
use shared::fault::Fault;
use shared::policy::Permit;
use shared::secret::Secret;
use shared::web::json_answer;

use super::row::Answer;
use super::{InvitationRow, find};
use crate::App;
use crate::audit::{INVITATIONS, Scribe};
use crate::fields::Fields;
use crate::guard::Ask;
use crate::openapi::{Operation, schema_of};

pub const OPERATION: Operation = Operation::new("Takes an invitation back", schema_of::<Answer<'_>>)
    .takes(&[&["invitation_id"]])
    .needs(&["invitation_id"]);

/// Takes an invitation back.
pub async fn delete(app: App, permit: Permit, ask: Ask, mut fields: Fields) -> Result<Response, Fault> {
    const FIELD: &str = "invitation_id";
    let id = fields.text(FIELD)?.value().ok_or_else(|| Fault::invalid(FIELD, "must be given"))?;
    fields.finish()?;
    let invitation = find(&app, FIELD, &Secret::new(&id)).await?;
    app.store.delete_invitation(&invitation.id).await?;
    let row = InvitationRow::of(&invitation);
    let scribe = Scribe::new(&app, &permit, &ask);
    scribe.note(Action::Deleted, (INVITATIONS, invitation.user.as_str()), Some(&row), None).await;
    Ok(json_answer(StatusCode::OK, &Answer { id: &id, row }))
}
