//! `POST /key/delete`

use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use shared::fault::Fault;
use shared::id::KeyId;
use shared::policy::Permit;
use shared::secret::Secret;
use shared::web::json_answer;

use super::hash_of;
use crate::App;
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
pub async fn delete(app: App, _permit: Permit, ask: Ask) -> Result<Response, Fault> {
    ask.query.only(&[])?;
    let doomed = Doomed::read(&ask.body)?;
    let mut ids: Vec<KeyId> = Vec::new();
    for text in &doomed.keys {
        let pointer = app.store.find_pointer(&hash_of(text)).await?;
        ids.push(pointer.ok_or_else(|| unknown("keys", &Secret::new(text).hint()))?.key);
    }
    for alias in &doomed.aliases {
        let id = app.store.find_key_by_alias(alias).await?;
        ids.push(id.ok_or_else(|| unknown("key_aliases", alias))?);
    }
    for id in &ids {
        // One that is named twice is gone at the second time.
        app.store.delete_key(id).await?;
    }
    let deleted_keys = doomed.keys.into_iter().chain(doomed.aliases).collect();
    Ok(json_answer(StatusCode::OK, &Answer { deleted_keys }))
}

/// A secret is named by its end only: this text is logged.
fn unknown(field: &str, which: &str) -> Fault {
    Fault::NotFound { param: Some(field.to_owned()), message: format!("{field}: No keys found: {which}") }
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
