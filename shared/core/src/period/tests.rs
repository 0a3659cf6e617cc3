use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;

/// An instant: `2025-01-29T10:37:12`, or `2025-01-29` for its midnight, in UTC.
fn seconds_at(text: &str) -> i64 {
    text.parse::<DateTime>().unwrap().to_zoned(TimeZone::UTC).unwrap().timestamp().as_second()
}

/// The rows of a table drawn as text, which stays readable where tuples would not.
fn rows<const N: usize>(table: &'static str) -> impl Iterator<Item = [&'static str; N]> {
    let cells = |row: &'static str| row.split_whitespace().collect::<Vec<_>>().try_into().unwrap();
    table.lines().filter(|row| !row.trim().is_empty()).map(cells)
}

fn show(instant: i64) -> String {
    Timestamp::from_second(instant).unwrap().to_string()
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn budget(text: &str) -> BudgetDuration {
    BudgetDuration::parse(text).unwrap()
}

/// First the rows of `LiteLLM`'s table in which it agrees, then those in which our rule decides.
#[test]
fn first_reset_from_a_wednesday_morning() {
    for (text, reset) in [
        ("24h", "2025-01-30"),
        ("1d", "2025-01-30"),
        ("daily", "2025-01-30"),
        ("2d", "2025-01-31"),
        ("7d", "2025-02-03"),
        ("1w", "2025-02-03"),
        ("weekly", "2025-02-03"),
        ("2w", "2025-02-12"),
        ("4w", "2025-02-26"),
        ("30d", "2025-02-01"),
        ("1mo", "2025-02-01"),
        ("monthly", "2025-02-01"),
        ("31d", "2025-03-01"),
        ("90d", "2025-04-29"),
        // Exact lengths count from now, not from the clock's round numbers.
        ("30s", "2025-01-29T10:37:42"),
        ("30m", "2025-01-29T11:07:12"),
        ("90m", "2025-01-29T12:07:12"),
        ("1h", "2025-01-29T11:37:12"),
        ("hourly", "2025-01-29T11:37:12"),
        ("12h", "2025-01-29T22:37:12"),
        ("48h", "2025-01-31T10:37:12"),
        ("100h", "2025-02-02T14:37:12"),
        // LiteLLM refuses these.
        ("yearly", "2026-01-01"),
        ("1y", "2026-01-01"),
        ("2y", "2027-01-01"),
        ("2mo", "2025-03-01"),
        ("12mo", "2026-01-01"),
    ] {
        let reset_at = budget(text).first_reset(seconds_at("2025-01-29T10:37:12"), &TimeZone::UTC);
        assert_eq!(show(reset_at), show(seconds_at(reset)), "{text}");
        assert_eq!(budget(text).as_str(), text);
    }
}

#[test]
fn refuses_what_is_not_in_the_grammar() {
    let spaced = ["", " 1d", "1d ", "1 d"];
    let refused = "d 30 60 1hr 1hour 1month 30days 1D 1.5h 0d 0s 00mo -1d +1d 1M 1mon 1min fortnightly Daily 101y 36601d \
                   1201mo 99999999999999999999d ٣d 1d1h";
    for text in refused.split(' ').chain(spaced) {
        assert!(BudgetDuration::parse(text).is_err(), "{text}");
        assert!(KeyDuration::parse(text).is_err(), "{text}");
    }
    assert!(KeyDuration::parse("monthly").is_err());
    assert_eq!(
        BudgetDuration::parse("1hr").unwrap_err().to_string(),
        "'1hr' is not a duration: write a whole number above zero and one of s, m, h, d, w, mo, y, up to 100 years, \
         such as 30m, 24h, 7d, 30d, 1mo, 1y, or hourly, daily, weekly, monthly, yearly",
    );
    assert!(BudgetDuration::parse(&"9".repeat(10_000)).unwrap_err().to_string().len() < 300);
}

#[test]
fn next_reset_keeps_the_rhythm_of_the_last() {
    let on_time = "
        daily    2025-01-30           2025-01-30           2025-01-31
        weekly   2025-02-03           2025-02-03           2025-02-10
        30d      2025-02-01           2025-02-01           2025-03-01
        30s      2025-01-01T00:00:07  2025-01-01T00:00:07  2025-01-01T00:00:37
    ";
    let late = "
        30s      2025-01-01T00:00:07  2025-01-01T00:00:36  2025-01-01T00:00:37
        30s      2025-01-01T00:00:07  2025-01-01T00:00:37  2025-01-01T00:01:07
        10d      2025-01-01           2025-01-10T23:59:59  2025-01-11
        10d      2025-01-01           2025-01-11           2025-01-21
        3mo      2025-01-01           2025-06-30T23:59:59  2025-07-01
        3mo      2025-01-01           2025-07-01           2025-10-01
    ";
    let far_behind = "
        30s      1970-01-01           2025-01-01T00:00:01  2025-01-01T00:00:30
        7h       1970-01-01           2025-01-01           2025-01-01T03:00:00
        weekly   1970-01-01           2025-01-01           2025-01-06
        monthly  1970-01-01           2024-12-31T23:59:59  2025-01-01
        yearly   1970-01-01           2025-06-01           2026-01-01
        5y       1970-01-01           2025-06-01           2030-01-01
    ";
    let last_reset_still_to_come = "
        daily    2025-02-01           2025-01-01           2025-02-02
        1h       2025-02-01           2025-01-01           2025-02-01T01:00:00
    ";
    let last_reset_off_the_calendar = "
        weekly   2025-01-29T10:37:12  2025-01-29T10:37:12  2025-02-03
    ";
    for table in [on_time, late, far_behind, last_reset_still_to_come, last_reset_off_the_calendar] {
        for [text, last, now, reset] in rows(table) {
            let got = budget(text).next_reset(seconds_at(last), seconds_at(now), &TimeZone::UTC);
            assert_eq!(show(got), show(seconds_at(reset)), "{text} {last} {now}");
        }
    }
}

#[test]
fn days_are_the_zones_days_and_hours_are_exact() {
    // In 2025, Rome is an hour ahead of UTC, and two from 30 March 02:00 to 26 October 03:00.
    let rome = "
        Europe/Rome       daily    2025-01-29T22:59:59  2025-01-29T23:00:00
        Europe/Rome       daily    2025-01-29T23:00:00  2025-01-30T23:00:00
        Europe/Rome       weekly   2025-03-29T12:00:00  2025-03-30T22:00:00
        Europe/Rome       monthly  2025-03-15T12:00:00  2025-03-31T22:00:00
        Europe/Rome       yearly   2025-12-31T23:00:00  2026-12-31T23:00:00
    ";
    let days_of_23_and_25_hours = "
        Europe/Rome       daily    2025-03-29T23:00:00  2025-03-30T22:00:00
        Europe/Rome       24h      2025-03-29T23:00:00  2025-03-30T22:00:00
        Europe/Rome       12h      2025-03-29T23:00:00  2025-03-30T11:00:00
        Europe/Rome       daily    2025-10-25T22:00:00  2025-10-26T23:00:00
    ";
    let a_day_that_begins_at_one_o_clock = "
        America/Santiago  daily    2024-09-07T12:00:00  2024-09-08T04:00:00
    ";
    // The clocks went back from 00:01 to 23:01: midnight came twice.
    let a_date_that_came_twice = "
        America/St_Johns  daily    2010-11-07T02:45:00  2010-11-08T03:30:00
    ";
    for table in [rome, days_of_23_and_25_hours, a_day_that_begins_at_one_o_clock, a_date_that_came_twice] {
        for [zone_name, text, now, reset] in rows(table) {
            let got = budget(text).first_reset(seconds_at(now), &zone(zone_name));
            assert_eq!(show(got), show(seconds_at(reset)), "{zone_name} {text} {now}");
        }
    }
}

#[test]
fn any_instant_has_an_answer() {
    for text in ["30s", "daily", "weekly", "3d", "2mo", "100y"] {
        for (last, now) in
            [(i64::MIN, i64::MAX), (0, i64::MAX), (i64::MIN, 0), (i64::MAX, 0), (253_402_207_200, 0)]
        {
            let reset = budget(text).next_reset(last, now, &TimeZone::UTC);
            assert!(reset > now || reset == i64::MAX, "{text} {last} {now}: {reset}");
        }
    }
}

#[test]
fn keys_live_exactly_as_long_as_asked() {
    let table = "
        30s   2025-01-29T10:37:12  2025-01-29T10:37:42
        30m   2025-01-29T10:37:12  2025-01-29T11:07:12
        24h   2025-01-29T10:37:12  2025-01-30T10:37:12
        30d   2025-01-29T10:37:12  2025-02-28T10:37:12
        90d   2025-01-29T10:37:12  2025-04-29T10:37:12
        2w    2025-01-29T10:37:12  2025-02-12T10:37:12
        1mo   2025-01-31T10:37:12  2025-02-28T10:37:12
        1y    2024-02-29T10:37:12  2025-02-28T10:37:12
        100y  2025-01-29T10:37:12  2125-01-29T10:37:12
    ";
    for [text, now, end] in rows(table) {
        let got = KeyDuration::parse(text).unwrap().expires(seconds_at(now));
        assert_eq!(show(got), show(seconds_at(end)), "{text} {now}");
    }
    assert_eq!(KeyDuration::parse("1mo").unwrap().expires(i64::MAX), i64::MAX);
    assert_eq!(KeyDuration::parse("1d").unwrap().expires(i64::MAX), i64::MAX);
}

proptest! {
    #[test]
    fn the_next_reset_is_the_first_after_now(
        text in prop::sample::select(vec!["90m", "48h", "daily", "weekly", "3d", "2w", "monthly", "2mo", "yearly"]),
        zone_name in prop::sample::select(vec!["UTC", "Europe/Rome", "America/St_Johns", "Asia/Kathmandu"]),
        last in 0_i64..1_700_000_000,
        behind in 0_i64..100_000_000,
    ) {
        let (duration, tz, now) = (budget(text), zone(zone_name), last + behind);
        let reset = duration.next_reset(last, now, &tz);
        prop_assert!(reset > now);
        // Walking there reset by reset arrives at the same instant.
        let mut walked = duration.next_reset(last, last, &tz);
        for _ in 0..20_000 {
            if walked > now {
                break;
            }
            walked = duration.next_reset(walked, walked, &tz);
        }
        prop_assert_eq!(reset, walked);
    }
}
