//! Refusals of known keys: counted in the process, so that a loop of them is no load on the table.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::mem;

use crate::id::{KeyId, UserId};
use crate::moment::Moment;

/// Pairs of key and reason that one process counts: some megabyte of them.
const MAX_COUNTERS: usize = 10_000;

/// Refusals of one key for one reason, as they are recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusalRecord {
    pub key: KeyId,
    pub user: Option<UserId>,
    /// [`crate::ledger::Reason::word`]
    pub reason: String,
    /// What the client called the model, in the last of them.
    pub model: String,
    /// When the last of them was; all are recorded under its minute.
    pub at: Moment,
    /// How many there were since those that were recorded before.
    pub count: u64,
}

/// What this process has refused, by key and reason.
///
/// A count is lost when the process ends, or the table fails, before it is written; every refusal is in the log as well.
/// When `MAX_COUNTERS` pairs are known, those of earlier minutes are forgotten with what they had counted; if all are of this
/// minute, a new pair is not counted until the next. So one process never writes more than `MAX_COUNTERS` times a minute.
#[derive(Debug, Default)]
pub struct RefusalCounter {
    counts: HashMap<(KeyId, &'static str), MinuteCount>,
    /// The minute in which earlier ones were last forgotten.
    swept: Option<i64>,
}

#[derive(Debug)]
struct MinuteCount {
    /// The minute of the last write.
    minute: i64,
    /// Refusals since that write.
    unwritten: u64,
}

impl RefusalCounter {
    /// Counts one refusal. The first of its key and reason in a minute answers how many are to be written now: itself and
    /// those of earlier minutes that were not written yet. `None`: it is counted, and to be written later.
    pub fn note(&mut self, key: &KeyId, reason: &'static str, now: Moment) -> Option<u64> {
        let minute = now.minute();
        let pair = (key.clone(), reason);
        if !self.counts.contains_key(&pair) && !self.has_room(minute) {
            return None;
        }
        match self.counts.entry(pair) {
            Entry::Vacant(new) => {
                new.insert(MinuteCount { minute, unwritten: 0 });
                Some(1)
            }
            Entry::Occupied(mut known) => {
                let counted = known.get_mut();
                // A clock that was set back writes nothing twice.
                if counted.minute >= minute {
                    counted.unwritten = counted.unwritten.saturating_add(1);
                    return None;
                }
                counted.minute = minute;
                Some(mem::take(&mut counted.unwritten).saturating_add(1))
            }
        }
    }

    /// Whether one more pair can be counted, after forgetting earlier minutes if there is need: once a minute, since what
    /// is left is all of this one.
    fn has_room(&mut self, minute: i64) -> bool {
        if self.counts.len() >= MAX_COUNTERS && self.swept < Some(minute) {
            self.swept = Some(minute);
            self.counts.retain(|_, counted| counted.minute >= minute);
        }
        self.counts.len() < MAX_COUNTERS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: impl ToString) -> KeyId {
        KeyId::parse(name.to_string()).unwrap()
    }

    fn time_at(seconds: i64) -> Moment {
        Moment::from_seconds(1_763_000_040 + seconds)
    }

    #[test]
    fn the_first_of_a_minute_is_written_with_what_was_not_yet() {
        let mut refusals = RefusalCounter::default();
        for (name, reason, seconds, want) in [
            ("a", "budget", 0, Some(1)),
            ("a", "budget", 1, None),
            ("a", "budget", 59, None),
            ("a", "rpm", 59, Some(1)),    // another reason
            ("b", "budget", 59, Some(1)), // another key
            ("a", "budget", 60, Some(3)),
            ("a", "budget", 61, None),
            ("a", "budget", 0, None), // the clock was set back
            ("a", "budget", 600, Some(3)),
            ("a", "budget", 660, Some(1)),
            ("a", "rpm", 660, Some(1)),
        ] {
            assert_eq!(
                refusals.note(&key(name), reason, time_at(seconds)),
                want,
                "{name} {reason} {seconds}"
            );
        }
    }

    #[test]
    fn every_refusal_is_written_or_waits() {
        let mut refusals = RefusalCounter::default();
        let written: u64 = (0..1000).filter_map(|n| refusals.note(&key("a"), "rpm", time_at(n))).sum();
        let unwritten: u64 = refusals.counts.values().map(|counted| counted.unwritten).sum();
        assert_eq!((written + unwritten, written), (1000, 961));
    }

    #[test]
    fn a_full_counter_forgets_earlier_minutes_and_never_writes_more_in_one() {
        let mut refusals = RefusalCounter::default();
        let mut written = |seconds: i64, from: usize, to: usize| {
            let notes =
                (from..to).filter(|n| refusals.note(&key(n), "rpm", time_at(seconds)).is_some()).count();
            (notes, refusals.counts.len())
        };
        assert_eq!(written(0, 0, MAX_COUNTERS - 1), (MAX_COUNTERS - 1, MAX_COUNTERS - 1));
        assert_eq!(written(60, MAX_COUNTERS, MAX_COUNTERS + 1), (1, MAX_COUNTERS));
        assert_eq!(
            written(61, MAX_COUNTERS + 1, MAX_COUNTERS + 2),
            (1, 2),
            "the earlier minute went, this one stayed"
        );
        assert_eq!(
            written(62, 0, 3 * MAX_COUNTERS),
            (MAX_COUNTERS - 2, MAX_COUNTERS),
            "what does not fit is not written"
        );
        assert_eq!(written(63, 0, 3 * MAX_COUNTERS), (0, MAX_COUNTERS));
        assert_eq!(written(120, 3 * MAX_COUNTERS, 3 * MAX_COUNTERS + 1), (1, 1));
    }
}
