//! `POST /team/block` and `POST /team/unblock`

use axum::http::StatusCode;
use axum::response::Response;
use shared::audit::Action;
use shared::fault::Fault;
use shared::policy::Permit;
use shared::scope::{Limits, Scope};
use shared::web::json_answer;

use super::{TeamRow, required_id, unknown};
use crate::App;
use crate::audit::{Scribe, TEAMS};
use crate::fields::Fields;
use crate::guard::Ask;
use crate::openapi::{Operation, schema_of};

pub const BLOCK: Operation =
    Operation::new("Refuses every request of a team's keys from now on", schema_of::<TeamRow>)
        .takes(&[&["team_id"]])
        .needs(&["team_id"]);

/// Refuses every request of the team's keys from now on.
pub async fn block(app: App, permit: Permit, ask: Ask, fields: Fields) -> Result<Response, Fault> {
    set(app, permit, ask, fields, true).await
}

pub const UNBLOCK: Operation = Operation::new("Lets a blocked team's keys work again", schema_of::<TeamRow>)
    .takes(&[&["team_id"]])
    .needs(&["team_id"]);

pub async fn unblock(app: App, permit: Permit, ask: Ask, fields: Fields) -> Result<Response, Fault> {
    set(app, permit, ask, fields, false).await
}

async fn set(
    app: App,
    permit: Permit,
    ask: Ask,
    mut fields: Fields,
    blocked: bool,
) -> Result<Response, Fault> {
    let id = required_id(&mut fields)?;
    fields.finish()?;
    let scope = Scope::Team(id.clone());
    let edit = |limits: &Limits| Ok::<_, Fault>(Limits { blocked, ..limits.clone() });
    let missing = || unknown("team_id", &id);
    app.store.edit(&scope, edit, ask.now).await?.ok_or_else(missing)?;
    let entry = app.store.find_team(&id).await?.ok_or_else(missing)?;
    let row = TeamRow::read(&app, &entry, ask.now).await?;
    let action = if blocked { Action::Blocked } else { Action::Unblocked };
    Scribe::new(&app, &permit, &ask).note(action, (TEAMS, id.as_str()), None, Some(&row)).await;
    Ok(json_answer(StatusCode::OK, &row))
}
