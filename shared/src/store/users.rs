//! Users: created with everything that hangs on them, deleted mark first.

use super::batch::Uniqueness;
use super::change::Change;
use super::item::{Item, Read, number, text};
use super::ledger::scope_key;
use super::{Store, StoreError, Written, schema, scopes};
use crate::id::UserId;
use crate::moment::Moment;
use crate::scope::{Scope, ScopeState};
use crate::user::{Role, User};

/// A user and the scope that its calls are charged to.
#[derive(Clone, Debug)]
pub struct UserEntry {
    pub user: User,
    pub state: ScopeState,
}

/// Why something was not created.
#[derive(Debug, thiserror::Error)]
pub enum NotCreated {
    /// `field` names what must be unique and is not.
    #[error("{field} is taken")]
    Taken { field: &'static str },
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Creates a user, its scope and its hold on its e-mail address, or nothing.
    pub async fn create_user(&self, user: &User) -> Result<(), NotCreated> {
        let scope = Scope::User(user.id.clone());
        let mut items = vec![
            ("user_id", scopes::new_item(&scope, &user.limits, self.first_reset(user), None)),
            ("user_id", about(user)),
        ];
        if let Some(email) = &user.email {
            items.push(("user_email", email_pointer(email, &user.id)));
        }
        self.put_all("create_user", items).await.map_err(|error| match error {
            Uniqueness::Taken(field) => NotCreated::Taken { field },
            Uniqueness::Store(error) => error.into(),
        })
    }

    fn first_reset(&self, user: &User) -> Option<Moment> {
        self.reset_of(&user.limits, user.created)
    }

    /// A user that exists and is not being deleted.
    pub async fn find_user(&self, id: &UserId) -> Result<Option<UserEntry>, StoreError> {
        Ok(self.users(std::slice::from_ref(id)).await?.pop())
    }

    /// Those of `ids` that exist, in that order.
    pub async fn users(&self, ids: &[UserId]) -> Result<Vec<UserEntry>, StoreError> {
        let scopes: Vec<Scope> = ids.iter().cloned().map(Scope::User).collect();
        let entries = self.entries("users", &scopes).await?;
        let live = entries.into_iter().filter(|(_, _, state)| !state.deleted);
        live.map(|(_, about, state)| Ok(UserEntry { user: read_about(&about, &state)?, state })).collect()
    }

    /// Every user's id, the newest first. Reads index keys only.
    pub async fn user_ids(&self) -> Result<Vec<UserId>, StoreError> {
        let found = self.listed("user").await?;
        Ok(found
            .into_iter()
            .filter_map(|scope| if let Scope::User(id) = scope { Some(id) } else { None })
            .collect())
    }

    /// Whether an e-mail address is held by another user than `except`.
    pub async fn user_of_email(&self, email: &str) -> Result<Option<UserId>, StoreError> {
        let item = self.get("user_of_email", email_key(email)).await?;
        item.map_or(Ok(None), |item| item.opt_parsed("user", |id| UserId::parse(id).ok()))
    }

    /// Changes what is known of a user besides its limits.
    pub async fn describe_user(&self, before: &User, after: &User) -> Result<(), NotCreated> {
        if before.email != after.email {
            if let Some(email) = &after.email {
                let hold = vec![("user_email", email_pointer(email, &after.id))];
                self.put_all("describe_user", hold).await.map_err(|error| match error {
                    Uniqueness::Taken(field) => NotCreated::Taken { field },
                    Uniqueness::Store(error) => error.into(),
                })?;
            }
            if let Some(email) = &before.email {
                self.delete("describe_user", email_key(email)).await?;
            }
        }
        let change = Change::default()
            .put("email", after.email.as_ref().map(text))
            .put("alias", after.alias.as_ref().map(text))
            .put("role", Some(text(after.role.word())))
            .put("metadata", Some(text(&after.metadata)))
            .only_if("attribute_exists(#pk)");
        let key = schema::key(schema::scope_pk(&Scope::User(after.id.clone())), schema::ABOUT);
        self.update("describe_user", key, &change).await?;
        Ok(())
    }

    /// Deletes a user. The mark binds the next request of any of its keys; what follows may be repeated.
    ///
    /// `false`: there is no such user.
    pub async fn delete_user(&self, id: &UserId, now: Moment) -> Result<bool, StoreError> {
        let scope = Scope::User(id.clone());
        let mark =
            Change::default().put("deleted", Some(number(now.seconds()))).only_if("attribute_exists(#pk)");
        let Written::Done(_) = self.update("delete_user", scope_key(&scope), &mark).await?.answer else {
            return Ok(false);
        };
        for key in self.keys_of_user(id).await? {
            self.delete_key(&key).await?;
        }
        let pk = schema::scope_pk(&scope);
        if let Some(about) = self.get("delete_user", schema::key(&pk, schema::ABOUT)).await?
            && let Some(email) = about.opt_text("email")?
        {
            self.delete("delete_user", email_key(&email)).await?;
        }
        self.delete("delete_user", schema::key(&pk, schema::ABOUT)).await?;
        self.delete("delete_user", scope_key(&scope)).await?;
        Ok(true)
    }
}

fn email_key(email: &str) -> Item {
    schema::key(format!("E#{}", email.trim().to_lowercase()), schema::POINTER)
}

fn email_pointer(email: &str, user: &UserId) -> Item {
    let mut item = email_key(email);
    item.insert("user".to_owned(), text(user.as_str()));
    item
}

fn about(user: &User) -> Item {
    let mut item = schema::key(schema::scope_pk(&Scope::User(user.id.clone())), schema::ABOUT);
    let User { id, email, alias, role, limits: _, metadata, created } = user;
    let optional = [("email", email.as_ref().map(text)), ("alias", alias.as_ref().map(text))];
    let fixed = [
        ("role", text(role.word())),
        ("metadata", text(metadata)),
        ("created", number(created.ms())),
        ("list_pk", text("user")),
        ("list_sk", text(schema::list_sk(*created, id.as_str()))),
    ];
    let all = optional.into_iter().filter_map(|(name, value)| Some((name, value?))).chain(fixed);
    item.extend(all.map(|(name, value)| (name.to_owned(), value)));
    item
}

fn read_about(item: &Item, state: &ScopeState) -> Result<User, StoreError> {
    let corrupt = |name| move || StoreError::corrupt(name);
    let pk = item.text("pk")?;
    let Some(Scope::User(id)) = schema::scope_of(&pk) else {
        return Err(StoreError::corrupt("pk"));
    };
    Ok(User {
        id,
        email: item.opt_text("email")?,
        alias: item.opt_text("alias")?,
        role: item.opt_parsed("role", |word| Role::parse(&word))?.ok_or_else(corrupt("role"))?,
        limits: state.limits.clone(),
        metadata: item.text("metadata")?,
        created: item.opt_ms("created")?.ok_or_else(corrupt("created"))?,
    })
}
