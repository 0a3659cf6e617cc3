//! Steps one by one: after each, every figure is the one on paper.

use std::time::Duration;

use shared::store::{Admission, AdmissionError, LeaseLost, StoreError};
use stargate_core::ledger::Reason;
use stargate_core::moment::Moment;
use stargate_core::scope::Limits;
use tests::calls::{budget_every, call_of, pico};
use tests::table::Table;

use super::book::{Book, By, Lease, RecordedCall, Records, Word};
use super::{Step, World, histories};

const LIFE: Duration = Duration::from_secs(60);
/// Leases that a round of a sweep ends, a request's on its way too; and how often a request prepares its way.
const ROUND: usize = 40;
const PREPARED: usize = 3;
/// How long after its sweep a holder is still believed.
const SWEEP_AGE: Duration = Duration::from_secs(900);
/// Waiting for what is held takes most of a second: one in so many histories does it, once.
const PATIENT: usize = 4;

#[test]
fn the_store_agrees_with_the_paper() {
    histories("clocks that agree", |table, steps| run(table, steps, Duration::ZERO));
}

#[test]
fn the_store_agrees_with_the_paper_when_clocks_differ() {
    histories("clocks five seconds apart", |table, steps| run(table, steps, Duration::from_secs(5)));
}

struct History<'a> {
    world: World<'a>,
    books: [Book; 2],
    records: Records,
    calls: Vec<(usize, Admission)>,
    may_wait: bool,
}

async fn run(table: &Table, steps: Vec<Step>, skew: Duration) {
    let limits = [budget_every(700, "1h"), budget_every(500, "30m")];
    let world = World::new(table, limits.clone(), skew).await;
    let book = |limits: &Limits| {
        let period = limits.budget_duration.clone().unwrap();
        let ends = period.first_reset(world.began.seconds(), &jiff::tz::TimeZone::UTC);
        Book::new(limits.max_budget.unwrap().pico(), period, Moment::from_seconds(ends))
    };
    let books = [book(&limits[0]), book(&limits[1])];
    let may_wait = steps.len().is_multiple_of(PATIENT);
    let mut history = History { world, books, records: Records::new(), calls: Vec::new(), may_wait };
    for step in &steps {
        let were_over = [0, 1].map(|at| history.books[at].is_overspent());
        history.take(step).await;
        let states = history.world.processes[0].0.scope_states(&history.world.scopes).await.unwrap();
        for (at, (state, book)) in states.iter().zip(&history.books).enumerate() {
            // Rule 2, and every figure; rule 1 excuses a lowered budget and a late correction.
            book.assert_is(state.as_ref().unwrap(), &format!("{step:?}"));
            let excused = were_over[at] || matches!(step, Step::Edit { .. } | Step::Settle { .. });
            assert!(excused || !book.is_overspent(), "{} is overspent by {step:?}", history.world.scopes[at]);
        }
    }
    history.world.ends_well().await;
}

impl History<'_> {
    async fn take(&mut self, step: &Step) {
        match *step {
            Step::Admit { by, amount, floor } => self.admit(by, amount, amount * floor / 100).await,
            Step::Renew { which, floor } => self.renew(which, floor).await,
            Step::Settle { which, cost } => self.settle(which, cost).await,
            Step::Sweep { by, scope } => {
                let (store, now) = self.world.process(by);
                store.sweep(&self.world.scopes[scope], now).await.unwrap();
                while self.books[scope].sweep(now, &mut self.records, ROUND) {}
            }
            Step::Roll { by, scope } => {
                let (store, now) = self.world.process(by);
                store.reset_period(&self.world.scopes[scope], now).await.unwrap();
                self.books[scope].roll(now);
            }
            Step::Edit { scope, limit } => {
                let (store, now) = self.world.process(0);
                let edited = |limits: &Limits| {
                    Ok::<_, StoreError>(Limits { max_budget: limit.map(pico), ..limits.clone() })
                };
                store.edit(&self.world.scopes[scope], edited, now).await.unwrap().unwrap();
                // What an old period has spent does not count against a new limit.
                self.books[scope].roll(now);
                self.books[scope].limit = limit;
            }
            // One at a time: the next try passes, so that nobody is told anything else than without it.
            Step::Fault { by, skip, fault } => {
                self.world.wires[by].heal();
                self.world.wires[by].plan_anywhere(skip, 1, fault);
            }
            Step::Land => self.world.land().await,
            Step::Wait { seconds } => self.world.wait(seconds).await,
        }
    }

    /// What both scopes together say to a call, after the rolls and sweeps that it makes on its way.
    fn word(&mut self, amount: i128, now: Moment) -> Word {
        for prepared in 0.. {
            let words = [0, 1].map(|at| self.books[at].word(amount, now));
            if words.contains(&Word::Spent) {
                return Word::Spent;
            }
            let stands_in_the_way = |at: &usize| words[*at] == Word::Held && self.books[*at].has_overdue(now);
            let sweep: Vec<usize> = (0..2).filter(stands_in_the_way).collect();
            if words.contains(&Word::Held) && sweep.is_empty() {
                return Word::Held;
            }
            if words == [Word::Yes, Word::Yes] {
                return Word::Yes;
            }
            if prepared == PREPARED {
                break;
            }
            for at in (0..2).filter(|at| words[*at] == Word::PeriodOver) {
                self.books[at].roll(now);
            }
            for at in sweep {
                self.books[at].sweep(now, &mut self.records, ROUND);
            }
        }
        Word::TooMuch
    }

    async fn admit(&mut self, by: usize, amount: i128, floor: i128) {
        let before = (self.books.clone(), self.records.clone());
        let now = self.world.process(by).1;
        let word = self.word(amount, now);
        if word == Word::Held && !std::mem::take(&mut self.may_wait) {
            (self.books, self.records) = before;
            return;
        }
        let (store, _) = self.world.process(by);
        let response = store.admit(&mut self.world.pointer.clone(), &call_of(amount, floor), || now).await;
        match (word, response) {
            (Word::Yes, Ok(admission)) => {
                for book in &mut self.books {
                    let lease = Lease { amount, floor, expires: now + LIFE };
                    book.leases.insert(admission.request(), lease);
                }
                self.calls.push((by, admission));
            }
            (Word::Spent, Err(AdmissionError::Refused(refusal))) => {
                assert!(matches!(refusal.reason, Reason::Budget { .. }), "{refusal:?}");
            }
            (Word::Held, Err(AdmissionError::Refused(refusal))) => assert_eq!(refusal.reason, Reason::Held),
            (Word::TooMuch, Err(AdmissionError::Store(_))) => {}
            (word, answer) => panic!("the paper says {word:?} to {amount}, the store {answer:?}"),
        }
    }

    async fn renew(&mut self, which: usize, floor: i128) {
        let Some(at) = which.checked_rem(self.calls.len()) else { return };
        let (by, admission) = self.calls[at].clone();
        let (store, now) = self.world.process(by);
        let amount = admission.quote().max_cost().pico();
        let (was, expires) = (admission.expires().unwrap(), now + LIFE);
        let floor = admission.floor().pico().max(amount * floor / 100);
        let id = admission.request();
        let stands = |book: &Book| book.leases.get(&id).is_some_and(|lease| lease.expires == was);
        let both = self.books.iter().all(stands);
        match store.renew_all(&admission, pico(floor), expires).await {
            Ok(()) => assert!(both, "renewed what the paper says is gone"),
            Err(LeaseLost::Swept) => assert!(!both, "lost what the paper says is there"),
            Err(other) => panic!("{other:?}"),
        }
        for book in &mut self.books {
            book.renew(id, was, floor, expires);
        }
        if both {
            self.calls[at].1 = admission.with_renewal(pico(floor), expires);
        }
    }

    async fn settle(&mut self, which: usize, cost: i128) {
        let Some(at) = which.checked_rem(self.calls.len()) else { return };
        let (by, admission) = self.calls[at].clone();
        let (store, now) = self.world.process(by);
        let id = admission.request();
        let cost = admission.quote().max_cost().pico() * cost / 100;
        let record = super::at_once::record(&self.world, &admission, cost, now);
        // The record is the judge, unless only a sweep wrote it and the holder is back in time.
        let judged = match self.records.get(&id) {
            Some(RecordedCall { cost, by: By::Holder }) => *cost,
            Some(RecordedCall { cost, by: By::Sweep(at) }) if now > *at + SWEEP_AGE => *cost,
            _ => {
                self.records.insert(id, RecordedCall { cost, by: By::Holder });
                cost
            }
        };
        assert_eq!(store.settle(&admission, &record, || now).await.unwrap().cost, pico(judged));
        for book in &mut self.books {
            book.settle(id, judged);
        }
    }
}
