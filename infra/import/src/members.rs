//! Members of teams: their places in `members_with_roles`, and the limits of `LiteLLM_TeamMembership`.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;
use stargate_core::entity::TeamRole;
use stargate_core::id::{TeamId, UserId};
use stargate_core::money::Money;
use stargate_core::scope::Limits;

use super::budget::{self, ImportBudget};
use super::model_limits::ImportModelLimits;
use super::reader::Reader;
use super::report::ImportOutcome;
use super::row::{DumpRow, RowError, has_value};

/// A member's limits in one team, and what was spent of them.
#[derive(Clone, Debug, Default)]
pub struct ImportMember {
    pub limits: Limits,
    pub model_limits: ImportModelLimits,
    pub spend: Money,
    /// Why the row is skipped, if it is.
    pub refusal: Option<RowError>,
    budget_id: Option<String>,
}

pub type SeatId = (TeamId, UserId);

/// What a team says of members who have nothing of their own.
#[derive(Clone, Debug, Default)]
pub struct MemberDefaults {
    budget: Option<(String, ImportBudget)>,
    /// What members may use who join later.
    models: BTreeSet<String>,
}

#[derive(Debug, Default)]
pub struct Seats {
    rows: HashMap<SeatId, ImportMember>,
    defaults: HashMap<TeamId, MemberDefaults>,
}

/// One member of a team.
pub struct Place {
    pub team: TeamId,
    pub user: UserId,
    pub role: TeamRole,
}

impl Seats {
    pub fn new(rows: Vec<(SeatId, ImportMember)>) -> Self {
        Self { rows: rows.into_iter().collect(), defaults: HashMap::new() }
    }

    pub fn add_team(&mut self, team: TeamId, defaults: MemberDefaults) {
        self.defaults.insert(team, defaults);
    }

    pub fn has_row(&self, seat: &SeatId) -> bool {
        self.rows.contains_key(seat)
    }

    /// What a member is limited to: by its own row, and by its team where that says nothing.
    pub fn member_limits(&self, seat: &SeatId) -> ImportMember {
        let own = self.rows.get(seat).cloned().unwrap_or_default();
        let Some((id, budget)) = self.defaults.get(&seat.0).and_then(|team| team.budget.as_ref()) else {
            return own;
        };
        let limits = if own.limits == Limits::default() {
            Limits { models: budget.models.clone(), ..budget.limits.clone() }
        } else if own.limits.max_budget.is_none() {
            let Limits { max_budget, budget_duration, .. } = budget.limits.clone();
            Limits { max_budget, budget_duration, ..own.limits }
        } else {
            own.limits
        };
        let has_own = own.budget_id.as_ref().is_some_and(|own| own != id) && !own.model_limits.is_empty();
        let model_limits = if has_own { own.model_limits } else { budget.model_limits.clone() };
        ImportMember { limits, model_limits, ..own }
    }

    /// What somebody is limited to whom this import makes a member: as LiteLLM limits those who join.
    pub fn new_member_limits(&self, seat: &SeatId) -> ImportMember {
        let mut found = self.member_limits(seat);
        if found.limits.models.is_empty() && !self.has_row(seat) {
            found.limits.models =
                self.defaults.get(&seat.0).map(|team| team.models.clone()).unwrap_or_default();
        }
        found
    }
}

/// A row of `LiteLLM_TeamMembership`.
pub fn read_seat(reader: &mut Reader<'_>, row: &DumpRow) -> Result<(SeatId, ImportMember), RowError> {
    let team = TeamId::parse(row.require_text("team_id")?).map_err(|rule| format!("team_id {rule}"))?;
    let user = UserId::parse(row.require_text("user_id")?).map_err(|rule| format!("user_id {rule}"))?;
    let models = reader.budget(row)?.map(|budget| budget.models.clone()).unwrap_or_default();
    let limits = Limits { models, ..reader.limits(row)? };
    let entry = reader.entry(row, &limits, ())?;
    let (model_limits, spend, refusal) = (entry.model_limits, entry.spend, entry.refusal);
    Ok((
        (team, user),
        ImportMember { limits, model_limits, spend, refusal, budget_id: row.text("budget_id")? },
    ))
}

/// What a team's row says of members without limits of their own.
pub fn read_defaults(reader: &Reader<'_>, row: &DumpRow) -> Result<MemberDefaults, RowError> {
    let name = "team_member_budget_id";
    let id = match row.object("metadata")?.remove(name) {
        Some(Value::String(id)) if !id.is_empty() => Some(id),
        Some(value) if has_value(&value) => return Err(format!("metadata.{name} is no text")),
        _ => None,
    };
    let budget = budget::find_budget(&reader.budgets, name, id.as_deref())?.cloned();
    let models = row.texts("default_team_member_models")?.into_iter().collect();
    Ok(MemberDefaults { budget: id.zip(budget), models })
}

/// Users by their addresses. `None`: several have it.
pub type Addresses = HashMap<String, Option<UserId>>;

/// The members that a team's row names.
pub fn read_places(
    reader: &mut Reader<'_>,
    row: &DumpRow,
    team: &TeamId,
    addresses: &Addresses,
) -> Result<Vec<Place>, RowError> {
    let name = "members_with_roles";
    let members = match row.json(name)? {
        Some(Value::Array(members)) => members,
        Some(value) if has_value(&value) => return Err(format!("{name} is no list")),
        _ => return Ok(Vec::new()),
    };
    let mut places = Vec::new();
    for value in members {
        let by_address = || addresses.get(&value["user_email"].as_str()?.to_lowercase()).cloned();
        let user = match value["user_id"].as_str() {
            Some(id) => Some(Some(UserId::parse(id).map_err(|rule| format!("{name}: user_id {rule}"))?)),
            None => by_address(),
        };
        let why = match user {
            Some(Some(user)) => {
                let role = value["role"].as_str().and_then(TeamRole::parse).unwrap_or_default();
                places.push(Place { team: team.clone(), user, role });
                continue;
            }
            Some(None) => "whose address several users have",
            None => "whom no user is",
        };
        reader.report.count("members", ImportOutcome::Skipped);
        reader.report.remark(format!("{} row {}: skipped: a member {why}: {value}", row.table, row.number));
    }
    Ok(places)
}
