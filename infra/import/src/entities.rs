//! Organizations, teams, users and keys, each from a row of its table.

use serde_json::Value;
use stargate_core::entity::{Key, Org, Team, User, UserRole};
use stargate_core::id::{OrgId, TeamId, UserId, random_key_id};
use stargate_core::scope::{KeyOwner, LinkedScopes};
use stargate_core::secret::SecretHash;

use super::entry::ImportEntry;
use super::reader::Reader;
use super::row::{DumpRow, RowError};

/// The team of LiteLLM's dashboard sessions, which end with LiteLLM.
const DASHBOARD: &str = "litellm-dashboard";

fn parse_id<T, E: ToString>(
    name: &str,
    text: Option<String>,
    parse: fn(String) -> Result<T, E>,
) -> Result<Option<T>, RowError> {
    text.map(|text| parse(text).map_err(|rule| format!("{name} {}", rule.to_string()))).transpose()
}

pub fn read_org(reader: &mut Reader<'_>, row: &DumpRow) -> Result<ImportEntry<Org>, RowError> {
    let org = Org {
        id: OrgId::parse(row.require_text("organization_id")?)
            .map_err(|rule| format!("organization_id {rule}"))?,
        alias: row.text("organization_alias")?,
        limits: reader.limits(row)?,
        metadata: row.metadata()?,
        created: reader.created_at(row)?,
    };
    reader.entry(row, &org.limits.clone(), org)
}

pub fn read_team(reader: &mut Reader<'_>, row: &DumpRow) -> Result<ImportEntry<Team>, RowError> {
    let team = Team {
        id: TeamId::parse(row.require_text("team_id")?).map_err(|rule| format!("team_id {rule}"))?,
        alias: row.text("team_alias")?,
        org: parse_id("organization_id", row.text("organization_id")?, OrgId::parse)?,
        limits: reader.limits(row)?,
        metadata: row.metadata()?,
        created: reader.created_at(row)?,
    };
    reader.entry(row, &team.limits.clone(), team)
}

pub fn read_user(reader: &mut Reader<'_>, row: &DumpRow) -> Result<ImportEntry<User>, RowError> {
    let word = row.text("user_role")?;
    let role = match &word {
        None => UserRole::default(),
        Some(word) => UserRole::parse(word).unwrap_or_else(|| {
            let (table, number) = (row.table, row.number);
            reader.report.remark(format!("{table} row {number}: {word} is no role here: internal_user"));
            UserRole::InternalUser
        }),
    };
    let mut limits = reader.limits(row)?;
    // A directory that ends somebody's account (SCIM) says so here.
    limits.blocked |= row.object("metadata")?.get("scim_active") == Some(&Value::Bool(false));
    let user = User {
        id: UserId::parse(row.require_text("user_id")?).map_err(|rule| format!("user_id {rule}"))?,
        email: row.text("user_email")?,
        alias: row.text("user_alias")?,
        role,
        limits,
        metadata: row.metadata()?,
        created: reader.created_at(row)?,
    };
    reader.entry(row, &user.limits.clone(), user)
}

/// `None`: a session of LiteLLM's dashboard.
pub fn read_key(reader: &mut Reader<'_>, row: &DumpRow) -> Result<Option<ImportEntry<Key>>, RowError> {
    let team = parse_id("team_id", row.text("team_id")?, TeamId::parse)?;
    if team.as_ref().is_some_and(|team| team.as_str() == DASHBOARD) {
        return Ok(None);
    }
    let token = row.require_text("token")?;
    let secret = SecretHash::parse(&token).ok_or("token is no SHA-256 in hexadecimal")?;
    let tags = match row.object("metadata")?.remove("tags") {
        Some(Value::Array(tags)) => {
            tags.into_iter().filter_map(|tag| tag.as_str().map(str::to_owned)).collect()
        }
        _ => Vec::new(),
    };
    let key = Key {
        id: random_key_id().map_err(|error| error.to_string())?,
        hint: row.text("key_name")?.filter(|name| name.starts_with("sk-...")).unwrap_or("sk-...".to_owned()),
        alias: row.text("key_alias")?,
        holder: KeyOwner { secret, user: parse_id("user_id", row.text("user_id")?, UserId::parse)?, team },
        ties: LinkedScopes {
            org: parse_id("organization_id", row.text("organization_id")?, OrgId::parse)?,
            aliases: row.names("aliases")?,
            ..LinkedScopes::default()
        },
        limits: reader.limits(row)?,
        metadata: row.metadata()?,
        tags,
        is_session: false,
        created: reader.created_at(row)?,
    };
    let mut entry = reader.entry(row, &key.limits.clone(), key)?;
    let refusal = entry.refusal.take().or(find_unsupported_routes(row)?);
    Ok(Some(ImportEntry { refusal, ..entry }))
}

/// A key that may do less than call models: there is none such here.
fn find_unsupported_routes(row: &DumpRow) -> Result<Option<RowError>, RowError> {
    let routes = row.texts("allowed_routes")?;
    if routes.iter().any(|route| route != "llm_api_routes") {
        let routes = routes.join(", ");
        return Ok(Some(format!("allowed_routes: a key for {routes} only would be one for models here")));
    }
    let kind = row.text("key_type")?.filter(|kind| !["default", "llm_api"].contains(&kind.as_str()));
    Ok(kind.map(|kind| format!("key_type: a key of type {kind} would be one for models here")))
}
