//! Which user a request means.

use shared::audit::Action;
use shared::fault::Fault;
use shared::id::{UserId, random_key_id};
use shared::moment::Moment;
use shared::scope::Scope;
use shared::store::{NotCreated, StoreError};
use shared::user::User;

use super::row::UserRow;
use super::{email, not_unique, parse_id, read_new, unknown};
use crate::App;
use crate::audit::{Scribe, USERS};
use crate::fields::Fields;

/// A user, by one of two names.
#[derive(Clone, Debug)]
pub enum Whom {
    Id(UserId),
    Email(String),
}

impl Whom {
    /// `user_id`, or else `user_email`.
    pub fn read(fields: &mut Fields) -> Result<Self, Fault> {
        let id = fields.patch("user_id", "a string")?.value();
        let email = email(fields)?.value();
        match (id, email) {
            (Some(id), _) => Ok(Self::Id(parse_id("user_id", id)?)),
            (None, Some(email)) => Ok(Self::Email(email)),
            (None, None) => Err(Fault::invalid("user_id", "user_id or user_email must be given")),
        }
    }

    /// The user's id, of a user who is there.
    pub async fn find(&self, app: &App) -> Result<UserId, Fault> {
        let id = self.id(app).await?.ok_or_else(|| self.unknown())?;
        match app.store.find_user(&id).await? {
            Some(_) => Ok(id),
            None => Err(self.unknown()),
        }
    }

    /// The id by which the user would be found.
    pub async fn id(&self, app: &App) -> Result<Option<UserId>, Fault> {
        match self {
            Self::Id(id) => Ok(Some(id.clone())),
            Self::Email(email) => Ok(app.store.user_of_email(email).await?),
        }
    }

    pub fn unknown(&self) -> Fault {
        match self {
            Self::Id(id) => unknown("user_id", id.as_str()),
            Self::Email(email) => unknown("user_email", email),
        }
    }
}

/// Sees to it that there is such a user: one that is not known yet is made, with what every new user gets.
pub async fn must_exist(app: &App, scribe: &Scribe<'_>, whom: &Whom, now: Moment) -> Result<UserId, Fault> {
    let id = match whom.id(app).await? {
        Some(id) => id,
        None => new_id()?,
    };
    if app.store.find_user(&id).await?.is_some() {
        return Ok(id);
    }
    let email = match whom {
        Whom::Id(_) => None,
        Whom::Email(email) => Some(email.clone()),
    };
    let new = read_new(Fields::default(), &app.rules, &app.catalog, now)?;
    let bare = User { id, email, ..new.user };
    match app.store.create_user(&bare).await {
        Ok(()) => {
            if let Some(entry) = app.store.find_user(&bare.id).await? {
                let scope = Scope::User(bare.id.clone());
                Box::pin(new.hangings.model_limits.apply(app, &scope, &entry.state, now)).await?;
                let row = UserRow::of(app, &entry, Vec::new(), now)?;
                scribe.note(Action::Created, (USERS, bare.id.as_str()), None, Some(&row)).await;
            }
            Ok(bare.id)
        }
        // Another call was faster; or the user is on its way out, and what is made for it would go with it.
        Err(NotCreated::Taken { field: "user_id" }) if app.store.find_user(&bare.id).await?.is_some() => {
            Ok(bare.id)
        }
        Err(error) => Err(not_unique(error, &bare.id, bare.email.as_deref())),
    }
}

/// An id for a user who was given none: sixteen random characters.
pub fn new_id() -> Result<UserId, Fault> {
    let random = random_key_id().map_err(StoreError::from)?;
    parse_id("user_id", random.as_str().to_owned())
}
