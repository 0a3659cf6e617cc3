//! A key, as answers show it: never its secret.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;
use shared::api::ApiError;
use shared::store::KeyEntry;
use stargate_core::id::{OrgId, TeamId, UserId};
use stargate_core::moment::Moment;
use stargate_core::scope::Scope;
use stargate_core::secret::Secret;

use crate::rows::created_users::CreatedUsers;
use crate::rows::limits::{LimitColumns, format_time, raw};
use crate::state::ManagementState;

/// LiteLLM's columns of a key. `token` is what the administrator's guide shows; the hash, which LiteLLM has there, is `token_id`.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct KeyRow {
    token: String,
    token_id: String,
    key_name: String,
    key_alias: Option<String>,
    user_id: Option<UserId>,
    team_id: Option<TeamId>,
    organization_id: Option<OrgId>,
    expires: Option<String>,
    #[serde(flatten)]
    columns: LimitColumns,
    metadata: Box<RawValue>,
    tags: Vec<String>,
    aliases: BTreeMap<String, String>,
    created_at: String,
}

impl KeyRow {
    pub fn new(entry: &KeyEntry, now: Moment, zone: &TimeZone) -> Result<Self, ApiError> {
        let key = &entry.key;
        Ok(Self {
            token: key.hint.clone(),
            token_id: key.holder.secret.as_str().to_owned(),
            key_name: key.hint.clone(),
            key_alias: key.alias.clone(),
            user_id: key.holder.user.clone(),
            team_id: key.holder.team.clone(),
            organization_id: key.ties.org.clone(),
            expires: format_time(key.limits.expires),
            columns: LimitColumns::new(&entry.state, now, zone),
            metadata: raw(&key.metadata)?,
            tags: key.tags.clone(),
            aliases: key.ties.aliases.clone(),
            created_at: key.created.to_string(),
        })
    }

    /// A key with its limits of single models.
    pub async fn read(app: &ManagementState, entry: &KeyEntry, now: Moment) -> Result<Self, ApiError> {
        let row = Self::new(entry, now, &app.store.terms().zone)?;
        let scope = Scope::Key(entry.key.id.clone());
        Ok(Self { columns: row.columns.with_models(app, &scope, &entry.state, now).await?, ..row })
    }

    pub fn hash(&self) -> &str {
        &self.token_id
    }

    /// The same with the hash as `token`, as `/key/generate` answers it.
    pub fn with_hash(self) -> Self {
        Self { token: self.token_id.clone(), ..self }
    }
}

/// A key and its secret.
#[derive(JsonSchema, Serialize)]
pub struct GenerateKeyResponse {
    /// The key itself: here and never again.
    pub key: String,
    #[serde(flatten)]
    pub row: KeyRow,
    #[serde(flatten)]
    pub created: CreatedUsers,
}

impl GenerateKeyResponse {
    pub fn with_secret(secret: &Secret, row: KeyRow) -> Self {
        let key = secret.reveal().to_owned();
        Self { key, row: row.with_hash(), created: CreatedUsers::default() }
    }
}
