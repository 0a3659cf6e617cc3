//! API keys: found by their secret's hash, created and deleted with everything that points at them.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, Delete, ReturnConsumedCapacity, TransactWriteItem,
};
use stargate_core::entity::Key;
use stargate_core::id::{KeyId, OrgId, TeamId, UserId};
use stargate_core::moment::Moment;
use stargate_core::scope::{KeyOwner, Limits, Scope, ScopeState};
use stargate_core::secret::SecretHash;

use super::users::CreateError;
use crate::store::ledger::key_ref::KeyRef;
use crate::store::ledger::scope_item;
use crate::store::table::batch::UniqueViolation;
use crate::store::table::item::{Item, Read, number, text};
use crate::store::table::schema;
use crate::store::{Store, StoreError, WriteEffect, pause};

/// Tries of a deletion that meets another transaction of the same items.
const MAX_ATTEMPTS: u32 = 6;

/// What tags are kept apart by: they hold no control characters.
const TAG_END: &str = "\n";

/// A key and the scope that its calls are charged to.
#[derive(Clone, Debug)]
pub struct KeyEntry {
    pub key: Key,
    pub state: ScopeState,
}

impl Store {
    /// Which key a secret belongs to. One consistent read; nothing is ever written for an unknown secret.
    pub async fn find_pointer(&self, secret: &SecretHash) -> Result<Option<KeyRef>, StoreError> {
        let Some(item) = self.get("find_pointer", pointer_key(secret)).await? else {
            return Ok(None);
        };
        let user = item.opt_parsed("user", |id| UserId::parse(id).ok())?;
        let team = item.opt_parsed("team", |id| TeamId::parse(id).ok())?;
        let holder = KeyOwner { secret: secret.clone(), user, team };
        Ok(Some(KeyRef::new(item.key_id("key")?, holder)))
    }

    pub async fn find_key_by_alias(&self, alias: &str) -> Result<Option<KeyId>, StoreError> {
        self.get("find_key_by_alias", alias_key(alias)).await?.map(|item| item.key_id("key")).transpose()
    }

    /// Creates a key, its scope and what points at it, or nothing.
    pub async fn create_key(&self, key: &Key) -> Result<(), CreateError> {
        let scope = Scope::Key(key.id.clone());
        let resets = self.reset_of(&key.limits, key.created);
        let mut items = vec![
            ("key", pointer(key)),
            ("key", scope_item::new_item(&scope, &key.limits, resets, Some(&key.holder), &key.ties)),
            ("key", attributes_of(key)),
        ];
        if let Some(alias) = &key.alias {
            items.push(("key_alias", with_key(alias_key(alias), &key.id)));
        }
        for owner in owners(key) {
            items.push(("key", with_key(owned_key(&owner, &key.id, key.is_session), &key.id)));
        }
        let listed = if key.is_session {
            None
        } else {
            Some(self.count_update("create_key", "key", key.id.as_str(), 1)?)
        };
        self.put_with("create_key", items, listed.into_iter().collect()).await.map_err(
            |error| match error {
                UniqueViolation::Taken(field) => CreateError::Taken { field },
                UniqueViolation::Store(error) => error.into(),
            },
        )?;
        // Whose it is may have been deleted meanwhile, after the keys to delete were listed: then this one goes too. A
        // condition in the transaction would meet the running calls of the user in conflicts.
        if let Some(field) = self.find_missing_owner(key).await? {
            self.delete_key(&key.id).await?;
            return Err(CreateError::Gone { field });
        }
        Ok(())
    }

    /// Which of those that a key belongs to is not there.
    async fn find_missing_owner(&self, key: &Key) -> Result<Option<&'static str>, StoreError> {
        let KeyOwner { secret: _, user, team } = &key.holder;
        if let Some(org) = &key.ties.org
            && self.find_org(org).await?.is_none()
        {
            return Ok(Some("organization_id"));
        }
        Ok(match (user, team) {
            (Some(user), _) if self.find_user(user).await?.is_none() => Some("user_id"),
            (_, Some(team)) if self.find_team(team).await?.is_none() => Some("team_id"),
            (Some(user), Some(team)) if self.find_member(team, user).await?.is_none() => Some("user_id"),
            _ => None,
        })
    }

    /// Those of `ids` that exist, in that order.
    pub async fn keys(&self, ids: &[KeyId]) -> Result<Vec<KeyEntry>, StoreError> {
        let scopes: Vec<Scope> = ids.iter().cloned().map(Scope::Key).collect();
        let entries = self.entries("keys", &scopes).await?;
        entries
            .into_iter()
            .map(|(_, about, state)| Ok(KeyEntry { key: read_about(&about, &state)?, state }))
            .collect()
    }

    /// The keys of a user, from the table itself: a key just created is among them.
    pub async fn keys_of_user(&self, user: &UserId) -> Result<Vec<KeyId>, StoreError> {
        self.keys_of(&Scope::User(user.clone())).await
    }

    /// The keys of a team, likewise.
    pub async fn keys_of_team(&self, team: &TeamId) -> Result<Vec<KeyId>, StoreError> {
        self.keys_of(&Scope::Team(team.clone())).await
    }

    /// The sessions of a user, likewise.
    pub async fn sessions_of_user(&self, user: &UserId) -> Result<Vec<KeyId>, StoreError> {
        let items =
            self.query("sessions_of", &schema::scope_pk(&Scope::User(user.clone())), schema::SESSION).await?;
        items.iter().map(|item| item.key_id("key")).collect()
    }

    pub(in crate::store) async fn keys_of(&self, owner: &Scope) -> Result<Vec<KeyId>, StoreError> {
        let items = self.query("keys_of", &schema::scope_pk(owner), schema::OWNED_KEY).await?;
        items.iter().map(|item| item.key_id("key")).collect()
    }

    /// Changes what is known of a key besides its limits. An alias is held before it is written and let go after that.
    ///
    /// `false`: there is no such key.
    pub async fn describe_key(&self, before: &Key, after: &Key) -> Result<bool, CreateError> {
        let operation = "describe_key";
        let (old, new) = (before.alias.as_deref(), after.alias.as_deref());
        if let (Some(alias), true) = (new, new != old) {
            let hold = vec![("key_alias", with_key(alias_key(alias), &after.id))];
            match self.put_all("hold_alias", hold).await {
                Ok(()) => {}
                Err(UniqueViolation::Store(error)) => return Err(error.into()),
                Err(UniqueViolation::Taken(_))
                    if self.find_key_by_alias(alias).await?.as_ref() == Some(&after.id) => {}
                Err(UniqueViolation::Taken(field)) => return Err(CreateError::Taken { field }),
            }
        }
        let packed = |tags: &[String]| (!tags.is_empty()).then(|| tags.join(TAG_END));
        let fields = [
            ("alias", before.alias.clone(), after.alias.clone()),
            ("metadata", Some(before.metadata.clone()), Some(after.metadata.clone())),
            ("tags", packed(&before.tags), packed(&after.tags)),
        ];
        let is_there = self.describe(operation, &Scope::Key(after.id.clone()), fields, Some("alias")).await?;
        let let_go = match (new == old, is_there) {
            (true, _) => None,
            (false, true) => old,
            (false, false) => new,
        };
        if let Some(alias) = let_go {
            self.let_go(operation, alias_key(alias), "key", after.id.as_str()).await?;
        }
        Ok(is_there)
    }

    /// Deletes a key. Its scope goes first, which binds the next request; then all that points at it, together, so that
    /// a deletion that was cut short is found by the secret and may be repeated.
    ///
    /// `false`: there is no such key.
    pub async fn delete_key(&self, id: &KeyId) -> Result<bool, StoreError> {
        let scope = Scope::Key(id.clone());
        let about_key = schema::key(schema::scope_pk(&scope), schema::ABOUT);
        let Some(about) = self.get("delete_key", about_key.clone()).await? else {
            return Ok(false);
        };
        self.delete_scope("delete_key", &scope).await?;
        let secret = |name: &str| about.opt_parsed(name, |hash| SecretHash::parse(&hash));
        let (current, previous) = (secret("secret")?, secret("previous")?);
        let user = about.opt_parsed("user", |id| UserId::parse(id).ok())?.map(Scope::User);
        let team = about.opt_parsed("team", |id| TeamId::parse(id).ok())?.map(Scope::Team);
        let is_session = about.flag("session")?;
        let pointers = [current, previous].into_iter().flatten().map(|secret| pointer_key(&secret));
        let alias = about.opt_text("alias")?.map(|alias| alias_key(&alias));
        let org = about.opt_parsed("org", |id| OrgId::parse(id).ok())?.map(Scope::Org);
        let owned = [user, team, org].into_iter().flatten().map(|owner| owned_key(&owner, id, is_session));
        let listed =
            if is_session { None } else { Some(self.count_update("delete_key", "key", id.as_str(), -1)?) };
        let others = pointers.chain(alias).chain(owned).collect();
        self.delete_with("delete_key", others, Some(about_key), listed).await?;
        Ok(true)
    }

    pub(in crate::store) async fn delete_all(
        &self,
        operation: &'static str,
        keys: Vec<Item>,
    ) -> Result<(), StoreError> {
        self.delete_with(operation, keys, None, None).await
    }

    /// Deletes items together. Where one of them `stands` for the whole, it happens once: whoever comes later finds it done,
    /// and what is counted with it is counted once.
    pub(in crate::store) async fn delete_with(
        &self,
        operation: &'static str,
        keys: Vec<Item>,
        stands: Option<Item>,
        counted: Option<TransactWriteItem>,
    ) -> Result<(), StoreError> {
        let deletion = |key, is_condition| {
            let delete = Delete::builder().table_name(&*self.table).set_key(Some(key));
            let delete = match is_condition {
                false => delete,
                true => delete
                    .condition_expression("attribute_exists(#pk)")
                    .expression_attribute_names("#pk", "pk"),
            };
            Ok(TransactWriteItem::builder().delete(delete.build()?).build())
        };
        let keys = keys.into_iter().map(|key| (key, false)).chain(stands.map(|key| (key, true)));
        let deletions =
            keys.map(|(key, stands)| deletion(key, stands)).collect::<Result<Vec<_>, BuildError>>();
        let mut deletions =
            deletions.map_err(|error| StoreError::unavailable(operation, WriteEffect::No, error))?;
        deletions.extend(counted);
        for tries in 1..=MAX_ATTEMPTS {
            // Known by its token, a deletion that lands again, late, does nothing to what has the same name by then.
            let token = format!("{:016x}", getrandom::u64()?);
            let transaction = || {
                self.db
                    .transact_write_items()
                    .client_request_token(&token)
                    .set_transact_items(Some(deletions.clone()))
                    .return_consumed_capacity(ReturnConsumedCapacity::Total)
                    .send()
            };
            match self.with_retries(operation, transaction).await?.answer {
                Ok(_) => return Ok(()),
                Err(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    let is_done =
                        |reason: &CancellationReason| reason.code() == Some("ConditionalCheckFailed");
                    if cancelled.cancellation_reasons().iter().any(is_done) {
                        return Ok(());
                    }
                    pause(tries).await;
                }
                Err(other) => return Err(StoreError::unavailable(operation, WriteEffect::Unknown, other)),
            }
        }
        Err(StoreError::unavailable(operation, WriteEffect::No, "every try met a conflict"))
    }

    /// When a new budget with these limits is reset first.
    pub(in crate::store) fn reset_of(&self, limits: &Limits, now: Moment) -> Option<Moment> {
        let duration = limits.budget_duration.as_ref()?;
        Some(Moment::from_seconds(duration.first_reset(now.seconds(), &self.terms.zone)))
    }
}

pub(in crate::store) fn pointer_key(secret: &SecretHash) -> Item {
    schema::key(format!("S#{}", secret.as_str()), schema::POINTER)
}

fn alias_key(alias: &str) -> Item {
    schema::key(format!("N#{alias}"), schema::POINTER)
}

/// Those whose keys a key is among.
fn owners(key: &Key) -> impl Iterator<Item = Scope> {
    let holder = &key.holder;
    let (user, team) = (holder.user.clone().map(Scope::User), holder.team.clone().map(Scope::Team));
    user.into_iter().chain(team).chain(key.ties.org.clone().map(Scope::Org))
}

fn owned_key(owner: &Scope, key: &KeyId, is_session: bool) -> Item {
    let prefix = if is_session { schema::SESSION } else { schema::OWNED_KEY };
    schema::key(schema::scope_pk(owner), format!("{prefix}{key}"))
}

fn with_key(mut item: Item, key: &KeyId) -> Item {
    item.insert("key".to_owned(), text(key.as_str()));
    item
}

fn owner_attributes(holder: &KeyOwner) -> impl Iterator<Item = (String, crate::store::table::item::Value)> {
    let user = holder.user.as_ref().map(|id| ("user".to_owned(), text(id.as_str())));
    let team = holder.team.as_ref().map(|id| ("team".to_owned(), text(id.as_str())));
    user.into_iter().chain(team)
}

pub(in crate::store) fn pointer(key: &Key) -> Item {
    let mut item = with_key(pointer_key(&key.holder.secret), &key.id);
    item.extend(owner_attributes(&key.holder));
    item
}

fn attributes_of(key: &Key) -> Item {
    let mut item = schema::key(schema::scope_pk(&Scope::Key(key.id.clone())), schema::ABOUT);
    let Key { id, hint, alias, holder, ties, limits: _, metadata, tags, is_session, created } = key;
    let fixed = [
        ("secret", text(holder.secret.as_str())),
        ("hint", text(hint)),
        ("metadata", text(metadata)),
        ("created", number(created.ms())),
    ];
    let listing = match is_session {
        true => vec![("session", AttributeValue::Bool(true))],
        false => vec![("list_pk", text("key")), ("list_sk", text(schema::list_sk(*created, id.as_str())))],
    };
    let alias = alias.as_ref().map(|alias| ("alias", text(alias)));
    let tags = (!tags.is_empty()).then(|| ("tags", text(tags.join(TAG_END))));
    item.extend(
        fixed
            .into_iter()
            .chain(listing)
            .chain(alias)
            .chain(tags)
            .map(|(name, value)| (name.to_owned(), value)),
    );
    let org = ties.org.as_ref().map(|id| ("org".to_owned(), text(id.as_str())));
    item.extend(owner_attributes(holder).chain(org));
    item
}

fn read_about(item: &Item, state: &ScopeState) -> Result<Key, StoreError> {
    let Some(Scope::Key(id)) = schema::scope_of(&item.text("pk")?) else {
        return Err(StoreError::corrupt("pk"));
    };
    Ok(Key {
        id,
        hint: item.text("hint")?,
        alias: item.opt_text("alias")?,
        holder: state.holder.clone().ok_or_else(|| StoreError::corrupt("secret"))?,
        ties: state.ties.clone(),
        limits: state.limits.clone(),
        metadata: item.text("metadata")?,
        tags: item
            .opt_text("tags")?
            .map(|tags| tags.split(TAG_END).map(str::to_owned).collect())
            .unwrap_or_default(),
        is_session: item.flag("session")?,
        created: item.opt_ms("created")?.ok_or_else(|| StoreError::corrupt("created"))?,
    })
}
