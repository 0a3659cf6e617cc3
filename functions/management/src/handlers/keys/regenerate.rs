//! `POST /key/regenerate` and `POST /key/{key}/regenerate`

use axum::http::StatusCode;
use axum::response::Response;
use shared::api::{ApiError, json_response};
use shared::store::{KeyEntry, StoreError};
use stargate_core::audit::Action;
use stargate_core::moment::Moment;
use stargate_core::period::KeyDuration;
use stargate_core::policy::{PermissionError, Permit};
use stargate_core::scope::{Limits, Scope};
use stargate_core::secret::Secret;

use crate::audit_log::{AuditRecorder, KEYS};
use crate::authorize::RequestContext;
use crate::openapi::operation::{Operation, schema_of};
use crate::provisioning::find_key::{changeable, is_key_of_another, unknown_key};
use crate::provisioning::new_key::parse_secret;
use crate::request::body::RequestBody;
use crate::request::limits::{LimitsPatch, key_life, loosens};
use crate::request::patch::Patch;
use crate::rows::key::{GenerateKeyResponse, KeyRow};
use crate::state::ManagementState;

pub const OPERATION: Operation =
    Operation::new("Gives a key another secret, shown once", schema_of::<GenerateKeyResponse>).takes(&[&[
        "key",
        "new_key",
        "grace_period",
        "duration",
    ]]);

const NOT_OWNER: PermissionError = PermissionError(
    "only its owner and administrators of the deployment give a user's key another secret; \
     a team's administrators may rotate its service keys, and narrow or delete its members' keys",
);

/// Gives a key another secret. Its limits, its spend and its alias stay. With `grace_period` the old secret goes on
/// working that long: both are one key with one budget.
pub async fn regenerate(
    app: ManagementState,
    permit: Permit,
    ask: RequestContext,
    mut fields: RequestBody,
) -> Result<Response, ApiError> {
    let named = fields.text("key")?.value().or_else(|| ask.named.clone());
    let named = named.ok_or_else(|| ApiError::invalid("key", "must be given"))?;
    let chosen = fields.text("new_key")?.try_map(parse_secret)?.value();
    let grace = fields.text("grace_period")?.try_map(|text| {
        KeyDuration::parse(&text).map_err(|rule| ApiError::invalid("grace_period", rule.to_string()))
    })?;
    let life = key_life(&mut fields)?;
    fields.finish()?;
    app.rules.within_bounds(&LimitsPatch::unset(), &life, ask.now)?;
    let entry = changeable(&app, &permit, "key", &named).await?;
    if entry.key.is_stand_in() {
        return Err(ApiError::invalid("key", "stands in for tokens, and has no secret"));
    }
    if is_key_of_another(&permit, &entry.key) {
        return Err(NOT_OWNER.into());
    }
    let before = KeyRow::new(&entry, ask.now, &app.store.terms().zone)?;
    let secret = match chosen {
        Some(secret) => secret,
        None => Secret::generate().map_err(StoreError::from)?,
    };
    let until = |life: KeyDuration| Moment::from_seconds(life.expires(ask.now.seconds()));
    let missing = || unknown_key("key", &entry.key.hint);
    // Before the rotation: once that binds, the new secret must reach whoever asked for it.
    if life != Patch::Keep {
        let expires = life.value().map(until);
        let edit = |limits: &Limits| {
            let new = Limits { expires, ..limits.clone() };
            let is_theirs = permit.sees_all() || !loosens(limits, &new);
            if is_theirs {
                Ok(new)
            } else {
                Err(ApiError::from(PermissionError("only administrators let a key do more")))
            }
        };
        let scope = Scope::Key(entry.key.id.clone());
        app.store.edit(&scope, edit, ask.now).await?.ok_or_else(missing)?;
    }
    if !app.store.rotate_key(&entry.key, &secret, grace.value().map(until)).await? {
        let message = "key: it was given another secret meanwhile, or the new one is taken".to_owned();
        return Err(ApiError::Conflict { param: Some("key".to_owned()), message });
    }
    let row = KeyRow::new(&read_rotated_key(&app, &entry, &secret).await, ask.now, &app.store.terms().zone)?;
    let scribe = AuditRecorder::new(&app, &permit, &ask);
    scribe.note(Action::Rotated, (KEYS, row.hash()), Some(&before), Some(&row)).await;
    Ok(json_response(StatusCode::OK, &GenerateKeyResponse::with_secret(&secret, row)))
}

/// The key as it is now; as it was but for its secret, if the table will not say.
async fn read_rotated_key(app: &ManagementState, before: &KeyEntry, secret: &Secret) -> KeyEntry {
    if let Ok(mut found) = app.store.keys(std::slice::from_ref(&before.key.id)).await
        && let Some(entry) = found.pop()
    {
        return entry;
    }
    let mut entry = before.clone();
    entry.key.hint = secret.hint();
    entry.key.holder.secret = secret.hash();
    entry
}
