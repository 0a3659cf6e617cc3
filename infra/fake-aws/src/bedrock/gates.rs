//! Named gates: points where an answer waits until a test lets it go on.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// Every gate that was ever named. A gate is made closed by whoever names it first.
#[derive(Default)]
pub(super) struct Gates(Mutex<HashMap<String, watch::Sender<bool>>>);

impl Gates {
    pub(super) async fn pass(&self, name: &str) {
        let mut open = self.gate(name).subscribe();
        // Fails only when the sender is gone, and the map keeps it for as long as `self`.
        open.wait_for(|open| *open).await.ok();
    }

    pub(super) fn release(&self, name: &str) {
        self.gate(name).send_replace(true);
    }

    pub(super) fn waiting(&self, name: &str) -> usize {
        self.all().get(name).map_or(0, watch::Sender::receiver_count)
    }

    fn gate(&self, name: &str) -> watch::Sender<bool> {
        self.all().entry(name.to_owned()).or_insert_with(|| watch::Sender::new(false)).clone()
    }

    /// A panic elsewhere cannot leave the map half-changed, so a poisoned lock is still good.
    fn all(&self) -> MutexGuard<'_, HashMap<String, watch::Sender<bool>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
