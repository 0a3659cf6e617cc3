//! Tokens of a company's identity provider, accepted instead of keys. `STARGATE_JWT` says whose, and what their claims mean.
//!
//! - [`settings`] what the setting says; [`token`] a token taken apart; [`claims`] for whom it is, until when and about whom
//! - [`jwks`] the keys that sign; [`jwks_cache`] the set of them that the issuer publishes, kept; [`jwks_client`] where it is read

mod claims;
mod jwks;
mod jwks_cache;
mod jwks_client;
mod settings;
#[cfg(test)]
mod tests;
mod token;

use std::collections::BTreeSet;
use std::sync::Arc;

use stargate_core::id::{TeamId, UserId};
use stargate_core::moment::Moment;
use stargate_core::secret::Secret;

use crate::api::ApiError;
use jwks::JwksKey;
use jwks_cache::JwksCache;
use jwks_client::JwksClient;
use settings::JwtSettings;
use token::Token;

pub use settings::InvalidJwt;

/// Whom a token speaks for. Only [`Jwt::verify`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub issuer: Arc<str>,
    pub subject: Subject,
    /// The teams that the token names, at most a hundred: the first by id.
    pub teams: BTreeSet<TeamId>,
}

/// The person, as the deployment chose to find people.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    Id(UserId),
    /// An address that the issuer does not call unverified, as it spells it.
    Email(String),
}

/// The one issuer that a deployment believes. Cloning it is cheap, and clones share the keys.
#[derive(Clone)]
pub struct Jwt(Arc<Trust>);

struct Trust {
    settings: JwtSettings,
    published: JwksCache,
}

impl Jwt {
    /// Reads the setting: a JSON object. Asks nobody for keys yet: the first token does.
    pub fn read(json: &str) -> Result<Self, InvalidJwt> {
        let settings = JwtSettings::read(json)?;
        let published = JwksCache::new(JwksClient::new(&settings.public_key_url), settings.public_key_ttl);
        Ok(Self(Arc::new(Trust { settings, published })))
    }

    /// Whether a secret has the shape of a token: three parts of base64url, of which the first begins as JSON does. A key
    /// of ours never has.
    pub fn is_token(secret: &Secret) -> bool {
        let is_base64url = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        let is_part = |part: &str| !part.is_empty() && part.bytes().all(is_base64url);
        let text = secret.reveal();
        text.starts_with("eyJ") && text.split('.').count() == 3 && text.split('.').all(is_part)
    }

    /// Whom a token speaks for at `now`, or why it is not believed: 401, or 503 where its issuer's keys cannot be had.
    ///
    /// **Cost:** nothing but the check of a signature; a call of the issuer where its keys are old or lack the token's.
    pub async fn verify(&self, token: &Secret, now: Moment) -> Result<Identity, ApiError> {
        let token = Token::parse(token)?;
        // Before the signature: a token of somebody else is told so, and makes nobody ask for keys.
        token.claims.allow(&self.0.settings, now)?;
        self.key(token.kid.as_deref(), now).await?.check(&token)?;
        token.claims.identity(&self.0.settings)
    }

    /// The key that `kid` names.
    async fn key(&self, kid: Option<&str>, now: Moment) -> Result<Arc<JwksKey>, ApiError> {
        let keys = self.0.published.current(now).await?;
        let Some(kid) = kid else {
            let told = "the token names no key (kid), and its issuer does not publish exactly one";
            return keys.single_key().ok_or(ApiError::Unauthenticated(told));
        };
        if let Some(key) = keys.find(kid) {
            return Ok(key);
        }
        // The issuer may have begun to sign with a new one.
        let told = "the token's key (kid) is not among those that its issuer publishes";
        self.0.published.refetch(now).await?.find(kid).ok_or(ApiError::Unauthenticated(told))
    }
}
