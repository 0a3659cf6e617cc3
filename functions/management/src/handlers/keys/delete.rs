//! `POST /key/delete`

use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use shared::api::{ApiError, json_response};
use shared::store::KeyEntry;
use stargate_core::audit::Action;
use stargate_core::id::KeyId;
use stargate_core::policy::{PermissionError, Permit};

use crate::audit_log::{AuditRecorder, KEYS};
use crate::authorize::RequestContext;
use crate::openapi::field_schemas::MAX_ENTRIES;
use crate::openapi::operation::{Operation, schema_of};
use crate::provisioning::find_key::{by_alias, by_secret};
use crate::request::body::RequestBody;
use crate::request::ids::key_hash;
use crate::rows::key::KeyRow;
use crate::state::ManagementState;

#[derive(JsonSchema, Serialize)]
struct DeleteKeysResponse {
    /// As they were sent.
    deleted_keys: Vec<String>,
}

/// What is to be deleted: keys or their hashes, or aliases.
struct DeleteKeysRequest {
    keys: Vec<String>,
    aliases: Vec<String>,
}

pub const OPERATION: Operation =
    Operation::new("Deletes keys, by secret, hash or alias: all or none", schema_of::<DeleteKeysResponse>)
        .takes(&[&["keys", "key_aliases"]]);

/// Deletes keys. If one of them is unknown, none is deleted.
pub async fn delete(
    app: ManagementState,
    permit: Permit,
    ask: RequestContext,
    fields: RequestBody,
) -> Result<Response, ApiError> {
    let doomed = DeleteKeysRequest::read(fields)?;
    let mut entries: Vec<KeyEntry> = Vec::new();
    let mut remains: Vec<KeyId> = Vec::new();
    for text in &doomed.keys {
        match by_secret(&app, &permit, "keys", text).await {
            Ok(entry) => entries.push(entry),
            // One whose deletion was cut short is no key any more, but its pointers are there.
            Err(fault) if permit.sees_all() => match app.store.find_pointer(&key_hash(text)).await? {
                Some(pointer) => remains.push(pointer.key),
                None => return Err(fault),
            },
            Err(fault) => return Err(fault),
        }
    }
    for alias in &doomed.aliases {
        entries.push(by_alias(&app, &permit, "key_aliases", alias).await?);
    }
    if !permit.sees_all() && entries.iter().any(|entry| entry.key.is_stand_in()) {
        // The next token would have another, without the limits that an administrator gave this one.
        return Err(PermissionError("only administrators delete what stands in for tokens").into());
    }
    let scribe = AuditRecorder::new(&app, &permit, &ask);
    for entry in &entries {
        // One that is named twice is gone at the second time.
        if app.store.delete_key(&entry.key.id).await? {
            let row = KeyRow::new(entry, ask.now, &app.store.terms().zone)?;
            scribe.note(Action::Deleted, (KEYS, row.hash()), Some(&row), None).await;
        }
    }
    for id in &remains {
        app.store.delete_key(id).await?;
    }
    let deleted_keys = doomed.keys.into_iter().chain(doomed.aliases).collect();
    Ok(json_response(StatusCode::OK, &DeleteKeysResponse { deleted_keys }))
}

impl DeleteKeysRequest {
    fn read(mut fields: RequestBody) -> Result<Self, ApiError> {
        let doomed = Self {
            keys: fields.texts("keys")?.value().unwrap_or_default(),
            aliases: fields.texts("key_aliases")?.value().unwrap_or_default(),
        };
        fields.finish()?;
        if doomed.keys.is_empty() && doomed.aliases.is_empty() {
            return Err(ApiError::invalid("keys", "keys or key_aliases must name at least one key"));
        }
        if doomed.keys.len() + doomed.aliases.len() > MAX_ENTRIES {
            let rule = format!("and key_aliases must have at most {MAX_ENTRIES} entries together");
            return Err(ApiError::invalid("keys", rule));
        }
        Ok(doomed)
    }
}
