//! A team, as answers show it.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;
use shared::api::ApiError;
use shared::store::{MemberEntry, TeamEntry};
use stargate_core::id::{OrgId, TeamId, UserId};
use stargate_core::moment::Moment;
use stargate_core::scope::Scope;

use crate::rows::limits::{LimitColumns, raw};
use crate::state::ManagementState;

/// LiteLLM's columns of a team.
#[derive(Debug, JsonSchema, Serialize)]
pub struct TeamRow {
    pub team_id: TeamId,
    pub team_alias: Option<String>,
    organization_id: Option<OrgId>,
    #[serde(flatten)]
    columns: LimitColumns,
    metadata: Box<RawValue>,
    members_with_roles: Vec<TeamMemberRow>,
    created_at: String,
}

#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "Seat")]
struct TeamMemberRow {
    user_id: UserId,
    role: &'static str,
}

/// What a member may spend in the team, and has spent.
#[derive(Debug, JsonSchema, Serialize)]
pub struct MembershipRow {
    pub user_id: UserId,
    team_id: TeamId,
    role: &'static str,
    #[serde(flatten)]
    columns: LimitColumns,
    joined_at: String,
}

impl TeamRow {
    pub fn new(
        app: &ManagementState,
        entry: &TeamEntry,
        members: &[MemberEntry],
        now: Moment,
    ) -> Result<Self, ApiError> {
        let team = &entry.team;
        let seat = |entry: &MemberEntry| TeamMemberRow {
            user_id: entry.member.user.clone(),
            role: entry.member.role.word(),
        };
        Ok(Self {
            team_id: team.id.clone(),
            team_alias: team.alias.clone(),
            organization_id: team.org.clone(),
            columns: LimitColumns::new(&entry.state, now, &app.store.terms().zone),
            metadata: raw(&team.metadata)?,
            members_with_roles: members.iter().map(seat).collect(),
            created_at: team.created.to_string(),
        })
    }

    /// A team with the members that it has now.
    pub async fn read(app: &ManagementState, entry: &TeamEntry, now: Moment) -> Result<Self, ApiError> {
        Self::new(app, entry, &app.store.members(&entry.team.id).await?, now)
    }

    /// The same with its limits of single models.
    pub async fn with_models(
        self,
        app: &ManagementState,
        entry: &TeamEntry,
        now: Moment,
    ) -> Result<Self, ApiError> {
        let scope = Scope::Team(entry.team.id.clone());
        Ok(Self { columns: self.columns.with_models(app, &scope, &entry.state, now).await?, ..self })
    }
}

impl MembershipRow {
    pub fn new(app: &ManagementState, entry: &MemberEntry, now: Moment) -> Self {
        let member = &entry.member;
        Self {
            user_id: member.user.clone(),
            team_id: member.team.clone(),
            role: member.role.word(),
            columns: LimitColumns::new(&entry.state, now, &app.store.terms().zone),
            joined_at: member.joined.to_string(),
        }
    }
}
