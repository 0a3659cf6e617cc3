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

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};
use shared::model::{Catalog, InvalidCatalog, Model};

/// The names that stand for every model.
const ANY: &str = "*";

/// The setting, read.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Upstream {
    /// By what the client asks for, or the catalogue's name of it: where to go when that is throttled or away.
    fallbacks: BTreeMap<String, Vec<Elsewhere>>,
    /// `null`: none for this model.
    guardrails: BTreeMap<String, Option<Guardrail>>,
    service_tiers: BTreeMap<String, ServiceTier>,
    rules: Map<String, Value>,
    pub timeouts: Timeouts,
}

/// Another model, another region, or both.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Elsewhere {
    model: Option<String>,
    region: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guardrail {
    pub id: String,
    pub version: String,
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

    pub fn whole(&self) -> Duration {
        Duration::from_secs(self.whole_seconds)
    }
}

impl Upstream {
    /// Reads the setting, and the catalogue for an inference profile with the setting's rules in it.
    pub fn read(setting: Option<&str>, profile: &str) -> Result<(Self, Catalog), InvalidUpstream> {
        let upstream: Self = setting.map(serde_json::from_str).transpose()?.unwrap_or_default();
        upstream.check()?;
        let catalog = Catalog::bundled_with(profile, &upstream.rules)?;
        Ok((upstream, catalog))
    }

    fn check(&self) -> Result<(), InvalidUpstream> {
        let wrong = |field: String, rule| Err(InvalidUpstream::Field { field, rule });
        for (name, chain) in &self.fallbacks {
            if chain.iter().any(|next| next.model.is_none() && next.region.is_none()) {
                return wrong(format!("fallbacks.{name}"), "each entry must name a model, a region or both");
            }
        }
        for (name, tier) in &self.service_tiers {
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

    /// Where to go when what was `asked` for, which is `model`, is throttled or away, in this order.
    pub fn fallbacks(&self, asked: &str, model: &str) -> Vec<Target> {
        let chain = self.fallbacks.get(asked).or_else(|| self.fallbacks.get(model));
        let target = |next: &Elsewhere| Target {
            model: next.model.clone().unwrap_or_else(|| model.to_owned()),
            region: next.region.clone(),
        };
        chain.into_iter().flatten().map(target).collect()
    }

    /// The guardrail of a model: its own, or everybody's.
    pub fn guardrail(&self, model: &Model) -> Option<&Guardrail> {
        self.guardrails.get(&model.name).or_else(|| self.guardrails.get(ANY)).and_then(Option::as_ref)
    }

    pub fn service_tier(&self, model: &Model) -> Option<&ServiceTier> {
        self.service_tiers.get(&model.name)
    }

    /// A model at the prices of its service tier.
    pub fn priced(&self, model: &Model) -> Model {
        let mut model = model.clone();
        if let Some(tier) = self.service_tier(&model) {
            model.prices = model.prices.percent(tier.price_percent);
        }
        model
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(setting: &str) -> Result<Upstream, String> {
        Upstream::read(Some(setting), "global")
            .map(|(upstream, _)| upstream)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_chain_is_found_by_either_name_and_keeps_the_model_where_only_the_region_changes() {
        let upstream = read(
            r#"{"fallbacks": {"claude-opus-4-5": [{"region": "us-west-2"}, {"model": "claude-sonnet-4-5"}]}}"#,
        )
        .unwrap();
        let target = |model: &str, region: Option<&str>| Target {
            model: model.to_owned(),
            region: region.map(str::to_owned),
        };
        let want = [target("claude-opus-4-5", Some("us-west-2")), target("claude-sonnet-4-5", None)];
        assert_eq!(upstream.fallbacks("claude-opus-4-5-20251101", "claude-opus-4-5"), want);
        assert_eq!(upstream.fallbacks("claude-opus-4-5", "claude-opus-4-5"), want);
        assert_eq!(upstream.fallbacks("claude-haiku-4-5", "claude-haiku-4-5"), []);
    }

    #[test]
    fn guardrails_and_tiers_are_a_models_own_or_everybodys() {
        let (upstream, catalog) = Upstream::read(
            Some(
                r#"{"guardrails": {"*": {"id": "g", "version": "1"}, "claude-haiku-4-5": null},
                    "service_tiers": {"claude-haiku-4-5": {"tier": "flex", "price_percent": 50}}}"#,
            ),
            "global",
        )
        .unwrap();
        let haiku = catalog.find("claude-haiku-4-5").unwrap();
        let opus = catalog.find("claude-opus-4-5").unwrap();
        assert_eq!(upstream.guardrail(haiku), None);
        assert_eq!(upstream.guardrail(opus).map(|guardrail| guardrail.id.as_str()), Some("g"));
        assert_eq!(upstream.priced(haiku).prices.base.packed(), "0.5/2.5/0.05/0.625/1");
        assert_eq!(upstream.priced(opus), *opus);
    }

    #[test]
    fn a_wrong_setting_names_itself() {
        for (setting, want) in [
            ("{", "cannot be read"),
            (r#"{"fallback": {}}"#, "unknown field `fallback`"),
            (r#"{"fallbacks": {"a": [{}]}}"#, "fallbacks.a: each entry must name a model"),
            (r#"{"service_tiers": {"a": {"tier": "flex"}}}"#, "missing field `price_percent`"),
            (
                r#"{"service_tiers": {"a": {"tier": "fast", "price_percent": 1}}}"#,
                "service_tiers.a.tier: must be",
            ),
            (r#"{"service_tiers": {"a": {"tier": "flex", "price_percent": 0}}}"#, "price_percent: must be"),
            (r#"{"timeouts": {"open_seconds": 0}}"#, "timeouts: must be"),
            (r#"{"rules": {"nobody": {}}}"#, "nobody"),
            (r#"{"rules": {"claude-haiku-4-5": {"cache_tll": true}}}"#, "cache_tll"),
        ] {
            let error = read(setting).unwrap_err();
            assert!(error.contains(want), "{setting}: {error}");
        }
    }

    #[test]
    fn rules_are_changed_one_by_one() {
        let setting = r#"{"rules": {"claude-haiku-4-5": {"betas": {"new": "new", "interleaved-thinking-2025-05-14": null},
            "cache_ttl": false}}}"#;
        let (_, catalog) = Upstream::read(Some(setting), "global").unwrap();
        let rules = catalog.find("claude-haiku-4-5").unwrap().rules.clone().unwrap();
        assert_eq!(rules.beta("new"), Some("new"));
        assert_eq!(rules.beta("interleaved-thinking-2025-05-14"), None);
        assert!(rules.beta("tool-search-tool-2025-10-19").is_some() && !rules.allows_cache_ttl());
        let other = catalog.find("claude-opus-4-5").unwrap().rules.clone().unwrap();
        assert!(other.beta("new").is_none() && other.allows_cache_ttl());
    }
}
