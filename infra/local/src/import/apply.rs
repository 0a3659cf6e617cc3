//! The things of an export, written; or looked at, where nothing is to be written.

use std::collections::{BTreeMap, HashSet};

use shared::id::{TeamId, UserId};
use shared::key::Key;
use shared::model::Catalog;
use shared::moment::Moment;
use shared::money::Money;
use shared::scope::{Limits, Scope};
use shared::store::{NotCreated, Store, StoreError};
use shared::team::{Member, TeamRole};
use shared::user::{Role, User};

use super::dump::{Dump, Entry};
use super::report::{Outcome, Report};

pub struct Import<'a> {
    pub store: &'a Store,
    pub catalog: &'a Catalog,
    pub now: Moment,
    pub is_dry: bool,
    pub report: Report,
}

impl Import<'_> {
    /// Whom others belong to before those who belong to them.
    pub async fn everything(&mut self, dump: Dump) -> Result<(), StoreError> {
        let Dump { orgs, teams, users, members, keys } = dump;
        for org in orgs {
            let (scope, name) = (Scope::Org(org.thing.id.clone()), format!("organisation {}", org.thing.id));
            let made = self.make(&scope, async |store| store.create_org(&org.thing).await).await?;
            self.finish("organisations", &name, &scope, &org, made).await?;
        }
        for team in teams {
            let (scope, name) = (Scope::Team(team.thing.id.clone()), format!("team {}", team.thing.id));
            let made = self.make(&scope, async |store| store.create_team(&team.thing).await).await?;
            self.finish("teams", &name, &scope, &team, made).await?;
        }
        let mut known = HashSet::new();
        for user in users {
            known.insert(user.thing.id.clone());
            let (scope, name) = (Scope::User(user.thing.id.clone()), format!("user {}", user.thing.id));
            let made = self.make(&scope, async |store| store.create_user(&user.thing).await).await?;
            self.finish("users", &name, &scope, &user, made).await?;
        }
        let mut seated = HashSet::new();
        for member in members {
            seated.insert((member.thing.team.clone(), member.thing.user.clone()));
            self.user_of(&member.thing.user, &mut known).await?;
            self.member(&member).await?;
        }
        for key in keys {
            let holder = &key.thing.holder;
            if let Some(user) = &holder.user {
                self.user_of(user, &mut known).await?;
            }
            if let (Some(team), Some(user)) = (&holder.team, &holder.user)
                && seated.insert((team.clone(), user.clone()))
            {
                self.seat_of(team, user).await?;
            }
            self.key(&key).await?;
        }
        Ok(())
    }

    /// Makes something whose scope is not there yet. `Err` inside: why not.
    async fn make(
        &self,
        scope: &Scope,
        create: impl AsyncFnOnce(&Store) -> Result<(), NotCreated>,
    ) -> Result<Result<Outcome, String>, StoreError> {
        let is_there =
            self.store.scope_states(std::slice::from_ref(scope)).await?.iter().any(Option::is_some);
        if is_there {
            return Ok(Ok(Outcome::There));
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

    /// Carries over what hangs on a thing, and counts it.
    async fn finish<T>(
        &mut self,
        kind: &'static str,
        name: &str,
        scope: &Scope,
        entry: &Entry<T>,
        made: Result<Outcome, String>,
    ) -> Result<(), StoreError> {
        let outcome = match made {
            Ok(outcome) => outcome,
            Err(why) => {
                self.report.count(kind, Outcome::Skipped);
                self.report.remark(format!("{name}: skipped: {why}"));
                return Ok(());
            }
        };
        let is_new = outcome == Outcome::Made;
        let carried = self.spend(scope, entry.spend).await?;
        if is_new {
            self.model_budgets(name, scope, &entry.model_budgets).await?;
        }
        self.report.count(kind, if !is_new && carried { Outcome::Spend } else { outcome });
        Ok(())
    }

    /// Carries the spend of a period over, to what has spent nothing here; answers whether it had to.
    async fn spend(&self, scope: &Scope, spend: Money) -> Result<bool, StoreError> {
        let state = self.store.scope_states(std::slice::from_ref(scope)).await?.pop().flatten();
        let differs = state.is_some_and(|state| state.total_spend == Money::ZERO && state.spend != spend);
        if differs && !self.is_dry {
            self.store.set_spend(scope, spend, self.now).await?;
        }
        Ok(differs)
    }

    async fn model_budgets(
        &mut self,
        name: &str,
        scope: &Scope,
        budgets: &BTreeMap<String, Limits>,
    ) -> Result<(), StoreError> {
        for (model, limits) in budgets {
            match self.catalog.find(model) {
                Some(found) if !self.is_dry => {
                    self.store.limit_model(scope, &found.name, Some(limits), self.now).await?;
                }
                Some(_) => {}
                None => self
                    .report
                    .remark(format!("{name}: the budget of {model} is not carried over: no such model")),
            }
        }
        Ok(())
    }

    /// Sees to it that there is such a user: LiteLLM has keys and members of users whom nobody made.
    async fn user_of(&mut self, id: &UserId, known: &mut HashSet<UserId>) -> Result<(), StoreError> {
        if !known.insert(id.clone()) || self.store.find_user(id).await?.is_some() {
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
        let scope = Scope::User(id.clone());
        let made = self.make(&scope, async |store| store.create_user(&thing).await).await?;
        let name = format!("user {id}");
        self.report.remark(format!("{name}: made without limits: a key or a team names it, and no row"));
        self.finish(
            "users",
            &name,
            &scope,
            &Entry { thing, spend: Money::ZERO, model_budgets: BTreeMap::new() },
            made,
        )
        .await
    }

    /// Sees to it that a user is in the team that it has a key of.
    async fn seat_of(&mut self, team: &TeamId, user: &UserId) -> Result<(), StoreError> {
        if self.store.find_member(team, user).await?.is_some() {
            return Ok(());
        }
        let thing = Member {
            team: team.clone(),
            user: user.clone(),
            role: TeamRole::User,
            limits: Limits::default(),
            joined: self.now,
        };
        self.report.remark(format!("member {user} of team {team}: made: it has a key there"));
        self.member(&Entry { thing, spend: Money::ZERO, model_budgets: BTreeMap::new() }).await
    }

    async fn member(&mut self, member: &Entry<Member>) -> Result<(), StoreError> {
        let Member { team, user, .. } = &member.thing;
        let (scope, name) =
            (Scope::Member(team.clone(), user.clone()), format!("member {user} of team {team}"));
        let made = self.make(&scope, async |store| store.create_member(&member.thing).await).await?;
        self.finish("members", &name, &scope, member, made).await
    }

    /// A key is known by its secret: its id is made here.
    async fn key(&mut self, key: &Entry<Key>) -> Result<(), StoreError> {
        let Key { holder, alias, hint, .. } = &key.thing;
        let name = alias.clone().map_or_else(|| format!("key {hint}"), |alias| format!("key {alias}"));
        let found = self.store.find_pointer(&holder.secret).await?;
        let (scope, made) = match found {
            Some(pointer) => (Scope::Key(pointer.key), Ok(Outcome::There)),
            None => {
                let scope = Scope::Key(key.thing.id.clone());
                let create = async |store: &Store| store.create_key(&key.thing).await;
                let made = self.make(&scope, create).await?;
                (scope, made)
            }
        };
        self.finish("keys", &name, &scope, key, made).await
    }
}
