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

/// Refuses every request of the team's keys from now on.
pub async fn block(app: App, permit: Permit, ask: Ask) -> Result<Response, Fault> {
    set(app, permit, ask, true).await
}

pub async fn unblock(app: App, permit: Permit, ask: Ask) -> Result<Response, Fault> {
    set(app, permit, ask, false).await
}

async fn set(app: App, permit: Permit, ask: Ask, blocked: bool) -> Result<Response, Fault> {
    ask.query.only(&[])?;
    let mut fields = Fields::read(&ask.body)?;
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
