//! A new key as a request orders it.

use std::collections::BTreeMap;

use shared::api::ApiError;
use stargate_core::catalog::Catalog;
use stargate_core::id::{OrgId, TeamId, UserId};
use stargate_core::moment::Moment;
use stargate_core::period::KeyDuration;
use stargate_core::scope::Limits;
use stargate_core::secret::Secret;

use crate::key_policy::KeyPolicy;
use crate::request::body::RequestBody;
use crate::request::ids::{self, parse_user_id};
use crate::request::key_aliases;
use crate::request::limits::{LimitsPatch, key_life};
use crate::request::model_limits::ModelLimitsPatch;
use crate::request::patch::Patch;

/// The shortest and the longest key that may be chosen.
pub const MIN_KEY_LEN: usize = 16;

pub const MAX_KEY_LEN: usize = 256;

/// Reads a request for a key, completed by what this deployment gives every key, and held to its bounds.
pub fn read_new_key(
    fields: RequestBody,
    rules: &KeyPolicy,
    catalog: &Catalog,
    now: Moment,
) -> Result<NewKey, ApiError> {
    rules.makers.needs(&fields)?;
    parse_new_key(fields, rules, catalog, now)
}

/// The same of fields that were read, by whoever makes a key along with something else.
pub fn parse_new_key(
    mut fields: RequestBody,
    rules: &KeyPolicy,
    catalog: &Catalog,
    now: Moment,
) -> Result<NewKey, ApiError> {
    rules.complete_key(&mut fields);
    let secret = fields.text("key")?.try_map(parse_secret)?.value();
    let user = fields.patch("user_id", "a string")?.try_map(|id| parse_user_id("user_id", id))?;
    let (limits, life) = (LimitsPatch::read(&mut fields)?, key_life(&mut fields)?);
    rules.within_bounds(&limits, &life, now)?;
    let order = NewKey {
        secret,
        alias: fields.text("key_alias")?.value(),
        duration: life.value(),
        is_service_key: user == Patch::Clear,
        user: user.value(),
        team: fields.patch("team_id", "a string")?.try_map(|id| ids::parse_team_id("team_id", id))?.value(),
        org: fields
            .patch("organization_id", "a string")?
            .try_map(|id| ids::parse_organization_id("organization_id", id))?
            .value(),
        limits: limits.apply_to(Limits::default()),
        model_limits: ModelLimitsPatch::read(&mut fields, catalog)?,
        metadata: fields.object("metadata")?.value().unwrap_or_else(|| "{}".to_owned()),
        aliases: key_aliases::read(&mut fields, catalog)?.value().unwrap_or_default(),
        tags: fields.texts("tags")?.value().unwrap_or_default(),
        is_session: false,
    };
    fields.only_zero("spend")?;
    fields.finish()?;
    Ok(order)
}

/// A key that the administrator chose: it must be one that every client can send.
pub fn parse_secret(text: String) -> Result<Secret, ApiError> {
    let is_sendable = text.bytes().all(|byte| byte.is_ascii_graphic());
    if text.starts_with("sk-") && (MIN_KEY_LEN..=MAX_KEY_LEN).contains(&text.len()) && is_sendable {
        return Ok(Secret::new(text));
    }
    let rule =
        format!("must start with sk- and have {MIN_KEY_LEN} to {MAX_KEY_LEN} visible ASCII characters");
    Err(ApiError::invalid("key", rule))
}

/// What a key is to be.
pub struct NewKey {
    /// `None`: a random one.
    pub secret: Option<Secret>,
    pub alias: Option<String>,
    /// `None`: for ever.
    pub duration: Option<KeyDuration>,
    pub user: Option<UserId>,
    /// Whether the request says that the key belongs to no user: `"user_id": null`.
    pub is_service_key: bool,
    pub team: Option<TeamId>,
    pub org: Option<OrgId>,
    pub limits: Limits,
    pub model_limits: ModelLimitsPatch,
    pub metadata: String,
    pub aliases: BTreeMap<String, String>,
    pub tags: Vec<String>,
    pub is_session: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chosen_key_must_look_like_one() {
        for (text, is_good) in [
            ("sk-1234567890123", true),
            ("sk-123456789012", false),
            ("pk-1234567890123", false),
            ("sk-1234567890 12", false),
            ("sk-1234567890è123", false),
        ] {
            assert_eq!(parse_secret(text.to_owned()).is_ok(), is_good, "{text}");
        }
        assert!(parse_secret(format!("sk-{}", "x".repeat(254))).is_err());
    }
}
