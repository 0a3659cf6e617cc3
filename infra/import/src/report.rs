//! What an import did, or would do.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What came of one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ImportOutcome {
    Made,
    /// It is there already, and stays as it is.
    There,
    /// It is there already, and what was spent there since was carried over.
    Spend,
    /// It was imported and deleted here since: it is not brought back.
    Gone,
    Skipped,
}

#[derive(Clone, Debug, Default)]
pub struct Report {
    pub counts: BTreeMap<&'static str, BTreeMap<ImportOutcome, usize>>,
    /// Who administers here now, with the role.
    pub administrators: BTreeSet<String>,
    /// Who administers a team.
    pub team_administrators: BTreeSet<String>,
    /// Users without any limit, since no row says one.
    pub made_without_limits: BTreeSet<String>,
    /// Things that are here without the limits of their rows.
    pub without_their_limits: BTreeSet<String>,
    /// What was left out or changed on the way, and why.
    pub remarks: Vec<String>,
}

impl Report {
    pub fn count(&mut self, kind: &'static str, outcome: ImportOutcome) {
        *self.counts.entry(kind).or_default().entry(outcome).or_default() += 1;
    }

    pub fn remark(&mut self, remark: String) {
        self.remarks.push(remark);
    }

    /// Whether everything of the export is there now, with its limits.
    pub fn is_whole(&self) -> bool {
        let is_any_skipped =
            self.counts.values().any(|outcomes| outcomes.contains_key(&ImportOutcome::Skipped));
        !is_any_skipped && self.without_their_limits.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [made, there, spend, gone, skipped] = ["made", "there", "spend", "gone", "skipped"];
        writeln!(f, "{:14} {made:>8} {there:>8} {spend:>8} {gone:>8} {skipped:>8}", "")?;
        for (kind, outcomes) in &self.counts {
            let count = |outcome| outcomes.get(&outcome).copied().unwrap_or_default();
            let [made, there, spend, gone, skipped] = [
                ImportOutcome::Made,
                ImportOutcome::There,
                ImportOutcome::Spend,
                ImportOutcome::Gone,
                ImportOutcome::Skipped,
            ]
            .map(count);
            writeln!(f, "{kind:14} {made:>8} {there:>8} {spend:>8} {gone:>8} {skipped:>8}")?;
        }
        for (heading, names) in [
            ("administrators", &self.administrators),
            ("administrators of teams", &self.team_administrators),
            ("users made without limits", &self.made_without_limits),
            ("here without the limits of their rows", &self.without_their_limits),
        ] {
            if !names.is_empty() {
                writeln!(f, "{heading}: {}", names.iter().cloned().collect::<Vec<_>>().join(", "))?;
            }
        }
        self.remarks.iter().try_for_each(|remark| writeln!(f, "{remark}"))
    }
}
