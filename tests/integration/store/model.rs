//! Random histories of one key and its user, served by two processes over a wire that refuses, loses, delays and repeats
//! requests: the store must agree with a ledger kept on paper, and lose nothing however its writes are interleaved and its
//! processes killed.
//!
//! 64 histories in a full run, 24 in others: `STARGATE_PROPTEST_CASES` sets how many, `STARGATE_PROPTEST_SEED` repeats those of a
//! failure.

mod at_once;
mod book;
mod one_by_one;

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use shared::store::{KeyRef, Store};
use stargate_core::id::random_key_id;
use stargate_core::ledger::LedgerSettings;
use stargate_core::moment::Moment;
use stargate_core::scope::{Limits, Scope};
use tests::calls::{key, user};
use tests::rotation::Rotation;
use tests::table::Table;
use tests::wire::{Fault, Wire};

/// What may happen next. Scopes: 0 the key, 1 the user. Shares are percent of the most there is.
#[derive(Clone, Debug)]
enum Step {
    Admit {
        by: usize,
        amount: i128,
        floor: i128,
    },
    Renew {
        which: usize,
        floor: i128,
    },
    Settle {
        which: usize,
        cost: i128,
    },
    Sweep {
        by: usize,
        scope: usize,
    },
    Roll {
        by: usize,
        scope: usize,
    },
    Edit {
        scope: usize,
        limit: Option<i128>,
    },
    Wait {
        seconds: u64,
    },
    /// A request of a process will meet this, after `skip` that pass.
    Fault {
        by: usize,
        skip: usize,
        fault: Fault,
    },
    /// What was kept back arrives.
    Land,
}

/// What a single one of cannot keep a call from its end, nor take a second of a test's time.
const FAULTS: [Fault; 8] = [
    Fault::Throttled,
    Fault::Conflict,
    Fault::Failed,
    Fault::FailedAfter,
    Fault::Cut,
    Fault::CutAfter,
    Fault::Late,
    Fault::Twice,
];

fn step() -> impl Strategy<Value = Step> {
    let share = || 0..=100i128;
    prop_oneof![
        8 => (0..2usize, 1..300i128, share()).prop_map(|(by, amount, floor)| Step::Admit { by, amount, floor }),
        3 => (any::<usize>(), share()).prop_map(|(which, floor)| Step::Renew { which, floor }),
        6 => (any::<usize>(), share()).prop_map(|(which, cost)| Step::Settle { which, cost }),
        3 => (0..2usize, 0..2usize).prop_map(|(by, scope)| Step::Sweep { by, scope }),
        1 => (0..2usize, 0..2usize).prop_map(|(by, scope)| Step::Roll { by, scope }),
        2 => (0..2usize, proptest::option::weighted(0.9, 0..1500i128))
            .prop_map(|(scope, limit)| Step::Edit { scope, limit }),
        4 => prop_oneof![4 => 1..40u64, 3 => 60..90u64, 1 => 600..1200u64, 1 => 3000..9000u64]
            .prop_map(|seconds| Step::Wait { seconds }),
        4 => (0..2usize, 0..6usize, proptest::sample::select(&FAULTS[..]))
            .prop_map(|(by, skip, fault)| Step::Fault { by, skip, fault }),
        1 => Just(Step::Land),
    ]
}

/// One history's world: two processes, a key and its user, and a time of its own.
struct World<'a> {
    table: &'a Table,
    processes: [(Store, Duration); 2],
    wires: [Wire; 2],
    pointer: KeyRef,
    scopes: [Scope; 2],
    began: Moment,
    time: Moment,
    landed: Moment,
}

/// How late a request can be: its signature is good for five minutes.
const LATEST: Duration = Duration::from_secs(300);

impl<'a> World<'a> {
    /// A key with a budget for an hour and a user with one for half an hour, served by processes `skew` apart.
    async fn new(table: &'a Table, limits: [Limits; 2], skew: Duration) -> Self {
        let began = Moment::from_ms(1_795_042_799_000); // a second before 2026-11-19T00:00:00Z
        let [(one, its_wire), (other, others_wire)] =
            [0, 1].map(|_| table.wired_store(LedgerSettings::default()));
        let [of_key, of_user] = limits;
        let user = user(random_key_id().unwrap().as_str(), of_user, began);
        let key = key(Some(&user.id), of_key, began);
        one.create_user(&user).await.unwrap();
        one.create_key(&key).await.unwrap();
        let pointer = KeyRef::new(key.id, key.holder);
        let scopes = [Scope::Key(pointer.key.clone()), Scope::User(user.id)];
        let processes = [(one, Duration::ZERO), (other, skew)];
        let wires = [its_wire, others_wire];
        Self { table, processes, wires, pointer, scopes, began, time: began, landed: began }
    }

    /// A process, and what time it believes it is.
    fn process(&self, by: usize) -> (&Store, Moment) {
        let (store, ahead) = &self.processes[by];
        (store, self.time + *ahead)
    }

    async fn land(&self) {
        for wire in &self.wires {
            wire.land().await;
        }
    }

    /// Lets time pass; what is on its way arrives before it would be too old.
    async fn wait(&mut self, seconds: u64) {
        let then = self.time + Duration::from_secs(seconds);
        if then > self.landed + LATEST {
            self.land().await;
            self.landed = then;
        }
        self.time = then;
    }

    /// What this history's records sum up to.
    async fn recorded_cost(&self) -> i128 {
        let mut sum = 0;
        let mut day = self.began;
        while day.date() <= self.time.date() {
            let own = |record: &stargate_core::spend::SpendRecord| record.key == self.pointer.key;
            let records = self.processes[0].0.records_of_day(&day.date(), usize::MAX, own).await.unwrap();
            sum += records.iter().map(|record| record.cost.pico()).sum::<i128>();
            day = day + Duration::from_secs(86_400);
        }
        sum
    }

    /// Once all leases have run out and were swept, every scope has cost what the records say; and nothing is left over
    /// when the sweeps have forgotten them.
    async fn ends_well(&mut self) {
        self.wires.iter().for_each(|wire| _ = wire.heal());
        self.land().await;
        for (wait, closed_may_be_left) in [(200, true), (8000, true), (200, false)] {
            self.time = self.time + Duration::from_secs(wait);
            let (store, now) = self.process(0);
            for scope in &self.scopes {
                store.sweep(scope, now).await.unwrap();
            }
            let recorded = self.recorded_cost().await;
            for scope in &self.scopes {
                let state = self.table.audit_balance(scope).await;
                assert!(state.leases.is_empty(), "{scope} still has leases: {state:#?}");
                assert!(closed_may_be_left || state.closed.is_empty(), "{scope}: {state:#?}");
                assert!(closed_may_be_left || state.sweep_due.is_none(), "{scope} is due for nothing");
                if wait != 200 || !closed_may_be_left {
                    assert_eq!(state.total_spend.pico(), recorded, "{scope} and the records disagree");
                }
            }
        }
    }
}

/// Runs `history` on many random lists of steps, on one table; a failure tells its seed and its shortest list.
fn histories<F>(name: &str, history: impl Fn(&'static Table, Vec<Step>) -> F)
where
    F: Future<Output = ()>,
{
    let setting = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let default = if Rotation::from_env().is_full() { 64 } else { 24 };
    let cases = setting("STARGATE_PROPTEST_CASES").map_or(default, |cases| u32::try_from(cases).unwrap());
    let seed =
        setting("STARGATE_PROPTEST_SEED").unwrap_or_else(|| RandomState::new().build_hasher().finish());
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 300, ..Config::default() };
    let bytes: Vec<u8> = seed.to_le_bytes().repeat(4);
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let table: &'static Table = Box::leak(Box::new(runtime.block_on(Table::fresh())));
    let steps = vec(step(), 1..=60);
    let result = runner.run(&steps, |steps| {
        runtime.block_on(history(table, steps));
        Ok(())
    });
    if let Err(error) = result {
        panic!("{name}: STARGATE_PROPTEST_SEED={seed}: {error}");
    }
    println!("measured: {name}: {cases} histories of up to 60 steps, seed {seed}");
}
