//! How often directives have failed: what lets a try fail and the next one succeed.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

#[derive(Default)]
pub(super) struct Failures(Mutex<HashMap<String, usize>>);

impl Failures {
    /// Counts one more failure of this directive, unless it has failed `most` times.
    pub(super) fn one_more(&self, directive: &str, most: usize) -> bool {
        // A panic elsewhere cannot leave the map half-changed, so a poisoned lock is still good.
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = all.entry(directive.to_owned()).or_default();
        let again = *failed < most;
        *failed += usize::from(again);
        again
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_every_directive_by_itself() {
        let failures = Failures::default();
        for (directive, most, again) in [
            ("a", 2, true),
            ("a", 2, true),
            ("b", 1, true),
            ("a", 2, false),
            ("b", 1, false),
            ("c", 0, false),
        ] {
            assert_eq!(failures.one_more(directive, most), again, "{directive}");
        }
    }
}
