//! All tables of an export, as the things that they are.

use std::collections::{BTreeMap, HashMap};
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
    pub model_budgets: BTreeMap<String, Limits>,
}

#[derive(Default)]
pub struct Dump {
    pub orgs: Vec<Entry<Org>>,
    pub teams: Vec<Entry<Team>>,
    pub users: Vec<Entry<User>>,
    pub members: Vec<Entry<Member>>,
    pub keys: Vec<Entry<Key>>,
}

impl Dump {
    /// Reads the tables that a folder has. Rows that cannot be imported are in the report.
    pub fn read(folder: &Path, now: Moment, report: &mut Report) -> io::Result<Self> {
        let mut reader = Reader { folder, now, report, budgets: HashMap::new(), found: 0 };
        reader.budgets = reader.table("LiteLLM_BudgetTable", "budgets", budget)?.into_iter().collect();
        let orgs = reader.table("LiteLLM_OrganizationTable", "organisations", org)?;
        let mut places = Vec::new();
        let teams = reader.table("LiteLLM_TeamTable", "teams", |reader, row| {
            places.extend(members_of(row)?);
            team(reader, row)
        })?;
        let users = reader.table("LiteLLM_UserTable", "users", user)?;
        let seats: HashMap<_, _> =
            reader.table("LiteLLM_TeamMembership", "memberships", seat)?.into_iter().collect();
        let keys = reader.table("LiteLLM_VerificationToken", "keys", key)?;
        if reader.found == 0 {
            let message = "no table of LiteLLM's is there: LiteLLM_UserTable.json, .jsonl or .csv, and so on";
            return Err(io::Error::new(io::ErrorKind::NotFound, message));
        }
        let member = |(team, user, role): (TeamId, UserId, TeamRole)| {
            let (limits, spend) = seats.get(&(team.clone(), user.clone())).cloned().unwrap_or_default();
            let thing = Member { team, user, role, limits, joined: now };
            Entry { thing, spend, model_budgets: BTreeMap::new() }
        };
        Ok(Self {
            orgs,
            teams,
            users,
            members: places.into_iter().map(member).collect(),
            keys: keys.into_iter().flatten().collect(),
        })
    }
}

struct Reader<'a> {
    folder: &'a Path,
    now: Moment,
    report: &'a mut Report,
    budgets: HashMap<String, Limits>,
    /// Tables that were there.
    found: usize,
}

impl Reader<'_> {
    fn table<T>(
        &mut self,
        table: &'static str,
        kind: &'static str,
        mut read: impl FnMut(&mut Self, &Row) -> Result<T, Wrong>,
    ) -> io::Result<Vec<T>> {
        let Some(rows) = rows(self.folder, table)? else {
            return Ok(Vec::new());
        };
        self.found += 1;
        let mut things = Vec::with_capacity(rows.len());
        for row in &rows {
            match read(self, row) {
                Ok(thing) => things.push(thing),
                Err(wrong) => {
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
        let Some(id) = row.text("budget_id")? else {
            return Ok(own);
        };
        let shared = self.budgets.get(&id).ok_or_else(|| format!("budget_id: there is no budget {id}"))?;
        Ok(Limits {
            max_budget: own.max_budget.or(shared.max_budget),
            soft_budget: own.soft_budget.or(shared.soft_budget),
            budget_duration: own.budget_duration.or_else(|| shared.budget_duration.clone()),
            rpm: own.rpm.or(shared.rpm),
            tpm: own.tpm.or(shared.tpm),
            max_parallel_requests: own.max_parallel_requests.or(shared.max_parallel_requests),
            ..own
        })
    }

    fn entry<T>(&mut self, row: &Row, thing: T, lost: &[&'static str]) -> Result<Entry<T>, Wrong> {
        let lost = row.lost(lost);
        if !lost.is_empty() {
            self.report.remark(format!(
                "{} row {}: not carried over: {}",
                row.table,
                row.number,
                lost.join(", ")
            ));
        }
        let spend = row.money("spend")?.unwrap_or(Money::ZERO);
        Ok(Entry { thing, spend, model_budgets: row.model_budgets()? })
    }

    fn created(&self, row: &Row) -> Result<Moment, Wrong> {
        Ok(row.moment("created_at")?.unwrap_or(self.now))
    }
}

fn budget(_: &mut Reader<'_>, row: &Row) -> Result<(String, Limits), Wrong> {
    Ok((row.required("budget_id")?, row.limits()?))
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
    reader.entry(row, team, &["object_permission_id", "model_id", "policies"])
}

fn members_of(row: &Row) -> Result<Vec<(TeamId, UserId, TeamRole)>, Wrong> {
    let name = "members_with_roles";
    let team = TeamId::parse(row.required("team_id")?).map_err(|rule| format!("team_id {rule}"))?;
    let members = match row.json(name)? {
        Some(Value::Array(members)) => members,
        _ => return Ok(Vec::new()),
    };
    let member = |value: Value| {
        let Some(user) = value["user_id"].as_str() else {
            return Ok(None);
        };
        let user = UserId::parse(user).map_err(|rule| format!("{name}: user_id {rule}"))?;
        let role = value["role"].as_str().and_then(TeamRole::parse).unwrap_or_default();
        Ok(Some((team.clone(), user, role)))
    };
    members.into_iter().filter_map(|value| member(value).transpose()).collect()
}

type Seat = ((TeamId, UserId), (Limits, Money));

fn seat(reader: &mut Reader<'_>, row: &Row) -> Result<Seat, Wrong> {
    let team = TeamId::parse(row.required("team_id")?).map_err(|rule| format!("team_id {rule}"))?;
    let user = UserId::parse(row.required("user_id")?).map_err(|rule| format!("user_id {rule}"))?;
    Ok(((team, user), (reader.limits(row)?, row.money("spend")?.unwrap_or(Money::ZERO))))
}

fn user(reader: &mut Reader<'_>, row: &Row) -> Result<Entry<User>, Wrong> {
    let word = row.text("user_role")?;
    let role = match &word {
        None => Role::default(),
        Some(word) => Role::parse(word).ok_or_else(|| format!("user_role: there is no role {word}"))?,
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
    reader.entry(row, user, &["password", "object_permission_id", "sso_user_id", "policies"])
}

/// `None`: a session of LiteLLM's dashboard.
fn key(reader: &mut Reader<'_>, row: &Row) -> Result<Option<Entry<Key>>, Wrong> {
    let team = id("team_id", row.text("team_id")?, TeamId::parse)?;
    if team.as_ref().is_some_and(|team| team.as_str() == DASHBOARD) {
        return Ok(None);
    }
    let token = row.required("token")?;
    let secret = SecretHash::parse(&token).ok_or("token is no SHA-256 in hexadecimal")?;
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
            ..Ties::default()
        },
        limits: reader.limits(row)?,
        metadata: row.object("metadata")?,
        tags: tags.collect(),
        is_session: false,
        created: reader.created(row)?,
    };
    let lost = [
        "aliases",
        "config",
        "permissions",
        "allowed_routes",
        "object_permission_id",
        "policies",
        "auto_rotate",
    ];
    reader.entry(row, key, &lost).map(Some)
}
