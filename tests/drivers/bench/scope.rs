//! What a scope's item costs that has many calls in flight.

use std::time::Instant;

use shared::runtime::clock::Clock;
use shared::store::{Admission, AdmissionError, KeyRef, Store};
use tests::calls::{call, record};

use super::load::quantile;
use super::{millis, staff};

/// Calls that are measured at each number.
const CALLS: usize = 60;

pub async fn print(store: &Store) {
    println!("\n## A key and its user with many calls in flight\n");
    println!(
        "Write units are of both scopes and the record; times are of the embedded table, to be compared with each other.\n"
    );
    println!("| running calls | reserve: units | ms | settle: units | ms |\n|---|---|---|---|---|");
    let (_, pointer) = staff(store).await;
    let clock = Clock::default();
    let mut running: Vec<Admission> = Vec::new();
    for number in [0, 10, 100, 990] {
        while running.len() < number {
            running.push(admit(store, &pointer, &clock).await.unwrap());
        }
        let (mut reserves, mut settles, mut units) = (Vec::new(), Vec::new(), (0.0, 0.0));
        for _ in 0..CALLS {
            let before = store.capacity().used().write_units;
            let begun = Instant::now();
            let admission = admit(store, &pointer, &clock).await.unwrap();
            reserves.push(begun.elapsed());
            let between = store.capacity().used().write_units;
            let begun = Instant::now();
            settle(store, &pointer, &clock, &admission).await;
            settles.push(begun.elapsed());
            units = (between - before, store.capacity().used().write_units - between);
        }
        let [reserve, settle] = [reserves, settles].map(|taken| millis(quantile(taken.into_iter(), 50)));
        println!("| {number} | {} | {reserve} | {} | {settle} |", units.0, units.1);
    }
    while running.len() < 1000 {
        running.push(admit(store, &pointer, &clock).await.unwrap());
    }
    let begun = Instant::now();
    let refused = admit(store, &pointer, &clock).await.unwrap_err();
    println!("\nThe next call after 1000: \"{refused}\", after {} ms.", millis(begun.elapsed()));
    for admission in &running {
        settle(store, &pointer, &clock, admission).await;
    }
}

async fn admit(store: &Store, pointer: &KeyRef, clock: &Clock) -> Result<Admission, AdmissionError> {
    store.admit(&mut pointer.clone(), &call(1000), || clock.now()).await
}

async fn settle(store: &Store, pointer: &KeyRef, clock: &Clock, admission: &Admission) {
    store.settle(admission, &record(pointer, admission, clock.now()), || clock.now()).await.unwrap();
}
