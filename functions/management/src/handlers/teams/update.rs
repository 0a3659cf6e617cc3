//! `POST /team/update`

use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use shared::api::{ApiError, json_response};
use stargate_core::audit::Action;
use stargate_core::catalog::Catalog;
use stargate_core::entity::Team;
use stargate_core::id::{OrgId, TeamId};
use stargate_core::money::Money;
use stargate_core::policy::{PermissionError, Permit};
use stargate_core::scope::Scope;

use crate::audit_log::{AuditRecorder, TEAMS};
use crate::authorize::RequestContext;
use crate::openapi::operation::{LIMITS, MODEL_LIMITS, Operation, schema_of};
use crate::provisioning::find_organization;
use crate::provisioning::find_team::{require_team_admin, unknown_team};
use crate::request::body::RequestBody;
use crate::request::ids::{self, required_team_id};
use crate::request::limits::{LimitsPatch, spend};
use crate::request::model_limits::ModelLimitsPatch;
use crate::request::patch::Patch;
use crate::rows::team::TeamRow;
use crate::state::ManagementState;

struct TeamPatch {
    id: TeamId,
    alias: Patch<String>,
    metadata: Patch<String>,
    org: Patch<OrgId>,
    spend: Option<Money>,
    limits: LimitsPatch,
    model_limits: ModelLimitsPatch,
}

#[derive(JsonSchema, Serialize)]
struct UpdateTeamResponse {
    team_id: TeamId,
    data: TeamRow,
}

pub const OPERATION: Operation =
    Operation::new("Changes a team: what is absent stays, null clears", schema_of::<UpdateTeamResponse>)
        .takes(&[&["team_id", "team_alias", "organization_id", "metadata", "spend"], LIMITS, MODEL_LIMITS])
        .needs(&["team_id"]);

/// Changes a team: a field that is absent stays, `null` clears it, anything else sets it. The team's own administrators
/// change its name and its metadata, never its limits.
pub async fn update(
    app: ManagementState,
    permit: Permit,
    ask: RequestContext,
    fields: RequestBody,
) -> Result<Response, ApiError> {
    let patch = TeamPatch::read(fields, &app.catalog)?;
    let entry = require_team_admin(&app, &permit, &patch.id).await?;
    let org = patch.org.clone().apply_to(entry.team.org.clone());
    let binds = patch.limits.changes(&entry.state.limits)
        || patch.model_limits.is_asked()
        || patch.spend.is_some_and(|spend| spend != entry.state.spend)
        || org != entry.team.org;
    if !permit.sees_all() && binds {
        return Err(PermissionError("a team's administrators do not change its limits").into());
    }
    patch.model_limits.fits(&entry.state)?;
    // What changes nothing now might undo what an administrator changes meanwhile.
    let limits = if permit.sees_all() { patch.limits } else { LimitsPatch::unset() };
    let before = TeamRow::read(&app, &entry, ask.now).await?.with_models(&app, &entry, ask.now).await?;
    let missing = || unknown_team("team_id", &patch.id);
    if let Some(org) = &org {
        find_organization::require_organization(&app, org).await?;
    }
    if org != entry.team.org && !app.store.set_org(&patch.id, org.as_ref()).await? {
        return Err(missing());
    }
    let after = Team {
        alias: patch.alias.apply_to(entry.team.alias.clone()),
        metadata: patch
            .metadata
            .apply_to(Some(entry.team.metadata.clone()))
            .unwrap_or_else(|| "{}".to_owned()),
        ..entry.team.clone()
    };
    if !app.store.describe_team(&entry.team, &after).await? {
        return Err(missing());
    }
    let scope = Scope::Team(patch.id.clone());
    let edited =
        app.store.edit::<ApiError>(&scope, |now| Ok(limits.clone().apply_to(now.clone())), ask.now).await?;
    edited.ok_or_else(missing)?;
    if let Some(spend) = patch.spend.filter(|spend| permit.sees_all() && *spend != entry.state.spend) {
        app.store.set_spend(&scope, spend, ask.now).await?.ok_or_else(missing)?;
    }
    if !patch.model_limits.apply(&app.store, &scope, &entry.state, ask.now).await? {
        return Err(missing());
    }
    let entry = app.store.find_team(&patch.id).await?.ok_or_else(missing)?;
    let data = TeamRow::read(&app, &entry, ask.now).await?.with_models(&app, &entry, ask.now).await?;
    let scribe = AuditRecorder::new(&app, &permit, &ask);
    scribe.note(Action::Updated, (TEAMS, patch.id.as_str()), Some(&before), Some(&data)).await;
    Ok(json_response(StatusCode::OK, &UpdateTeamResponse { team_id: patch.id, data }))
}

impl TeamPatch {
    fn read(mut fields: RequestBody, catalog: &Catalog) -> Result<Self, ApiError> {
        let patch = Self {
            id: required_team_id(&mut fields)?,
            alias: fields.text("team_alias")?,
            metadata: fields.object("metadata")?,
            org: fields
                .patch("organization_id", "a string")?
                .try_map(|id| ids::parse_organization_id("organization_id", id))?,
            spend: spend(&mut fields)?,
            limits: LimitsPatch::read(&mut fields)?,
            model_limits: ModelLimitsPatch::read(&mut fields, catalog)?,
        };
        fields.finish()?;
        Ok(patch)
    }
}
