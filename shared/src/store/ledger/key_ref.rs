//! From a key to the scopes that its calls are charged to: a hint, which the reservations prove.

use std::collections::BTreeMap;

use stargate_core::id::{KeyId, OrgId};
use stargate_core::ledger::ScopeExpectation;
use stargate_core::scope::{KeyOwner, LinkedScopes, Scope};

/// Which key a secret belongs to, whose it is and what else its calls are charged to: read from the table or
/// remembered, and then proven by the reservations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRef {
    pub key: KeyId,
    pub holder: KeyOwner,
    /// What its scopes said of further scopes, where they said anything.
    ties: BTreeMap<Scope, LinkedScopes>,
}

impl KeyRef {
    pub fn new(key: KeyId, holder: KeyOwner) -> Self {
        Self { key, holder, ties: BTreeMap::new() }
    }

    /// The organization that calls of this key are charged to: its team's, or its own where it has no team.
    pub fn org(&self) -> Option<&OrgId> {
        let whose = match &self.holder.team {
            Some(team) => Scope::Team(team.clone()),
            None => Scope::Key(self.key.clone()),
        };
        self.ties.get(&whose).and_then(|ties| ties.org.as_ref())
    }

    /// What the key itself calls models, as far as it is known.
    pub fn aliases(&self) -> Option<&BTreeMap<String, String>> {
        self.ties.get(&Scope::Key(self.key.clone())).map(|ties| &ties.aliases).filter(|own| !own.is_empty())
    }

    /// The model that is asked for, as far as it is known: the key's own names come before the catalog's.
    pub fn resolve_alias<'a>(&'a self, asked: &'a str) -> &'a str {
        self.aliases().and_then(|own| own.get(asked)).map_or(asked, String::as_str)
    }

    /// Every scope that a call of `model` with this key is charged to, the narrowest first.
    pub(in crate::store) fn scopes(&self, model: &str, user_pays_for_team: bool) -> Vec<Scope> {
        let KeyOwner { user, team, .. } = &self.holder;
        let member = team.clone().zip(user.clone()).map(|(team, user)| Scope::Member(team, user));
        let user = user.clone().filter(|_| team.is_none() || user_pays_for_team).map(Scope::User);
        let (team, org) = (team.clone().map(Scope::Team), self.org().cloned().map(Scope::Org));
        let whole =
            std::iter::once(Scope::Key(self.key.clone())).chain(member).chain(user).chain(team).chain(org);
        let of_model = |scope: &Scope| {
            let is_tied = self.ties.get(scope).is_some_and(|ties| ties.models.contains(model));
            is_tied.then(|| Scope::Model(Box::new(scope.clone()), model.to_owned()))
        };
        whole.flat_map(|scope| of_model(&scope).into_iter().chain([scope])).collect()
    }

    /// The scopes that may refuse a request which reserves nothing.
    pub fn standing(&self) -> Vec<Scope> {
        self.scopes("", true)
    }

    /// Whether a scope's list of models is not asked: a user's own list is for personal keys, a team has its own.
    pub fn any_model(&self, scope: &Scope) -> bool {
        matches!(scope, Scope::User(_)) && self.holder.team.is_some()
    }

    /// Every entry of an allow-list that permits a model to this key: a team's key may be given its team's models.
    pub fn permitted_by(&self, names: &[String]) -> Vec<String> {
        let teams = self.holder.team.is_some().then(|| "all-team-models".to_owned());
        names.iter().cloned().chain(teams).collect()
    }

    /// Notes what a scope says of further scopes; answers whether that is news.
    pub fn update_links(&mut self, scope: Scope, ties: LinkedScopes) -> bool {
        let known = self.ties.get(&scope).cloned().unwrap_or_default();
        if known == ties {
            return false;
        }
        self.ties.insert(scope, ties);
        true
    }

    /// What is to be proven of one of `scopes`.
    pub(in crate::store) fn claim(&self, scope: &Scope, scopes: &[Scope]) -> ScopeExpectation {
        let is_key = matches!(scope, Scope::Key(_));
        ScopeExpectation {
            holder: is_key.then(|| self.holder.clone()),
            ties: self.ties.get(scope).cloned().unwrap_or_default(),
            any_model: self.any_model(scope),
            others: scopes.iter().filter(|other| is_key && *other != scope).cloned().collect(),
        }
    }
}
