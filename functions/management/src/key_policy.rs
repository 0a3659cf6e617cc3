//! What a deployment lays down for new users and keys: `STARGATE_LITELLM_SETTINGS`, by LiteLLM's names.

pub mod creation;
pub mod upper_bounds;

use shared::api::ApiError;
use stargate_core::entity::UserRole;
use stargate_core::moment::Moment;
use stargate_core::period::KeyDuration;

use crate::key_policy::creation::KeyCreationPolicy;
use crate::key_policy::upper_bounds::UpperBounds;
use crate::request::body::RequestBody;
use crate::request::body::defaults::FieldDefaults;
use crate::request::limits::LimitsPatch;
use crate::request::patch::Patch;
use crate::request::user_fields;

const OF_USERS: [&str; 12] = [
    "user_role",
    "max_budget",
    "soft_budget",
    "budget_duration",
    "models",
    "tpm_limit",
    "rpm_limit",
    "max_parallel_requests",
    "metadata",
    "model_max_budget",
    "model_rpm_limit",
    "model_tpm_limit",
];

const OF_KEYS: [&str; 14] = [
    "team_id",
    "max_budget",
    "soft_budget",
    "budget_duration",
    "duration",
    "models",
    "tpm_limit",
    "rpm_limit",
    "max_parallel_requests",
    "metadata",
    "tags",
    "model_max_budget",
    "model_rpm_limit",
    "model_tpm_limit",
];

/// The rules of one deployment. The default has none.
#[derive(Clone, Debug, Default)]
pub struct KeyPolicy {
    /// What a new user is whose role nobody names.
    pub default_role: UserRole,
    /// For every new user but administrators.
    user: FieldDefaults,
    /// For new users who are nothing more than that.
    internal_user: FieldDefaults,
    key: FieldDefaults,
    bounds: UpperBounds,
    pub makers: KeyCreationPolicy,
}

impl KeyPolicy {
    /// Reads the setting: a JSON object.
    pub fn parse(text: &str) -> Result<Self, ApiError> {
        let mut fields = RequestBody::read(text.as_bytes())?;
        let mut internal_user = FieldDefaults::default();
        for (setting, field) in
            [("max_internal_user_budget", "max_budget"), ("internal_user_budget_duration", "budget_duration")]
        {
            internal_user.take(&mut fields, setting, field);
        }
        let user = fields.defaults("default_internal_user_params")?;
        RequestBody::from_defaults(&user).reject_others("default_internal_user_params", &OF_USERS)?;
        let key = fields.defaults("default_key_generate_params")?;
        RequestBody::from_defaults(&key).reject_others("default_key_generate_params", &OF_KEYS)?;
        let role = user_fields::role_of(&mut RequestBody::from_defaults(&user))?;
        let rules = Self {
            default_role: role.map_or_else(UserRole::default, |(role, _)| role),
            user,
            internal_user,
            key,
            bounds: UpperBounds::read(&mut fields)?,
            makers: KeyCreationPolicy::read(&mut fields)?,
        };
        fields.finish()?;
        Ok(rules)
    }

    /// Gives a request for a new user what it does not say.
    pub fn complete_user(&self, fields: &mut RequestBody, role: UserRole) {
        if role != UserRole::ProxyAdmin {
            fields.complete(&self.user, &["user_role"]);
        }
        if matches!(role, UserRole::InternalUser | UserRole::InternalUserViewer) {
            fields.complete(&self.internal_user, &[]);
        }
    }

    /// The same for a key: what has a bound and no value gets the bound.
    pub fn complete_key(&self, fields: &mut RequestBody) {
        fields.complete(&self.key, &[]);
        self.bounds.complete(fields);
    }

    /// Refuses what is set beyond its bound.
    pub fn within_bounds(
        &self,
        limits: &LimitsPatch,
        life: &Patch<KeyDuration>,
        now: Moment,
    ) -> Result<(), ApiError> {
        self.bounds.allow(limits, life, now)
    }
}
