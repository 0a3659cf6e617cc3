//! From a request's headers to who it is.

use http::HeaderMap;
use http::header::AUTHORIZATION;
use stargate_core::ledger::{Refusal, check_active};
use stargate_core::moment::Moment;
use stargate_core::policy::Caller;
use stargate_core::scope::Scope;
use stargate_core::secret::Secret;

use crate::api::ApiError;
use crate::auth::jwt::Jwt;
use crate::auth::{JwtAuthenticator, TokenPurpose};
use crate::store::Store;

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
}
