//! The keys that an issuer signs with, as it publishes them (RFC 7517).

use std::sync::Arc;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use serde::Deserialize;
use serde_json::Value;

use super::token::Token;
use crate::api::ApiError;

/// One key, and the algorithms that it is for.
pub(super) struct JwksKey {
    kid: Option<String>,
    algorithms: Vec<Algorithm>,
    key: DecodingKey,
}

/// The keys of a set that can sign tokens for us: at least one.
pub(super) struct Jwks(Vec<Arc<JwksKey>>);

/// Why a text is no set of keys.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoKeys {
    #[error("it is no set of keys")]
    Malformed(#[from] serde_json::Error),
    #[error("none of its keys can be used")]
    NoneUsable,
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

impl Jwks {
    /// The usable keys of a set. Others, of kinds that nobody knew yet as well, are passed over.
    pub fn parse(json: &[u8]) -> Result<Self, NoKeys> {
        let set: Set = serde_json::from_slice(json)?;
        let keys: Vec<_> = set.keys.into_iter().filter_map(JwksKey::read).map(Arc::new).collect();
        if keys.is_empty() { Err(NoKeys::NoneUsable) } else { Ok(Self(keys)) }
    }

    pub fn find(&self, kid: &str) -> Option<Arc<JwksKey>> {
        self.0.iter().find(|key| key.kid.as_deref() == Some(kid)).cloned()
    }

    /// The key, if there is only one.
    pub fn single_key(&self) -> Option<Arc<JwksKey>> {
        match self.0.as_slice() {
            [key] => Some(Arc::clone(key)),
            _ => None,
        }
    }
}

impl JwksKey {
    fn read(value: Value) -> Option<Self> {
        let jwk = Jwk::deserialize(value).ok()?;
        let is_for_signatures = match (&jwk.common.public_key_use, &jwk.common.key_operations) {
            (Some(PublicKeyUse::Signature) | None, None) => true,
            (Some(PublicKeyUse::Signature) | None, Some(given)) => given.contains(&KeyOperations::Verify),
            _ => false,
        };
        let named = jwk.common.key_algorithm;
        let is_named = |one: &Algorithm| named.is_none_or(|named| named == KeyAlgorithm::from(*one));
        let algorithms: Vec<_> = fitting(&jwk.algorithm).iter().copied().filter(is_named).collect();
        let key = DecodingKey::from_jwk(&jwk).ok()?;
        let is_usable = is_for_signatures && !algorithms.is_empty();
        is_usable.then_some(Self { kid: jwk.common.key_id, algorithms, key })
    }

    /// Whether the token's signature is this key's.
    pub fn check(&self, token: &Token) -> Result<(), ApiError> {
        if !self.algorithms.contains(&token.algorithm) {
            return Err(ApiError::Unauthenticated("the token's algorithm (alg) does not fit its key"));
        }
        match crypto::verify(token.signature, token.message.as_bytes(), &self.key, token.algorithm) {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(ApiError::Unauthenticated("the token's signature does not fit")),
        }
    }
}

/// The algorithms that a kind of key can be used with.
fn fitting(key: &AlgorithmParameters) -> &'static [Algorithm] {
    use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
    match key {
        AlgorithmParameters::RSA(_) => &[RS256, RS384, RS512, PS256, PS384, PS512],
        AlgorithmParameters::EllipticCurve(key) => match key.curve {
            EllipticCurve::P256 => &[ES256],
            EllipticCurve::P384 => &[ES384],
            _ => &[],
        },
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => &[EdDSA],
        _ => &[],
    }
}
