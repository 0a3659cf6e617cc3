use stargate_core::catalog::{CustomModel, CustomModelSpec};

use super::*;

fn read(setting: &str) -> Result<BedrockConfig, String> {
    BedrockConfig::read(Some(setting), "global")
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
    let catalog = Catalog::load_bundled("global").unwrap();
    assert_eq!(upstream.fallbacks(catalog.find("claude-opus-4-5-20251101").unwrap()), want);
    assert_eq!(upstream.fallbacks(catalog.find("claude-haiku-4-5").unwrap()), []);
}

#[test]
fn guardrails_and_tiers_are_a_models_own_or_everybodys() {
    let (upstream, catalog) = BedrockConfig::read(
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
    assert_eq!(upstream.with_tier_prices(haiku).prices.base.pack(), "0.5/2.5/0.05/0.625/1");
    assert_eq!(upstream.with_tier_prices(opus), *opus);
}

#[test]
fn a_wrong_setting_names_itself() {
    for (setting, want) in [
        ("{", "cannot be read"),
        (r#"{"fallback": {}}"#, "unknown field `fallback`"),
        (
            r#"{"fallbacks": {"claude-opus-4-5": [{}]}}"#,
            "fallbacks.claude-opus-4-5: each entry must name a model",
        ),
        (r#"{"service_tiers": {"a": {"tier": "flex"}}}"#, "missing field `price_percent`"),
        (
            r#"{"service_tiers": {"a": {"tier": "fast", "price_percent": 1}}}"#,
            "service_tiers.a.tier: must be",
        ),
        (r#"{"service_tiers": {"a": {"tier": "flex", "price_percent": 0}}}"#, "price_percent: must be"),
        ("[]", "must be a JSON object"),
        (r#"{"timeouts": {"open_seconds": 0}}"#, "timeouts: must be"),
        (
            r#"{"guardrails": {"nova-pro": null, "nova-pro-v1:0": {"id": "g", "version": "1"}}}"#,
            "guardrails: nova-pro and nova-pro-v1:0 are names of one model",
        ),
        (
            r#"{"rules": {"claude-haiku-4-5": {}, "claude-haiku-4-5-20251001": {}}}"#,
            "claude-haiku-4-5 and claude-haiku-4-5-20251001 are names of one model",
        ),
        (r#"{"guardrails": {"*": {"id": "g", "version": "1"}, "*": null}}"#, "* is there twice"),
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
    let (_, catalog) = BedrockConfig::read(Some(setting), "global").unwrap();
    let rules = catalog.find("claude-haiku-4-5").unwrap().rules.clone().unwrap();
    assert_eq!(rules.beta("new"), Some("new"));
    assert_eq!(rules.beta("interleaved-thinking-2025-05-14"), None);
    assert!(rules.beta("tool-search-tool-2025-10-19").is_some() && !rules.allows_cache_ttl());
    let other = catalog.find("claude-opus-4-5").unwrap().rules.clone().unwrap();
    assert!(other.beta("new").is_none() && other.allows_cache_ttl());
}

/// Every name by which a client may ask for a model of the catalog.
const NAMES_OF_NOVA: [&str; 6] = [
    "nova-pro",
    "nova-pro-v1:0",
    "amazon.nova-pro-v1:0",
    "us.amazon.nova-pro-v1:0",
    "bedrock/us.amazon.nova-pro-v1:0",
    "nova-pro-latest",
];

#[test]
fn a_setting_applies_by_every_name_of_a_model() {
    for name in NAMES_OF_NOVA {
        let setting = serde_json::json!({
            "guardrails": {name: {"id": "g", "version": "1"}},
            "service_tiers": {name: {"tier": "flex", "price_percent": 50}},
            "fallbacks": {name: [{"region": "us-west-2"}]},
        });
        let (upstream, catalog) = BedrockConfig::read(Some(&setting.to_string()), "global").unwrap();
        for asked in NAMES_OF_NOVA {
            let model = catalog.find(asked).unwrap();
            assert!(upstream.guardrail(model).is_some(), "{name} {asked}");
            assert!(upstream.service_tier(model).is_some(), "{name} {asked}");
            assert_eq!(upstream.fallbacks(model).len(), 1, "{name} {asked}");
        }
        let exempt = serde_json::json!({"guardrails": {"*": {"id": "g", "version": "1"}, name: null}});
        let (upstream, catalog) = BedrockConfig::read(Some(&exempt.to_string()), "global").unwrap();
        assert_eq!(upstream.guardrail(catalog.find("nova-pro").unwrap()), None, "{name}");
        assert!(upstream.guardrail(catalog.find("nova-lite").unwrap()).is_some(), "{name}");
    }
}

#[test]
fn a_setting_applies_to_custom_models_over_its_model() {
    let setting = r#"{"guardrails": {"claude-haiku-4-5-20251001": {"id": "base", "version": "1"},
                                     "lab[1m]": {"id": "own", "version": "1"}, "free": null}}"#;
    let (upstream, shipped) = BedrockConfig::read(Some(setting), "global").unwrap();
    let custom = |name: &str| CustomModel {
        id: name.to_owned(),
        name: name.to_owned(),
        offer: Some(CustomModelSpec {
            invoke_id: "arn:aws:bedrock:x".to_owned(),
            base: Some("claude-haiku-4-5".to_owned()),
            prices: None,
            max_input_tokens: None,
            max_output_tokens: None,
        }),
    };
    assert!(upstream.names_custom_models(&shipped));
    let catalog = shipped.with(&[custom("house"), custom("lab"), custom("free")]).unwrap();
    upstream.check_names(&catalog).unwrap();
    let guardrail =
        |name: &str| upstream.guardrail(catalog.find(name).unwrap()).map(|guardrail| guardrail.id.as_str());
    assert_eq!((guardrail("house"), guardrail("lab"), guardrail("free")), (Some("base"), Some("own"), None));
    let unknown = upstream.check_names(&shipped.with(&[custom("lab")]).unwrap()).unwrap_err().to_string();
    assert_eq!(
        unknown,
        "STARGATE_UPSTREAM, guardrails: free is not the name of a model: GET /v1/models lists the names"
    );
}

#[test]
fn a_name_that_no_model_has_is_refused_wherever_it_stands() {
    for (setting, field) in [
        (r#"{"guardrails": {"claude-haiku-45": null}}"#, "guardrails: claude-haiku-45"),
        (r#"{"service_tiers": {"nova": {"tier": "flex", "price_percent": 50}}}"#, "service_tiers: nova"),
        (r#"{"fallbacks": {"claude-opus": [{"region": "x"}]}}"#, "fallbacks: claude-opus"),
        (
            r#"{"fallbacks": {"claude-opus-4-5": [{"model": "claude-sonet-4-5"}]}}"#,
            "fallbacks: claude-sonet-4-5",
        ),
    ] {
        let (upstream, catalog) = BedrockConfig::read(Some(setting), "global").unwrap();
        let refused = upstream.check_names(&catalog).unwrap_err().to_string();
        assert!(refused.contains(field), "{setting}: {refused}");
    }
    let every = r#"{"service_tiers": {"*": {"tier": "flex", "price_percent": 50}}}"#;
    assert!(read(every).unwrap_err().contains("service_tiers: each entry must name one model"));
}
