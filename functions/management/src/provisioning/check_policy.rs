//! The setting `STARGATE_LITELLM_SETTINGS`, checked when the process starts.

#[cfg(test)]
mod tests;

use shared::api::ApiError;
use stargate_core::catalog::Catalog;
use stargate_core::moment::Moment;

use super::{new_key, new_user};
use crate::key_policy::KeyPolicy;
use crate::key_policy::creation::KeyCreationPolicy;
use crate::request::body::RequestBody;

/// Why a deployment's rules cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("STARGATE_LITELLM_SETTINGS: {0}")]
pub struct InvalidRules(#[from] ApiError);

/// Reads the setting. Defaults and bounds that no user and no key could have are refused, by name.
pub fn read_key_policy(
    setting: Option<&str>,
    catalog: &Catalog,
    now: Moment,
) -> Result<KeyPolicy, InvalidRules> {
    let Some(text) = setting else {
        return Ok(KeyPolicy::default());
    };
    let policy = KeyPolicy::parse(text)?;
    check(&policy, catalog, now)?;
    Ok(policy)
}

/// Makes a user and a key by the policy, so that the first real request does not find out that nobody can.
fn check(policy: &KeyPolicy, catalog: &Catalog, now: Moment) -> Result<(), ApiError> {
    let within = |setting: &'static str| move |error: ApiError| ApiError::invalid(setting, error.to_string());
    new_user::read_new_user(RequestBody::default(), policy, catalog, now)
        .map_err(within("default_internal_user_params"))?;
    let mut any_creator = policy.clone();
    any_creator.makers = KeyCreationPolicy::default();
    new_key::read_new_key(RequestBody::default(), &any_creator, catalog, now)
        .map_err(within("default_key_generate_params"))?;
    Ok(())
}
