//! The things of an export in their order: whom others belong to before those who belong to them.

use std::collections::HashSet;

use shared::store::{Store, StoreError};
use stargate_core::catalog::Catalog;
use stargate_core::entity::{Key, Member, TeamRole, User, UserRole};
use stargate_core::id::UserId;
use stargate_core::moment::Moment;
use stargate_core::money::Money;
use stargate_core::scope::{Limits, Scope};
use stargate_core::secret::SecretHash;

use super::dump::Dump;
use super::entry::ImportEntry;
use super::folder::{MEMBERSHIPS, USERS};
use super::item::ImportItem;
use super::members::{ImportMember, Seats};
use super::model_limits::ImportModelLimits;
use super::report::{ImportOutcome, Report};
use super::row::RowError;
use super::skipped::SkippedRows;

pub struct Import<'a> {
    pub store: &'a Store,
    pub catalog: &'a Catalog,
    pub now: Moment,
    pub is_dry: bool,
    /// Whether users are made whom only a key or a team names.
    pub creates_missing_users: bool,
    pub report: Report,
    /// What this run has made, or found here.
    pub here: HashSet<Scope>,
    /// Addresses and aliases that this run has given away.
    pub taken: HashSet<(&'static str, String)>,
    /// What was skipped, with the rows that could not be read.
    pub skipped: SkippedRows,
}

impl Import<'_> {
    pub async fn import_all(&mut self, dump: Dump) -> Result<(), StoreError> {
        self.skipped = dump.skipped;
        self.report_skipped_rows_that_exist().await?;
        for org in &dump.orgs {
            let id = &org.thing.id;
            let scope = Scope::Org(id.clone());
            let wanted =
                ImportItem::new("organisations", format!("organisation {id}"), scope, &org.thing.limits, org);
            self.create_or_update(wanted, async |store| store.create_org(&org.thing).await).await?;
        }
        for team in &dump.teams {
            let id = &team.thing.id;
            let needs = team.thing.org.iter().cloned().map(Scope::Org).collect();
            let scope = Scope::Team(id.clone());
            let wanted = ImportItem::new("teams", format!("team {id}"), scope, &team.thing.limits, team);
            self.create_or_update(ImportItem { needs, ..wanted }, async |store| {
                store.create_team(&team.thing).await
            })
            .await?;
        }
        let mut rows = HashSet::new();
        for user in &dump.users {
            rows.insert(user.thing.id.clone());
            self.user(user).await?;
        }
        for member in &dump.members {
            self.create_missing_user(&member.thing.user, &mut rows).await?;
            let seat = (member.thing.team.clone(), member.thing.user.clone());
            self.member(member, dump.seats.has_row(&seat)).await?;
        }
        for key in &dump.keys {
            if let Some(user) = &key.thing.holder.user {
                self.create_missing_user(user, &mut rows).await?;
            }
            self.create_missing_member(&key.thing, &dump.seats).await?;
            self.key(key).await?;
        }
        for mark in self.store.list_imported("key#").await? {
            if !mark.strip_prefix("key#").is_some_and(|token| dump.tokens.contains(token)) {
                self.report.remark(format!("{mark}: it is in the export no more, and is left as it is here"));
            }
        }
        Ok(())
    }

    /// What an earlier import made, perhaps without limits, of rows that cannot be read now.
    async fn report_skipped_rows_that_exist(&mut self) -> Result<(), StoreError> {
        let mut names = Vec::new();
        for (scope, _) in self.skipped.scopes() {
            if let Some(state) = self.state(scope).await? {
                names.push((scope.to_string(), state.limits == Limits::default()));
            }
        }
        for (token, _) in self.skipped.tokens() {
            let secret = SecretHash::parse(token);
            let pointer = match &secret {
                Some(secret) => self.store.find_pointer(secret).await?,
                None => None,
            };
            if pointer.is_some() {
                names.push((format!("key#{token}"), false));
            }
        }
        for (name, has_no_limits) in names {
            let free = if has_no_limits { ", without limits" } else { "" };
            self.report.remark(format!(
                "{name}: its row is skipped, and it is here already{free}: check its limits"
            ));
        }
        Ok(())
    }

    async fn user(&mut self, user: &ImportEntry<User>) -> Result<(), StoreError> {
        let User { id, role, limits, .. } = &user.thing;
        let scope = Scope::User(id.clone());
        let wanted = ImportItem::new("users", format!("user {id}"), scope, limits, user);
        let unique = user.thing.email.as_ref().map(|email| ("user_email", email.to_lowercase()));
        let wanted = ImportItem { unique, ..wanted };
        let outcome =
            self.create_or_update(wanted, async |store| store.create_user(&user.thing).await).await?;
        let role_here = match outcome {
            ImportOutcome::Made => *role,
            ImportOutcome::Gone => return Ok(()),
            _ => match self.store.find_user(id).await? {
                Some(found) => found.user.role,
                None => return Ok(()),
            },
        };
        if matches!(role_here, UserRole::ProxyAdmin | UserRole::ProxyAdminViewer) {
            self.report.administrators.insert(format!("{id} ({})", role_here.word()));
            if role_here != *role {
                let (here, there) = (role_here.word(), role.word());
                self.report
                    .remark(format!("user {id}: {here} here and {there} in the export: it stays {here}"));
            }
        }
        Ok(())
    }

    /// Creates a user whom a key or a team names and who has no row: LiteLLM has such users. `known` holds the users with a row
    /// and those who were handled before.
    async fn create_missing_user(
        &mut self,
        id: &UserId,
        known: &mut HashSet<UserId>,
    ) -> Result<(), StoreError> {
        let scope = Scope::User(id.clone());
        if !known.insert(id.clone()) || self.skipped.has(&scope) || self.state(&scope).await?.is_some() {
            return Ok(());
        }
        let name = format!("user {id}");
        let refusal = if self.skipped.has_unidentified_row(USERS) {
            Some(format!("a row of {USERS} says no user_id that can be read, and may be this user's"))
        } else if !self.creates_missing_users {
            Some(
                "no row has it, but a key or a team names it; STARGATE_CREATE_MISSING_USERS is deny"
                    .to_owned(),
            )
        } else {
            None
        };
        if refusal.is_none() && !self.store.was_imported(&name).await? {
            self.report.made_without_limits.insert(id.to_string());
            self.report
                .remark(format!("{name}: no row has it, but a key or a team names it: made without limits"));
        }
        let thing = User {
            id: id.clone(),
            email: None,
            alias: None,
            role: UserRole::default(),
            limits: Limits::default(),
            metadata: "{}".to_owned(),
            created: self.now,
        };
        let (limits, entry) = (
            Limits::default(),
            ImportEntry { thing, spend: Money::ZERO, model_limits: ImportModelLimits::new(), refusal },
        );
        let wanted = ImportItem::new("users", name, scope, &limits, &entry);
        self.create_or_update(wanted, async |store| store.create_user(&entry.thing).await).await.map(|_| ())
    }

    /// Makes a user a member of the team that it has a key of, with the limits of its membership.
    async fn create_missing_member(&mut self, key: &Key, seats: &Seats) -> Result<(), StoreError> {
        let (Some(team), Some(user)) = (&key.holder.team, &key.holder.user) else {
            return Ok(());
        };
        let scope = Scope::Member(team.clone(), user.clone());
        let is_known = self.here.contains(&scope) || self.skipped.has(&scope);
        if is_known || self.state(&scope).await?.is_some() {
            return Ok(());
        }
        let id = (team.clone(), user.clone());
        let seat = seats.new_member_limits(&id);
        let (role, limits) = (TeamRole::User, seat.limits.clone());
        let thing = Member { team: team.clone(), user: user.clone(), role, limits, joined: self.now };
        let outcome = self.member(&seat_entry(thing, seat), seats.has_row(&id)).await?;
        if outcome == ImportOutcome::Made {
            self.report.remark(format!("member {user} of team {team}: made: it has a key there"));
        }
        Ok(())
    }

    async fn member(
        &mut self,
        member: &ImportEntry<Member>,
        has_row: bool,
    ) -> Result<ImportOutcome, StoreError> {
        let Member { team, user, role, limits, .. } = &member.thing;
        let (scope, name) =
            (Scope::Member(team.clone(), user.clone()), format!("member {user} of team {team}"));
        let mut wanted = ImportItem::new("members", name, scope.clone(), limits, member);
        wanted.needs = vec![Scope::Team(team.clone()), Scope::User(user.clone())];
        if self.skipped.has(&scope) {
            wanted.refusal = Some("its row was skipped".to_owned());
        } else if !has_row && self.skipped.has_unidentified_row(MEMBERSHIPS) {
            let why =
                format!("a row of {MEMBERSHIPS} says no ids that can be read, and may be this member's");
            wanted.refusal = Some(why);
        }
        let outcome =
            self.create_or_update(wanted, async |store| store.create_member(&member.thing).await).await?;
        let role_here = match outcome {
            ImportOutcome::Made => *role,
            ImportOutcome::Gone => return Ok(outcome),
            _ => match self.store.find_member(team, user).await? {
                Some(found) => found.member.role,
                None => return Ok(outcome),
            },
        };
        if role_here == TeamRole::Admin {
            self.report.team_administrators.insert(format!("{user} (team {team})"));
            if *role != TeamRole::Admin {
                let text = "admin here and user in the export: it stays admin";
                self.report.remark(format!("member {user} of team {team}: {text}"));
            }
        }
        Ok(outcome)
    }

    /// A key is known by its secret: its id is made here.
    async fn key(&mut self, key: &ImportEntry<Key>) -> Result<(), StoreError> {
        let Key { holder, alias, .. } = &key.thing;
        let name = key_name(&key.thing);
        let found = self.store.find_pointer(&holder.secret).await?;
        let id = found.map_or_else(|| key.thing.id.clone(), |pointer| pointer.key);
        let (user, team) = (holder.user.clone().map(Scope::User), holder.team.clone().map(Scope::Team));
        let seat = holder.team.clone().zip(holder.user.clone()).map(|(team, user)| Scope::Member(team, user));
        let org = key.thing.ties.org.clone().map(Scope::Org);
        for model in key.thing.ties.aliases.values().filter(|model| self.catalog.find(model).is_none()) {
            self.report.remark(format!("{name}: {model}, which it has a name for, is no model here"));
        }
        let wanted = ImportItem {
            mark: format!("key#{}", holder.secret.as_str()),
            needs: org.into_iter().chain(team).chain(user).chain(seat).collect(),
            unique: alias.clone().map(|alias| ("key_alias", alias)),
            ..ImportItem::new("keys", name, Scope::Key(id), &key.thing.limits, key)
        };
        self.create_or_update(wanted, async |store| store.create_key(&key.thing).await).await.map(|_| ())
    }
}

fn seat_entry<T>(thing: T, seat: ImportMember) -> ImportEntry<T> {
    ImportEntry { thing, spend: seat.spend, model_limits: seat.model_limits, refusal: seat.refusal }
}

/// By the alias, or by the last letters and the hash: many keys have no alias.
fn key_name(key: &Key) -> String {
    match &key.alias {
        Some(alias) => format!("key {alias}"),
        None => format!("key {} (hash {})", key.hint, key.holder.secret.as_str()),
    }
}

/// Why something is skipped that needs another.
pub fn skipped_need(scope: &Scope) -> RowError {
    format!("{scope} was skipped")
}
