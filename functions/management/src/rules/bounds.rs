//! `upperbound_key_generate_params`: what no key may have more of.

use shared::fault::Fault;
use shared::moment::Moment;
use shared::period::KeyDuration;

use crate::fields::{Defaults, Fields};
use crate::limits::{LimitsPatch, key_life};
use crate::patch::Patch;

const NAMES: [&str; 6] =
    ["max_budget", "budget_duration", "duration", "max_parallel_requests", "tpm_limit", "rpm_limit"];

#[derive(Clone, Debug, Default)]
pub struct Bounds {
    /// As they were written: what a request does not say is that.
    written: Defaults,
    limits: LimitsPatch,
    life: Patch<KeyDuration>,
}

impl Bounds {
    pub fn read(fields: &mut Fields) -> Result<Self, Fault> {
        let setting = "upperbound_key_generate_params";
        let written = fields.defaults(setting)?;
        let mut fields = Fields::of(&written);
        fields.only(setting, &NAMES)?;
        let (limits, life) = (LimitsPatch::read(&mut fields)?, key_life(&mut fields)?);
        Ok(Self { written, limits, life })
    }

    pub fn complete(&self, fields: &mut Fields) {
        fields.complete(&self.written, &[]);
    }

    /// Refuses what a request sets beyond a bound, or sets free. What it leaves alone stays, bound or not.
    pub fn allow(&self, limits: &LimitsPatch, life: &Patch<KeyDuration>, now: Moment) -> Result<(), Fault> {
        let beyond = |name: &str| {
            let most = self.written.shown(name);
            Fault::invalid(name, format!("is over max limit set in config - max_value={most}"))
        };
        if let Some(name) = limits.beyond(&self.limits) {
            return Err(beyond(name));
        }
        let end = |life: &Patch<KeyDuration>| life.clone().checked(|life| Ok(life.expires(now.seconds())));
        match end(life)?.is_beyond(&end(&self.life)?) {
            true => Err(beyond("duration")),
            false => Ok(()),
        }
    }
}
