//! `GET /key/info`

use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use shared::fault::Fault;
use shared::policy::{Caller, Permit};
use shared::store::KeyEntry;
use shared::web::json_answer;

use super::KeyRow;
use super::find::{by_alias, by_secret, unknown, within_reach};
use crate::App;
use crate::guard::Ask;
use crate::openapi::{Operation, schema_of};

#[derive(JsonSchema, Serialize)]
struct Answer {
    /// What names the key, as it was asked for; its hash, where the caller asks about itself.
    key: String,
    info: Info,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "KeyInfo")]
struct Info {
    #[serde(flatten)]
    row: KeyRow,
    status: &'static str,
}

pub const OPERATION: Operation = Operation::new(
    "A key by its secret, hash or alias; the one that asks, where none is named",
    schema_of::<Answer>,
)
.query(&["key", "key_alias"]);

/// A key by its secret, hash or alias; the caller's own, where none is named. A budget that is spent hides nothing.
pub async fn info(app: App, permit: Permit, ask: Ask) -> Result<Response, Fault> {
    let (key, alias) = (ask.query.id("key")?, ask.query.text("key_alias")?);
    let (name, entry) = match (key, alias) {
        (Some(key), _) => (key.clone(), by_secret(&app, &permit, "key", &key).await?),
        (None, Some(alias)) => {
            let entry = by_alias(&app, &permit, "key_alias", &alias).await?;
            (alias, entry)
        }
        (None, None) => {
            let entry = own(&app, &permit).await?;
            (entry.key.holder.secret.as_str().to_owned(), entry)
        }
    };
    let row = KeyRow::read(&app, &entry, ask.now).await?;
    let answer = Answer { key: name, info: Info { row, status: status(&entry, &ask) } };
    Ok(json_answer(StatusCode::OK, &answer))
}

async fn own(app: &App, permit: &Permit) -> Result<KeyEntry, Fault> {
    let id = match permit.caller() {
        Caller::User { key, .. } | Caller::Key { key } => key,
        Caller::Administrator { .. } | Caller::Person { .. } => {
            return Err(Fault::invalid("key", "must be given"));
        }
    };
    within_reach(app, permit, id).await?.ok_or_else(|| unknown("key", id.as_str()))
}

fn status(entry: &KeyEntry, ask: &Ask) -> &'static str {
    let limits = &entry.state.limits;
    if limits.expires.is_some_and(|expires| expires <= ask.now) {
        "expired"
    } else if limits.blocked {
        "blocked"
    } else {
        "active"
    }
}
