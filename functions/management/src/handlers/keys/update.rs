//! `POST /key/update`

use std::collections::BTreeMap;

use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use shared::api::{ApiError, json_response};
use stargate_core::audit::Action;
use stargate_core::catalog::Catalog;
use stargate_core::entity::Key;
use stargate_core::moment::Moment;
use stargate_core::money::Money;
use stargate_core::period::KeyDuration;
use stargate_core::policy::{PermissionError, Permit};
use stargate_core::scope::{Limits, Scope};

use crate::audit_log::{AuditRecorder, KEYS};
use crate::authorize::RequestContext;
use crate::openapi::operation::{LIMITS, MODEL_LIMITS, Operation, schema_of};
use crate::provisioning::create_key::not_unique;
use crate::provisioning::find_key::{changeable, is_key_of_another, unknown_key};
use crate::request::body::RequestBody;
use crate::request::key_aliases;
use crate::request::limits::{LimitsPatch, key_life, loosens, spend};
use crate::request::model_limits::ModelLimitsPatch;
use crate::request::patch::Patch;
use crate::rows::key::KeyRow;
use crate::state::ManagementState;

/// What to change, and of which key.
struct KeyPatch {
    /// Its secret or its hash.
    key: String,
    alias: Patch<String>,
    metadata: Patch<String>,
    tags: Patch<Vec<String>>,
    aliases: Patch<BTreeMap<String, String>>,
    life: Patch<KeyDuration>,
    spend: Option<Money>,
    limits: LimitsPatch,
    model_limits: ModelLimitsPatch,
    user: Patch<String>,
    team: Patch<String>,
}

#[derive(JsonSchema, Serialize)]
struct UpdateKeyResponse {
    /// As it was sent.
    key: String,
    #[serde(flatten)]
    row: KeyRow,
}

pub const OPERATION: Operation =
    Operation::new("Changes a key: what is absent stays, null clears", schema_of::<UpdateKeyResponse>)
        .takes(&[
            &["key", "key_alias", "duration", "metadata", "aliases", "tags", "spend", "user_id", "team_id"],
            LIMITS,
            MODEL_LIMITS,
        ])
        .needs(&["key"]);

const NOT_OWNER: PermissionError = PermissionError(
    "aliases: only its owner and administrators of the deployment say which models a user's key calls by which names",
);

/// Changes a key: a field that is absent stays, `null` clears it, anything else sets it; `duration` counts from now.
///
/// Whose key it is stays. Its holder may narrow what it is good for, and never widen it.
pub async fn update(
    app: ManagementState,
    permit: Permit,
    ask: RequestContext,
    fields: RequestBody,
) -> Result<Response, ApiError> {
    let patch = KeyPatch::read(fields, &app.catalog)?;
    let entry = changeable(&app, &permit, "key", &patch.key).await?;
    let before = KeyRow::read(&app, &entry, ask.now).await?;
    patch.keeps_its_owner(&entry.key)?;
    app.rules.within_bounds(&patch.limits, &patch.life, ask.now)?;
    // Asked again where it is changed: an administrator may have changed it meanwhile.
    let limits = |limits: &Limits| {
        let new = patch.limits_over(limits, ask.now);
        let is_theirs = permit.sees_all() || !loosens(limits, &new) && !patch.model_limits.is_asked();
        if is_theirs { Ok(new) } else { Err(PermissionError("only administrators let a key do more")) }
    };
    limits(&entry.state.limits)?;
    patch.model_limits.fits(&entry.state)?;
    if is_key_of_another(&permit, &entry.key) && patch.aliases_after(&entry.key) != entry.key.ties.aliases {
        return Err(NOT_OWNER.into());
    }
    if !permit.sees_all() && patch.spend.is_some_and(|spend| spend != entry.state.spend) {
        return Err(PermissionError("only administrators say what was spent").into());
    }
    let missing = || unknown_key("key", &entry.key.hint);
    let after = Key {
        alias: patch.alias.clone().apply_to(entry.key.alias.clone()),
        metadata: patch
            .metadata
            .clone()
            .apply_to(Some(entry.key.metadata.clone()))
            .unwrap_or_else(|| "{}".to_owned()),
        tags: patch.tags.clone().apply_to(Some(entry.key.tags.clone())).unwrap_or_default(),
        ..entry.key.clone()
    };
    // First what may be refused: an alias that another key has leaves the limits as they were.
    let described = app.store.describe_key(&entry.key, &after).await;
    if !described.map_err(|error| not_unique(error, after.alias.as_deref()))? {
        return Err(missing());
    }
    let scope = Scope::Key(entry.key.id.clone());
    let edited = app.store.edit::<ApiError>(&scope, |now| Ok(limits(now)?), ask.now).await?;
    edited.ok_or_else(missing)?;
    if let Some(spend) = patch.spend.filter(|spend| permit.sees_all() && *spend != entry.state.spend) {
        app.store.set_spend(&scope, spend, ask.now).await?.ok_or_else(missing)?;
    }
    let aliases_after = patch.aliases_after(&entry.key);
    // What changes nothing now might undo what its owner changes meanwhile.
    if patch.aliases != Patch::Keep
        && !is_key_of_another(&permit, &entry.key)
        && !app.store.set_aliases(&entry.key.id, &aliases_after).await?
    {
        return Err(missing());
    }
    if !patch.model_limits.apply(&app.store, &scope, &entry.state, ask.now).await? {
        return Err(missing());
    }
    let entry = app.store.keys(std::slice::from_ref(&entry.key.id)).await?.pop().ok_or_else(missing)?;
    let row = KeyRow::read(&app, &entry, ask.now).await?;
    let scribe = AuditRecorder::new(&app, &permit, &ask);
    scribe.note(Action::Updated, (KEYS, row.hash()), Some(&before), Some(&row)).await;
    Ok(json_response(StatusCode::OK, &UpdateKeyResponse { key: patch.key, row }))
}

impl KeyPatch {
    fn read(mut fields: RequestBody, catalog: &Catalog) -> Result<Self, ApiError> {
        let patch = Self {
            key: fields.text("key")?.value().ok_or_else(|| ApiError::invalid("key", "must be given"))?,
            alias: fields.text("key_alias")?,
            metadata: fields.object("metadata")?,
            tags: fields.texts("tags")?,
            aliases: key_aliases::read(&mut fields, catalog)?,
            life: key_life(&mut fields)?,
            spend: spend(&mut fields)?,
            limits: LimitsPatch::read(&mut fields)?,
            model_limits: ModelLimitsPatch::read(&mut fields, catalog)?,
            user: fields.text("user_id")?,
            team: fields.text("team_id")?,
        };
        fields.finish()?;
        Ok(patch)
    }

    /// Clients send the whole key back; what they may not do is to move it.
    fn keeps_its_owner(&self, key: &Key) -> Result<(), ApiError> {
        let is_kept = |sent: &Patch<String>, is: Option<&str>| match sent {
            Patch::Keep => true,
            Patch::Clear => is.is_none(),
            Patch::Set(id) => Some(id.as_str()) == is,
        };
        let (user, team) = (key.holder.user.as_ref(), key.holder.team.as_ref());
        if !is_kept(&self.user, user.map(|id| id.as_str())) {
            return Err(ApiError::invalid(
                "user_id",
                "cannot be changed: what the key has spent is that user's",
            ));
        }
        if !is_kept(&self.team, team.map(|id| id.as_str())) {
            return Err(ApiError::invalid(
                "team_id",
                "cannot be changed: what the key has spent is that team's",
            ));
        }
        Ok(())
    }

    /// What the key calls models once it is changed.
    fn aliases_after(&self, key: &Key) -> BTreeMap<String, String> {
        self.aliases.clone().apply_to(Some(key.ties.aliases.clone())).unwrap_or_default()
    }

    fn limits_over(&self, limits: &Limits, now: Moment) -> Limits {
        let expires = match &self.life {
            Patch::Keep => limits.expires,
            Patch::Clear => None,
            Patch::Set(life) => Some(Moment::from_seconds(life.expires(now.seconds()))),
        };
        Limits { expires, ..self.limits.clone().apply_to(limits.clone()) }
    }
}
