//! A call whose response is being streamed: the stream of Bedrock, and what it takes to settle it. It moves as one, from the
//! client's response to whoever reads on when the client has left.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::bedrock_client::{EventStreamDecoder, Frame};
use crate::formats::{Api, BedrockEvent};
use crate::pipeline::in_flight::{AbandonedCall, InFlightCall};

/// How far a response is read on after its client has left, in output tokens by a usual speed and length: what the leases cover
/// ahead.
const READ_ON: u64 = 8192;

/// How often silence is looked at: whether the window is used.
const LOOK_EVERY: Duration = Duration::from_secs(1);

pub struct StreamingCall {
    pub running: InFlightCall,
    pub frames: EventStreamDecoder,
    pub api: Api,
    /// How long Bedrock may say nothing.
    pub silence: Duration,
}

/// Holds a call while its client reads. If the client leaves, the call goes to whoever reads on.
pub struct ClientStream(Option<StreamingCall>);

impl ClientStream {
    pub fn new(call: StreamingCall) -> Self {
        Self(Some(call))
    }

    /// The call, until it was taken.
    pub fn call(&mut self) -> Option<&mut StreamingCall> {
        self.0.as_mut()
    }

    pub fn take(&mut self) -> Option<StreamingCall> {
        self.0.take()
    }
}

impl Drop for ClientStream {
    fn drop(&mut self) {
        if let Some(mut call) = self.0.take()
            && !call.running.is_settled()
            && let Some(abandonment) = call.running.take_abandonment()
        {
            tracing::info!(request = %call.running.request(), "abandoned");
            // A closed channel is a process about to end: then the leases are swept.
            abandonment.send(AbandonedCall::Streaming(Box::new(call))).ok();
        }
    }
}

impl StreamingCall {
    /// Reads on after the client has left, until what was generated is counted: to the end of hidden thinking, or to the
    /// final usage. Then it closes the stream, and returns the call to be settled. Where nothing is hidden it closes at once.
    ///
    /// It stops early when `stopping` becomes true, which a server does that ends.
    pub async fn read_on(mut self, mut stopping: watch::Receiver<bool>) -> InFlightCall {
        let mut last_event = Instant::now();
        let until = self.running.meter.estimate(self.api, last_event).saturating_add(READ_ON);
        while self.running.meter.lacks_a_count(self.api) {
            let now = Instant::now();
            if self.running.meter.estimate(self.api, now) >= until {
                break;
            }
            let frame = tokio::select! {
                biased;
                _ = stopping.wait_for(|stops| *stops) => break,
                () = sleep_until(self.running.deadline.ends()) => break,
                () = sleep_until(last_event + self.silence) => break,
                () = sleep_until(now + LOOK_EVERY) => continue,
                kept = self.running.leases.renew_when_due(self.running.meter.at_most(now)) => match kept {
                    Ok(()) => continue,
                    Err(_) => break,
                },
                frame = self.frames.next() => frame,
            };
            let Ok(Some(frame)) = frame else { break };
            last_event = Instant::now();
            self.running.note_chunk();
            // One that panics must not end the settlement of all the others.
            if catch_unwind(AssertUnwindSafe(|| self.observe(&frame, last_event))).is_err() {
                break;
            }
        }
        // Its stream is closed here: nothing more is generated.
        self.running
    }

    fn observe(&mut self, frame: &Frame, now: Instant) {
        let Some(content) = frame.content(self.api) else { return };
        if let Some(heard) = BedrockEvent::read(self.api, &frame.kind, &content) {
            self.running.meter.observe(&heard, content.len() as u64, now);
        }
    }
}
