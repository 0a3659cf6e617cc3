//! Which days a report is about.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::{Span, ToSpan};
use shared::api::ApiError;
use shared::store::Store;
use stargate_core::id::UserId;
use stargate_core::moment::Moment;
use stargate_core::scope::Scope;
use stargate_core::spend::DailySpend;

use crate::request::query::Query;

/// Days that are shown where none are named, today among them.
const USUAL: i64 = 7;
/// The most days of one report: each costs sixteen queries.
const MAX_DAYS: i64 = 366;

/// Days in UTC, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateRange {
    first: Date,
    last: Date,
}

impl DateRange {
    /// `start_date` and `end_date`; without an end until today, without a start a week.
    pub fn read(query: &Query, now: Moment) -> Result<Self, ApiError> {
        let date = |name| {
            let parse = |text: String| {
                let date = Some(&text).filter(|text| text.len() == 10).and_then(|text| text.parse().ok());
                date.ok_or_else(|| ApiError::invalid(name, "must be a date such as 2026-01-31"))
            };
            query.text(name)?.map(parse).transpose()
        };
        let (first, last): (Option<Date>, Option<Date>) = (date("start_date")?, date("end_date")?);
        let last = match last {
            Some(last) => last,
            None => now.date().parse().map_err(|_| ApiError::invalid("end_date", "must be given"))?,
        };
        let first = first.unwrap_or_else(|| last.saturating_sub((USUAL - 1).days()));
        if first > last {
            return Err(ApiError::invalid("end_date", "must not be before start_date"));
        }
        if last.saturating_sub(Span::new().days(MAX_DAYS - 1)) > first {
            return Err(ApiError::invalid(
                "start_date",
                format!("must be at most {MAX_DAYS} days before end_date"),
            ));
        }
        Ok(Self { first, last })
    }

    /// The first day and the last.
    pub fn ends(self) -> (String, String) {
        (self.first.to_string(), self.last.to_string())
    }

    /// The days, the newest first; of somebody who sees only their own, those on which they spent anything: nobody's
    /// curiosity reads everybody's records for nothing.
    pub async fn days_of(self, store: &Store, user: Option<&UserId>) -> Result<Vec<String>, ApiError> {
        let Some(user) = user else {
            return Ok(self.newest_first().map(|day| day.to_string()).collect());
        };
        let (first, last) = self.ends();
        let daily = store.daily_of(&Scope::User(user.clone()), &first, &last).await?;
        let days: BTreeSet<String> = daily.into_iter().map(|daily| daily.day).collect();
        Ok(days.into_iter().rev().collect())
    }

    /// What a user spent in these days, or everybody.
    pub async fn daily_spend(self, store: &Store, user: Option<UserId>) -> Result<Vec<DailySpend>, ApiError> {
        let Some(user) = user else {
            let mut all = Vec::new();
            for day in self.newest_first() {
                all.extend(store.daily_of_all(&day.to_string()).await?);
            }
            return Ok(all);
        };
        let (first, last) = self.ends();
        Ok(store.daily_of(&Scope::User(user), &first, &last).await?)
    }

    /// Every day, the newest first.
    pub fn newest_first(self) -> impl Iterator<Item = Date> {
        let before = |day: &Date| day.yesterday().ok();
        std::iter::successors(Some(self.last), before).take_while(move |day| *day >= self.first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(query: &str) -> Result<Vec<String>, Option<String>> {
        let query = Query::read(&format!("/x?{query}").parse().unwrap()).unwrap();
        let days = DateRange::read(&query, Moment::from_seconds(1_763_000_000));
        days.map(|days| days.newest_first().map(|day| day.to_string()).collect())
            .map_err(|fault| fault.to_error_response().param)
    }

    #[test]
    fn a_week_unless_days_are_named() {
        for (query, count, newest, oldest) in [
            ("", 7, "2025-11-13", "2025-11-07"),
            ("start_date=2025-11-12", 2, "2025-11-13", "2025-11-12"),
            ("end_date=2025-03-01", 7, "2025-03-01", "2025-02-23"),
            ("start_date=2024-01-01&end_date=2024-12-31", 366, "2024-12-31", "2024-01-01"),
        ] {
            let days = days(query).unwrap();
            assert_eq!(
                (days.len(), days[0].as_str(), days[count - 1].as_str()),
                (count, newest, oldest),
                "{query}"
            );
        }
    }

    #[test]
    fn wrong_days_are_named() {
        for (query, field) in [
            ("start_date=yesterday", "start_date"),
            ("start_date=2025-02-30", "start_date"),
            ("end_date=2025-1-1", "end_date"),
            ("start_date=2025-02-02&end_date=2025-02-01", "end_date"),
            ("start_date=2024-01-01&end_date=2025-01-01", "start_date"),
        ] {
            assert_eq!(days(query), Err(Some(field.to_owned())), "{query}");
        }
    }
}
