//! `POST /key/block` and `POST /key/unblock`

use axum::http::StatusCode;
use axum::response::Response;
use shared::audit::Action;
use shared::fault::Fault;
use shared::policy::Permit;
use shared::scope::{Limits, Scope};
use shared::web::json_answer;

use super::KeyRow;
use super::find::{of_body, unknown};
use crate::App;
use crate::audit::{KEYS, Scribe};
use crate::fields::Fields;
use crate::guard::Ask;
use crate::openapi::{Operation, schema_of};

pub const BLOCK: Operation =
    Operation::new("Refuses every request of a key from now on", schema_of::<KeyRow>)
        .takes(&[&["key"]])
        .needs(&["key"]);

/// Refuses every request of a key from now on.
pub async fn block(app: App, permit: Permit, ask: Ask, fields: Fields) -> Result<Response, Fault> {
    set(app, permit, ask, fields, true).await
}

pub const UNBLOCK: Operation =
    Operation::new("Lets a blocked key work again", schema_of::<KeyRow>).takes(&[&["key"]]).needs(&["key"]);

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
    let mut entry = of_body(&app, &permit, &mut fields).await?;
    fields.finish()?;
    let edit = |limits: &Limits| Ok::<_, Fault>(Limits { blocked, ..limits.clone() });
    let edited = app.store.edit(&Scope::Key(entry.key.id.clone()), edit, ask.now).await?;
    entry.state = edited.ok_or_else(|| unknown("key", &entry.key.hint))?;
    let row = KeyRow::of(&entry, ask.now, &app.store.terms().zone)?;
    let action = if blocked { Action::Blocked } else { Action::Unblocked };
    Scribe::new(&app, &permit, &ask).note(action, (KEYS, row.hash()), None, Some(&row)).await;
    Ok(json_answer(StatusCode::OK, &row))
}
