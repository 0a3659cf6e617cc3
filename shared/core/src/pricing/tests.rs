use proptest::prelude::*;

use super::*;

fn rate(text: &str) -> Rate {
    Rate::parse(text).unwrap()
}

fn usd(text: &str) -> Money {
    Money::parse(text).unwrap()
}

/// Claude Haiku 5.5: five times dearer above 100 000 prompt tokens.
fn haiku_5_5() -> Prices {
    let rates = |input, output, read, five, hour| {
        Rates::complete(rate(input), rate(output), Some(rate(read)), Some(rate(five)), Some(rate(hour)))
    };
    Prices {
        base: rates("0.1", "0.5", "0.01", "0.125", "0.2"),
        above: Some(Tier { threshold: 100_000, rates: rates("0.5", "2.5", "0.05", "0.625", "1") }),
    }
}

#[test]
fn charges_every_class_at_the_tier_of_the_prompt() {
    let usage = |input, output, cache_read, cache_write_5m, cache_write_1h| TokenUsage {
        input,
        output,
        cache_read,
        cache_write_5m,
        cache_write_1h,
    };
    for (usage, cost) in [
        (usage(0, 0, 0, 0, 0), "0"),
        (usage(1, 0, 0, 0, 0), "0.0000001"),
        (usage(10_000, 1_000, 20_000, 30_000, 40_000), "0.01345"),
        (usage(100_000, 0, 0, 0, 0), "0.01"), // the threshold itself is still the base
        (usage(100_001, 0, 0, 0, 0), "0.0500005"),
        (usage(1, 1_000, 100_000, 0, 0), "0.0075005"), // cached tokens count toward the tier
        (usage(0, 200_000, 0, 0, 0), "0.1"),           // output does not
    ] {
        assert_eq!(haiku_5_5().charge(&usage), usd(cost), "{usage:?}");
    }
}

#[test]
fn bounds_the_input_by_the_dearest_class_it_can_reach() {
    for (tokens, caching, cost) in [
        (0, Caching::OneHour, "0"),
        (100_000, Caching::None, "0.01"),
        (100_000, Caching::FiveMinutes, "0.0125"),
        (100_000, Caching::OneHour, "0.02"),
        (100_001, Caching::None, "0.0500005"),
        (200_000, Caching::OneHour, "0.2"),
    ] {
        assert_eq!(haiku_5_5().worst_input(tokens, caching), usd(cost), "{tokens} {caching:?}");
    }
    assert_eq!(haiku_5_5().output_rate(100_000), rate("0.5"));
    assert_eq!(haiku_5_5().output_rate(100_001), rate("2.5"));
}

#[test]
fn an_unknown_price_is_never_zero() {
    let rates = Rates::complete(rate("3"), rate("15"), None, None, None);
    assert_eq!(
        [rates.cache_read, rates.cache_write_5m, rates.cache_write_1h],
        [rate("3"), rate("6"), rate("6")]
    );
    let rates = Rates::complete(rate("3"), rate("15"), None, Some(rate("3.75")), None);
    assert_eq!([rates.cache_write_5m, rates.cache_write_1h], [rate("3.75"), rate("6")]);
    let rates = Rates::complete(rate("3"), rate("15"), None, Some(rate("9")), None);
    assert_eq!(rates.cache_write_1h, rate("9"));
}

/// Any rates whatever: the bound may not lean on a cache read being cheap, or a tier dear.
fn any_rates() -> impl Strategy<Value = Rates> {
    prop::array::uniform5(0_u64..50_000_000).prop_map(|prices| {
        let [input, output, cache_read, cache_write_5m, cache_write_1h] =
            prices.map(Rate::from_pico_per_token);
        Rates { input, output, cache_read, cache_write_5m, cache_write_1h }
    })
}

fn any_prices() -> impl Strategy<Value = Prices> {
    let tier = (0_u64..400_000, any_rates()).prop_map(|(threshold, rates)| Tier { threshold, rates });
    (any_rates(), prop::option::of(tier)).prop_map(|(base, above)| Prices { base, above })
}

fn any_caching() -> impl Strategy<Value = Caching> {
    prop::sample::select(vec![Caching::None, Caching::FiveMinutes, Caching::OneHour])
}

proptest! {
    #[test]
    fn no_usage_within_its_bounds_costs_more_than_the_bound(
        prices in any_prices(),
        caching in any_caching(),
        classes in prop::array::uniform4(0_u64..150_000),
        slack in prop_oneof![Just(0_u64), 0_u64..200_000],
        output in 0_u64..128_000,
        spare in 0_u64..1_000,
    ) {
        let [input, cache_read, five, hour] = classes;
        let usage = TokenUsage {
            input,
            output,
            cache_read,
            cache_write_5m: if caching >= Caching::FiveMinutes { five } else { 0 },
            cache_write_1h: if caching >= Caching::OneHour { hour } else { 0 },
        };
        let bound = usage.prompt() + slack;
        let worst = prices.worst_input(bound, caching) + prices.output_rate(bound).times(output + spare);
        prop_assert!(prices.charge(&usage) <= worst, "{:?} > {worst:?}", prices.charge(&usage));
    }

    #[test]
    fn the_bound_never_falls_as_it_widens(
        prices in any_prices(),
        caching in any_caching(),
        tokens in 0_u64..1_000_000,
        more in 0_u64..1_000_000,
    ) {
        prop_assert!(prices.worst_input(tokens, caching) <= prices.worst_input(tokens + more, caching));
        prop_assert!(prices.output_rate(tokens) <= prices.output_rate(tokens + more));
        prop_assert!(prices.worst_input(tokens, Caching::None) <= prices.worst_input(tokens, caching));
    }
}
