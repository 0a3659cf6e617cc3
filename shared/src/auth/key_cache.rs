//! The keys that a process has seen, by their secrets.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use stargate_core::secret::SecretHash;

use crate::store::{KeyRef, Store, StoreError};

/// Hints kept by one process; beyond it they are forgotten all at once, which costs a read each.
const MAX_HINTS: usize = 10_000;

/// Which key a secret belongs to, remembered. A hint is never trusted: the key's own reservation proves it.
#[derive(Clone, Default)]
pub struct KeyCache {
    hints: Arc<Mutex<HashMap<SecretHash, KeyRef>>>,
}

impl KeyCache {
    /// The pointer of a secret: remembered, or read (one consistent read). `None`: no key of ours.
    pub async fn find(&self, store: &Store, secret: &SecretHash) -> Result<Option<KeyRef>, StoreError> {
        if let Some(hint) = self.with(|hints| hints.get(secret).cloned()) {
            return Ok(Some(hint));
        }
        let found = store.find_pointer(secret).await?;
        if let Some(pointer) = &found {
            self.remember(pointer);
        }
        Ok(found)
    }

    /// Keeps a hint that was read, or that has learned something.
    pub fn remember(&self, pointer: &KeyRef) {
        self.with(|hints| {
            if hints.len() >= MAX_HINTS {
                hints.clear();
            }
            hints.insert(pointer.holder.secret.clone(), pointer.clone());
        });
    }

    /// Forgets a hint that proved wrong.
    pub fn forget(&self, secret: &SecretHash) {
        self.with(|hints| hints.remove(secret));
    }

    fn with<T>(&self, act: impl FnOnce(&mut HashMap<SecretHash, KeyRef>) -> T) -> T {
        // A panic elsewhere cannot leave a map of hints half-written.
        act(&mut self.hints.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
