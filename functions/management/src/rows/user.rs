//! A user, as answers show it.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;
use shared::api::ApiError;
use shared::store::UserEntry;
use stargate_core::id::{TeamId, UserId};
use stargate_core::moment::Moment;
use stargate_core::scope::Scope;

use crate::rows::limits::{LimitColumns, raw};
use crate::state::ManagementState;

/// LiteLLM's columns of a user.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct UserRow {
    #[serde(flatten)]
    pub user: PlainUser,
    teams: Vec<TeamId>,
}

/// The same without its teams: where those are told in full.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct PlainUser {
    pub user_id: UserId,
    user_email: Option<String>,
    user_alias: Option<String>,
    pub user_role: String,
    #[serde(flatten)]
    columns: LimitColumns,
    metadata: Box<RawValue>,
    created_at: String,
}

impl UserRow {
    /// A user with the teams that it is in now.
    pub async fn read(app: &ManagementState, entry: &UserEntry, now: Moment) -> Result<Self, ApiError> {
        Self::new(app, entry, app.store.teams_of_user(&entry.user.id).await?, now)
    }

    /// The same with its limits of single models.
    pub async fn with_models(
        self,
        app: &ManagementState,
        entry: &UserEntry,
        now: Moment,
    ) -> Result<Self, ApiError> {
        let scope = Scope::User(entry.user.id.clone());
        let columns = self.user.columns.with_models(app, &scope, &entry.state, now).await?;
        Ok(Self { user: PlainUser { columns, ..self.user }, ..self })
    }

    /// The same with a number for a budget, whether there is one or not.
    pub fn with_a_budget(self) -> Self {
        Self { user: PlainUser { columns: self.user.columns.with_a_budget(), ..self.user }, ..self }
    }

    pub fn new(
        app: &ManagementState,
        entry: &UserEntry,
        teams: Vec<TeamId>,
        now: Moment,
    ) -> Result<Self, ApiError> {
        let user = &entry.user;
        let user = PlainUser {
            user_id: user.id.clone(),
            user_email: user.email.clone(),
            user_alias: user.alias.clone(),
            user_role: user.role.word().to_owned(),
            columns: LimitColumns::new(&entry.state, now, &app.store.terms().zone),
            metadata: raw(&user.metadata)?,
            created_at: user.created.to_string(),
        };
        Ok(Self { user, teams })
    }
}
