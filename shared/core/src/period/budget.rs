//! When a budget starts again.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use super::{InvalidDuration, Length, Unit};

/// A budget's period, as its administrator wrote it.
///
/// | written | starts again |
/// |---|---|
/// | `24h` `1d` `daily` | every day at 00:00 |
/// | `7d` `1w` `weekly` | every Monday at 00:00 |
/// | `30d` `1mo` `monthly` | on the 1st at 00:00 |
/// | `1y` `yearly` | on 1 January at 00:00 |
/// | other days and weeks | at 00:00, that many days after the day of the last reset |
/// | other months, years | on the 1st, on 1 January, that many months or years after those of the last reset |
/// | `hourly`, other seconds, minutes, hours | exactly that long after the last reset |
///
/// Calendar times are those of the time zone that is passed in, whatever its clocks do that night; exact lengths are
/// the same on every day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BudgetDuration {
    text: String,
    step: ResetInterval,
}

/// How far apart resets are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ResetInterval {
    /// So many seconds, whatever the calendar says.
    Exact(i64),
    /// So many calendar periods, from midnight to midnight.
    Calendar(i64, Period),
}

/// A period of the calendar. Each begins on a day of its own: a week on Monday, a month on the 1st.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Period {
    Day,
    Week,
    Month,
    Year,
}

impl BudgetDuration {
    /// Reads a period such as `30d` or `monthly`.
    ///
    /// # Errors
    /// [`InvalidDuration`], which names the grammar.
    pub fn parse(text: &str) -> Result<Self, InvalidDuration> {
        let step = match text {
            "hourly" => ResetInterval::Exact(3_600),
            "daily" => ResetInterval::Calendar(1, Period::Day),
            "weekly" => ResetInterval::Calendar(1, Period::Week),
            "monthly" => ResetInterval::Calendar(1, Period::Month),
            "yearly" => ResetInterval::Calendar(1, Period::Year),
            _ => Length::parse(text)
                .map(ResetInterval::from)
                .ok_or_else(|| InvalidDuration::new(text, ", or hourly, daily, weekly, monthly, yearly"))?,
        };
        Ok(Self { text: text.to_owned(), step })
    }

    /// The period as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// About how many seconds a period has: a month thirty days, a year 365. To compare periods, not to count them.
    #[must_use]
    pub fn length(&self) -> i64 {
        const DAY: i64 = 86_400;
        match self.step {
            ResetInterval::Exact(seconds) => seconds,
            ResetInterval::Calendar(count, Period::Day) => count * DAY,
            ResetInterval::Calendar(count, Period::Week) => count * 7 * DAY,
            ResetInterval::Calendar(count, Period::Month) => count * 30 * DAY,
            ResetInterval::Calendar(count, Period::Year) => count * 365 * DAY,
        }
    }

    /// When a budget that is given this period at `now` first starts again: strictly after `now`.
    #[must_use]
    pub fn first_reset(&self, now: i64, tz: &TimeZone) -> i64 {
        self.next_reset(now, now, tz)
    }

    /// The first reset after both `last_reset` and `now`, in the rhythm that `last_reset` set. Resets that nobody
    /// performed are skipped, however many: it costs the same for one as for a million.
    ///
    /// `i64::MAX`, never, if that is past the year 9999.
    #[must_use]
    pub fn next_reset(&self, last_reset: i64, now: i64, tz: &TimeZone) -> i64 {
        let after = now.max(last_reset);
        let reset = match self.step {
            ResetInterval::Exact(length) => next_multiple(length, last_reset, after),
            ResetInterval::Calendar(count, period) => period.next_midnight(count, last_reset, after, tz),
        };
        reset.unwrap_or(i64::MAX)
    }
}

// === impl Step ===

impl From<Length> for ResetInterval {
    fn from(Length { count, unit }: Length) -> Self {
        match (count, unit) {
            (24, Unit::Hour) => Self::Calendar(1, Period::Day),
            (7, Unit::Day) | (1, Unit::Week) => Self::Calendar(1, Period::Week),
            (30, Unit::Day) => Self::Calendar(1, Period::Month),
            (seconds, Unit::Second) => Self::Exact(seconds),
            (minutes, Unit::Minute) => Self::Exact(minutes * 60),
            (hours, Unit::Hour) => Self::Exact(hours * 3_600),
            (days, Unit::Day) => Self::Calendar(days, Period::Day),
            (weeks, Unit::Week) => Self::Calendar(weeks * 7, Period::Day),
            (months, Unit::Month) => Self::Calendar(months, Period::Month),
            (years, Unit::Year) => Self::Calendar(years, Period::Year),
        }
    }
}

/// The first instant after `after` that is a whole number of lengths after `last`.
fn next_multiple(length: i64, last: i64, after: i64) -> Option<i64> {
    // In i128, because the distance between two i64 need not fit an i64.
    let (length, last) = (i128::from(length), i128::from(last));
    let missed = (i128::from(after) - last) / length;
    i64::try_from(last + length * (missed + 1)).ok()
}

// === impl Period ===

impl Period {
    /// The first midnight after `after` that is a multiple of `count` periods after the beginning of the one that
    /// `last` is in. `None` past the end of the calendar.
    fn next_midnight(self, count: i64, last: i64, after: i64, tz: &TimeZone) -> Option<i64> {
        let began = self.beginning(date(last, tz)?)?;
        let missed = self.periods_between(began, date(after, tz)?) / count;
        // The next one begins on a later date, so at a later instant; except where the clocks went back across
        // midnight and `after` lies in the repeated hour: then it is the one after that.
        (missed + 1..=missed + 2).find_map(|step| {
            let midnight = began.checked_add(self.span(step * count)?).ok()?.to_zoned(tz.clone()).ok()?;
            Some(midnight.timestamp().as_second()).filter(|reset| *reset > after)
        })
    }

    /// The first day of the period that `date` is in.
    fn beginning(self, date: Date) -> Option<Date> {
        match self {
            Self::Day => Some(date),
            Self::Week => date.checked_sub(Span::new().days(date.weekday().since(Weekday::Monday))).ok(),
            Self::Month => Some(date.first_of_month()),
            Self::Year => Some(date.first_of_year()),
        }
    }

    /// How many periods lie between the beginning of one, and a later date.
    fn periods_between(self, began: Date, date: Date) -> i64 {
        let days = began.duration_until(date).as_hours() / 24;
        let years = i64::from(date.year()) - i64::from(began.year());
        match self {
            Self::Day => days,
            Self::Week => days / 7,
            Self::Month => years * 12 + i64::from(date.month()) - i64::from(began.month()),
            Self::Year => years,
        }
    }

    fn span(self, count: i64) -> Option<Span> {
        let span = Span::new();
        match self {
            Self::Day => span.try_days(count),
            Self::Week => span.try_weeks(count),
            Self::Month => span.try_months(count),
            Self::Year => span.try_years(count),
        }
        .ok()
    }
}

/// The local date at an instant; `None` outside the calendar.
fn date(instant: i64, tz: &TimeZone) -> Option<Date> {
    Timestamp::from_second(instant).ok().map(|instant| tz.to_datetime(instant).date())
}
