//! The set of keys that an issuer publishes, kept: asked for rarely, however many tokens come, and good for a while if the
//! issuer does not answer.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use stargate_core::moment::Moment;

use super::jwks::Jwks;
use super::jwks_client::JwksClient;
use crate::api::ApiError;

/// How long a set stays good that should be read again and cannot be.
const GRACE: Duration = Duration::from_secs(3600);
/// How soon a set is read again at most: who invents keys or meets an outage does not make every token ask the issuer.
const PAUSE: Duration = Duration::from_secs(30);
/// The same while there is no set: as long as the refused are told to wait.
const PAUSE_WITHOUT: Duration = Duration::from_secs(2);

pub(super) struct JwksCache {
    source: JwksClient,
    ttl: Duration,
    state: Mutex<CacheState>,
    /// Held by the one request that reads the set.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct CacheState {
    /// The set, and when it was read.
    known: Option<(Arc<Jwks>, Moment)>,
    /// When reading it was last tried.
    tried: Option<Moment>,
    /// How many readings have ended, well or not.
    ended: u64,
}

impl JwksCache {
    pub fn new(source: JwksClient, ttl: Duration) -> Self {
        Self { source, ttl, state: Mutex::default(), turn: tokio::sync::Mutex::default() }
    }

    /// The set as it was not longer ago than its time to live, or than it is good if the issuer does not answer.
    pub async fn current(&self, now: Moment) -> Result<Arc<Jwks>, ApiError> {
        if let Some(keys) = self.cached_set(now, Duration::ZERO) {
            return Ok(keys);
        }
        if self.cached_set(now, GRACE).is_none() {
            return self.refetch(now).await;
        }
        // Who comes first reads it; the others are served by the old one meanwhile.
        if let Ok(_turn) = self.turn.try_lock() {
            self.read(now).await;
        }
        self.cached_set(now, GRACE).ok_or(ApiError::NoIssuerKeys)
    }

    /// The set, read again if that is not too soon: for a token whose key it lacks. Requests at the same time share a
    /// reading.
    pub async fn refetch(&self, now: Moment) -> Result<Arc<Jwks>, ApiError> {
        let ended = self.with(|state| state.ended);
        let turn = self.turn.lock().await;
        // What another request has read while this one waited is as new as what it would read.
        if self.with(|state| state.ended) == ended {
            self.read(now).await;
        }
        drop(turn);
        self.cached_set(now, GRACE).ok_or(ApiError::NoIssuerKeys)
    }

    /// Reads the set, unless that was tried a moment ago. Only for who has the turn.
    async fn read(&self, now: Moment) {
        let is_usable = self.cached_set(now, GRACE).is_some();
        let pause = if is_usable { PAUSE } else { PAUSE_WITHOUT };
        let is_too_soon = self.with(|state| {
            let is_too_soon = state.tried.is_some_and(|tried| now < tried + pause);
            // A client that hangs up ends its request, but has asked. Not where others wait for the first answer.
            if is_usable && !is_too_soon {
                state.tried = Some(now);
            }
            is_too_soon
        });
        if is_too_soon {
            return;
        }
        // Rare, and boxed: it would make every request's future larger.
        let read = Box::pin(self.source.read()).await;
        self.with(|state| {
            state.tried = Some(now);
            state.ended += 1;
            match read {
                Ok(keys) => state.known = Some((Arc::new(keys), now)),
                Err(cause) => tracing::warn!(?cause, "jwt_keys_not_read"),
            }
        });
    }

    /// The set, if it is not older than its time to live and `longer`.
    fn cached_set(&self, now: Moment, longer: Duration) -> Option<Arc<Jwks>> {
        self.with(|state| {
            let (keys, read) = state.known.as_ref()?;
            (now < *read + self.ttl + longer).then(|| Arc::clone(keys))
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut CacheState) -> T) -> T {
        // Nothing under this lock panics and leaves the state half-written.
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
