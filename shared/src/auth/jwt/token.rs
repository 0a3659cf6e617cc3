//! A token taken apart. Nothing of it is believed yet.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use stargate_core::secret::Secret;

use super::claims::Claims;
use crate::api::ApiError;

/// The longest token that is looked at, in bytes: API Gateway takes no more than ten kilobytes of headers.
const MAX_LEN: usize = 16 << 10;

/// The signatures that are accepted, by the names that headers use. No `none`, and no HMAC: whoever reads the issuer's
/// public key could make one.
const ACCEPTED: [(&str, Algorithm); 9] = [
    ("RS256", Algorithm::RS256),
    ("RS384", Algorithm::RS384),
    ("RS512", Algorithm::RS512),
    ("PS256", Algorithm::PS256),
    ("PS384", Algorithm::PS384),
    ("PS512", Algorithm::PS512),
    ("ES256", Algorithm::ES256),
    ("ES384", Algorithm::ES384),
    ("EdDSA", Algorithm::EdDSA),
];

/// A token's parts, of which the signature is still to be checked.
pub(super) struct Token<'a> {
    pub algorithm: Algorithm,
    /// Which key it says it is signed with.
    pub kid: Option<String>,
    pub claims: Claims,
    /// What is signed: header and claims as they were sent.
    pub message: &'a str,
    pub signature: &'a str,
}

/// What of a header is read. The keys and URLs that one may hold are whoever's made the token: they are not.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<IgnoredAny>,
}

impl<'a> Token<'a> {
    pub fn parse(token: &'a Secret) -> Result<Self, ApiError> {
        let text = token.reveal();
        if text.len() > MAX_LEN {
            return Err(ApiError::Unauthenticated("the token is longer than 16 KiB"));
        }
        let malformed =
            || ApiError::Unauthenticated("the token is no JWT: a JSON header, JSON claims and a signature");
        let (message, signature) = text.rsplit_once('.').ok_or_else(malformed)?;
        let (header, claims) = message.split_once('.').ok_or_else(malformed)?;
        let header: Header = part(header).ok_or_else(malformed)?;
        let claims = Claims::new(part(claims).ok_or_else(malformed)?);
        if header.crit.is_some() {
            return Err(ApiError::Unauthenticated(
                "the token demands extensions (crit), and none is known here",
            ));
        }
        let accepted = ACCEPTED.iter().find(|(name, _)| *name == header.alg);
        let told = "the token's algorithm (alg) is not accepted: RS, PS, ES256, ES384 and EdDSA are";
        let (_, algorithm) = accepted.ok_or(ApiError::Unauthenticated(told))?;
        Ok(Self { algorithm: *algorithm, kid: header.kid, claims, message, signature })
    }
}

fn part<T: DeserializeOwned>(encoded: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(encoded).ok()?).ok()
}
