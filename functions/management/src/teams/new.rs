//! `POST /team/new`

use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use shared::audit::Action;
use shared::fault::Fault;
use shared::id::random_key_id;
use shared::model::Catalog;
use shared::moment::Moment;
use shared::policy::Permit;
use shared::scope::{Limits, Scope};
use shared::store::{NotCreated, StoreError};
use shared::team::Team;
use shared::web::json_answer;

use super::new_member::{NewMember, seat};
use super::{TeamRow, parse_id, unknown};
use crate::App;
use crate::audit::{Scribe, TEAMS};
use crate::fields::Fields;
use crate::guard::Ask;
use crate::limits::LimitsPatch;
use crate::model_limits::ModelLimits;
use crate::openapi::{LIMITS, MODEL_LIMITS, Operation, schema_of};
use crate::orgs;
use crate::users::{CreatedUsers, Whom, look_up_all};

/// LiteLLM's own sessions live in a team of this name: a client that meets it would hide it.
const RESERVED: &str = "litellm-dashboard";

/// The field that names the first members.
const MEMBERS: &str = "members_with_roles";

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "NewTeam")]
struct Answer {
    #[serde(flatten)]
    team: TeamRow,
    #[serde(flatten)]
    created: CreatedUsers,
}

pub const OPERATION: Operation = Operation::new("Makes a team with its first members", schema_of::<Answer>)
    .takes(&[
        &["team_id", "team_alias", "organization_id", "members_with_roles", "metadata", "spend"],
        LIMITS,
        MODEL_LIMITS,
    ]);

/// Makes a team with its first members. Those who are missing are created, if the deployment allows it.
pub async fn new(app: App, permit: Permit, ask: Ask, fields: Fields) -> Result<Response, Fault> {
    let (team, model_limits, members) = read(fields, &app.catalog, ask.now)?;
    let named: Vec<&Whom> = members.iter().map(|member| &member.whom).collect();
    look_up_all(&app, &permit, MEMBERS, &named).await?;
    app.store.create_team(&team).await.map_err(|error| match error {
        NotCreated::Store(error) => error.into(),
        NotCreated::Gone { field: "organization_id" } => gone(&team),
        NotCreated::Taken { .. } | NotCreated::Gone { .. } => Fault::Conflict {
            param: Some("team_id".to_owned()),
            message: format!("team_id: Team with id {} already exists", team.id),
        },
    })?;
    let scribe = Scribe::new(&app, &permit, &ask);
    let created = match hang_on(&app, &scribe, &team, &model_limits, members, ask.now).await {
        Ok(created) => created,
        Err(fault) => {
            // All or nothing: half a team would be found when the call is made again.
            app.store.delete_team(&team.id, ask.now).await?;
            return Err(fault);
        }
    };
    let entry = app.store.find_team(&team.id).await?.ok_or_else(|| unknown("team_id", &team.id))?;
    let row = TeamRow::read(&app, &entry, ask.now).await?.with_models(&app, &entry, ask.now).await?;
    scribe.note(Action::Created, (TEAMS, team.id.as_str()), None, Some(&row)).await;
    Ok(json_answer(StatusCode::OK, &Answer { team: row, created }))
}

fn gone(team: &Team) -> Fault {
    team.org.as_ref().map_or_else(
        || Fault::invalid("organization_id", "must name an organization"),
        |org| orgs::unknown("organization_id", org),
    )
}

/// What a new team is to have: limits of single models, and members.
async fn hang_on(
    app: &App,
    scribe: &Scribe<'_>,
    team: &Team,
    model_limits: &ModelLimits,
    members: Vec<NewMember>,
    now: Moment,
) -> Result<CreatedUsers, Fault> {
    if model_limits.is_asked() {
        let entry = app.store.find_team(&team.id).await?.ok_or_else(|| unknown("team_id", &team.id))?;
        model_limits.apply(app, &Scope::Team(team.id.clone()), &entry.state, now).await?;
    }
    let (limits, mut created) = (Limits::default(), CreatedUsers::default());
    for member in members {
        seat(app, scribe, &team.id, (member, &limits), &mut created, now).await?;
    }
    Ok(created)
}

fn read(
    mut fields: Fields,
    catalog: &Catalog,
    now: Moment,
) -> Result<(Team, ModelLimits, Vec<NewMember>), Fault> {
    let id = match fields.patch("team_id", "a string")?.value() {
        Some(id) => parse_id("team_id", id)?,
        None => parse_id("team_id", random_key_id().map_err(StoreError::from)?.as_str().to_owned())?,
    };
    if id.as_str() == RESERVED {
        return Err(Fault::invalid("team_id", format!("must not be {RESERVED}")));
    }
    let team = Team {
        id,
        alias: fields.text("team_alias")?.value(),
        org: fields
            .patch("organization_id", "a string")?
            .checked(|id| orgs::parse_id("organization_id", id))?
            .value(),
        limits: LimitsPatch::read(&mut fields)?.over(Limits::default()),
        metadata: fields.object("metadata")?.value().unwrap_or_else(|| "{}".to_owned()),
        created: now,
    };
    let members = NewMember::read_all(&mut fields, MEMBERS)?;
    let model_limits = ModelLimits::read(&mut fields, catalog)?;
    fields.only_zero("spend")?;
    fields.finish()?;
    Ok((team, model_limits, members))
}
