//! How long a key lives.

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use super::{InvalidDuration, Length, Unit};

/// A key's life, as it was asked for: `30s`, `24h`, `90d`, `2w`, `1mo`, `1y`. Seconds to weeks are exact; months and
/// years are the calendar's, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyDuration(Length);

impl KeyDuration {
    /// Reads a life such as `90d`.
    ///
    /// # Errors
    /// [`InvalidDuration`], which names the grammar. The words (`monthly`) name a rhythm, not a length: they are
    /// refused.
    pub fn parse(text: &str) -> Result<Self, InvalidDuration> {
        Length::parse(text).map(Self).ok_or_else(|| InvalidDuration::new(text, ""))
    }

    /// When a key made at `now` ends. A month after 31 January is the last day of February. `i64::MAX`, never, if
    /// that is past the year 9999.
    #[must_use]
    pub fn expires(self, now: i64) -> i64 {
        let Length { count, unit } = self.0;
        let calendar = |span: Result<Span, jiff::Error>| {
            let made = Timestamp::from_second(now).ok()?.to_zoned(TimeZone::UTC);
            Some(made.checked_add(span.ok()?).ok()?.timestamp().as_second())
        };
        let seconds = match unit {
            Unit::Second => 1,
            Unit::Minute => 60,
            Unit::Hour => 3_600,
            Unit::Day => 86_400,
            Unit::Week => 7 * 86_400,
            Unit::Month => return calendar(Span::new().try_months(count)).unwrap_or(i64::MAX),
            Unit::Year => return calendar(Span::new().try_years(count)).unwrap_or(i64::MAX),
        };
        now.saturating_add(count * seconds)
    }
}
