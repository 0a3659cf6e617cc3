mod anthropic_compat;
mod layout;

use super::*;
use crate::money::Rate;
use crate::pricing::Rates;

fn global() -> Catalog {
    Catalog::load_bundled("global").unwrap()
}

fn rate(text: &str) -> Rate {
    Rate::parse(text).unwrap()
}

const PROFILES: [&str; 9] = ["", "global", "us", "eu", "apac", "au", "jp", "in", "us-gov"];

#[test]
fn the_bundled_data_is_valid_under_every_profile() {
    for profile in PROFILES {
        let catalog = Catalog::load_bundled(profile).unwrap();
        assert!(catalog.models().count() > 100, "{profile}");
        for model in catalog.models() {
            assert!(model.prices.base.input > Rate::default(), "{}", model.name);
            assert!(model.prices.base.output > Rate::default(), "{}", model.name);
            assert_eq!(model.rules.is_some(), model.provider() == "anthropic", "{}", model.name);
            for name in &model.names {
                assert_eq!(catalog.find(name), Some(model), "{name}");
            }
        }
    }
}

#[test]
fn finds_a_model_by_all_its_names() {
    let catalog = global();
    for (requested, name) in [
        ("claude-haiku-4-5", "claude-haiku-4-5"),
        ("claude-haiku-4-5-20251001", "claude-haiku-4-5"),
        ("claude-haiku-4-5-latest", "claude-haiku-4-5"),
        ("anthropic.claude-haiku-4-5-20251001-v1:0", "claude-haiku-4-5"),
        ("global.anthropic.claude-haiku-4-5-20251001-v1:0", "claude-haiku-4-5"),
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", "claude-haiku-4-5"), // another deployment's
        ("anthropic/claude-haiku-4-5", "claude-haiku-4-5"),
        ("bedrock/global.anthropic.claude-haiku-4-5-20251001-v1:0", "claude-haiku-4-5"),
        ("claude-sonnet-4-5[1m]", "claude-sonnet-4-5"),
        ("anthropic/claude-sonnet-4-5-20250929[1m]", "claude-sonnet-4-5"),
        ("claude-opus-4-20250514", "claude-opus-4"),
        ("claude-opus-4-0", "claude-opus-4"),
        ("claude-sonnet-4-0", "claude-sonnet-4"),
        ("claude-opus-4-6", "claude-opus-4-6"),
        ("anthropic.claude-opus-4-6-v1", "claude-opus-4-6"),
        ("nova-lite", "nova-lite-v1:0"),
        ("amazon.nova-lite-v1:0", "nova-lite-v1:0"),
        ("deepseek-v3.2", "deepseek-v3.2"),
    ] {
        assert_eq!(catalog.find(requested).map(|model| model.name.as_str()), Some(name), "{requested}");
    }
    for requested in [
        "",
        "Claude-Haiku-4-5",
        "claude",
        "[1m]",
        "-latest",
        "anthropic/",
        "openai/claude-haiku-4-5",
        "haiku",
    ] {
        assert_eq!(catalog.find(requested), None, "{requested}");
    }
}

#[test]
fn lists_claude_first_and_newest_first() {
    let catalog = global();
    let names: Vec<_> = catalog
        .models()
        .map(|model| model.name.as_str())
        .take_while(|name| name.starts_with("claude"))
        .collect();
    assert_eq!(
        names.join(" "),
        "claude-opus-5-5 claude-sonnet-5-5 claude-haiku-5-5 claude-fable-5-1 claude-mythos-5-1 claude-opus-5 \
         claude-sonnet-5 claude-fable-5 claude-opus-4-8 claude-opus-4-7 claude-opus-4-6 claude-sonnet-4-6 \
         claude-opus-4-5 claude-haiku-4-5 claude-sonnet-4-5 claude-opus-4-1 claude-opus-4 claude-sonnet-4",
    );
    // Only the US profile offers it.
    assert!(catalog.find("claude-mythos-5").is_none());
    assert!(Catalog::load_bundled("us").unwrap().find("claude-mythos-5").is_some());
    assert_eq!(catalog.find("claude-haiku-4-5").unwrap().display_name, "Claude Haiku 4.5");
}

#[test]
fn the_profile_chooses_what_is_invoked_and_what_it_costs() {
    for (profile, model, invoke_id, input) in [
        ("global", "claude-opus-5-5", "global.anthropic.claude-opus-5-5", "4"),
        ("us", "claude-opus-5-5", "us.anthropic.claude-opus-5-5", "4.4"),
        ("us-gov", "claude-opus-5-5", "us-gov.anthropic.claude-opus-5-5", "4.8"),
        ("", "claude-opus-5-5", "anthropic.claude-opus-5-5", "4"),
        ("jp", "claude-fable-5-1", "global.anthropic.claude-fable-5-1", "10"), // not offered: global
        ("eu", "claude-sonnet-4", "eu.anthropic.claude-sonnet-4-20250514-v1:0", "3"),
        ("jp", "claude-opus-4-1", "anthropic.claude-opus-4-1-20250805-v1:0", "15"), // not even global: the base
        ("", "gpt-5.5", "global.openai.gpt-5.5", "5"),
    ] {
        let catalog = Catalog::load_bundled(profile).unwrap();
        let found = catalog.find(model).unwrap();
        assert_eq!(found.invoke_id, invoke_id, "{profile} {model}");
        assert_eq!(found.prices.base.input, rate(input), "{profile} {model}");
        assert!(found.names.contains(&found.invoke_id) && found.names.contains(&found.base_id));
    }
    assert_eq!(
        Catalog::load_bundled("europe").unwrap_err().to_string(),
        "no model is offered under the inference profile 'europe': use one of apac, au, eu, global, in, jp, us, us-gov, \
         or nothing for base ids",
    );
}

#[test]
fn prices_and_limits_are_those_of_the_price_map() {
    let catalog = global();
    let haiku = catalog.find("claude-haiku-4-5").unwrap();
    let prices = ["1", "5", "0.1", "1.25", "2"].map(rate);
    let [input, output, cache_read, cache_write_5m, cache_write_1h] = prices;
    assert_eq!(haiku.prices.base, Rates { input, output, cache_read, cache_write_5m, cache_write_1h });
    assert_eq!((haiku.prices.above, haiku.max_output_tokens), (None, 64_000));
    assert!(haiku.can(Capability::Vision) && !catalog.find("glm-5").unwrap().can(Capability::Vision));
    // The price map is silent on the hour's cache under this profile: it is filled in, and right.
    let apac = Catalog::load_bundled("apac").unwrap();
    assert_eq!(apac.find("claude-haiku-4-5").unwrap().prices.base.cache_write_1h, rate("2.2"));
}

#[test]
fn the_long_context_is_open_where_it_has_a_price() {
    let catalog = global();
    for (model, window) in [
        ("claude-haiku-4-5", 200_000),
        ("claude-opus-4-5", 200_000),
        ("claude-sonnet-4-5", 1_000_000),
        ("claude-sonnet-4", 1_000_000),
        ("claude-haiku-5-5", 1_000_000),
        ("claude-opus-5-5", 1_000_000),
    ] {
        assert_eq!(catalog.find(model).unwrap().window, window, "{model}");
    }
    // The beta is let through exactly where it widens the window that admission counts with.
    for model in catalog.models() {
        let Some(rules) = &model.rules else { continue };
        let widened = model.window > model.max_input_tokens;
        assert_eq!(rules.beta("context-1m-2025-08-07").is_some(), widened, "{}", model.name);
    }
}
