//! From a request's headers to who it is.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use http::HeaderMap;
use http::header::AUTHORIZATION;

use crate::admission::{Refusal, check_active};
use crate::fault::ApiError;
use crate::jwt::Jwt;
use crate::moment::Moment;
use crate::policy::Caller;
use crate::scope::Scope;
use crate::secret::{Secret, SecretHash};
use crate::store::{KeyRef, Store, StoreError};
use crate::tokens::{JwtAuthenticator, TokenPurpose};
use crate::vault::RotatingSecret;

/// Hints kept by one process; beyond it they are forgotten all at once, which costs a read each.
const MOST_HINTS: usize = 10_000;

/// The key that a request presents: `Authorization: Bearer` or `x-api-key`; if both, the one that looks like ours.
pub fn extract_api_key(headers: &HeaderMap) -> Option<Secret> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let bearer = text(AUTHORIZATION.as_str()).and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    let both = [bearer, text("x-api-key")];
    let mut secrets = both.into_iter().flatten().filter(|text| !text.is_empty()).map(Secret::new);
    let first = secrets.next()?;
    if first.is_key() { Some(first) } else { Some(secrets.find(Secret::is_key).unwrap_or(first)) }
}

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
            if hints.len() >= MOST_HINTS {
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

/// Master-key mode: `Authorization: Bearer <master key>`, and `X-Admin-Secret` where one is configured.
#[derive(Clone, Debug)]
pub struct MasterKey {
    master: RotatingSecret,
    second: Option<RotatingSecret>,
}

impl MasterKey {
    pub fn new(master: RotatingSecret, second: Option<RotatingSecret>) -> Self {
        Self { master, second }
    }

    /// The administrator, if both secrets match. Either wrong is the same, in the same time.
    pub async fn admit(&self, headers: &HeaderMap) -> Option<Caller> {
        let nothing = Secret::new("");
        let presented = extract_api_key(headers);
        // Nothing never matches, not even a master key that was set to nothing.
        let is_presented = presented.is_some();
        let master = presented.unwrap_or_else(|| nothing.clone());
        let second = headers.get("x-admin-secret").and_then(|value| value.to_str().ok());
        let second_matches = match &self.second {
            Some(wanted) => wanted.is(&second.map_or(nothing, Secret::new)).await,
            None => true,
        };
        // Not `&&`: both are always compared.
        let is_administrator = self.master.is(&master).await & second_matches & is_presented;
        is_administrator.then(|| Caller::Administrator { actor: "master key".to_owned() })
    }
}

/// Who holds the key that a request presents, for routes that are about keys and not about models: a budget that is spent
/// hides nobody's own spend. A token stands for its user. **Cost:** a read, and a read of the key with its user.
///
/// A team's key stands for itself only, whoever's it is: the team's administrators have seen it. And a secret that a
/// rotation replaced calls models and nothing else: it may be rotated for having got lost.
pub async fn authenticate_key(
    store: &Store,
    tokens: Option<&JwtAuthenticator>,
    headers: &HeaderMap,
    now: Moment,
) -> Result<Caller, ApiError> {
    const UNKNOWN: ApiError = ApiError::Unauthenticated("Invalid API key");
    let secret = extract_api_key(headers).ok_or(ApiError::Unauthenticated("No API key was sent"))?;
    let pointer = match tokens.filter(|_| Jwt::is_token(&secret)) {
        None => store.find_pointer(&secret.hash()).await?,
        Some(tokens) => {
            let stand_in = tokens.stand_in(store, &secret, (headers, TokenPurpose::Oneself), now).await?;
            match store.find_pointer(&stand_in.hash).await? {
                Some(pointer) => Some(pointer),
                None => {
                    Box::pin(tokens.ensure_key(store, &stand_in, now)).await?;
                    store.find_pointer(&stand_in.hash).await?
                }
            }
        }
    };
    let pointer = pointer.ok_or(UNKNOWN)?;
    let refused = |scope: Scope, reason| ApiError::Refused(Refusal { scope, reason }, now);
    let key = Scope::Key(pointer.key.clone());
    let state = store.scope_states(std::slice::from_ref(&key)).await?.pop().flatten().ok_or(UNKNOWN)?;
    if state.holder.as_ref() != Some(&pointer.holder) {
        return Err(UNKNOWN);
    }
    check_active(&state, now).map_err(|reason| refused(key, reason))?;
    let Some(user) = pointer.holder.user else {
        return Ok(Caller::Key { key: pointer.key });
    };
    let entry = store.find_user(&user).await?.ok_or(UNKNOWN)?;
    check_active(&entry.state, now).map_err(|reason| refused(Scope::User(user.clone()), reason))?;
    if pointer.holder.team.is_some() {
        return Ok(Caller::Key { key: pointer.key });
    }
    Ok(Caller::User { id: user, role: entry.user.role, key: pointer.key })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (http::HeaderName::from_static(name), http::HeaderValue::from_static(value))
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn a_key_comes_in_either_header() {
        for (pairs, want) in [
            (vec![("authorization", "Bearer sk-a")], Some("sk-a")),
            (vec![("authorization", "bearer  sk-a ")], Some("sk-a")),
            (vec![("x-api-key", "sk-b")], Some("sk-b")),
            (vec![("authorization", "Bearer sk-a"), ("x-api-key", "sk-b")], Some("sk-a")),
            (vec![("authorization", "Bearer other"), ("x-api-key", "sk-b")], Some("sk-b")),
            (vec![("authorization", "Bearer other"), ("x-api-key", "thing")], Some("other")),
            (vec![("authorization", "Basic abc")], None),
            (vec![("x-api-key", "")], None),
            (vec![], None),
        ] {
            let got = extract_api_key(&headers(&pairs));
            assert_eq!(got.as_ref().map(Secret::reveal), want, "{pairs:?}");
        }
    }

    #[tokio::test]
    async fn both_secrets_must_match() {
        let given = |text: &str| RotatingSecret::from_fixed(Secret::new(text));
        let master = MasterKey::new(given("sk-master"), Some(given("second")));
        let bearer = ("authorization", "Bearer sk-master");
        assert!(master.admit(&headers(&[bearer, ("x-admin-secret", "second")])).await.is_some());
        for wrong in
            [vec![bearer], vec![bearer, ("x-admin-secret", "other")], vec![("x-admin-secret", "second")]]
        {
            assert!(master.admit(&headers(&wrong)).await.is_none(), "{wrong:?}");
        }
        let alone = MasterKey::new(given("sk-master"), None);
        assert!(alone.admit(&headers(&[bearer, ("x-admin-secret", "anything")])).await.is_some());
        assert!(alone.admit(&headers(&[("authorization", "Bearer sk-maste")])).await.is_none());
        assert!(alone.admit(&headers(&[])).await.is_none());
        let empty = MasterKey::new(given(""), None);
        assert!(
            empty.admit(&headers(&[])).await.is_none()
                && empty.admit(&headers(&[("x-api-key", "")])).await.is_none()
        );
    }
}
