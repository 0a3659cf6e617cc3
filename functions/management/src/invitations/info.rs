//! `GET /invitation/info`

use axum::http::StatusCode;
use axum::response::Response;
use shared::fault::Fault;
use shared::policy::Permit;
use shared::secret::Secret;
use shared::web::json_answer;

use super::row::{Answer, AnyInvitation};
use super::{ID, InvitationRow, find, find_team_invitation};
use crate::App;
use crate::guard::Ask;
use crate::openapi::{Operation, schema_of};

pub const OPERATION: Operation =
    Operation::new("An invitation, to whoever has its id", schema_of::<AnyInvitation<'_>>)
        .query(&[ID])
        .needs(&[ID]);

/// An invitation, to whoever has its id.
pub async fn info(app: App, _permit: Permit, ask: Ask) -> Result<Response, Fault> {
    let id = ask.query.text(ID)?.ok_or_else(|| Fault::invalid(ID, "must be given"))?;
    let shown = match find_team_invitation(&app, &id).await? {
        Some(invitation) => AnyInvitation::Team(Box::new((&invitation).into())),
        None => {
            let row = InvitationRow::of(&find(&app, &Secret::new(&id)).await?);
            AnyInvitation::Password(Answer { id: &id, row })
        }
    };
    Ok(json_answer(StatusCode::OK, &shown))
}
