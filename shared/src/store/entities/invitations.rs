//! Invitations: made, opened with a token, accepted once.

use stargate_core::entity::{Invitation, TOKEN_LIFE};
use stargate_core::id::UserId;
use stargate_core::moment::Moment;
use stargate_core::scope::Scope;
use stargate_core::secret::SecretHash;

use crate::store::table::batch::UniqueViolation;
use crate::store::table::item::{Item, Read, number, text};
use crate::store::table::schema;
use crate::store::table::update_expression::UpdateExpression;
use crate::store::{Store, StoreError, WriteOutcome};

impl Store {
    /// Writes an invitation down, and among its user's, with whom it goes.
    pub async fn create_invitation(&self, invitation: &Invitation) -> Result<(), StoreError> {
        let Invitation { id, user, by, created, accepted: _ } = invitation;
        // A month more, so that whoever comes late learns why.
        let gone_at = number(invitation.expires().seconds() + 30 * 86_400);
        let (mut item, mut link) = (key(id), link(user, id));
        link.insert("gone_at".to_owned(), gone_at.clone());
        item.extend([
            ("user".to_owned(), text(user.as_str())),
            ("by".to_owned(), text(by)),
            ("created".to_owned(), number(created.ms())),
            ("gone_at".to_owned(), gone_at),
        ]);
        let items = vec![("invitation", item), ("invitation", link)];
        match self.put_all("create_invitation", items).await {
            Ok(()) => Ok(()),
            Err(UniqueViolation::Store(error)) => Err(error),
            Err(UniqueViolation::Taken(name)) => Err(StoreError::corrupt(name)),
        }
    }

    pub async fn find_invitation(&self, id: &SecretHash) -> Result<Option<Invitation>, StoreError> {
        let item = self.get("find_invitation", key(id)).await?;
        item.as_ref().map(|item| read(item, id)).transpose()
    }

    /// Gives an invitation the token that it may be accepted with for a quarter of an hour; the one before is worth nothing
    /// any more. `false`: it is not there or was accepted.
    pub async fn open_invitation(
        &self,
        id: &SecretHash,
        token: &SecretHash,
        now: Moment,
    ) -> Result<bool, StoreError> {
        let change = UpdateExpression::default()
            .put("token", Some(text(token.as_str())))
            .put("token_until", Some(number(now.seconds() + TOKEN_LIFE)))
            .condition("attribute_exists(#pk) AND attribute_not_exists(#accepted)");
        let written = self.write("open_invitation", key(id), &change).await?.answer;
        Ok(matches!(written, WriteOutcome::Done(())))
    }

    /// Accepts an invitation with its token. Repeated with the same token, while that is good, it is accepted still: whether
    /// something came of it is told by what was written with it. `false`: another token, too late, or not there.
    pub async fn accept_invitation(
        &self,
        id: &SecretHash,
        token: &SecretHash,
        now: Moment,
    ) -> Result<bool, StoreError> {
        let change = UpdateExpression::default()
            .put("accepted", Some(number(now.seconds())))
            .condition("#token = :token AND #token_until > :accepted AND attribute_not_exists(#accepted)")
            .value("token", text(token.as_str()));
        match self.write("accept_invitation", key(id), &change).await?.answer {
            WriteOutcome::Done(()) => Ok(true),
            WriteOutcome::Refused(None) => Ok(false),
            WriteOutcome::Refused(Some(item)) => {
                let is_ours = item.opt_text("token")?.as_deref() == Some(token.as_str());
                let is_good = item.opt_seconds("token_until")?.is_some_and(|until| until > now);
                Ok(is_ours && is_good)
            }
        }
    }

    /// Deletes an invitation. `false`: there was none.
    pub async fn delete_invitation(&self, id: &SecretHash) -> Result<bool, StoreError> {
        let Some(invitation) = self.find_invitation(id).await? else {
            return Ok(false);
        };
        self.delete_all("delete_invitation", vec![key(id), link_key(&invitation.user, id)]).await?;
        Ok(true)
    }

    /// Deletes the invitations of a user, but for one: what they allow was done, or is not wanted any more.
    pub async fn end_invitations(&self, user: &UserId, but: Option<&SecretHash>) -> Result<(), StoreError> {
        let pk = schema::scope_pk(&Scope::User(user.clone()));
        for link in self.query("end_invitations", &pk, schema::INVITATION_LINK).await? {
            let id = link.opt_parsed("invitation", |id| SecretHash::parse(&id))?;
            let id = id.ok_or_else(|| StoreError::corrupt("invitation"))?;
            if Some(&id) != but {
                self.delete_all("end_invitations", vec![key(&id), link_key(user, &id)]).await?;
            }
        }
        Ok(())
    }
}

fn key(id: &SecretHash) -> Item {
    schema::key(format!("V#{}", id.as_str()), schema::INVITATION)
}

fn link_key(user: &UserId, id: &SecretHash) -> Item {
    let pk = schema::scope_pk(&Scope::User(user.clone()));
    schema::key(pk, format!("{}{}", schema::INVITATION_LINK, id.as_str()))
}

fn link(user: &UserId, id: &SecretHash) -> Item {
    let mut item = link_key(user, id);
    item.insert("invitation".to_owned(), text(id.as_str()));
    item
}

fn read(item: &Item, id: &SecretHash) -> Result<Invitation, StoreError> {
    let corrupt = |name| move || StoreError::corrupt(name);
    Ok(Invitation {
        id: id.clone(),
        user: item.opt_parsed("user", |id| UserId::parse(id).ok())?.ok_or_else(corrupt("user"))?,
        by: item.text("by")?,
        created: item.opt_ms("created")?.ok_or_else(corrupt("created"))?,
        accepted: item.opt_seconds("accepted")?,
    })
}
