//! `GET /invitation/info`

use axum::http::StatusCode;
use axum::response::Response;
use shared::fault::Fault;
use shared::policy::Permit;
use shared::secret::Secret;
use shared::web::json_answer;

use super::row::Answer;
use super::{InvitationRow, find};
use crate::App;
use crate::guard::Ask;
use crate::openapi::{Operation, schema_of};

pub const OPERATION: Operation =
    Operation::new("An invitation, to whoever has its id", schema_of::<Answer<'_>>)
        .query(&["invitation_id"])
        .needs(&["invitation_id"]);

/// An invitation, to whoever has its id.
pub async fn info(app: App, _permit: Permit, ask: Ask) -> Result<Response, Fault> {
    const FIELD: &str = "invitation_id";
    let id = ask.query.text(FIELD)?.ok_or_else(|| Fault::invalid(FIELD, "must be given"))?;
    let row = InvitationRow::of(&find(&app, FIELD, &Secret::new(&id)).await?);
    Ok(json_answer(StatusCode::OK, &Answer { id: &id, row }))
}
