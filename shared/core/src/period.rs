//! Lengths of time that people write: how often a budget starts again, how long a key lives.
//!
//! One grammar, two meanings. A budget's days are calendar days in the deployment's time zone ([`BudgetDuration`]); a
//! key's are exactly 24 hours ([`KeyDuration`]). Instants are seconds since the epoch; `now` is an argument.

mod budget;
mod key;
#[cfg(test)]
mod tests;

pub use budget::BudgetDuration;
pub use key::KeyDuration;

/// The longest length, in years. Longer ones are typing errors, and arithmetic on them would leave the calendar.
const MAX_YEARS: u64 = 100;

/// Why a text is not a duration. Its `Display` teaches the grammar.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{given}' is not a duration: write a whole number above zero and one of s, m, h, d, w, mo, y, up to 100 years, \
     such as 30m, 24h, 7d, 30d, 1mo, 1y{words}"
)]
pub struct InvalidDuration {
    given: String,
    words: &'static str,
}

/// The unit of a written length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

/// A whole number of units: at least one, at most [`MAX_YEARS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Length {
    count: i64,
    unit: Unit,
}

// === impl Length ===

impl Length {
    /// Reads `30s`, `2w`, `1mo`. The whole text must match: `LiteLLM` reads a prefix, and takes `1month` for a day.
    fn parse(text: &str) -> Option<Self> {
        let end = text.find(|c: char| !c.is_ascii_digit())?;
        let (count, unit) = text.split_at(end);
        let unit = match unit {
            "s" => Unit::Second,
            "m" => Unit::Minute,
            "h" => Unit::Hour,
            "d" => Unit::Day,
            "w" => Unit::Week,
            "mo" => Unit::Month,
            "y" => Unit::Year,
            _ => return None,
        };
        let count = count.parse::<u64>().ok()?;
        if count == 0 || count > MAX_YEARS * unit.per_year() {
            return None;
        }
        i64::try_from(count).ok().map(|count| Self { count, unit })
    }
}

// === impl Unit ===

impl Unit {
    /// How many make a year, roughly: only to bound lengths.
    const fn per_year(self) -> u64 {
        match self {
            Self::Second => 366 * 24 * 3_600,
            Self::Minute => 366 * 24 * 60,
            Self::Hour => 366 * 24,
            Self::Day => 366,
            Self::Week => 53,
            Self::Month => 12,
            Self::Year => 1,
        }
    }
}

// === impl InvalidDuration ===

impl InvalidDuration {
    /// Quotes no more of `given` than fits a message.
    fn new(given: &str, words: &'static str) -> Self {
        Self { given: given.chars().take(40).collect(), words }
    }
}
