//! A part of a table of outcomes against the snapshot of the whole table.

use std::collections::BTreeSet;
use std::path::Path;

use tests::wire::Fault;

/// What may come of one fault at one call site of a story.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Outcome {
    story: String,
    site: String,
    often: String,
    fault: String,
    outcome: String,
}

/// Every outcome of `part` is one of the snapshot's.
pub fn assert_contains(name: &str, part: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(format!("integration/snapshots/integration__faults__{name}.snap"));
    let whole = std::fs::read_to_string(file).unwrap();
    let (_, whole) = whole.split_once("\n---\n").expect("a snapshot's header ends with a line of dashes");
    let (whole, part) = (outcomes(whole), outcomes(part));
    assert!(!part.is_empty(), "{name}: nothing was tried");
    let others: Vec<_> = part.difference(&whole).collect();
    assert!(others.is_empty(), "{name}: outcomes that are not in the snapshot: {others:#?}");
}

/// Reads what `print` writes: a line for each story, and below it `site often faults: outcome | outcome`.
fn outcomes(text: &str) -> BTreeSet<Outcome> {
    let mut story = "";
    let mut outcomes = BTreeSet::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let Some(row) = line.strip_prefix("  ") else {
            story = line;
            continue;
        };
        let (left, right) = row.split_once(": ").expect("a row has a colon");
        let mut words = left.split_whitespace();
        let (site, often) = (words.next().unwrap(), words.next().unwrap());
        let faults: Vec<&str> = words.collect();
        for fault in Fault::ALL.map(|fault| format!("{fault:?}")) {
            if !names(&faults, &fault) {
                continue;
            }
            outcomes.extend(right.split(" | ").map(|outcome| Outcome {
                story: story.to_owned(),
                site: site.to_owned(),
                often: often.to_owned(),
                fault: fault.clone(),
                outcome: outcome.to_owned(),
            }));
        }
    }
    outcomes
}

fn names(faults: &[&str], fault: &str) -> bool {
    match faults {
        ["every", "fault"] => true,
        ["all", "but", but] => *but != fault,
        faults => faults.contains(&fault),
    }
}
