//! An organization, as answers show it.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;
use shared::api::ApiError;
use shared::store::OrgEntry;
use stargate_core::entity::OrgMember;
use stargate_core::id::{OrgId, TeamId, UserId};
use stargate_core::moment::Moment;

use crate::rows::limits::{LimitColumns, raw};
use crate::state::ManagementState;

/// LiteLLM's columns of an organization.
#[derive(Debug, JsonSchema, Serialize)]
pub struct OrgRow {
    organization_id: OrgId,
    organization_alias: Option<String>,
    #[serde(flatten)]
    columns: LimitColumns,
    metadata: Box<RawValue>,
    members: Vec<MemberRow>,
    teams: Vec<TeamId>,
    created_at: String,
}

#[derive(Debug, JsonSchema, Serialize)]
pub struct MemberRow {
    organization_id: OrgId,
    user_id: UserId,
    user_role: String,
    created_at: String,
}

impl OrgRow {
    /// An organization with the members and teams that it has now.
    pub async fn read(app: &ManagementState, entry: &OrgEntry, now: Moment) -> Result<Self, ApiError> {
        let org = &entry.org;
        Ok(Self {
            organization_id: org.id.clone(),
            organization_alias: org.alias.clone(),
            columns: LimitColumns::new(&entry.state, now, &app.store.terms().zone),
            metadata: raw(&org.metadata)?,
            members: app.store.org_members(&org.id).await?.into_iter().map(MemberRow::from).collect(),
            teams: app.store.teams_of_org(&org.id).await?,
            created_at: org.created.to_string(),
        })
    }
}

impl From<OrgMember> for MemberRow {
    fn from(member: OrgMember) -> Self {
        Self {
            organization_id: member.org,
            user_id: member.user,
            user_role: member.role,
            created_at: member.joined.to_string(),
        }
    }
}
