//! What a token claims: from whom it is, for whom, until when, and about whom.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value};
use stargate_core::id::{TeamId, UserId};
use stargate_core::moment::Moment;

use super::settings::{JwtSettings, UserField};
use super::{Identity, Subject};
use crate::api::ApiError;

/// How many seconds the issuer's clock may be off.
const LEEWAY: f64 = 60.0;

/// The most teams of one token that count.
const MAX_TEAMS: usize = 100;

pub(super) struct Claims(Map<String, Value>);

impl Claims {
    pub fn new(claims: Map<String, Value>) -> Self {
        Self(claims)
    }

    /// Whether the token is the issuer's, for us, and good at `now`. Whether the issuer said so is another question.
    pub fn allow(&self, settings: &JwtSettings, now: Moment) -> Result<(), ApiError> {
        let refused = |told| Err(ApiError::Unauthenticated(told));
        if self.0.get("iss").and_then(Value::as_str) != Some(&settings.issuer) {
            return refused("the token's issuer (iss) is not this gateway's");
        }
        let is_ours = |one: &str| settings.audience.iter().any(|ours| ours == one);
        if !self.0.get("aud").is_some_and(|given| texts(given).any(is_ours)) {
            return refused("the token's audience (aud) is not this gateway");
        }
        // Seconds since 1970, of which a token may name parts and any number: compared as it gives them.
        let now = now.ms() as f64 / 1000.0;
        match self.0.get("exp").and_then(Value::as_f64) {
            None => return refused("the token has no expiry in seconds (exp)"),
            Some(expiry) if now >= expiry + LEEWAY => return refused("the token has expired (exp)"),
            Some(_) => {}
        }
        match self.0.get("nbf").map(Value::as_f64) {
            Some(None) => refused("the token's beginning (nbf) is no number of seconds"),
            Some(Some(beginning)) if now < beginning - LEEWAY => refused("the token is not valid yet (nbf)"),
            _ => Ok(()),
        }
    }

    /// Whom the token is about.
    pub fn identity(&self, settings: &JwtSettings) -> Result<Identity, ApiError> {
        let subject = match &settings.user {
            UserField::Id(field) => self.user_id(field)?,
            UserField::Email(field) => Subject::Email(self.email(field)?.to_owned()),
        };
        if let Some((field, domain)) = &settings.email_domain {
            let (_, given) = self.email(field)?.rsplit_once('@').unwrap_or_default();
            if given.to_lowercase() != *domain {
                let told = "the token's e-mail address is of another domain than user_allowed_email_domain";
                return Err(ApiError::Unauthenticated(told));
            }
        }
        Ok(Identity { issuer: Arc::clone(&settings.issuer), subject, teams: self.teams(settings) })
    }

    fn user_id(&self, field: &str) -> Result<Subject, ApiError> {
        if field.rsplit('.').next() == Some("email") {
            self.believe_email(field)?;
        }
        let told = "the token names no user (claim of user_id_jwt_field)";
        let id = self.text(field).ok_or(ApiError::Unauthenticated(told))?;
        let told = "the token's user cannot be an id: 1 to 512 bytes without control characters";
        UserId::parse(id).map(Subject::Id).map_err(|_| ApiError::Unauthenticated(told))
    }

    fn email(&self, field: &str) -> Result<&str, ApiError> {
        self.believe_email(field)?;
        let is_address = |text: &&str| {
            // What can be no id can be nobody's address either.
            let parts = text.rsplit_once('@').unwrap_or_default();
            !parts.0.is_empty() && !parts.1.is_empty() && UserId::parse(*text).is_ok()
        };
        let told = "the token names no user (no e-mail address in the claim of user_email_jwt_field)";
        self.text(field).filter(is_address).ok_or(ApiError::Unauthenticated(told))
    }

    /// An address that its owner has not confirmed may be anybody's. Some issuers write the flag as a text.
    /// It stands at the top, or beside the address.
    fn believe_email(&self, field: &str) -> Result<(), ApiError> {
        const FLAG: &str = "email_verified";
        let beside =
            field.rsplit_once('.').and_then(|(outer, _)| find_claim(&self.0, &format!("{outer}.{FLAG}")));
        let is_verified = |flag: &Value| *flag == Value::Bool(true) || flag.as_str() == Some("true");
        let mut told = [self.0.get(FLAG), beside].into_iter().flatten().filter(|flag| !flag.is_null());
        match told.all(is_verified) {
            true => Ok(()),
            false => {
                Err(ApiError::Unauthenticated("the token's e-mail address is not verified (email_verified)"))
            }
        }
    }

    /// The teams that exist or could: what can be no id is no team's.
    fn teams(&self, settings: &JwtSettings) -> BTreeSet<TeamId> {
        let several =
            settings.teams.as_ref().and_then(|field| find_claim(&self.0, field)).into_iter().flat_map(texts);
        let one = settings.team.as_ref().and_then(|field| self.text(field));
        let ids: BTreeSet<TeamId> = several.chain(one).filter_map(|id| TeamId::parse(id).ok()).collect();
        ids.into_iter().take(MAX_TEAMS).collect()
    }

    fn text(&self, field: &str) -> Option<&str> {
        find_claim(&self.0, field)?.as_str()
    }
}

/// The claim of a name, or of names with dots between them. The whole name goes first: some issuers name claims by URLs.
fn find_claim<'a>(claims: &'a Map<String, Value>, field: &str) -> Option<&'a Value> {
    claims.get(field).or_else(|| {
        let (outer, inner) = field.split_once('.')?;
        find_claim(claims.get(outer)?.as_object()?, inner)
    })
}

/// One text, or those of a list.
fn texts(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice).iter().filter_map(Value::as_str)
}
