//! A stream, played: the events of a message in their time, up to where the script ends them.

use std::io;
use std::time::Duration;

use async_stream::try_stream;
use bytes::Bytes;
use futures_util::Stream;

use super::event::FakeEvent;
use super::frames;
use crate::bedrock::FakeBedrock;
use crate::bedrock::bill::Running;
use crate::bedrock::script::{Fault, Script};

/// Plays `events` as `script` says. The stream counts as open from this call until it is dropped.
pub(crate) fn stream(
    fake: FakeBedrock,
    script: Script,
    events: Vec<FakeEvent>,
    bill: Running,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let open = fake.0.tally.open_stream();
    let Plan { events, damaged, gate, end } = Plan::new(&script, events);
    let first = script.first_ms.map_or(fake.0.pace.first, Duration::from_millis);
    let between = script.delay_ms.map_or(fake.0.pace.between, Duration::from_millis);

    try_stream! {
        let _open = open;
        let mut pause = first;
        let without_events = events.is_empty();
        for (at, event) in events.into_iter().enumerate() {
            if let Some(pause) = event.pause {
                rest(pause).await;
            } else if event.is_delta {
                rest(pause).await;
                pause = between;
            }
            if at == gate {
                wait(&fake, &script).await;
            }
            if event.is_delta {
                fake.0.tally.delta();
            }
            bill.generate(event.tokens);
            let Some(frame) = frames::event(event).map_err(io::Error::other)? else { continue };
            yield if damaged == Some(at) { frames::damage_checksum(&frame) } else { frame };
        }
        if without_events {
            wait(&fake, &script).await;
        }
        match end {
            None | Some(Fault::End | Fault::Malformed) => {}
            Some(Fault::Exception { name, message }) => {
                yield frames::exception(&name, &message).map_err(io::Error::other)?;
            }
            Some(Fault::Silence) => std::future::pending::<()>().await,
            Some(Fault::Cut) => {
                // Once without work, so that the server flushes what it has before it breaks.
                tokio::task::yield_now().await;
                Err::<(), _>(io::Error::other("cut by the script"))?;
            }
        }
    }
}

/// Waits at the script's gate, if it names one.
pub(crate) async fn wait(fake: &FakeBedrock, script: &Script) {
    if let Some(gate) = &script.gate {
        fake.0.gates.pass(gate).await;
    }
}

/// A sleep of no time would still go through the timer.
pub(crate) async fn rest(pause: Duration) {
    if !pause.is_zero() {
        tokio::time::sleep(pause).await;
    }
}

/// What is sent, which of it is damaged, where the gate stands, and how it ends.
struct Plan {
    events: Vec<FakeEvent>,
    damaged: Option<usize>,
    gate: usize,
    end: Option<Fault>,
}

impl Plan {
    fn new(script: &Script, mut events: Vec<FakeEvent>) -> Self {
        if script.empty {
            events.clear();
        }
        let (at, end) = match script.fault() {
            Some((after, fault)) => (position(&events, after), Some(fault)),
            None => (events.len(), None),
        };
        let damaged = matches!(end, Some(Fault::Malformed)).then_some(at);
        if damaged.is_none() {
            events.truncate(at);
        }
        let gate = events.iter().rposition(|event| event.is_delta).unwrap_or(0);
        Self { events, damaged, gate, end }
    }
}

/// The index of the first event that comes behind `after` deltas, or behind all of them if
/// there are fewer: a fault that the answer is too short for happens late, but it happens.
fn position(events: &[FakeEvent], after: usize) -> usize {
    let mut deltas = events.iter().enumerate().filter(|(_, event)| event.is_delta).map(|(at, _)| at);
    match after.checked_sub(1) {
        None => deltas.next().unwrap_or(events.len()),
        Some(_) => deltas.take(after).last().map_or(events.len(), |at| at + 1),
    }
}
