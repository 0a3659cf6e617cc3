//! All tables of an export, as the things that they are.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io;
use std::path::Path;

use serde_json::Value;
use shared::id::{OrgId, TeamId, UserId, random_key_id};
use shared::key::Key;
use shared::moment::Moment;
use shared::money::Money;
use shared::org::Org;
use shared::scope::{Holder, Limits, Ties};
use shared::secret::SecretHash;
use shared::team::{Member, Team, TeamRole};
use shared::user::{Role, User};

use super::file::rows;
use super::report::{Outcome, Report};
use super::row::{Row, Wrong};

/// The team of LiteLLM's dashboard sessions, which end with LiteLLM.
const DASHBOARD: &str = "litellm-dashboard";

/// One thing with what hangs on it.
pub struct Entry<T> {
    pub thing: T,
    /// What it has spent in this period.
    pub spend: Money,
    pub model_limits: BTreeMap<String, Limits>,
}

/// A user's place in a team, as `members_with_roles` has it, and the limits that the member has there.
pub type Seats = HashMap<(TeamId, UserId), (Limits, Money)>;

#[derive(Default)]
pub struct Dump {
    pub orgs: Vec<Entry<Org>>,
    pub teams: Vec<Entry<Team>>,
    pub users: Vec<Entry<User>>,
    pub members: Vec<Entry<Member>>,
    pub keys: Vec<Entry<Key>>,
    /// Of members whom no team names, but who have a key there.
    pub seats: Seats,
    pub broken: Broken,
}

/// Whose rows were skipped: what belongs to them is skipped too, or it would be without their limits.
#[derive(Default)]
pub struct Broken(HashSet<(&'static str, String)>);

impl Broken {
    pub fn has(&self, name: &'static str, id: &str) -> bool {
        self.0.contains(&(name, id.to_owned()))
    }
}

impl Dump {
    /// Reads the tables of a folder. Rows that cannot be imported are in the report.
    pub fn read(folder: &Path, is_partial: bool, now: Moment, report: &mut Report) -> io::Result<Self> {
        let mut reader =
            Reader { folder, now, report, is_partial, budgets: HashMap::new(), broken: Broken::default() };
        reader.budgets =
            reader.table("LiteLLM_BudgetTable", "budgets", "budget_id", budget)?.into_iter().collect();
        let orgs = reader.table("LiteLLM_OrganizationTable", "organisations", "organization_id", org)?;
        let users = reader.table("LiteLLM_UserTable", "users", "user_id", user)?;
        let seats: Seats =
            reader.table("LiteLLM_TeamMembership", "memberships", "membership", seat)?.into_iter().collect();
        let addresses: HashMap<String, UserId> = users
            .iter()
            .filter_map(|user| Some((user.thing.email.as_ref()?.to_lowercase(), user.thing.id.clone())))
            .collect();
        let mut places = Vec::new();
        let teams = reader.table("LiteLLM_TeamTable", "teams", "team_id", |reader, row| {
            let team = team(reader, row)?;
            places.extend(members_of(reader, row, &team.thing.id, &addresses)?);
            Ok(team)
        })?;
        let keys = reader.table("LiteLLM_VerificationToken", "keys", "token", key)?;
        let member = |place: Place| {
            let Place { team, user, role, by_default } = place;
            let seat = seats.get(&(team.clone(), user.clone())).cloned();
            let (limits, spend) = seat.unwrap_or_default();
            let limits = if limits == Limits::default() { by_default.unwrap_or_default() } else { limits };
            let thing = Member { team, user, role, limits, joined: now };
            Entry { thing, spend, model_limits: BTreeMap::new() }
        };
        let members = places.into_iter().map(member).collect();
        let (keys, broken) = (keys.into_iter().flatten().collect(), reader.broken);
        Ok(Self { orgs, teams, users, members, keys, seats, broken })
    }
}

struct Reader<'a> {
    folder: &'a Path,
    now: Moment,
    report: &'a mut Report,
    /// Whether tables may be missing.
    is_partial: bool,
    budgets: HashMap<String, Budget>,
    broken: Broken,
}

/// What a budget row limits: models of a team's member, and budgets of single models, besides.
#[derive(Clone, Default)]
struct Budget {
    limits: Limits,
    models: BTreeSet<String>,
    model_limits: BTreeMap<String, Limits>,
}

/// One member of a team, and the limits that the team has for members without their own.
struct Place {
    team: TeamId,
    user: UserId,
    role: TeamRole,
    by_default: Option<Limits>,
}

impl Reader<'_> {
    fn table<T>(
        &mut self,
        table: &'static str,
        kind: &'static str,
        name: &'static str,
        mut read: impl FnMut(&mut Self, &Row) -> Result<T, Wrong>,
    ) -> io::Result<Vec<T>> {
        let rows = match rows(self.folder, table)? {
            Some(rows) => rows,
            None if self.is_partial => {
                self.report.remark(format!("{table}: it is not there, and is taken for empty"));
                return Ok(Vec::new());
            }
            // What its rows limit would be without limits.
            None => {
                let message =
                    format!("{table}.json, .jsonl or .csv is not there (--partial takes it for empty)");
                return Err(io::Error::new(io::ErrorKind::NotFound, message));
            }
        };
        let mut things = Vec::with_capacity(rows.len());
        for row in &rows {
            match read(self, row) {
                Ok(thing) => things.push(thing),
                Err(wrong) => {
                    self.broken.0.insert((name, broken_id(row, name)));
                    self.report.count(kind, Outcome::Skipped);
                    self.report.remark(format!("{table} row {}: skipped: {wrong}", row.number));
                }
            }
        }
        Ok(things)
    }

    /// The limits of a row, over those of the budget that it names.
    fn limits(&self, row: &Row) -> Result<Limits, Wrong> {
        let own = row.limits()?;
        let Some(budget) = self.budget(row)? else {
            return Ok(own);
        };
        Ok(over(own, &budget.limits))
    }

    fn budget(&self, row: &Row) -> Result<Option<&Budget>, Wrong> {
        let id = row.text("budget_id")?;
        id.map(|id| self.budgets.get(&id).ok_or_else(|| format!("budget_id: there is no budget {id}")))
            .transpose()
    }

    fn entry<T>(&mut self, row: &Row, thing: T, lost: &[&'static str]) -> Result<Entry<T>, Wrong> {
        let lost = row.lost(lost);
        if !lost.is_empty() {
            let lost = lost.join(", ");
            self.report.remark(format!("{} row {}: not carried over: {lost}", row.table, row.number));
        }
        let mut model_limits =
            self.budget(row)?.map(|budget| budget.model_limits.clone()).unwrap_or_default();
        model_limits.extend(row.model_limits()?);
        Ok(Entry { thing, spend: row.spend(self.now)?, model_limits })
    }

    fn created(&self, row: &Row) -> Result<Moment, Wrong> {
        Ok(row.moment("created_at")?.unwrap_or(self.now))
    }
}

/// What a broken row is about, as far as it can be told.
fn broken_id(row: &Row, name: &'static str) -> String {
    let text = |name: &str| row.text(name).ok().flatten().unwrap_or_default();
    match name {
        "membership" => format!("{}/{}", text("team_id"), text("user_id")),
        name => text(name),
    }
}

/// A thing's own limits, and those of its budget where it has none.
fn over(own: Limits, budget: &Limits) -> Limits {
    Limits {
        max_budget: own.max_budget.or(budget.max_budget),
        soft_budget: own.soft_budget.or(budget.soft_budget),
        budget_duration: own.budget_duration.or_else(|| budget.budget_duration.clone()),
        rpm: own.rpm.or(budget.rpm),
        tpm: own.tpm.or(budget.tpm),
        max_parallel_requests: own.max_parallel_requests.or(budget.max_parallel_requests),
        ..own
    }
}

fn budget(_: &mut Reader<'_>, row: &Row) -> Result<(String, Budget), Wrong> {
    let models = row.texts("allowed_models")?.into_iter().collect();
    let budget = Budget { limits: row.limits()?, models, model_limits: row.model_limits()? };
    Ok((row.required("budget_id")?, budget))
}

fn id<T, E: ToString>(
    name: &str,
    text: Option<String>,
    parse: fn(String) -> Result<T, E>,
) -> Result<Option<T>, Wrong> {
    text.map(|text| parse(text).map_err(|rule| format!("{name} {}", rule.to_string()))).transpose()
}

fn org(reader: &mut Reader<'_>, row: &Row) -> Result<Entry<Org>, Wrong> {
    let org = Org {
        id: OrgId::parse(row.required("organization_id")?)
            .map_err(|rule| format!("organization_id {rule}"))?,
        alias: row.text("organization_alias")?,
        limits: reader.limits(row)?,
        metadata: row.object("metadata")?,
        created: reader.created(row)?,
    };
    reader.entry(row, org, &["object_permission_id"])
}

fn team(reader: &mut Reader<'_>, row: &Row) -> Result<Entry<Team>, Wrong> {
    let team = Team {
        id: TeamId::parse(row.required("team_id")?).map_err(|rule| format!("team_id {rule}"))?,
        alias: row.text("team_alias")?,
        org: id("organization_id", row.text("organization_id")?, OrgId::parse)?,
        limits: reader.limits(row)?,
        metadata: row.object("metadata")?,
        created: reader.created(row)?,
    };
    reader.entry(
        row,
        team,
        &[
            "object_permission_id",
            "model_id",
            "policies",
            "budget_limits",
            "access_group_ids",
            "router_settings",
        ],
    )
}

fn members_of(
    reader: &mut Reader<'_>,
    row: &Row,
    team: &TeamId,
    addresses: &HashMap<String, UserId>,
) -> Result<Vec<Place>, Wrong> {
    let name = "members_with_roles";
    let members = match row.json(name)? {
        Some(Value::Array(members)) => members,
        _ => return Ok(Vec::new()),
    };
    let metadata = row.json("metadata")?.unwrap_or_default();
    let by_default = match metadata["team_member_budget_id"].as_str() {
        None => None,
        Some(id) => {
            let budget = reader
                .budgets
                .get(id)
                .ok_or_else(|| format!("team_member_budget_id: there is no budget {id}"))?;
            Some(Limits { models: budget.models.clone(), ..budget.limits.clone() })
        }
    };
    let mut places = Vec::new();
    for value in members {
        let by_address = || addresses.get(&value["user_email"].as_str()?.to_lowercase()).cloned();
        let user = match value["user_id"].as_str() {
            Some(id) => Some(UserId::parse(id).map_err(|rule| format!("{name}: user_id {rule}"))?),
            None => by_address(),
        };
        let Some(user) = user else {
            reader.report.count("members", Outcome::Skipped);
            reader.report.remark(format!(
                "{} row {}: skipped: a member whom no user is: {value}",
                row.table, row.number
            ));
            continue;
        };
        let role = value["role"].as_str().and_then(TeamRole::parse).unwrap_or_default();
        places.push(Place { team: team.clone(), user, role, by_default: by_default.clone() });
    }
    Ok(places)
}

type Seat = ((TeamId, UserId), (Limits, Money));

fn seat(reader: &mut Reader<'_>, row: &Row) -> Result<Seat, Wrong> {
    let team = TeamId::parse(row.required("team_id")?).map_err(|rule| format!("team_id {rule}"))?;
    let user = UserId::parse(row.required("user_id")?).map_err(|rule| format!("user_id {rule}"))?;
    let models = reader.budget(row)?.map(|budget| budget.models.clone()).unwrap_or_default();
    Ok(((team, user), (Limits { models, ..reader.limits(row)? }, row.spend(reader.now)?)))
}

fn user(reader: &mut Reader<'_>, row: &Row) -> Result<Entry<User>, Wrong> {
    let word = row.text("user_role")?;
    let role = match &word {
        None => Role::default(),
        Some(word) => Role::parse(word).unwrap_or_else(|| {
            let (table, number) = (row.table, row.number);
            reader.report.remark(format!("{table} row {number}: {word} is no role here: internal_user"));
            Role::InternalUser
        }),
    };
    let user = User {
        id: UserId::parse(row.required("user_id")?).map_err(|rule| format!("user_id {rule}"))?,
        email: row.text("user_email")?,
        alias: row.text("user_alias")?,
        role,
        limits: reader.limits(row)?,
        metadata: row.object("metadata")?,
        created: reader.created(row)?,
    };
    reader.entry(row, user, &["password", "object_permission_id", "sso_user_id", "policies", "budget_limits"])
}

/// `None`: a session of LiteLLM's dashboard.
fn key(reader: &mut Reader<'_>, row: &Row) -> Result<Option<Entry<Key>>, Wrong> {
    let team = id("team_id", row.text("team_id")?, TeamId::parse)?;
    if team.as_ref().is_some_and(|team| team.as_str() == DASHBOARD) {
        return Ok(None);
    }
    let token = row.required("token")?;
    let secret = SecretHash::parse(&token).ok_or("token is no SHA-256 in hexadecimal")?;
    let routes = row.texts("allowed_routes")?;
    if routes.iter().any(|route| route != "llm_api_routes") {
        return Err(format!(
            "allowed_routes: a key for {} only would be one for models here",
            routes.join(", ")
        ));
    }
    let metadata = row.json("metadata")?.unwrap_or_default();
    let tags =
        metadata["tags"].as_array().into_iter().flatten().filter_map(|tag| tag.as_str().map(str::to_owned));
    let key = Key {
        id: random_key_id().map_err(|error| error.to_string())?,
        hint: row.text("key_name")?.filter(|name| name.starts_with("sk-...")).unwrap_or("sk-...".to_owned()),
        alias: row.text("key_alias")?,
        holder: Holder { secret, user: id("user_id", row.text("user_id")?, UserId::parse)?, team },
        ties: Ties {
            org: id("organization_id", row.text("organization_id")?, OrgId::parse)?,
            aliases: row.names("aliases")?,
            ..Ties::default()
        },
        limits: reader.limits(row)?,
        metadata: row.object("metadata")?,
        tags: tags.collect(),
        is_session: false,
        created: reader.created(row)?,
    };
    let lost = [
        "config",
        "permissions",
        "object_permission_id",
        "policies",
        "auto_rotate",
        "budget_limits",
        "project_id",
        "access_group_ids",
        "router_settings",
    ];
    reader.entry(row, key, &lost).map(Some)
}
