//! `POST /user/delete`

use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use shared::audit::Action;
use shared::fault::Fault;
use shared::id::UserId;
use shared::policy::Permit;
use shared::scope::Scope;
use shared::web::json_answer;

use super::row::UserRow;
use super::{parse_id, unknown};
use crate::App;
use crate::audit::{Scribe, USERS};
use crate::fields::Fields;
use crate::guard::Ask;
use crate::openapi::{Operation, schema_of};

/// LiteLLM answers the bare number; here it has a name.
#[derive(JsonSchema, Serialize)]
struct Answer {
    deleted_users: usize,
    user_ids: Vec<UserId>,
}

pub const OPERATION: Operation =
    Operation::new("Deletes users with their keys: all or none", schema_of::<Answer>)
        .takes(&[&["user_ids"]])
        .needs(&["user_ids"]);

/// Deletes users with their keys. If one of them is unknown, none is deleted.
///
/// A user whose deletion was cut short counts as known, so that it can be asked for again.
pub async fn delete(app: App, permit: Permit, ask: Ask, fields: Fields) -> Result<Response, Fault> {
    let ids: Vec<UserId> = fields.only_ids("user_ids", "user", parse_id)?.into_iter().collect();
    let scopes: Vec<Scope> = ids.iter().cloned().map(Scope::User).collect();
    let states = app.store.scope_states(&scopes).await?;
    if let Some((id, _)) = ids.iter().zip(&states).find(|(_, state)| state.is_none()) {
        return Err(unknown("user_ids", id.as_str()));
    }
    let scribe = Scribe::new(&app, &permit, &ask);
    for id in &ids {
        let before = match app.store.find_user(id).await? {
            Some(entry) => Some(UserRow::read(&app, &entry, ask.now).await?),
            None => None,
        };
        app.store.delete_user(id, ask.now).await?;
        scribe.note(Action::Deleted, (USERS, id.as_str()), before.as_ref(), None).await;
    }
    let answer = Answer { deleted_users: ids.len(), user_ids: ids };
    Ok(json_answer(StatusCode::OK, &answer))
}
