//! `upperbound_key_generate_params`: what no key may have more of.

use shared::api::ApiError;
use stargate_core::moment::Moment;
use stargate_core::period::KeyDuration;

use crate::request::body::RequestBody;
use crate::request::body::defaults::FieldDefaults;
use crate::request::limits::{LimitsPatch, key_life};
use crate::request::patch::Patch;

const NAMES: [&str; 6] =
    ["max_budget", "budget_duration", "duration", "max_parallel_requests", "tpm_limit", "rpm_limit"];

#[derive(Clone, Debug, Default)]
pub struct UpperBounds {
    /// As they were written: what a request does not say is that.
    written: FieldDefaults,
    limits: LimitsPatch,
    life: Patch<KeyDuration>,
}

impl UpperBounds {
    pub fn read(fields: &mut RequestBody) -> Result<Self, ApiError> {
        let setting = "upperbound_key_generate_params";
        let written = fields.defaults(setting)?;
        let mut fields = RequestBody::from_defaults(&written);
        fields.reject_others(setting, &NAMES)?;
        let (limits, life) = (LimitsPatch::read(&mut fields)?, key_life(&mut fields)?);
        Ok(Self { written, limits, life })
    }

    pub fn complete(&self, fields: &mut RequestBody) {
        fields.complete(&self.written, &[]);
    }

    /// Refuses what a request sets beyond a bound, or sets free. What it leaves alone stays, bound or not.
    pub fn allow(
        &self,
        limits: &LimitsPatch,
        life: &Patch<KeyDuration>,
        now: Moment,
    ) -> Result<(), ApiError> {
        let beyond = |name: &str| {
            let most = self.written.default_text(name);
            ApiError::invalid(name, format!("is over max limit set in config - max_value={most}"))
        };
        if let Some(name) = limits.first_beyond(&self.limits) {
            return Err(beyond(name));
        }
        let end = |life: &Patch<KeyDuration>| life.clone().try_map(|life| Ok(life.expires(now.seconds())));
        match end(life)?.is_beyond(&end(&self.life)?) {
            true => Err(beyond("duration")),
            false => Ok(()),
        }
    }
}
