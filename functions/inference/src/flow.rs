//! The course of one call: opened, its chunks passed on as they are paid for, settled before the last one leaves.

use std::convert::Infallible;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use async_stream::stream;
use bytes::Bytes;
use futures_util::Stream;
use http::StatusCode;
use shared::fault::{Fault, Kind};
use shared::record::Status;
use shared::store::Lost;
use tokio::time::{Instant, sleep_until};

use crate::bedrock::{Failed, Frame};
use crate::dialect::{Api, Heard, Teller};
use crate::running::Running;
use crate::streaming_call::{ClientStream, StreamingCall};

/// How often something is said: half of what the shortest of those in between waits, CloudFront as it comes.
const PING_EVERY: Duration = Duration::from_secs(15);

/// What happened next in a stream.
enum Step {
    Kept(Result<(), Lost>),
    Frame(Result<Option<Frame>, Failed>),
    Quiet,
    Over,
}

/// What a frame comes to.
enum Passed {
    /// It is told, or there was nothing to tell.
    Told(Option<Bytes>),
    /// It was the last one.
    Last(Bytes),
    Odd,
}

/// Refuses a call whose leases are over before it began: its process stood still in between.
pub async fn begin(running: &mut Running) -> Result<(), Fault> {
    if running.leases.allow(0) {
        return Ok(());
    }
    running.settle_free().await;
    Err(broken("the request was held up for too long before it could begin"))
}

/// Keeps the call's leases while `work` goes on, for as long as the process has left. The SDK's futures are large, so
/// they come boxed. On failure the call is settled.
pub async fn kept_while<T>(
    running: &mut Running,
    mut work: impl Future<Output = T> + Unpin,
) -> Result<T, Fault> {
    let over = running.deadline.ends();
    loop {
        let fault = tokio::select! {
            biased;
            done = &mut work => return Ok(done),
            kept = running.leases.kept(0) => match kept {
                Ok(()) => continue,
                Err(lost) => ended(&lost),
            },
            () = sleep_until(over) => out_of_time(),
        };
        running.settle(Status::Failure).await;
        return Err(fault);
    }
}

/// The events of a call's answer, told by `teller`. The call is settled before the last one leaves; a failure ends in what
/// the client's dialect has for one.
pub fn events(
    call: StreamingCall,
    mut teller: Box<dyn Teller>,
) -> impl Stream<Item = Result<Bytes, Infallible>> {
    // If the client leaves, what is dropped with this stream goes on from there.
    let mut client = ClientStream::new(call);
    stream! {
        let Some(StreamingCall { running, frames, api, silence }) = client.call() else { return };
        let (api, silence) = (*api, *silence);
        let over = running.deadline.ends();
        let mut heard = Instant::now();
        let mut said = Instant::now();
        let mut is_complete = false;
        let fault = loop {
            let step = tokio::select! {
                biased;
                () = sleep_until(over) => Step::Over,
                kept = running.leases.kept(running.meter.at_most(Instant::now())) => Step::Kept(kept),
                frame = frames.next() => Step::Frame(frame),
                () = sleep_until((said + PING_EVERY).min(heard + silence)) => Step::Quiet,
            };
            match step {
                Step::Kept(Ok(())) => {}
                Step::Kept(Err(lost)) => break ended(&lost),
                Step::Over => break out_of_time(),
                Step::Quiet if heard.elapsed() >= silence => break broken("the model's stream fell silent"),
                Step::Quiet => {
                    said = Instant::now();
                    if let Some(ping) = teller.ping() {
                        yield Ok(ping);
                    }
                }
                Step::Frame(Err(failed)) => break *failed.fault,
                Step::Frame(Ok(None)) if is_complete => {
                    running.settle(Status::Success).await;
                    yield Ok(teller.end());
                    return;
                }
                Step::Frame(Ok(None)) => break broken("the model's stream ended early"),
                Step::Frame(Ok(Some(frame))) => {
                    heard = Instant::now();
                    running.heard();
                    let work = || pass(running, api, &frame, teller.as_mut(), &mut is_complete);
                    match unless_it_panics(work) {
                        Passed::Odd => break broken("the model's stream cannot be read"),
                        Passed::Last(told) => {
                            // Before the client can believe that it is over.
                            running.settle(Status::Success).await;
                            yield Ok(told);
                            yield Ok(teller.end());
                            return;
                        }
                        Passed::Told(told) => {
                            if let Err(fault) = covered(running).await {
                                break fault;
                            }
                            if let Some(told) = told {
                                said = Instant::now();
                                yield Ok(told);
                            }
                        }
                    }
                }
            }
        };
        let Some(StreamingCall { mut running, frames, .. }) = client.take() else { return };
        // Closed before it is paid for: nothing more is generated.
        drop(frames);
        running.settle(Status::Failure).await;
        let request_id = request_id(&running);
        let wire = fault.wire();
        // Not the fault itself: it may quote what the client sent.
        tracing::warn!(request = request_id, kind = wire.kind.plain(), "stream_failed");
        yield Ok(teller.error(&wire, &request_id));
    }
}

/// A panic in a dialect is a stream that cannot be read: its call is settled, and its client told.
fn unless_it_panics(work: impl FnOnce() -> Passed) -> Passed {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Passed::Odd)
}

/// Reads one frame, meters it and tells it.
fn pass(
    running: &mut Running,
    api: Api,
    frame: &Frame,
    teller: &mut dyn Teller,
    is_complete: &mut bool,
) -> Passed {
    if frame.is_strange(api) {
        return Passed::Told(None);
    }
    let Some(content) = frame.content(api) else {
        return Passed::Odd;
    };
    let Some(heard) = Heard::read(api, &frame.kind, &content) else {
        return Passed::Odd;
    };
    running.meter.observe(&heard, content.len() as u64, Instant::now());
    *is_complete |= heard.completes();
    let told = teller.tell(&heard, &frame.raw);
    if heard.is_last() { Passed::Last(told) } else { Passed::Told((!told.is_empty()).then_some(told)) }
}

/// Waits, where it must, until the leases cover what was generated so far, for as long as the process has left.
pub async fn covered(running: &mut Running) -> Result<(), Fault> {
    let over = running.deadline.ends();
    while !running.leases.allow(running.meter.at_most(Instant::now())) {
        tokio::select! {
            kept = running.leases.kept(running.meter.at_most(Instant::now())) => kept.map_err(|lost| ended(&lost))?,
            () = sleep_until(over) => return Err(out_of_time()),
        }
    }
    Ok(())
}

/// What a client calls the request.
pub fn request_id(running: &Running) -> String {
    format!("req_{}", running.request())
}

/// What is told of leases that could not be kept.
fn ended(lost: &Lost) -> Fault {
    tracing::error!(cause = ?lost, "lease_lost");
    broken("the request's budget lease could not be kept")
}

fn out_of_time() -> Fault {
    let message = "the answer takes longer than this gateway's process may run".to_owned();
    let (status, kind) = (StatusCode::GATEWAY_TIMEOUT, Kind::Timeout);
    Fault::Upstream { status, kind, message, retry_after: None }
}

/// A failure of the upstream that has no name of its own.
pub fn broken(message: &str) -> Fault {
    let (status, kind) = (StatusCode::BAD_GATEWAY, Kind::Api);
    Fault::Upstream { status, kind, message: message.to_owned(), retry_after: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_in_mid_stream_is_an_odd_frame() {
        assert!(matches!(unless_it_panics(|| panic!("a bug")), Passed::Odd));
        assert!(matches!(unless_it_panics(|| Passed::Told(None)), Passed::Told(None)));
    }
}
