//! `POST /key/delete`

use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use shared::audit::Action;
use shared::fault::Fault;
use shared::policy::Permit;
use shared::store::KeyEntry;
use shared::web::json_answer;

use super::KeyRow;
use super::find::{by_secret, unknown, within_reach};
use crate::App;
use crate::audit::{KEYS, Scribe};
use crate::fields::Fields;
use crate::guard::Ask;

#[derive(Serialize)]
struct Answer {
    /// As they were sent.
    deleted_keys: Vec<String>,
}

/// What is to be deleted: keys or their hashes, or aliases.
struct Doomed {
    keys: Vec<String>,
    aliases: Vec<String>,
}

/// Deletes keys. If one of them is unknown, none is deleted.
pub async fn delete(app: App, permit: Permit, ask: Ask) -> Result<Response, Fault> {
    ask.query.only(&[])?;
    let doomed = Doomed::read(&ask.body)?;
    let mut entries: Vec<KeyEntry> = Vec::new();
    for text in &doomed.keys {
        entries.push(by_secret(&app, &permit, "keys", text).await?);
    }
    for alias in &doomed.aliases {
        let missing = || unknown("key_aliases", alias);
        let id = app.store.find_key_by_alias(alias).await?.ok_or_else(missing)?;
        entries.push(within_reach(&app, &permit, &id).await?.ok_or_else(missing)?);
    }
    let scribe = Scribe::new(&app, &permit, &ask);
    for entry in &entries {
        // One that is named twice is gone at the second time.
        if app.store.delete_key(&entry.key.id).await? {
            let row = KeyRow::of(entry, ask.now, &app.store.terms().zone)?;
            scribe.note(Action::Deleted, (KEYS, row.hash()), Some(&row), None).await;
        }
    }
    let deleted_keys = doomed.keys.into_iter().chain(doomed.aliases).collect();
    Ok(json_answer(StatusCode::OK, &Answer { deleted_keys }))
}

impl Doomed {
    fn read(body: &[u8]) -> Result<Self, Fault> {
        let mut fields = Fields::read(body)?;
        let doomed = Self {
            keys: fields.texts("keys")?.value().unwrap_or_default(),
            aliases: fields.texts("key_aliases")?.value().unwrap_or_default(),
        };
        fields.finish()?;
        if doomed.keys.is_empty() && doomed.aliases.is_empty() {
            return Err(Fault::invalid("keys", "keys or key_aliases must name at least one key"));
        }
        Ok(doomed)
    }
}
