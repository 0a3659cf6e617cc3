//! Every call site of the store meets every fault: once, and from then on. Whatever a process is told, it is charged what
//! was sent at least and what was generated at most, everywhere the same, and nothing is left over.

mod entities;
mod ledger;
mod orgs;
mod people;
mod snapshot;
mod stage;
mod team_invitations;
mod teams;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::panic::AssertUnwindSafe;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};
use stargate_core::scope::Limits;
use tests::rotation::Rotation;
use tests::sources::rust_files;
use tests::table::Table;
use tests::wire::Fault;

use stage::{End, Fixture, Outcome};

/// Rows that are played side by side: most of one's time is waiting for an answer that never comes.
const CONCURRENCY: usize = 24;

/// Days whose runs together try every case.
const PARTS: u64 = 4;

/// The store's ways to ask, each with its call site's name first.
const VERBS: [&str; 18] = [
    "update",
    "conditional",
    "mark_deleted",
    "write",
    "get",
    "query",
    "query_between",
    "with_retries",
    "delete",
    "put_all",
    "put_with",
    "transact",
    "entries",
    "delete_all",
    "delete_with",
    "batch_get",
    "query_latest_per_shard",
    // It takes a tuple.
    "edit_versioned(",
];

/// What a process does, by way of which call sites.
#[derive(Clone, Copy)]
struct Scenario {
    name: &'static str,
    limits: fn() -> [Limits; 2],
    /// Faults that belong to the story: so many requests of a site.
    before: &'static [(&'static str, usize, Fault)],
    play: fn(&Fixture) -> BoxFuture<'_, End>,
    /// What must be true, or come true when it is repeated, once the faults are over.
    after: fn(&Fixture) -> BoxFuture<'_, ()>,
}

/// One fault in one story.
#[derive(Clone, Debug)]
struct Case {
    site: String,
    skip: usize,
    lasts: bool,
    fault: Fault,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    told: Outcome,
    charge: i128,
    leases: usize,
}

impl Scenario {
    async fn stage(&self, table: &'static Table) -> Fixture {
        let stage = Fixture::set(table, (self.limits)()).await;
        for (site, times, fault) in self.before {
            stage.wire.plan(site, 0, *times, *fault);
        }
        stage
    }

    /// Every case: each request of each site once, and each site for good.
    async fn cases(&self, table: &'static Table) -> Vec<Case> {
        let stage = self.stage(table).await;
        (self.play)(&stage).await;
        let seen = stage.wire.take_seen();
        let sites = seen.into_iter().flat_map(|(site, count)| {
            let once = (0..count.min(MAX_EQUAL)).map(|skip| (skip, false));
            once.chain([(0, true)]).map(move |(skip, lasts)| (site.clone(), skip, lasts))
        });
        sites
            .flat_map(|(site, skip, lasts)| {
                Fault::ALL.map(|fault| Case { site: site.clone(), skip, lasts, fault })
            })
            .collect()
    }

    /// Plays a case; a failure names it.
    async fn row(self, table: &'static Table, case: Case) -> (Case, Row) {
        let named = format!("{}: {case:?}", self.name);
        let played = AssertUnwindSafe(self.play(table, case)).catch_unwind().await;
        played.unwrap_or_else(|_| panic!("{named}"))
    }

    async fn play(self, table: &'static Table, case: Case) -> (Case, Row) {
        let stage = self.stage(table).await;
        stage.wire.plan(&case.site, case.skip, if case.lasts { usize::MAX } else { 1 }, case.fault);
        let end = (self.play)(&stage).await;
        let met = stage.wire.take_seen().get(&case.site).is_some_and(|seen| *seen > case.skip);
        assert!(met, "{}: {case:?} was not met", self.name);
        stage.wire.heal();
        let leases = stage.leases().await;
        (self.after)(&stage).await;
        let charge = stage.rest().await;
        let fits = (end.least..=end.most).contains(&charge);
        assert!(fits, "{}: {case:?}: charged {charge}: {end:?}", self.name);
        (case, Row { told: end.told, charge, leases })
    }
}

/// Requests of one site in one story that are tried one by one.
const MAX_EQUAL: usize = 2;

#[test]
fn every_call_site_of_the_ledger_survives_every_fault() {
    check("ledger", &ledger::STORIES);
}

#[test]
fn every_call_site_of_users_and_keys_survives_every_fault() {
    check("entities", &entities::STORIES);
}

#[test]
fn every_call_site_of_teams_survives_every_fault() {
    check("teams", &teams::STORIES);
}

#[test]
fn every_call_site_of_organizations_survives_every_fault() {
    check("orgs", &orgs::STORIES);
}

#[test]
fn every_call_site_of_invitations_and_passwords_survives_every_fault() {
    check("people", &people::STORIES);
}

#[test]
fn every_call_site_of_invitations_to_teams_survives_every_fault() {
    check("team_invitations", &team_invitations::STORIES);
}

#[tokio::test]
async fn every_call_site_has_a_story() {
    let table: &'static Table = Box::leak(Box::new(Table::fresh().await));
    let mut told = BTreeSet::new();
    let ledger = ledger::STORIES.iter().chain(&entities::STORIES);
    let people = people::STORIES.iter().chain(&team_invitations::STORIES);
    for story in ledger.chain(&teams::STORIES).chain(&orgs::STORIES).chain(people) {
        told.extend(story.cases(table).await.into_iter().map(|case| case.site));
    }
    let untold: Vec<_> = named_in_the_store().difference(&told).cloned().collect();
    assert!(untold.is_empty(), "call sites without a story: {untold:?}");
}

/// Plays the cases of some stories that this run tries, and compares what came of them with the snapshot.
fn check(name: &str, stories: &[Scenario]) {
    let rotation = Rotation::from_env();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let table: &'static Table = Box::leak(Box::new(runtime.block_on(Table::fresh())));
    let mut text = String::new();
    let mut cases = 0;
    for story in stories {
        let rows: Vec<(Case, Row)> = runtime.block_on(async {
            let cases = rotation.select(PARTS, story.cases(table).await);
            let rows = cases.into_iter().map(|case| tokio::spawn(story.row(table, case)));
            stream::iter(rows).buffer_unordered(CONCURRENCY).map(Result::unwrap).collect().await
        });
        cases += rows.len();
        print(&mut text, story.name, &rows);
    }
    println!("{text}measured: {cases} cases of a call site and a fault ({rotation:?})");
    if rotation.is_full() {
        insta::assert_snapshot!(name, text);
    } else {
        snapshot::assert_contains(name, &text);
    }
}

/// A story's rows: for each site and way to fail, what may come of it.
fn print(text: &mut String, name: &str, rows: &[(Case, Row)]) {
    let mut table: BTreeMap<(&str, bool, BTreeSet<Row>), BTreeSet<Fault>> = BTreeMap::new();
    let mut outcomes: BTreeMap<(&str, bool, Fault), BTreeSet<Row>> = BTreeMap::new();
    for (case, row) in rows {
        outcomes.entry((&case.site, case.lasts, case.fault)).or_default().insert(*row);
    }
    for ((site, lasts, fault), rows) in outcomes {
        table.entry((site, lasts, rows)).or_default().insert(fault);
    }
    writeln!(text, "{name}").unwrap();
    for ((site, lasts, rows), faults) in table {
        let rows: Vec<_> = rows
            .iter()
            .map(|row| format!("{:?}, charge {}, {} left", row.told, row.charge, row.leases))
            .collect();
        let often = if lasts { "always" } else { "once" };
        writeln!(text, "  {site:<14} {often:<6} {}: {}", names(&faults), rows.join(" | ")).unwrap();
    }
}

fn names(faults: &BTreeSet<Fault>) -> String {
    let missing: Vec<_> = Fault::ALL.iter().filter(|fault| !faults.contains(fault)).collect();
    match missing[..] {
        [] => "every fault".to_owned(),
        [but] => format!("all but {but:?}"),
        _ => faults.iter().map(|fault| format!("{fault:?}")).collect::<Vec<_>>().join(" "),
    }
}

/// Every call site that the store's sources name.
fn named_in_the_store() -> BTreeSet<String> {
    let mut sites = BTreeSet::new();
    for (_, text) in rust_files("shared/src/store") {
        for verb in VERBS {
            for call in text.split(&format!("{verb}(")).skip(1) {
                let literal = call.trim_start().strip_prefix('"').and_then(|name| name.split('"').next());
                sites.extend(literal.map(str::to_owned));
            }
        }
    }
    sites
}
