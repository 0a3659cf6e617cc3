//! A new key, however it was asked for.

use std::collections::BTreeMap;

use shared::audit::Action;
use shared::fault::Fault;
use shared::id::{OrgId, TeamId, UserId, random_key_id};
use shared::key::Key;
use shared::moment::Moment;
use shared::period::KeyDuration;
use shared::policy::Permit;
use shared::scope::{Holder, Limits, Scope, Ties};
use shared::secret::Secret;
use shared::store::{KeyEntry, NotCreated, StoreError};

use super::KeyRow;
use crate::App;
use crate::audit::{KEYS, Scribe};
use crate::model_limits::ModelLimits;

/// What a key is to be.
pub struct Order {
    /// `None`: a random one.
    pub secret: Option<Secret>,
    pub alias: Option<String>,
    /// `None`: for ever.
    pub duration: Option<KeyDuration>,
    pub user: Option<UserId>,
    /// Whether the request says that the key belongs to no user: `"user_id": null`.
    pub is_service_key: bool,
    pub team: Option<TeamId>,
    pub org: Option<OrgId>,
    pub limits: Limits,
    pub model_limits: ModelLimits,
    pub metadata: String,
    pub aliases: BTreeMap<String, String>,
    pub tags: Vec<String>,
    pub is_session: bool,
}

/// A key that was just made, and its secret, which is shown once.
pub struct Minted {
    pub secret: Secret,
    pub entry: KeyEntry,
}

impl Minted {
    /// Writes down that the key was made.
    pub async fn note(&self, app: &App, scribe: &Scribe<'_>, now: Moment) -> Result<(), Fault> {
        let row = KeyRow::read(app, &self.entry, now).await?;
        scribe.note(Action::Created, (KEYS, row.hash()), None, Some(&row)).await;
        Ok(())
    }
}

/// Creates a key, or says what stands against it.
pub async fn mint(app: &App, _permit: &Permit, order: Order, now: Moment) -> Result<Minted, Fault> {
    let secret = match order.secret {
        Some(secret) => secret,
        None => Secret::generate().map_err(StoreError::from)?,
    };
    let expires = order.duration.map(|duration| Moment::from_seconds(duration.expires(now.seconds())));
    let key = Key {
        id: random_key_id().map_err(StoreError::from)?,
        hint: secret.hint(),
        alias: order.alias,
        holder: Holder { secret: secret.hash(), user: order.user, team: order.team },
        ties: Ties { org: order.org, aliases: order.aliases, ..Ties::default() },
        limits: Limits { expires, ..order.limits },
        metadata: order.metadata,
        tags: order.tags,
        is_session: order.is_session,
        created: now,
    };
    app.store.create_key(&key).await.map_err(|error| not_unique(error, key.alias.as_deref()))?;
    let gone = || Fault::NotFound {
        param: Some("key".to_owned()),
        message: "key: the key was deleted while it was made".to_owned(),
    };
    let find = || async { app.store.keys(std::slice::from_ref(&key.id)).await?.pop().ok_or_else(gone) };
    let entry = find().await?;
    if !order.model_limits.is_asked() {
        return Ok(Minted { secret, entry });
    }
    let scope = Scope::Key(key.id.clone());
    if let Err(fault) = order.model_limits.apply(app, &scope, &entry.state, now).await {
        // All or nothing: nobody knows its secret yet.
        app.store.delete_key(&key.id).await?;
        return Err(fault);
    }
    Ok(Minted { secret, entry: find().await? })
}

/// Refuses an alias that a key has.
pub async fn must_be_free(app: &App, alias: &str) -> Result<(), Fault> {
    match app.store.find_key_by_alias(alias).await? {
        None => Ok(()),
        Some(_) => Err(not_unique(NotCreated::Taken { field: "key_alias" }, Some(alias))),
    }
}

/// Why a key was not created.
pub fn not_unique(error: NotCreated, alias: Option<&str>) -> Fault {
    match error {
        NotCreated::Store(error) => error.into(),
        NotCreated::Taken { field: "key_alias" } => {
            let message = format!("key_alias: Key with alias '{}' already exists", alias.unwrap_or_default());
            Fault::Conflict { param: Some("key_alias".to_owned()), message }
        }
        NotCreated::Taken { field } => {
            let message = format!("{field}: this key exists already");
            Fault::Conflict { param: Some(field.to_owned()), message }
        }
        NotCreated::Gone { field } => {
            let message = format!("{field}: it is not there, or not in the team");
            Fault::Conflict { param: Some(field.to_owned()), message }
        }
    }
}
