//! Users: created with everything that hangs on them, deleted mark first.

use stargate_core::entity::{User, UserRole, search_terms};
use stargate_core::id::UserId;
use stargate_core::moment::Moment;
use stargate_core::scope::{LinkedScopes, Scope, ScopeState};

use super::user_search;
use crate::store::ledger::reserve::scope_key;
use crate::store::ledger::scope_item;
use crate::store::table::batch::UniqueViolation;
use crate::store::table::item::{Item, Read, number, text};
use crate::store::table::schema;
use crate::store::table::update_expression::UpdateExpression;
use crate::store::{Store, StoreError, WriteOutcome};

/// A user and the scope that its calls are charged to.
#[derive(Clone, Debug)]
pub struct UserEntry {
    pub user: User,
    pub state: ScopeState,
}

/// Why something was not created.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// `field` names what must be unique and is not.
    #[error("{field} is taken")]
    Taken { field: &'static str },
    /// `field` names what it belongs to, which is not there.
    #[error("{field} does not exist")]
    Gone { field: &'static str },
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Creates a user, its scope and its hold on its e-mail address, or nothing.
    pub async fn create_user(&self, user: &User) -> Result<(), CreateError> {
        let scope = Scope::User(user.id.clone());
        let mut items = vec![
            (
                "user_id",
                scope_item::new_item(
                    &scope,
                    &user.limits,
                    self.first_reset(user),
                    None,
                    &LinkedScopes::default(),
                ),
            ),
            ("user_id", attributes_of(user)),
        ];
        if let Some(email) = &user.email {
            items.push(("user_email", email_pointer(email, &user.id)));
        }
        let mut others =
            self.entries_of("create_user", &user.id, search_terms(&user.id, user.email.as_deref()))?;
        others.push(self.count_update("create_user", "user", user.id.as_str(), 1)?);
        self.put_with("create_user", items, others).await.map_err(|error| match error {
            UniqueViolation::Taken(field) => CreateError::Taken { field },
            UniqueViolation::Store(error) => error.into(),
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

    /// Who holds an e-mail address, in whatever case it is written.
    pub async fn user_of_email(&self, email: &str) -> Result<Option<UserId>, StoreError> {
        let item = self.get("user_of_email", email_key(email)).await?;
        item.map_or(Ok(None), |item| item.opt_parsed("user", |id| UserId::parse(id).ok()))
    }

    /// Changes what is known of a user besides its limits: the fields that differ, and no others.
    ///
    /// An e-mail address is held before it is written and let go after that: whoever dies in between leaves an address
    /// held too long, never one that two users have. `false`: there is no such user.
    pub async fn describe_user(&self, before: &User, after: &User) -> Result<bool, CreateError> {
        let operation = "describe_user";
        let (old, new) = (before.email.as_deref().map(email_key), after.email.as_deref().map(email_key));
        // Another spelling of the same address is held already.
        if let (Some(email), true) = (&after.email, new != old) {
            self.hold_email(email, &after.id).await?;
        }
        let (old_email, new_email) = (before.email.as_deref(), after.email.as_deref());
        let found_by = user_search::added_terms(&after.id, new_email, old_email);
        if !found_by.is_empty() {
            let entries = self.entries_of(operation, &after.id, found_by)?;
            self.put_with("describe_user", Vec::new(), entries).await.map_err(|error| match error {
                UniqueViolation::Taken(field) => CreateError::Taken { field },
                UniqueViolation::Store(error) => error.into(),
            })?;
        }
        let fields = [
            ("email", before.email.clone(), after.email.clone()),
            ("alias", before.alias.clone(), after.alias.clone()),
            ("role", Some(before.role.word().to_owned()), Some(after.role.word().to_owned())),
            ("metadata", Some(before.metadata.clone()), Some(after.metadata.clone())),
        ];
        // The address that is let go must be the one that was replaced.
        let is_there =
            self.describe(operation, &Scope::User(after.id.clone()), fields, Some("email")).await?;
        let let_go = match (new == old, is_there) {
            (true, _) => None,
            (false, true) => old,
            (false, false) => new,
        };
        if let Some(email) = let_go {
            self.let_go(operation, email, "user", after.id.as_str()).await?;
        }
        let not_any_more = user_search::added_terms(&after.id, old_email, new_email);
        if is_there && !not_any_more.is_empty() {
            self.delete_all("describe_user", user_search::keys(&after.id, not_any_more)).await?;
        }
        Ok(is_there)
    }

    /// Changes what is known of an entity besides its limits: the fields that differ, and no others. `false`: it is gone, or
    /// the field that is `held` by a pointer is not any more what it was.
    pub(in crate::store) async fn describe<const N: usize>(
        &self,
        operation: &'static str,
        scope: &Scope,
        fields: [(&str, Option<String>, Option<String>); N],
        held: Option<&str>,
    ) -> Result<bool, StoreError> {
        let mut change = UpdateExpression::default().condition("attribute_exists(#pk)");
        let mut differs = false;
        for (name, was, value) in fields.into_iter().filter(|(_, was, is)| was != is) {
            change = change.put(name, value.clone().map(text));
            differs = true;
            if held == Some(name) {
                // Or what it is to be: an earlier try of ours, whose answer was lost.
                let is = |placeholder: &str, value: &Option<String>| match value {
                    Some(_) => format!("#{name} = :{placeholder}"),
                    None => format!("attribute_not_exists(#{name})"),
                };
                change = change.condition(format!("({} OR {})", is("was", &was), is(name, &value)));
                change = was.into_iter().fold(change, |change, was| change.value("was", text(was)));
            }
        }
        if !differs {
            return Ok(true);
        }
        let key = schema::key(schema::scope_pk(scope), schema::ABOUT);
        let written = self.write(operation, key, &change).await?.answer;
        Ok(matches!(written, WriteOutcome::Done(_)))
    }

    /// The mark that binds the next request of whatever a scope is charged for. `false`: there is no such scope.
    pub(in crate::store) async fn mark_deleted(
        &self,
        operation: &'static str,
        scope: &Scope,
        now: Moment,
    ) -> Result<bool, StoreError> {
        let mark = UpdateExpression::default()
            .put("deleted", Some(number(now.seconds())))
            .condition("attribute_exists(#pk)");
        let written = self.write(operation, scope_key(scope), &mark).await?.answer;
        Ok(matches!(written, WriteOutcome::Done(_)))
    }

    /// Holds an e-mail address for a user; one that this user holds already is not taken.
    async fn hold_email(&self, email: &str, user: &UserId) -> Result<(), CreateError> {
        let hold = vec![("user_email", email_pointer(email, user))];
        match self.put_all("hold_email", hold).await {
            Ok(()) => Ok(()),
            Err(UniqueViolation::Store(error)) => Err(error.into()),
            Err(UniqueViolation::Taken(_)) if self.user_of_email(email).await?.as_ref() == Some(user) => {
                Ok(())
            }
            Err(UniqueViolation::Taken(field)) => Err(CreateError::Taken { field }),
        }
    }

    /// Deletes a user. The mark binds the next request of any of its keys; what follows may be repeated.
    ///
    /// `false`: there is no such user.
    pub async fn delete_user(&self, id: &UserId, now: Moment) -> Result<bool, StoreError> {
        let scope = Scope::User(id.clone());
        if !self.mark_deleted("delete_user", &scope, now).await? {
            return Ok(false);
        }
        for key in self.keys_of_user(id).await?.into_iter().chain(self.sessions_of_user(id).await?) {
            self.delete_key(&key).await?;
        }
        self.end_invitations(id, None).await?;
        self.delete_password(id).await?;
        for team in self.teams_of_user(id).await? {
            self.delete_member(&team, id).await?;
        }
        for pending in self.team_invitations_of_user(id).await? {
            self.end_team_invitation(&pending.id, &pending.team, id).await?;
        }
        let pk = schema::scope_pk(&scope);
        let about_key = schema::key(&pk, schema::ABOUT);
        if let Some(about) = self.get("delete_user", about_key.clone()).await? {
            let email = about.opt_text("email")?;
            let found_by = user_search::keys(id, search_terms(id, email.as_deref()));
            let others = email.as_deref().map(email_key).into_iter().chain(found_by).collect();
            let counted = self.count_update("delete_user", "user", id.as_str(), -1)?;
            self.delete_with("delete_user", others, Some(about_key), Some(counted)).await?;
        }
        self.delete_scope("delete_user", &scope).await?;
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

fn attributes_of(user: &User) -> Item {
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
        role: item.opt_parsed("role", |word| UserRole::parse(&word))?.ok_or_else(corrupt("role"))?,
        limits: state.limits.clone(),
        metadata: item.text("metadata")?,
        created: item.opt_ms("created")?.ok_or_else(corrupt("created"))?,
    })
}

pub(in crate::store) fn map_violation(error: UniqueViolation) -> CreateError {
    match error {
        UniqueViolation::Taken(field) => CreateError::Taken { field },
        UniqueViolation::Store(error) => error.into(),
    }
}
