//! Ids of users, teams, organizations and keys.

use shared::api::ApiError;
use stargate_core::id::{OrgId, TeamId, UserId};
use stargate_core::secret::{Secret, SecretHash};

use crate::request::body::RequestBody;

/// An id as it was sent.
pub fn parse_team_id(field: &str, text: String) -> Result<TeamId, ApiError> {
    TeamId::parse(text).map_err(|rule| ApiError::invalid(field, rule.to_string()))
}

pub fn required_team_id(fields: &mut RequestBody) -> Result<TeamId, ApiError> {
    let id = fields.patch("team_id", "a string")?.value();
    parse_team_id("team_id", id.ok_or_else(|| ApiError::invalid("team_id", "must be given"))?)
}

/// An id as it was sent.
pub fn parse_user_id(field: &str, text: String) -> Result<UserId, ApiError> {
    UserId::parse(text).map_err(|rule| ApiError::invalid(field, rule.to_string()))
}

/// The hash of a key that was sent in the clear or as its hash.
pub fn key_hash(text: &str) -> SecretHash {
    SecretHash::parse(text).unwrap_or_else(|| Secret::new(text).hash())
}

/// An id as it was sent.
pub fn parse_organization_id(field: &str, text: String) -> Result<OrgId, ApiError> {
    OrgId::parse(text).map_err(|rule| ApiError::invalid(field, rule.to_string()))
}
