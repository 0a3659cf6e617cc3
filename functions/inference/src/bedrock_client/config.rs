//! What a deployment sets for its calls to Bedrock: `STARGATE_UPSTREAM`, a JSON object.
//!
//! ```json
//! {
//!   "fallbacks": {"claude-opus-4-5": [{"region": "us-west-2"}, {"model": "claude-sonnet-4-5"}]},
//!   "guardrails": {"*": {"id": "gr1a2b3c", "version": "2"}, "claude-haiku-4-5": null},
//!   "service_tiers": {"nova-lite-v1:0": {"tier": "flex", "price_percent": 50}},
//!   "rules": {"claude-opus-5-5": {"betas": {"new-beta-2026-12-01": "new-beta-2026-12-01"}}},
//!   "timeouts": {"open_seconds": 120, "silence_seconds": 300, "whole_seconds": 900}
//! }
//! ```

mod names;
#[cfg(test)]
mod tests;

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};
use stargate_core::catalog::{Catalog, InvalidCatalog, Model};

use crate::bedrock_client::guardrail::Guardrail;
use names::ModelMap;

/// The setting, read.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BedrockConfig {
    /// Where to go when the model is throttled or away.
    fallbacks: ModelMap<Vec<FallbackTarget>>,
    /// `null`: none for this model.
    guardrails: ModelMap<Option<Guardrail>>,
    service_tiers: ModelMap<ServiceTier>,
    rules: Map<String, Value>,
    pub timeouts: Timeouts,
}

/// Another model, another region, or both.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FallbackTarget {
    model: Option<String>,
    region: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceTier {
    pub tier: String,
    /// What a token costs in this tier, of its ordinary price. Nobody else knows.
    price_percent: u64,
}

/// In seconds.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Timeouts {
    /// Until a stream's status is there.
    open_seconds: u64,
    /// Of silence in a stream.
    silence_seconds: u64,
    /// For an answer in one piece.
    whole_seconds: u64,
}

/// One place to ask, in the order of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// By any of its names.
    pub model: String,
    pub region: Option<String>,
}

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InvalidUpstream {
    #[error("STARGATE_UPSTREAM cannot be read: {0}")]
    Layout(#[from] serde_json::Error),
    #[error("STARGATE_UPSTREAM, {field}: {rule}")]
    Field { field: String, rule: &'static str },
    #[error("STARGATE_UPSTREAM, rules: {0}")]
    Rules(#[from] InvalidCatalog),
    #[error("STARGATE_UPSTREAM, {field}: {name} is not the name of a model: GET /v1/models lists the names")]
    UnknownModel { field: &'static str, name: String },
    #[error("STARGATE_UPSTREAM, {field}: {one} and {two} are names of one model: keep one of them")]
    SameModel { field: &'static str, one: String, two: String },
    #[error("STARGATE_UPSTREAM must be a JSON object")]
    NotAnObject,
}

impl Default for Timeouts {
    fn default() -> Self {
        // A model may think for minutes before its first word, but it takes the request at once.
        Self { open_seconds: 120, silence_seconds: 300, whole_seconds: 900 }
    }
}

impl Timeouts {
    pub fn open(&self) -> Duration {
        Duration::from_secs(self.open_seconds)
    }

    pub fn silence(&self) -> Duration {
        Duration::from_secs(self.silence_seconds)
    }

    pub fn buffered_timeout(&self) -> Duration {
        Duration::from_secs(self.whole_seconds)
    }
}

impl BedrockConfig {
    /// Reads the setting, and the catalog for an inference profile with the setting's rules in it.
    pub fn read(setting: Option<&str>, profile: &str) -> Result<(Self, Catalog), InvalidUpstream> {
        // A list would be read as the fields in their order.
        if setting.is_some_and(|setting| !setting.trim_start().starts_with('{')) {
            return Err(InvalidUpstream::NotAnObject);
        }
        let mut upstream: Self = setting.map(serde_json::from_str).transpose()?.unwrap_or_default();
        upstream.check()?;
        let catalog = Catalog::bundled_with(profile, &upstream.rules)?;
        upstream.fallbacks.resolve("fallbacks", &catalog)?;
        upstream.guardrails.resolve("guardrails", &catalog)?;
        upstream.service_tiers.resolve("service_tiers", &catalog)?;
        Ok((upstream, catalog))
    }

    /// Whether a name is one that only a custom model can have: then [`BedrockConfig::check_names`] must see those.
    pub fn names_custom_models(&self, shipped: &Catalog) -> bool {
        self.check_names(shipped).is_err()
    }

    /// Refuses names that no model has. `catalog` holds the deployment's custom models too.
    pub fn check_names(&self, catalog: &Catalog) -> Result<(), InvalidUpstream> {
        self.fallbacks.check("fallbacks", catalog)?;
        self.guardrails.check("guardrails", catalog)?;
        self.service_tiers.check("service_tiers", catalog)?;
        let targets = self.fallbacks.values().flatten().filter_map(|next| next.model.as_deref());
        // One that this deployment does not offer could never be asked.
        match targets.into_iter().find(|name| catalog.find(name).is_none()) {
            Some(name) => Err(InvalidUpstream::UnknownModel { field: "fallbacks", name: name.to_owned() }),
            None => Ok(()),
        }
    }

    fn check(&self) -> Result<(), InvalidUpstream> {
        self.fallbacks.forbid_any("fallbacks")?;
        self.service_tiers.forbid_any("service_tiers")?;
        let wrong = |field: String, rule| Err(InvalidUpstream::Field { field, rule });
        for (name, chain) in self.fallbacks.iter() {
            if chain.iter().any(|next| next.model.is_none() && next.region.is_none()) {
                return wrong(format!("fallbacks.{name}"), "each entry must name a model, a region or both");
            }
        }
        for (name, tier) in self.service_tiers.iter() {
            if !["priority", "default", "flex", "reserved"].contains(&tier.tier.as_str()) {
                return wrong(
                    format!("service_tiers.{name}.tier"),
                    "must be priority, default, flex or reserved",
                );
            }
            if !(1..=1000).contains(&tier.price_percent) {
                return wrong(
                    format!("service_tiers.{name}.price_percent"),
                    "must be a number from 1 to 1000",
                );
            }
        }
        let Timeouts { open_seconds, silence_seconds, whole_seconds } = self.timeouts;
        if [open_seconds, silence_seconds, whole_seconds].contains(&0) {
            return wrong("timeouts".to_owned(), "must be whole numbers above zero");
        }
        Ok(())
    }

    /// Where to go when a model is throttled or away, in this order.
    pub fn fallbacks(&self, model: &Model) -> Vec<Target> {
        let target = |next: &FallbackTarget| Target {
            model: next.model.clone().unwrap_or_else(|| model.name.clone()),
            region: next.region.clone(),
        };
        self.fallbacks.find(model).into_iter().flatten().map(target).collect()
    }

    /// The guardrail of a model: its own, its base model's, or everybody's.
    pub fn guardrail(&self, model: &Model) -> Option<&Guardrail> {
        self.guardrails.find(model).or_else(|| self.guardrails.find_any()).and_then(Option::as_ref)
    }

    pub fn service_tier(&self, model: &Model) -> Option<&ServiceTier> {
        self.service_tiers.find(model)
    }

    /// A model at the prices of its service tier.
    pub fn with_tier_prices(&self, model: &Model) -> Model {
        let mut model = model.clone();
        if let Some(tier) = self.service_tier(&model) {
            model.prices = model.prices.percent(tier.price_percent);
        }
        model
    }
}
