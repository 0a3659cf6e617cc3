//! A key's secret, replaced.

use stargate_core::entity::Key;
use stargate_core::moment::Moment;
use stargate_core::scope::{KeyOwner, Scope};
use stargate_core::secret::Secret;

use super::keys::{pointer, pointer_key};
use crate::store::ledger::reserve::scope_key;
use crate::store::table::batch::UniqueViolation;
use crate::store::table::item::{Read, number, text};
use crate::store::table::schema;
use crate::store::table::update_expression::UpdateExpression;
use crate::store::{Store, StoreError, WriteOutcome};

impl Store {
    /// Gives a key another secret; the old one is good until `grace` where that is given. `false`: the key is gone, or
    /// another rotation was faster.
    ///
    /// The new secret points at the key before the key answers to it, and the old one until the key does not any more: who
    /// dies in between leaves a pointer that proves nothing.
    pub async fn rotate_key(
        &self,
        key: &Key,
        secret: &Secret,
        grace: Option<Moment>,
    ) -> Result<bool, StoreError> {
        let operation = "rotate_key";
        let (old, new) = (&key.holder.secret, secret.hash());
        let rotated = Key { holder: KeyOwner { secret: new.clone(), ..key.holder.clone() }, ..key.clone() };
        match self.put_all(operation, vec![("key", pointer(&rotated))]).await {
            Ok(()) => {}
            Err(UniqueViolation::Store(error)) => return Err(error),
            Err(UniqueViolation::Taken(_)) => return Ok(false),
        }
        let change = UpdateExpression::default()
            .put("secret", Some(text(new.as_str())))
            .put("previous", grace.map(|_| text(old.as_str())))
            .put("previous_until", grace.map(|until| number(until.seconds())))
            .value("old", text(old.as_str()))
            .condition("#secret = :old AND attribute_not_exists(#deleted)");
        let scope = Scope::Key(key.id.clone());
        let written = self.write(operation, scope_key(&scope), &change).await?;
        let is_done = match written.answer {
            WriteOutcome::Done(()) => true,
            // An earlier try of ours, whose answer was lost.
            WriteOutcome::Refused(item) => item.is_some_and(|item| {
                item.opt_text("secret").is_ok_and(|now| now.as_deref() == Some(new.as_str()))
            }),
        };
        if !is_done {
            self.delete(operation, pointer_key(&new)).await?;
            return Ok(false);
        }
        let hint = UpdateExpression::default()
            .put("hint", Some(text(secret.hint())))
            .put("secret", Some(text(new.as_str())))
            .put("previous", grace.map(|_| text(old.as_str())))
            .condition("attribute_exists(#pk)");
        // The rotation binds: whatever fails now, the caller must learn that, and the new secret. An old pointer that stays
        // proves nothing.
        let described =
            self.write(operation, schema::key(schema::scope_pk(&scope), schema::ABOUT), &hint).await;
        let let_go = match grace {
            None => self.delete(operation, pointer_key(old)).await,
            Some(_) => Ok(()),
        };
        if let Err(error) = described.map(|_| ()).and(let_go) {
            tracing::warn!(key = %key.id, error = ?error, "rotation_untidy");
        }
        Ok(true)
    }
}
