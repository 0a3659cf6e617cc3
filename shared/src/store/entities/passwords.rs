//! Passwords, and how often they were tried.

use aws_sdk_dynamodb::types::AttributeValue;
use stargate_core::entity::User;
use stargate_core::id::UserId;
use stargate_core::moment::Moment;
use stargate_core::password::Password;
use stargate_core::scope::Scope;
use stargate_core::secret::{Secret, SecretHash};

use crate::store::table::item::{Item, Read, number, text};
use crate::store::table::schema;
use crate::store::table::update_expression::UpdateExpression;
use crate::store::{Store, StoreError, WriteOutcome};

/// Tries of one name in a window of time, right or wrong.
const MAX_ATTEMPTS: u64 = 5;
/// The length of a window, in seconds.
const WINDOW: i64 = 15 * 60;

/// A user as somebody: an id may be given again, and its next owner is somebody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserIdentity {
    pub id: UserId,
    pub created: Moment,
}

impl From<&User> for UserIdentity {
    fn from(user: &User) -> Self {
        Self { id: user.id.clone(), created: user.created }
    }
}

impl Store {
    /// The password of a user, of this one and no other who had the id before.
    pub async fn password_of(&self, person: &UserIdentity) -> Result<Option<Password>, StoreError> {
        match self.get("password_of", key(&person.id)).await? {
            Some(item) if item.opt_ms("created")? == Some(person.created) => {
                item.opt_parsed("password", |text| Some(Password::from_stored(text)))
            }
            _ => Ok(None),
        }
    }

    /// Gives a user another password than `before`, or none. `false`: it is another by now.
    ///
    /// The user may be deleted meanwhile, after what goes with it was listed: then it is the password of somebody who is not
    /// there, whoever has the id next.
    pub async fn replace_password(
        &self,
        person: &UserIdentity,
        before: Option<&Password>,
        after: Option<&Password>,
    ) -> Result<bool, StoreError> {
        let change = set(person, after);
        let change = match before {
            None => change.condition("(attribute_not_exists(#password) OR #created <> :created)"),
            Some(before) => change
                .condition("#password = :before AND #created = :created")
                .value("before", text(before.as_str())),
        };
        match self.write("replace_password", key(&person.id), &change).await?.answer {
            WriteOutcome::Done(()) => Ok(true),
            WriteOutcome::Refused(item) => is_ours(item.as_ref(), after),
        }
    }

    /// Gives a user a password by an invitation, which does so once. `false`: it did so already.
    pub async fn claim_password(
        &self,
        person: &UserIdentity,
        password: &Password,
        invitation: &SecretHash,
    ) -> Result<bool, StoreError> {
        // All that were used, and not the last alone: one that lands late must not undo the next.
        let change = set(person, Some(password))
            .add("#invitations :used")
            .value("used", AttributeValue::Ss(vec![invitation.as_str().to_owned()]))
            .condition("NOT contains(#invitations, :invitation)")
            .value("invitation", text(invitation.as_str()));
        match self.write("claim_password", key(&person.id), &change).await?.answer {
            WriteOutcome::Done(()) => Ok(true),
            WriteOutcome::Refused(item) => is_ours(item.as_ref(), Some(password)),
        }
    }

    pub(in crate::store) async fn delete_password(&self, user: &UserId) -> Result<(), StoreError> {
        self.delete("delete_password", key(user)).await
    }

    /// Counts a try to log in under a name, whoever's it is or nobody's. `Some`: it was tried too often, and when it may
    /// be tried again. **Cost:** a write unit, for an unknown name too: it must not be told from a known one.
    pub async fn count_login(&self, name: &str, now: Moment) -> Result<Option<Moment>, StoreError> {
        let window = now.seconds().div_euclid(WINDOW);
        let over = (window + 1) * WINDOW;
        let change = UpdateExpression::default()
            .add("#count :one")
            .value("one", number(1))
            .put("gone_at", Some(number(over)))
            .condition("(attribute_not_exists(#count) OR #count < :most)")
            .value("most", number(MAX_ATTEMPTS));
        let written = self.write("count_login", tries_key(name, window), &change).await?.answer;
        Ok(match written {
            WriteOutcome::Done(()) => None,
            WriteOutcome::Refused(_) => Some(Moment::from_seconds(over)),
        })
    }

    /// Forgets the tries of a name that was let in.
    pub async fn forget_logins(&self, name: &str, now: Moment) -> Result<(), StoreError> {
        self.delete("forget_logins", tries_key(name, now.seconds().div_euclid(WINDOW))).await
    }
}

fn set(person: &UserIdentity, password: Option<&Password>) -> UpdateExpression {
    UpdateExpression::default()
        .put("password", password.map(|password| text(password.as_str())))
        .put("created", Some(number(person.created.ms())))
}

fn key(user: &UserId) -> Item {
    schema::key(schema::scope_pk(&Scope::User(user.clone())), schema::LOGIN)
}

/// Whether a refused write was an earlier try of ours, whose answer was lost: each hash has a salt of its own.
fn is_ours(item: Option<&Item>, password: Option<&Password>) -> Result<bool, StoreError> {
    let is = item.map_or(Ok(None), |item| item.opt_text("password"))?;
    Ok(is.as_deref() == password.map(Password::as_str))
}

/// By its hash: what people type into a name's field is sometimes their password.
fn tries_key(name: &str, window: i64) -> Item {
    let name = Secret::new(name.trim().to_lowercase()).hash();
    schema::key(format!("P#{}", name.as_str()), format!("{window}"))
}
