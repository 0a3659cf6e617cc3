//! From an admitted call to its answer, streamed or whole, with its settlement inside.

use std::convert::Infallible;
use std::time::Duration;

use async_stream::stream;
use bytes::Bytes;
use futures_util::Stream;
use http::StatusCode;
use shared::fault::{Fault, Kind};
use shared::record::Status;
use shared::store::Lost;
use tokio::time::Instant;

use crate::bedrock::{Bedrock, Chunks, Failed};
use crate::dialect::anthropic::sse;
use crate::running::Running;

/// How long the line may be silent: CloudFront gives up after 30 seconds, Claude Code after minutes.
pub const PING_EVERY: Duration = Duration::from_secs(15);

/// How long Bedrock may be silent in mid-stream before the call is given up.
pub const SILENCE: Duration = Duration::from_secs(300);

/// What happened next in a stream.
enum Step {
    Kept(Result<(), Lost>),
    Chunk(Result<Option<Bytes>, Failed>),
    Quiet,
}

/// Makes a whole call, keeping its leases meanwhile; on failure it is settled with what it cost.
pub async fn whole(
    running: &mut Running,
    bedrock: &Bedrock,
    model: &str,
    body: Vec<u8>,
) -> Result<Bytes, Fault> {
    begin(running).await?;
    let outcome = kept_while(running, Box::pin(bedrock.invoke(model, body))).await?;
    match outcome {
        Ok(answer) => {
            running.meter.end(&answer);
            // It leaves in one piece, so all of it must be covered first.
            if let Err(lost) = covered(running).await {
                running.settle(Status::Failure).await;
                return Err(ended(&lost));
            }
            Ok(answer)
        }
        Err(failed) => Err(settle_failed(running, failed).await),
    }
}

/// Opens a stream, keeping the call's leases meanwhile; on failure it is settled with what it cost.
pub async fn open(
    running: &mut Running,
    bedrock: &Bedrock,
    model: &str,
    body: Vec<u8>,
) -> Result<Chunks, Fault> {
    begin(running).await?;
    match kept_while(running, Box::pin(bedrock.open(model, body))).await? {
        Ok(chunks) => Ok(chunks),
        Err(failed) => Err(settle_failed(running, failed).await),
    }
}

/// Refuses a call whose leases are over before it began: its process stood still in between.
async fn begin(running: &mut Running) -> Result<(), Fault> {
    if running.leases.allow(0) {
        return Ok(());
    }
    running.settle_free().await;
    Err(broken("the request was held up for too long before it could begin"))
}

/// Keeps the call's leases while `work` goes on. The SDK's futures are large, so they come boxed.
async fn kept_while<T>(running: &mut Running, mut work: impl Future<Output = T> + Unpin) -> Result<T, Fault> {
    loop {
        let lost = tokio::select! {
            done = &mut work => return Ok(done),
            kept = running.leases.kept(0) => match kept {
                Ok(()) => continue,
                Err(lost) => lost,
            },
        };
        running.settle(Status::Failure).await;
        return Err(ended(&lost));
    }
}

/// Settles a call that Bedrock failed: free if it was refused before it ran, else what is known and safe.
async fn settle_failed(running: &mut Running, failed: Failed) -> Fault {
    if failed.may_have_run {
        running.settle(Status::Failure).await;
    } else {
        running.settle_free().await;
    }
    failed.fault
}

/// The events of a call's answer. The call is settled before the last one leaves; a failure ends in an `error` event.
pub fn events(mut running: Running, mut chunks: Chunks) -> impl Stream<Item = Result<Bytes, Infallible>> {
    stream! {
        let mut heard = Instant::now();
        let mut said = Instant::now();
        let fault = loop {
            let step = tokio::select! {
                biased;
                kept = running.leases.kept(running.meter.at_most()) => Step::Kept(kept),
                chunk = chunks.next() => Step::Chunk(chunk),
                () = tokio::time::sleep_until(said + PING_EVERY) => Step::Quiet,
            };
            match step {
                Step::Kept(Ok(())) => {}
                Step::Kept(Err(lost)) => break ended(&lost),
                Step::Quiet if heard.elapsed() > SILENCE => break broken("the model's stream fell silent"),
                Step::Quiet => {
                    said = Instant::now();
                    yield Ok(sse::PING);
                }
                Step::Chunk(Err(failed)) => break failed.fault,
                Step::Chunk(Ok(None)) => break broken("the model's stream ended early"),
                Step::Chunk(Ok(Some(chunk))) => {
                    heard = Instant::now();
                    let Some(kind) = sse::kind(&chunk) else {
                        break broken("the model's stream cannot be read");
                    };
                    running.meter.observe(&kind, &chunk);
                    let event = sse::event(&kind, &chunk);
                    if kind == "message_stop" {
                        // Before the client can believe that it is over.
                        running.settle(Status::Success).await;
                        yield Ok(event);
                        return;
                    }
                    if let Err(lost) = covered(&mut running).await {
                        break ended(&lost);
                    }
                    said = Instant::now();
                    yield Ok(event);
                }
            }
        };
        // Closed before it is paid for: nothing more is generated.
        drop(chunks);
        running.settle(Status::Failure).await;
        let request_id = request_id(&running);
        tracing::warn!(request = request_id, cause = ?fault, "stream_failed");
        yield Ok(sse::error(&fault.wire(), &request_id));
    }
}

/// Waits, where it must, until the leases cover what was generated so far.
async fn covered(running: &mut Running) -> Result<(), Lost> {
    while !running.leases.allow(running.meter.at_most()) {
        running.leases.kept(running.meter.at_most()).await?;
    }
    Ok(())
}

/// What a client calls the request.
pub fn request_id(running: &Running) -> String {
    format!("req_{}", running.request())
}

fn ended(lost: &Lost) -> Fault {
    tracing::error!(cause = ?lost, "lease_lost");
    broken("the request's budget lease could not be kept")
}

fn broken(message: &str) -> Fault {
    let (status, kind) = (StatusCode::BAD_GATEWAY, Kind::Api);
    Fault::Upstream { status, kind, message: message.to_owned(), retry_after: None }
}
