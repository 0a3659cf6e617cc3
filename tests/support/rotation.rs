//! Tests with more cells than a run has time for: each run tries a part, and the parts of a few days are the whole.
//!
//! `STARGATE_TEST_FULL=1` tries every cell. `STARGATE_TEST_DAY=20788` repeats the run of that day.

use std::time::{SystemTime, UNIX_EPOCH};

const FULL: &str = "STARGATE_TEST_FULL";
const DAY: &str = "STARGATE_TEST_DAY";
const SECONDS_PER_DAY: u64 = 86_400;

/// Which cells a run tries.
#[derive(Clone, Copy, Debug)]
pub enum Rotation {
    Full,
    /// Every cell whose number and this day, in days since 1970, add up to a multiple of the number of parts.
    Day(u64),
}

impl Rotation {
    /// As the environment says; the day of the clock, if it says nothing.
    pub fn from_env() -> Self {
        if std::env::var_os(FULL).is_some() {
            return Self::Full;
        }
        let today = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / SECONDS_PER_DAY;
        let day = std::env::var(DAY).map(|day| day.parse().expect("a number of days since 1970"));
        Self::Day(day.unwrap_or_else(|_| today()))
    }

    pub fn is_full(self) -> bool {
        matches!(self, Self::Full)
    }

    /// The cells of this run: all, or one of `parts`. A run that would try nothing is an error.
    pub fn select<T>(self, parts: u64, cells: Vec<T>) -> Vec<T> {
        assert!(!cells.is_empty(), "there are no cells to select from");
        let Self::Day(day) = self else { return cells };
        let numbered = (day % parts..).zip(cells);
        numbered.filter(|(number, _)| number % parts == 0).map(|(_, cell)| cell).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Rotation;

    #[test]
    fn the_parts_of_consecutive_days_are_the_whole() {
        let cells: Vec<u32> = (0..10).collect();
        let mut tried: Vec<u32> =
            (100..104).flat_map(|day| Rotation::Day(day).select(4, cells.clone())).collect();
        tried.sort_unstable();
        assert_eq!(tried, cells);
        assert_eq!(Rotation::Full.select(4, cells.clone()), cells);
    }
}
