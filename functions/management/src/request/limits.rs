//! The limits that users and keys have in common, as a request sets or changes them.

use std::collections::BTreeSet;

use shared::api::ApiError;
use stargate_core::money::Money;
use stargate_core::period::{BudgetDuration, KeyDuration};
use stargate_core::scope::Limits;

use crate::request::body::RequestBody;
use crate::request::patch::Patch;

const AMOUNT: &str = "a number of US dollars from 0 to 1000000000000, such as 50 or 0.25; null is no limit";

/// What a request says of limits. `expires` is not among them: only keys end, and their life is given another way.
#[derive(Clone, Debug, Default)]
pub struct LimitsPatch {
    max_budget: Patch<Money>,
    soft_budget: Patch<Money>,
    budget_duration: Patch<BudgetDuration>,
    rpm: Patch<u64>,
    tpm: Patch<u64>,
    max_parallel_requests: Patch<u64>,
    models: Patch<BTreeSet<String>>,
    blocked: Patch<bool>,
}

impl LimitsPatch {
    pub fn read(fields: &mut RequestBody) -> Result<Self, ApiError> {
        fields.blank_is_null("max_budget");
        let budget_duration = fields.text("budget_duration")?.try_map(|text| {
            BudgetDuration::parse(&text)
                .map_err(|rule| ApiError::invalid("budget_duration", rule.to_string()))
        })?;
        Ok(Self {
            max_budget: amount(fields, "max_budget")?,
            soft_budget: amount(fields, "soft_budget")?,
            budget_duration,
            rpm: fields.count("rpm_limit")?,
            tpm: fields.count("tpm_limit")?,
            max_parallel_requests: fields.count("max_parallel_requests")?,
            models: fields.texts("models")?.try_map(|names| Ok(names.into_iter().collect()))?,
            blocked: fields.flag("blocked")?,
        })
    }

    /// Whether anything of `limits` would be different.
    pub fn changes(&self, limits: &Limits) -> bool {
        self.clone().apply_to(limits.clone()) != *limits
    }

    /// What is left of it for somebody who may not set limits.
    pub fn unset() -> Self {
        Self::default()
    }

    /// The first limit that goes beyond its bound. Budget periods are compared by their length.
    pub fn first_beyond(&self, bounds: &Self) -> Option<&'static str> {
        let length = |patch: &Patch<BudgetDuration>| match patch {
            Patch::Keep => Patch::Keep,
            Patch::Clear => Patch::Clear,
            Patch::Set(duration) => Patch::Set(duration.length()),
        };
        [
            ("max_budget", self.max_budget.is_beyond(&bounds.max_budget)),
            ("budget_duration", length(&self.budget_duration).is_beyond(&length(&bounds.budget_duration))),
            ("max_parallel_requests", self.max_parallel_requests.is_beyond(&bounds.max_parallel_requests)),
            ("tpm_limit", self.tpm.is_beyond(&bounds.tpm)),
            ("rpm_limit", self.rpm.is_beyond(&bounds.rpm)),
        ]
        .into_iter()
        .find_map(|(name, is_beyond)| is_beyond.then_some(name))
    }

    /// What `limits` become.
    pub fn apply_to(self, limits: Limits) -> Limits {
        Limits {
            max_budget: self.max_budget.apply_to(limits.max_budget),
            soft_budget: self.soft_budget.apply_to(limits.soft_budget),
            budget_duration: self.budget_duration.apply_to(limits.budget_duration),
            rpm: self.rpm.apply_to(limits.rpm),
            tpm: self.tpm.apply_to(limits.tpm),
            max_parallel_requests: self.max_parallel_requests.apply_to(limits.max_parallel_requests),
            models: self.models.apply_to(Some(limits.models)).unwrap_or_default(),
            blocked: self.blocked.apply_to(Some(limits.blocked)).unwrap_or_default(),
            expires: limits.expires,
        }
    }
}

/// Whether anything may be done with `new` limits of a key that `old` ones forbid: what its holder may not decide.
pub fn loosens(old: &Limits, new: &Limits) -> bool {
    let Limits { models, blocked, expires, .. } = new;
    let money =
        |limits: &Limits| Limits { models: BTreeSet::new(), blocked: false, expires: None, ..limits.clone() };
    let lives_longer = old.expires.is_some_and(|end| expires.is_none_or(|new_end| new_end > end));
    let has_more_models = !old.models.is_empty() && (models.is_empty() || !models.is_subset(&old.models));
    money(old) != money(new) || old.blocked && !blocked || lives_longer || has_more_models
}

/// What an administrator says that was spent in this period. LiteLLM's clients send `null` where they say nothing.
pub fn spend(fields: &mut RequestBody) -> Result<Option<Money>, ApiError> {
    Ok(amount(fields, "spend")?.value())
}

fn amount(fields: &mut RequestBody, name: &str) -> Result<Patch<Money>, ApiError> {
    fields.patch(name, AMOUNT)?.try_map(|amount: Money| match amount.is_negative() {
        true => Err(ApiError::invalid(name, format!("must be {AMOUNT}"))),
        false => Ok(amount),
    })
}

/// What a key's life becomes: without an end where it is cleared. LiteLLM's `-1` is for ever too.
pub fn key_life(fields: &mut RequestBody) -> Result<Patch<KeyDuration>, ApiError> {
    let parse = |text: String| {
        KeyDuration::parse(&text).map_err(|rule| ApiError::invalid("duration", rule.to_string()))
    };
    match fields.text("duration")? {
        Patch::Set(text) if text == "-1" => Ok(Patch::Clear),
        sent => sent.try_map(parse),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patch(json: &str) -> Result<LimitsPatch, ApiError> {
        LimitsPatch::read(&mut RequestBody::read(json.as_bytes()).unwrap())
    }

    #[test]
    fn a_merge_patch_keeps_clears_and_sets() {
        let before = Limits {
            max_budget: Some(Money::from_usd(50)),
            budget_duration: BudgetDuration::parse("monthly").ok(),
            rpm: Some(5),
            models: BTreeSet::from(["a".to_owned()]),
            blocked: true,
            ..Limits::default()
        };
        let changed = |json| patch(json).unwrap().apply_to(before.clone());
        assert_eq!(changed("{}"), before);
        let cleared =
            r#"{"max_budget":null,"budget_duration":null,"rpm_limit":null,"models":null,"blocked":null}"#;
        assert_eq!(changed(cleared), Limits::default());
        assert_eq!(changed(r#"{"max_budget":""}"#).max_budget, None);
        let zeroed = changed(r#"{"max_budget":0,"rpm_limit":0,"models":[],"blocked":false}"#);
        assert_eq!((zeroed.max_budget, zeroed.rpm), (Some(Money::ZERO), Some(0)));
        assert!(zeroed.models.is_empty() && !zeroed.blocked && zeroed.budget_duration.is_some());
    }

    #[test]
    fn wrong_limits_name_their_field() {
        for (json, field) in [
            (r#"{"max_budget": -0.01}"#, "max_budget"),
            (r#"{"max_budget": "50"}"#, "max_budget"),
            (r#"{"max_budget": 1e99}"#, "max_budget"),
            (r#"{"budget_duration": "30days"}"#, "budget_duration"),
            (r#"{"budget_duration": 30}"#, "budget_duration"),
            (r#"{"rpm_limit": -1}"#, "rpm_limit"),
            (r#"{"tpm_limit": "many"}"#, "tpm_limit"),
            (r#"{"models": "claude-haiku-4-5"}"#, "models"),
            (r#"{"models": [1]}"#, "models"),
            (r#"{"blocked": "yes"}"#, "blocked"),
        ] {
            let param = patch(json).err().and_then(|fault| fault.to_error_response().param);
            assert_eq!(param.as_deref(), Some(field), "{json}");
        }
    }
}
