//! `POST /team/new`

use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use shared::api::{ApiError, json_response};
use shared::store::{CreateError, StoreError};
use stargate_core::audit::Action;
use stargate_core::catalog::Catalog;
use stargate_core::entity::Team;
use stargate_core::id::random_key_id;
use stargate_core::moment::Moment;
use stargate_core::policy::Permit;
use stargate_core::scope::{Limits, Scope};

use crate::audit_log::{AuditRecorder, TEAMS};
use crate::authorize::RequestContext;
use crate::openapi::operation::{LIMITS, MODEL_LIMITS, Operation, schema_of};
use crate::provisioning::find_organization;
use crate::provisioning::find_team::unknown_team;
use crate::provisioning::new_member::{NewMember, add_member};
use crate::provisioning::user_ref::{UserRef, look_up_all};
use crate::request::body::RequestBody;
use crate::request::ids::{self, parse_team_id};
use crate::request::limits::LimitsPatch;
use crate::request::model_limits::ModelLimitsPatch;
use crate::rows::created_users::CreatedUsers;
use crate::rows::team::TeamRow;
use crate::state::ManagementState;

/// LiteLLM's own sessions live in a team of this name: a client that meets it would hide it.
const RESERVED: &str = "litellm-dashboard";

/// The field that names the first members.
const MEMBERS: &str = "members_with_roles";

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "NewTeam")]
struct NewTeamResponse {
    #[serde(flatten)]
    team: TeamRow,
    #[serde(flatten)]
    created: CreatedUsers,
}

pub const OPERATION: Operation =
    Operation::new("Makes a team with its first members", schema_of::<NewTeamResponse>).takes(&[
        &["team_id", "team_alias", "organization_id", "members_with_roles", "metadata", "spend"],
        LIMITS,
        MODEL_LIMITS,
    ]);

/// Makes a team with its first members. Those who are missing are created, if the deployment allows it.
pub async fn new(
    app: ManagementState,
    permit: Permit,
    ask: RequestContext,
    fields: RequestBody,
) -> Result<Response, ApiError> {
    let (team, model_limits, members) = read(fields, &app.catalog, ask.now)?;
    let named: Vec<&UserRef> = members.iter().map(|member| &member.whom).collect();
    look_up_all(&app, &permit, MEMBERS, &named).await?;
    app.store.create_team(&team).await.map_err(|error| match error {
        CreateError::Store(error) => error.into(),
        CreateError::Gone { field: "organization_id" } => deleted_meanwhile(&team),
        CreateError::Taken { .. } | CreateError::Gone { .. } => ApiError::Conflict {
            param: Some("team_id".to_owned()),
            message: format!("team_id: Team with id {} already exists", team.id),
        },
    })?;
    let scribe = AuditRecorder::new(&app, &permit, &ask);
    let created = match hang_on(&app, &scribe, &team, &model_limits, members, ask.now).await {
        Ok(created) => created,
        Err(fault) => {
            // All or nothing: half a team would be found when the call is made again.
            app.store.delete_team(&team.id, ask.now).await?;
            return Err(fault);
        }
    };
    let entry = app.store.find_team(&team.id).await?.ok_or_else(|| unknown_team("team_id", &team.id))?;
    let row = TeamRow::read(&app, &entry, ask.now).await?.with_models(&app, &entry, ask.now).await?;
    scribe.note(Action::Created, (TEAMS, team.id.as_str()), None, Some(&row)).await;
    Ok(json_response(StatusCode::OK, &NewTeamResponse { team: row, created }))
}

fn deleted_meanwhile(team: &Team) -> ApiError {
    team.org.as_ref().map_or_else(
        || ApiError::invalid("organization_id", "must name an organization"),
        |org| find_organization::unknown_organization("organization_id", org),
    )
}

/// What a new team is to have: limits of single models, and members.
async fn hang_on(
    app: &ManagementState,
    scribe: &AuditRecorder<'_>,
    team: &Team,
    model_limits: &ModelLimitsPatch,
    members: Vec<NewMember>,
    now: Moment,
) -> Result<CreatedUsers, ApiError> {
    if model_limits.is_asked() {
        let entry = app.store.find_team(&team.id).await?.ok_or_else(|| unknown_team("team_id", &team.id))?;
        model_limits.apply(&app.store, &Scope::Team(team.id.clone()), &entry.state, now).await?;
    }
    let (limits, mut created) = (Limits::default(), CreatedUsers::default());
    for member in members {
        add_member(app, scribe, &team.id, (member, &limits), &mut created, now).await?;
    }
    Ok(created)
}

fn read(
    mut fields: RequestBody,
    catalog: &Catalog,
    now: Moment,
) -> Result<(Team, ModelLimitsPatch, Vec<NewMember>), ApiError> {
    let id = match fields.patch("team_id", "a string")?.value() {
        Some(id) => parse_team_id("team_id", id)?,
        None => parse_team_id("team_id", random_key_id().map_err(StoreError::from)?.as_str().to_owned())?,
    };
    if id.as_str() == RESERVED {
        return Err(ApiError::invalid("team_id", format!("must not be {RESERVED}")));
    }
    let team = Team {
        id,
        alias: fields.text("team_alias")?.value(),
        org: fields
            .patch("organization_id", "a string")?
            .try_map(|id| ids::parse_organization_id("organization_id", id))?
            .value(),
        limits: LimitsPatch::read(&mut fields)?.apply_to(Limits::default()),
        metadata: fields.object("metadata")?.value().unwrap_or_else(|| "{}".to_owned()),
        created: now,
    };
    let members = NewMember::read_all(&mut fields, MEMBERS)?;
    let model_limits = ModelLimitsPatch::read(&mut fields, catalog)?;
    fields.only_zero("spend")?;
    fields.finish()?;
    Ok((team, model_limits, members))
}
