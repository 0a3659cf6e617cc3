//! The things of an export, written; or looked at, where nothing is to be written.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use shared::id::UserId;
use shared::key::Key;
use shared::model::Catalog;
use shared::moment::Moment;
use shared::money::Money;
use shared::scope::{Limits, Scope};
use shared::store::{NotCreated, Store, StoreError};
use shared::team::{Member, TeamRole};
use shared::user::{Role, User};

use super::dump::{Dump, Entry, Seats};
use super::report::{Outcome, Report};

pub struct Import<'a> {
    pub store: &'a Store,
    pub catalog: &'a Catalog,
    pub now: Moment,
    pub is_dry: bool,
    pub report: Report,
    /// What this run has made, or would have.
    pub made: HashSet<Scope>,
    /// Addresses and aliases that this run has given away.
    pub taken: HashSet<(&'static str, String)>,
}

/// What is to be made, and what it needs.
struct Wanted<'a> {
    kind: &'static str,
    name: String,
    scope: Scope,
    /// Its name among the marks: what is marked and gone was deleted here, and stays so.
    mark: String,
    limits: &'a Limits,
    spend: Money,
    model_limits: &'a BTreeMap<String, Limits>,
    /// Whose it is.
    needs: Vec<Scope>,
    /// What nobody else may have.
    unique: Option<(&'static str, String)>,
}

impl Import<'_> {
    /// Whom others belong to before those who belong to them.
    pub async fn everything(&mut self, dump: &Dump) -> Result<(), StoreError> {
        for org in &dump.orgs {
            let id = &org.thing.id;
            let wanted = wanted(
                "organisations",
                format!("organisation {id}"),
                Scope::Org(id.clone()),
                &org.thing.limits,
                org,
            );
            self.one(wanted, async |store| store.create_org(&org.thing).await).await?;
        }
        for team in &dump.teams {
            let id = &team.thing.id;
            let wanted =
                wanted("teams", format!("team {id}"), Scope::Team(id.clone()), &team.thing.limits, team);
            let needs = team.thing.org.iter().cloned().map(Scope::Org).collect();
            self.one(Wanted { needs, ..wanted }, async |store| store.create_team(&team.thing).await).await?;
        }
        for user in &dump.users {
            let id = &user.thing.id;
            let wanted =
                wanted("users", format!("user {id}"), Scope::User(id.clone()), &user.thing.limits, user);
            let unique = user.thing.email.as_ref().map(|email| ("user_email", email.to_lowercase()));
            self.one(Wanted { unique, ..wanted }, async |store| store.create_user(&user.thing).await).await?;
        }
        for member in &dump.members {
            self.user_of(&member.thing.user, dump).await?;
            self.member(member, dump).await?;
        }
        let mut tokens = BTreeSet::new();
        for key in &dump.keys {
            tokens.insert(mark_of(&key.thing));
            if let Some(user) = &key.thing.holder.user {
                self.user_of(user, dump).await?;
            }
            self.seat_of(&key.thing, dump).await?;
            self.key(key).await?;
        }
        for mark in self.store.imported("key#").await? {
            if !tokens.contains(&mark) {
                self.report.remark(format!("{mark}: it is in the export no more, and is left as it is here"));
            }
        }
        Ok(())
    }

    /// Makes one thing with what hangs on it, or brings it up to what it is there; and counts it.
    async fn one(
        &mut self,
        wanted: Wanted<'_>,
        create: impl AsyncFnOnce(&Store) -> Result<(), NotCreated>,
    ) -> Result<(), StoreError> {
        let outcome = match self.make(&wanted, create).await? {
            Ok(outcome) => outcome,
            Err(why) => {
                self.report.count(wanted.kind, Outcome::Skipped);
                self.report.remark(format!("{}: skipped: {why}", wanted.name));
                return Ok(());
            }
        };
        if outcome == Outcome::Gone {
            self.report.count(wanted.kind, outcome);
            return Ok(());
        }
        self.made.insert(wanted.scope.clone());
        self.remark_models(&wanted);
        let carried = self.store.carry_spend(&wanted.scope, wanted.spend, self.is_dry, self.now).await?;
        if !self.is_dry {
            self.limit_models(&wanted).await?;
            self.tighten(&wanted).await?;
            self.store.mark_imported(&wanted.mark, self.now).await?;
        }
        let is_news = outcome == Outcome::There && carried;
        self.report.count(wanted.kind, if is_news { Outcome::Spend } else { outcome });
        Ok(())
    }

    /// Makes something that is not there yet. `Err` inside: why not.
    async fn make(
        &mut self,
        wanted: &Wanted<'_>,
        create: impl AsyncFnOnce(&Store) -> Result<(), NotCreated>,
    ) -> Result<Result<Outcome, String>, StoreError> {
        if self.is_there(&wanted.scope).await? {
            return Ok(Ok(Outcome::There));
        }
        if self.store.was_imported(&wanted.mark).await? {
            self.report
                .remark(format!("{}: it was deleted here since, and is not brought back", wanted.name));
            return Ok(Ok(Outcome::Gone));
        }
        for scope in &wanted.needs {
            if !self.made.contains(scope) && !self.is_there(scope).await? {
                return Ok(Err(format!("there is no {scope}")));
            }
        }
        if let Some((field, value)) = &wanted.unique
            && (!self.taken.insert((field, value.clone())) || self.is_taken(field, value).await?)
        {
            return Ok(Err(format!("its {field} is another's already")));
        }
        if self.is_dry {
            return Ok(Ok(Outcome::Made));
        }
        match create(self.store).await {
            Ok(()) => Ok(Ok(Outcome::Made)),
            Err(NotCreated::Store(error)) => Err(error),
            Err(NotCreated::Taken { field }) => Ok(Err(format!("its {field} is another's already"))),
            Err(NotCreated::Gone { field }) => Ok(Err(format!("there is no such {field}"))),
        }
    }

    async fn is_there(&self, scope: &Scope) -> Result<bool, StoreError> {
        let states = self.store.scope_states(std::slice::from_ref(scope)).await?;
        Ok(states.into_iter().flatten().any(|state| !state.deleted))
    }

    async fn is_taken(&self, field: &str, value: &str) -> Result<bool, StoreError> {
        Ok(match field {
            "user_email" => self.store.user_of_email(value).await?.is_some(),
            _ => self.store.find_key_by_alias(value).await?.is_some(),
        })
    }

    /// Limits of single models, where there are none yet: an import that was cut short goes on here.
    async fn limit_models(&self, wanted: &Wanted<'_>) -> Result<(), StoreError> {
        let state = self.store.scope_states(std::slice::from_ref(&wanted.scope)).await?.pop().flatten();
        if state.is_none_or(|state| !state.ties.models.is_empty()) {
            return Ok(());
        }
        for (model, limits) in wanted.model_limits {
            if let Some(found) = self.catalog.find(model) {
                self.store.limit_model(&wanted.scope, &found.name, Some(limits), self.now).await?;
            }
        }
        Ok(())
    }

    /// What was blocked or given an end there since, is so here; what was let loose there, is not.
    async fn tighten(&self, wanted: &Wanted<'_>) -> Result<(), StoreError> {
        let Limits { blocked, expires, .. } = *wanted.limits;
        let tightened = |limits: &Limits| Limits {
            blocked: limits.blocked || blocked,
            expires: limits.expires.into_iter().chain(expires).min(),
            ..limits.clone()
        };
        let state = self.store.scope_states(std::slice::from_ref(&wanted.scope)).await?.pop().flatten();
        if state.is_some_and(|state| tightened(&state.limits) != state.limits) {
            let edit = |limits: &Limits| Ok::<_, StoreError>(tightened(limits));
            self.store.edit(&wanted.scope, edit, self.now).await?;
        }
        Ok(())
    }

    /// Names of models that this deployment does not have: LiteLLM's configuration gives models names of its own.
    fn remark_models(&mut self, wanted: &Wanted<'_>) {
        const SPECIAL: [&str; 4] = ["all-team-models", "all-proxy-models", "no-default-models", "*"];
        let is_known = |name: &&String| {
            SPECIAL.contains(&name.as_str()) || name.contains('*') || self.catalog.find(name).is_some()
        };
        let names = wanted.limits.models.iter().chain(wanted.model_limits.keys());
        let unknown: BTreeSet<&String> = names.filter(|name| !is_known(name)).collect();
        for name in unknown {
            let remark =
                format!("{}: {name} is no model here: /model/new gives a model that name", wanted.name);
            self.report.remark(remark);
        }
    }

    /// Sees to it that there is such a user: LiteLLM has keys and members of users whom nobody made.
    async fn user_of(&mut self, id: &UserId, dump: &Dump) -> Result<(), StoreError> {
        let scope = Scope::User(id.clone());
        let is_known = self.made.contains(&scope) || dump.broken.has("user_id", id.as_str());
        if is_known || self.is_there(&scope).await? {
            return Ok(());
        }
        let thing = User {
            id: id.clone(),
            email: None,
            alias: None,
            role: Role::default(),
            limits: Limits::default(),
            metadata: "{}".to_owned(),
            created: self.now,
        };
        self.report
            .remark(format!("user {id}: no row has it, but a key or a team names it: made without limits"));
        let (limits, entry) = (Limits::default(), bare(thing));
        let wanted = wanted("users", format!("user {id}"), scope, &limits, &entry);
        self.one(wanted, async |store| store.create_user(&entry.thing).await).await
    }

    /// Sees to it that a user is in the team that it has a key of, with the limits that a membership says.
    async fn seat_of(&mut self, key: &Key, dump: &Dump) -> Result<(), StoreError> {
        let (Some(team), Some(user)) = (&key.holder.team, &key.holder.user) else {
            return Ok(());
        };
        let scope = Scope::Member(team.clone(), user.clone());
        if self.made.contains(&scope) || self.is_there(&scope).await? {
            return Ok(());
        }
        let seat: &Seats = &dump.seats;
        let (limits, spend) = seat.get(&(team.clone(), user.clone())).cloned().unwrap_or_default();
        let thing =
            Member { team: team.clone(), user: user.clone(), role: TeamRole::User, limits, joined: self.now };
        if !dump.broken.has("membership", &format!("{team}/{user}")) {
            self.report.remark(format!("member {user} of team {team}: made: it has a key there"));
        }
        self.member(&Entry { spend, ..bare(thing) }, dump).await
    }

    async fn member(&mut self, member: &Entry<Member>, dump: &Dump) -> Result<(), StoreError> {
        let Member { team, user, limits, .. } = &member.thing;
        let (scope, name) =
            (Scope::Member(team.clone(), user.clone()), format!("member {user} of team {team}"));
        if dump.broken.has("membership", &format!("{team}/{user}")) {
            return self.skip("members", &name, "its row was skipped");
        }
        let needs = vec![Scope::Team(team.clone()), Scope::User(user.clone())];
        let wanted = Wanted { needs, ..wanted("members", name, scope, limits, member) };
        self.one(wanted, async |store| store.create_member(&member.thing).await).await
    }

    /// A key is known by its secret: its id is made here.
    async fn key(&mut self, key: &Entry<Key>) -> Result<(), StoreError> {
        let Key { holder, alias, hint, .. } = &key.thing;
        let name = alias.clone().map_or_else(|| format!("key {hint}"), |alias| format!("key {alias}"));
        let found = self.store.find_pointer(&holder.secret).await?;
        let id = found.map_or_else(|| key.thing.id.clone(), |pointer| pointer.key);
        let (user, team) = (holder.user.clone().map(Scope::User), holder.team.clone().map(Scope::Team));
        let seat = holder.team.clone().zip(holder.user.clone()).map(|(team, user)| Scope::Member(team, user));
        let org = key.thing.ties.org.clone().map(Scope::Org);
        for model in key.thing.ties.aliases.values().filter(|model| self.catalog.find(model).is_none()) {
            self.report.remark(format!("{name}: {model}, which it has a name for, is no model here"));
        }
        let wanted = Wanted {
            mark: mark_of(&key.thing),
            needs: user.into_iter().chain(team).chain(seat).chain(org).collect(),
            unique: alias.clone().map(|alias| ("key_alias", alias)),
            ..wanted("keys", name, Scope::Key(id), &key.thing.limits, key)
        };
        self.one(wanted, async |store| store.create_key(&key.thing).await).await
    }

    fn skip(&mut self, kind: &'static str, name: &str, why: &str) -> Result<(), StoreError> {
        self.report.count(kind, Outcome::Skipped);
        self.report.remark(format!("{name}: skipped: {why}"));
        Ok(())
    }
}

fn wanted<'a, T>(
    kind: &'static str,
    name: String,
    scope: Scope,
    limits: &'a Limits,
    entry: &'a Entry<T>,
) -> Wanted<'a> {
    let (spend, model_limits) = (entry.spend, &entry.model_limits);
    let mark = name.clone();
    Wanted { kind, name, scope, mark, limits, spend, model_limits, needs: Vec::new(), unique: None }
}

fn bare<T>(thing: T) -> Entry<T> {
    Entry { thing, spend: Money::ZERO, model_limits: BTreeMap::new() }
}

fn mark_of(key: &Key) -> String {
    format!("key#{}", key.holder.secret.as_str())
}
