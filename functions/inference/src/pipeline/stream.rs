//! The course of one call: opened, its chunks passed on as they are paid for, settled before the last one leaves.

use std::convert::Infallible;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use async_stream::stream;
use bytes::Bytes;
use futures_util::Stream;
use http::StatusCode;
use shared::api::{ApiError, ErrorKind};
use shared::store::LeaseLost;
use stargate_core::spend::Status;
use tokio::time::{Instant, sleep_until};

use crate::bedrock_client::{BedrockError, Frame};
use crate::formats::{Api, BedrockEvent, ResponseWriter};
use crate::pipeline::in_flight::InFlightCall;
use crate::pipeline::in_flight::streaming_call::{ClientStream, StreamingCall};

/// How often something is said: half of what the shortest of those in between waits, CloudFront as it comes.
const PING_EVERY: Duration = Duration::from_secs(15);

/// What happened next in a stream.
enum StreamStep {
    Kept(Result<(), LeaseLost>),
    Frame(Result<Option<Frame>, BedrockError>),
    Quiet,
    Over,
}

/// What a frame comes to.
enum FrameOutcome {
    /// It is told, or there was nothing to tell.
    Told(Option<Bytes>),
    /// It was the last one.
    Last(Bytes),
    Odd,
}

/// Refuses a call whose leases are over before it began: its process stood still in between.
pub async fn begin(running: &mut InFlightCall) -> Result<(), ApiError> {
    if running.leases.allow(0) {
        return Ok(());
    }
    running.settle_free().await;
    Err(upstream_error("the request was held up for too long before it could begin"))
}

/// Keeps the call's leases while `work` goes on, for as long as the process has left. The SDK's futures are large, so
/// they come boxed. On failure the call is settled.
pub async fn with_lease_renewal<T>(
    running: &mut InFlightCall,
    mut work: impl Future<Output = T> + Unpin,
) -> Result<T, ApiError> {
    let over = running.deadline.ends();
    loop {
        let fault = tokio::select! {
            biased;
            done = &mut work => return Ok(done),
            kept = running.leases.renew_when_due(0) => match kept {
                Ok(()) => continue,
                Err(lost) => lease_lost_error(&lost),
            },
            () = sleep_until(over) => out_of_time(),
        };
        running.settle(Status::Failure).await;
        return Err(fault);
    }
}

/// The events of a call's answer, told by `teller`. The call is settled before the last one leaves; a failure ends in what
/// the client's API format has for one.
pub fn response_stream(
    call: StreamingCall,
    mut teller: Box<dyn ResponseWriter>,
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
                () = sleep_until(over) => StreamStep::Over,
                kept = running.leases.renew_when_due(running.meter.at_most(Instant::now())) => StreamStep::Kept(kept),
                frame = frames.next() => StreamStep::Frame(frame),
                () = sleep_until((said + PING_EVERY).min(heard + silence)) => StreamStep::Quiet,
            };
            match step {
                StreamStep::Kept(Ok(())) => {}
                StreamStep::Kept(Err(lost)) => break lease_lost_error(&lost),
                StreamStep::Over => break out_of_time(),
                StreamStep::Quiet if heard.elapsed() >= silence => break upstream_error("the model's stream fell silent"),
                StreamStep::Quiet => {
                    said = Instant::now();
                    if let Some(ping) = teller.ping() {
                        yield Ok(ping);
                    }
                }
                StreamStep::Frame(Err(failed)) => break *failed.fault,
                StreamStep::Frame(Ok(None)) if is_complete => {
                    running.settle(Status::Success).await;
                    yield Ok(teller.end());
                    return;
                }
                StreamStep::Frame(Ok(None)) => break upstream_error("the model's stream ended early"),
                StreamStep::Frame(Ok(Some(frame))) => {
                    heard = Instant::now();
                    running.note_chunk();
                    let work = || pass(running, api, &frame, teller.as_mut(), &mut is_complete);
                    match unless_it_panics(work) {
                        FrameOutcome::Odd => break upstream_error("the model's stream cannot be read"),
                        FrameOutcome::Last(told) => {
                            // Before the client can believe that it is over.
                            running.settle(Status::Success).await;
                            yield Ok(told);
                            yield Ok(teller.end());
                            return;
                        }
                        FrameOutcome::Told(told) => {
                            if let Err(fault) = wait_until_covered(running).await {
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
        let wire = fault.to_error_response();
        // Not the fault itself: it may quote what the client sent.
        tracing::warn!(request = request_id, kind = wire.kind.plain(), "stream_failed");
        yield Ok(teller.error(&wire, &request_id));
    }
}

/// A panic in a API format is a stream that cannot be read: its call is settled, and its client told.
fn unless_it_panics(work: impl FnOnce() -> FrameOutcome) -> FrameOutcome {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(FrameOutcome::Odd)
}

/// Reads one frame, meters it and tells it.
fn pass(
    running: &mut InFlightCall,
    api: Api,
    frame: &Frame,
    teller: &mut dyn ResponseWriter,
    is_complete: &mut bool,
) -> FrameOutcome {
    if frame.is_unknown_event(api) {
        return FrameOutcome::Told(None);
    }
    let Some(content) = frame.content(api) else {
        return FrameOutcome::Odd;
    };
    let Some(heard) = BedrockEvent::read(api, &frame.kind, &content) else {
        return FrameOutcome::Odd;
    };
    running.meter.observe(&heard, content.len() as u64, Instant::now());
    *is_complete |= heard.completes();
    let told = teller.write_event(&heard, &frame.raw);
    if heard.is_last() {
        FrameOutcome::Last(told)
    } else {
        FrameOutcome::Told((!told.is_empty()).then_some(told))
    }
}

/// Waits, where it must, until the leases cover what was generated so far, for as long as the process has left.
pub async fn wait_until_covered(running: &mut InFlightCall) -> Result<(), ApiError> {
    let over = running.deadline.ends();
    while !running.leases.allow(running.meter.at_most(Instant::now())) {
        tokio::select! {
            kept = running.leases.renew_when_due(running.meter.at_most(Instant::now())) => kept.map_err(|lost| lease_lost_error(&lost))?,
            () = sleep_until(over) => return Err(out_of_time()),
        }
    }
    Ok(())
}

/// What a client calls the request.
pub fn request_id(running: &InFlightCall) -> String {
    format!("req_{}", running.request())
}

/// What is told of leases that could not be kept.
fn lease_lost_error(lost: &LeaseLost) -> ApiError {
    tracing::error!(cause = ?lost, "lease_lost");
    upstream_error("the request's budget lease could not be kept")
}

fn out_of_time() -> ApiError {
    let message = "the answer takes longer than this gateway's process may run".to_owned();
    let (status, kind) = (StatusCode::GATEWAY_TIMEOUT, ErrorKind::Timeout);
    ApiError::Upstream { status, kind, message, retry_after: None }
}

/// A failure of the upstream that has no name of its own.
pub fn upstream_error(message: &str) -> ApiError {
    let (status, kind) = (StatusCode::BAD_GATEWAY, ErrorKind::Api);
    ApiError::Upstream { status, kind, message: message.to_owned(), retry_after: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_in_mid_stream_is_an_odd_frame() {
        assert!(matches!(unless_it_panics(|| panic!("a bug")), FrameOutcome::Odd));
        assert!(matches!(unless_it_panics(|| FrameOutcome::Told(None)), FrameOutcome::Told(None)));
    }
}
