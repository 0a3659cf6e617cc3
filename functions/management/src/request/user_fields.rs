//! The fields of a user.

use shared::api::ApiError;
use stargate_core::entity::UserRole;

use crate::request::body::RequestBody;
use crate::request::patch::Patch;

/// An address without the blanks around it.
pub fn email(fields: &mut RequestBody) -> Result<Patch<String>, ApiError> {
    fields.text("user_email")?.try_map(|email| match email.trim() {
        "" => Err(ApiError::invalid("user_email", "must not be empty")),
        email => Ok(email.to_owned()),
    })
}

pub fn role(word: &str) -> Result<UserRole, ApiError> {
    let rule =
        "must be proxy_admin, proxy_admin_viewer, internal_user or internal_user_viewer (or admin, user)";
    UserRole::parse(word).ok_or_else(|| ApiError::invalid("user_role", rule))
}

/// The role that a request names, and the word that it has for it.
pub fn role_of(fields: &mut RequestBody) -> Result<Option<(UserRole, String)>, ApiError> {
    fields.text("user_role")?.value().map(|word| Ok((role(&word)?, word))).transpose()
}
