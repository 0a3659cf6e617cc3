//! What was skipped: whatever belongs to it is skipped too, or it would be without its limits.

use std::collections::{BTreeMap, HashSet};

use stargate_core::id::{OrgId, TeamId, UserId};
use stargate_core::scope::Scope;

use super::folder::{KEYS, MEMBERSHIPS, ORGANIZATIONS, TEAMS, USERS};
use super::row::DumpRow;

#[derive(Debug, Default)]
pub struct SkippedRows {
    /// Why, by what the row is about.
    scopes: BTreeMap<Scope, String>,
    /// Keys whose rows cannot be read, by their hashes.
    tokens: BTreeMap<String, String>,
    /// Tables with a row of which nobody can tell what it is about.
    unnamed: HashSet<&'static str>,
}

impl SkippedRows {
    pub fn add(&mut self, scope: Scope, why: String) {
        self.scopes.entry(scope).or_insert(why);
    }

    pub fn add_row(&mut self, row: &DumpRow, why: &str) {
        match (identity(row), scope_of(row)) {
            (Some(token), _) if row.table == KEYS => {
                self.tokens.insert(token, why.to_owned());
            }
            (_, Some(scope)) => self.add(scope, why.to_owned()),
            _ => {
                self.unnamed.insert(row.table);
            }
        }
    }

    pub fn has(&self, scope: &Scope) -> bool {
        self.scopes.contains_key(scope)
    }

    /// Whether a row of a table may be about anything: what has no other row there is skipped.
    pub fn has_unidentified_row(&self, table: &'static str) -> bool {
        self.unnamed.contains(table)
    }

    pub fn scopes(&self) -> impl Iterator<Item = (&Scope, &String)> {
        self.scopes.iter()
    }

    pub fn tokens(&self) -> impl Iterator<Item = (&String, &String)> {
        self.tokens.iter()
    }
}

/// What tells a row from the others of its table, as its text: no two rows may have the same.
pub fn identity(row: &DumpRow) -> Option<String> {
    let text = |name: &str| row.text(name).ok().flatten();
    match row.table {
        MEMBERSHIPS => Some(format!("{} in team {}", text("user_id")?, text("team_id")?)),
        table => text(identity_column(table)),
    }
}

pub fn identity_column(table: &str) -> &'static str {
    match table {
        ORGANIZATIONS => "organization_id",
        USERS => "user_id",
        TEAMS => "team_id",
        MEMBERSHIPS => "user_id and team_id",
        KEYS => "token",
        _ => "budget_id",
    }
}

fn scope_of(row: &DumpRow) -> Option<Scope> {
    let text = |name: &str| row.text(name).ok().flatten();
    let user = || UserId::parse(text("user_id")?).ok();
    let team = || TeamId::parse(text("team_id")?).ok();
    match row.table {
        ORGANIZATIONS => Some(Scope::Org(OrgId::parse(text("organization_id")?).ok()?)),
        USERS => Some(Scope::User(user()?)),
        TEAMS => Some(Scope::Team(team()?)),
        MEMBERSHIPS => Some(Scope::Member(team()?, user()?)),
        _ => None,
    }
}
