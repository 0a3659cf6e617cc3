//! Who sends a request: a key, or an identity provider's token with the key that stands for it.

use futures_util::join;
use http::HeaderMap;
use shared::api::ApiError;
use shared::auth::jwt::Jwt;
use shared::auth::{self, JwtAuthenticator, TokenPurpose};
use shared::store::KeyRef;
use stargate_core::ledger::Reason;
use stargate_core::secret::{Secret, SecretHash};

use crate::pipeline::state::InferenceState;

/// Who asks, and what is offered now, side by side: both are known to a process that is at work.
pub async fn authenticate(
    app: &InferenceState,
    headers: &HeaderMap,
) -> Result<(InferenceState, KeyRef), ApiError> {
    let secret = auth::extract_api_key(headers).ok_or(ApiError::Unauthenticated("No API key was sent"))?;
    let offered = app.offering.current(&app.store, app.clock.now());
    let known = async {
        match app.tokens.as_ref().filter(|_| Jwt::is_token(&secret)) {
            None => find_key(app, &secret.hash()).await,
            Some(tokens) => Box::pin(find_token_key(app, tokens, &secret, headers)).await,
        }
    };
    // Both to their end: who asks with keys that are none must not make every request read the models again.
    let (pointer, catalog) = join!(known, offered);
    let pointer = pointer?;
    Ok((InferenceState { catalog: catalog?, ..app.clone() }, pointer))
}

/// Makes the key again that stands in for a token, where that is what was sent.
pub async fn recreate_token_key(app: &InferenceState, headers: &HeaderMap) -> Result<bool, ApiError> {
    let token = auth::extract_api_key(headers).filter(Jwt::is_token);
    let (Some(tokens), Some(token)) = (&app.tokens, token) else {
        return Ok(false);
    };
    let now = app.clock.now();
    let stand_in = tokens.stand_in(&app.store, &token, (headers, TokenPurpose::Calls), now).await?;
    app.keyring.forget(&stand_in.hash);
    Box::pin(tokens.ensure_key(&app.store, &stand_in, now)).await?;
    Ok(true)
}

/// Finds the key that stands in for a token, which may not have been needed before. **Cost:** nothing where it is known.
async fn find_token_key(
    app: &InferenceState,
    tokens: &JwtAuthenticator,
    token: &Secret,
    headers: &HeaderMap,
) -> Result<KeyRef, ApiError> {
    let now = app.clock.now();
    let stand_in = tokens.stand_in(&app.store, token, (headers, TokenPurpose::Calls), now).await?;
    if let Some(pointer) = app.keyring.find(&app.store, &stand_in.hash).await? {
        return Ok(pointer);
    }
    tokens.ensure_key(&app.store, &stand_in, now).await?;
    find_key(app, &stand_in.hash).await
}

/// Finds the key of a secret. A request without one of ours costs a read at most.
pub async fn find_key(app: &InferenceState, secret: &SecretHash) -> Result<KeyRef, ApiError> {
    app.keyring.find(&app.store, secret).await?.ok_or_else(|| {
        // A line and no more: whoever guesses keys would choose what is written.
        tracing::info!(reason = Reason::Unknown.word(), "not_admitted");
        ApiError::Unauthenticated("Invalid API key")
    })
}
