//! From the token of an identity provider to the key that stands in for it.
//!
//! The ledger knows keys. A person whom a token names is charged by a key without a secret, one for each team that their
//! tokens choose: it is made when it is first needed, goes with its user or its team, and is found by a hash that nobody can
//! present a secret for.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use serde_json::json;
use stargate_core::audit::{self, Action, AuditEntry};
use stargate_core::entity::{Key, Member, TeamRole};
use stargate_core::id::{RequestId, TeamId, UserId, random_key_id};
use stargate_core::ledger::{Refusal, check_active};
use stargate_core::moment::Moment;
use stargate_core::policy::PermissionError;
use stargate_core::scope::{KeyOwner, Limits, Scope};
use stargate_core::secret::{Secret, SecretHash};

use crate::api::ApiError;
use crate::auth::jwt::{Identity, InvalidJwt, Jwt, Subject};
use crate::store::{CreateError, Store, StoreError};

/// How a client picks one of several teams.
const TEAM: &str = "x-litellm-team-id";

/// How long it is believed whose an address is, and which teams there are.
const MAX_AGE: Duration = Duration::from_secs(10);
/// The most identities that one process remembers; beyond it they are forgotten all at once.
const MAX_KEYS: usize = 10_000;

/// What a token is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenPurpose {
    /// Calling models: in a team's name, where the token names one that is here.
    Calls,
    /// Looking after one's own things.
    Oneself,
}

/// Whom tokens spoke for, by what they said, and when that was looked up.
type ShadowKeyCache = HashMap<(Subject, BTreeSet<TeamId>), (ShadowKey, Moment)>;

/// The tokens of one deployment. Cloning it is cheap.
#[derive(Clone)]
pub struct JwtAuthenticator {
    jwt: Jwt,
    known: Arc<Mutex<ShadowKeyCache>>,
}

/// Whom a token speaks for here, and the hash that the key is found by.
#[derive(Clone, Debug)]
pub struct ShadowKey {
    issuer: Arc<str>,
    user: UserId,
    team: Option<TeamId>,
    pub hash: SecretHash,
}

impl JwtAuthenticator {
    /// Those that a deployment accepts by its setting, if it has one.
    pub fn read(setting: Option<&str>) -> Result<Option<Self>, InvalidJwt> {
        let jwt = setting.map(Jwt::read).transpose()?;
        Ok(jwt.map(|jwt| Self { jwt, known: Arc::default() }))
    }

    /// The stand-in of a token, which need not be there yet: see [`Self::ensure_key`].
    ///
    /// **Cost:** nothing, where the token names a user's id and no team; else a read or two in ten seconds.
    pub async fn stand_in(
        &self,
        store: &Store,
        token: &Secret,
        (headers, purpose): (&HeaderMap, TokenPurpose),
        now: Moment,
    ) -> Result<ShadowKey, ApiError> {
        let Identity { issuer, subject, teams } = self.jwt.verify(token, now).await?;
        let (teams, is_picked) = match purpose {
            TokenPurpose::Calls => select_teams(headers, teams)?,
            TokenPurpose::Oneself => (BTreeSet::new(), false),
        };
        if let (Subject::Id(user), true) = (&subject, teams.is_empty()) {
            return Ok(ShadowKey::for_user(issuer, user.clone(), None));
        }
        let asked = (subject, teams);
        let known = self.with(|known| known.get(&asked).cloned());
        let found = match known.filter(|(_, read)| now < *read + MAX_AGE) {
            Some((found, _)) => found,
            None => self.look_up(store, issuer, asked, now).await?,
        };
        if is_picked && found.team.is_none() {
            // Who names a team is not served at somebody else's cost instead.
            return Err(PermissionError(NOT_NAMED).into());
        }
        Ok(found)
    }

    /// Finds out whose an address is and which of the teams there are, and remembers it.
    async fn look_up(
        &self,
        store: &Store,
        issuer: Arc<str>,
        asked: (Subject, BTreeSet<TeamId>),
        now: Moment,
    ) -> Result<ShadowKey, ApiError> {
        let (subject, teams) = &asked;
        let user = match subject {
            Subject::Id(id) => id.clone(),
            Subject::Email(email) => store.user_of_email(email.trim()).await?.ok_or(UNKNOWN)?,
        };
        let ids: Vec<TeamId> = teams.iter().cloned().collect();
        // The first by id that is here, as LiteLLM has it.
        let team = store.teams(&ids).await?.into_iter().next().map(|entry| entry.team.id);
        let found = ShadowKey::for_user(issuer, user, team);
        self.with(|known| {
            if known.len() >= MAX_KEYS {
                known.clear();
            }
            known.insert(asked, (found.clone(), now));
        });
        Ok(found)
    }

    /// Makes the key of a stand-in, and its user a member of its team. The user must be here: a token proves who somebody is, not
    /// that they may spend. Repeatable, by many at once.
    pub async fn ensure_key(&self, store: &Store, stand_in: &ShadowKey, now: Moment) -> Result<(), ApiError> {
        let ShadowKey { issuer, user, team, hash } = stand_in;
        // Nothing is written for somebody who could not use it.
        let entry = store.find_user(user).await?.ok_or(UNKNOWN)?;
        let refused = |scope, reason| ApiError::Refused(Refusal { scope, reason }, now);
        check_active(&entry.state, now).map_err(|reason| refused(Scope::User(user.clone()), reason))?;
        if let Some(team) = team {
            let entry = store.find_team(team).await?.ok_or(UNKNOWN)?;
            check_active(&entry.state, now).map_err(|reason| refused(Scope::Team(team.clone()), reason))?;
            seat(store, stand_in, team, now).await?;
        }
        let holder = KeyOwner { secret: hash.clone(), user: Some(user.clone()), team: team.clone() };
        let key = Key::stand_in(random_key_id().map_err(StoreError::from)?, holder, now);
        if is_new(store.create_key(&key).await)?
            || clear(store, hash).await? && is_new(store.create_key(&key).await)?
        {
            note(store, issuer, (audit::KEYS, hash.as_str().to_owned()), stand_in, now).await;
        }
        Ok(())
    }

    fn with<T>(&self, act: impl FnOnce(&mut ShadowKeyCache) -> T) -> T {
        // Nothing under this lock panics and leaves the map half-written.
        act(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

const NOT_NAMED: &str = "the team of x-litellm-team-id is not here, or the token does not name it";
const UNKNOWN: ApiError = ApiError::Unauthenticated("the token's user is not known here");

impl ShadowKey {
    fn for_user(issuer: Arc<str>, user: UserId, team: Option<TeamId>) -> Self {
        let team_text = team.as_ref().map(TeamId::as_str).unwrap_or_default();
        let hash = SecretHash::of_no_secret(&["jwt", &issuer, user.as_str(), team_text]);
        Self { issuer, user, team, hash }
    }
}

/// The teams that a call may be charged to: those of the token, or the one of them that the client picks, and whether it does.
fn select_teams(headers: &HeaderMap, teams: BTreeSet<TeamId>) -> Result<(BTreeSet<TeamId>, bool), ApiError> {
    let Some(picked) = headers.get(TEAM) else {
        return Ok((teams, false));
    };
    let picked = picked.to_str().ok().and_then(|id| TeamId::parse(id).ok());
    match picked.filter(|id| teams.contains(id)) {
        Some(id) => Ok((BTreeSet::from([id]), true)),
        None => Err(PermissionError(NOT_NAMED).into()),
    }
}

/// Sees to it that the user is a member of the team.
async fn seat(store: &Store, stand_in: &ShadowKey, team: &TeamId, now: Moment) -> Result<(), ApiError> {
    let ShadowKey { issuer, user, .. } = stand_in;
    if store.find_member(team, user).await?.is_some() {
        return Ok(());
    }
    let (object, limits) = (format!("{team}/{user}"), Limits::default());
    let member = Member { team: team.clone(), user: user.clone(), role: TeamRole::User, limits, joined: now };
    if is_new(store.create_member(&member).await)? {
        note(store, issuer, (audit::MEMBERS, object), stand_in, now).await;
    } else if store.find_member(team, user).await?.is_none() {
        // A removal that was cut short: a key made beside it would be taken away again.
        return Err(UNKNOWN);
    }
    Ok(())
}

/// Completes a deletion of the key that was cut short, which nobody else may ever ask for again. `false`: the key is there.
async fn clear(store: &Store, hash: &SecretHash) -> Result<bool, ApiError> {
    let Some(pointer) = store.find_pointer(hash).await? else {
        return Ok(true);
    };
    if !store.keys(std::slice::from_ref(&pointer.key)).await?.is_empty() {
        return Ok(false);
    }
    store.delete_key(&pointer.key).await?;
    Ok(true)
}

/// Whether it was made now, and not by another request before.
fn is_new(made: Result<(), CreateError>) -> Result<bool, ApiError> {
    match made {
        Ok(()) => Ok(true),
        Err(CreateError::Taken { .. }) => Ok(false),
        Err(CreateError::Gone { .. }) => Err(UNKNOWN),
        Err(CreateError::Store(error)) => Err(error.into()),
    }
}

/// Writes down what was made. If the table does not take it, it stands all the same, and the entry is in the log.
async fn note(
    store: &Store,
    issuer: &str,
    (table, object): (&str, String),
    stand_in: &ShadowKey,
    now: Moment,
) {
    let ShadowKey { user, team, .. } = stand_in;
    let id = RequestId::generate(now.ms()).unwrap_or_else(|_| RequestId::from_parts(now.ms(), u32::MAX));
    let entry = AuditEntry {
        id,
        actor: format!("user {user} (token of {issuer})"),
        claimed: None,
        action: Action::Created,
        table: table.to_owned(),
        object,
        before: None,
        after: Some(json!({"user_id": user, "team_id": team}).to_string()),
    };
    if let Err(error) = store.put_audit(&entry).await {
        tracing::error!(entry = ?entry, error = ?error, "audit_failed");
    }
}
