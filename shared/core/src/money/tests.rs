use proptest::prelude::*;
use serde_json::{from_str, from_value, json, to_string};

use super::*;

#[test]
fn reads_dollars_digit_by_digit() {
    for (text, pico) in [
        ("0", 0),
        ("-0.0", 0),
        ("50.0", 50_000_000_000_000),
        ("0.0012", 1_200_000_000),
        ("-12.50", -12_500_000_000_000),
        ("0.1", 100_000_000_000),
        ("0.000000000001", 1),
        ("0.0000000000019", 1), // cut off toward zero
        ("-0.0000000000019", -1),
        ("1.2e-3", 1_200_000_000),
        ("1E2", 100_000_000_000_000),
        ("1e+2", 100_000_000_000_000),
        ("0.00000000000000000001e20", 1_000_000_000_000),
        ("1e-99999999999999999999", 0),
        ("0e99999999999999999999", 0),
        ("1e12", 1_000_000_000_000_000_000_000_000),
        ("1000000000000.00", 1_000_000_000_000_000_000_000_000),
    ] {
        assert_eq!(Money::parse(text), Ok(Money::from_pico(pico)), "{text}");
    }
}

#[test]
fn refuses_what_is_not_an_amount() {
    for text in [
        "", "-", "+5", ".5", "5.", "05", "1_000", "1,5", " 5", "5 ", "NaN", "inf", "1e", "1e+", "0x1",
        "\"50\"", "٣",
    ] {
        assert_eq!(Money::parse(text), Err(InvalidMoney::NotANumber), "{text}");
    }
    for text in ["1000000000000.000000000001", "-1000000000001", "1e13", "1e99999999999999999999"] {
        assert_eq!(Money::parse(text), Err(InvalidMoney::TooLarge), "{text}");
    }
}

#[test]
fn is_an_exact_json_number() {
    for (pico, text) in [
        (0, "0.0"),
        (50_000_000_000_000, "50.0"),
        (1_200_000_000, "0.0012"),
        (-500_000_000_000, "-0.5"),
        (8_750, "0.00000000875"),
        // More digits than a double holds.
        (123_456_789_012_345_678_901_234, "123456789012.345678901234"),
    ] {
        let money = Money::from_pico(pico);
        assert_eq!(to_string(&money).unwrap(), text);
        assert_eq!(from_str::<Money>(text).unwrap(), money);
    }
    assert_eq!(from_str::<Option<Money>>("null").unwrap(), None);
    assert_eq!(from_value::<Money>(json!(12.5)).unwrap(), Money::parse("12.5").unwrap());
    assert_eq!(serde_json::to_value(Money::from_usd(50)).unwrap(), json!(50.0));
    let refusal = from_str::<Money>("\"50\"").unwrap_err().to_string();
    assert!(refusal.starts_with("an amount is a plain number of US dollars"), "{refusal}");
}

#[test]
fn shows_two_to_six_decimals_rounded_up() {
    for (text, shown) in [
        ("10.02", "$10.02"),
        ("10", "$10.00"),
        ("0.5", "$0.50"),
        ("0.0012", "$0.0012"),
        ("0.000000000001", "$0.000001"),
        ("0.9999991", "$1.00"),
        ("-0.5", "-$0.50"),
    ] {
        assert_eq!(Money::parse(text).unwrap().to_string(), shown, "{text}");
    }
}

#[test]
fn saturates_instead_of_wrapping() {
    let most = Money::from_pico(i128::MAX);
    assert_eq!(most + Money::from_usd(1), most);
    assert_eq!(-Money::from_pico(i128::MIN), most);
    assert_eq!([most, most].into_iter().sum::<Money>(), most);
    assert_eq!(Rate::from_pico_per_token(u64::MAX).times(u64::MAX), most);
    assert_eq!(most.to_string(), "$170141183460469231731687303.715885");
}

#[test]
fn rates_are_whole_picodollars_per_token() {
    for (text, pico, shown) in [
        ("0.00875", 8_750, "0.00875"),
        ("15", 15_000_000, "15"),
        ("0", 0, "0"),
        ("3.750000", 3_750_000, "3.75"),
        ("0.0000001", 1, "0.000001"), // rounds up
        ("0.0000010", 1, "0.000001"),
        ("2.0000001", 2_000_001, "2.000001"),
    ] {
        let rate = Rate::parse(text).unwrap();
        assert_eq!((rate.pico_per_token(), rate.to_string().as_str()), (pico, shown), "{text}");
    }
    for text in ["-1", "", "free", "18446744073709.551616", "1e40"] {
        assert!(Rate::parse(text).is_err(), "{text}");
    }
    assert_eq!(Rate::parse("0.00875").unwrap().times(1_000_000), Money::parse("0.00875").unwrap());
}

proptest! {
    #[test]
    fn json_gives_back_every_amount(pico in -1_000_000_000_000_000_000_000_000_i128..1_000_000_000_000_000_000_000_000) {
        let money = Money::from_pico(pico);
        prop_assert_eq!(from_str::<Money>(&to_string(&money).unwrap()).unwrap(), money);
    }

    #[test]
    fn a_rate_is_read_as_it_is_shown(pico: u64) {
        let rate = Rate::from_pico_per_token(pico);
        prop_assert_eq!(Rate::parse(&rate.to_string()).unwrap(), rate);
    }

    #[test]
    fn no_text_panics(text in "[-+0-9.eE]{0,40}") {
        let _ = Money::parse(&text);
        let _ = Rate::parse(&text);
    }
}
