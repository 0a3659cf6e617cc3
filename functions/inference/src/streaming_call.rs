//! A call whose response is being streamed: the stream of Bedrock, and what it takes to settle it. It moves as one, from the
//! client's response to whoever reads on when the client has left.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::bedrock::Frames;
use crate::dialect::{Api, Heard};
use crate::running::{Abandoned, Running};

/// How far a response is read on after its client has left, in output tokens as far as they can be counted: what the leases
/// cover ahead. What is still uncounted then is charged so much at least.
const READ_ON: u64 = 8192;

pub struct StreamingCall {
    pub running: Running,
    pub frames: Frames,
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
            abandonment.send(Abandoned::Streaming(Box::new(call))).ok();
        }
    }
}

impl StreamingCall {
    /// Reads on after the client has left, until what was generated is counted: to the end of hidden thinking, or to the
    /// final usage. Then it closes the stream, and returns the call to be settled. Where nothing is hidden it closes at once.
    ///
    /// It stops early when `stopping` becomes true, which a server does that ends.
    pub async fn read_on(mut self, mut stopping: watch::Receiver<bool>) -> Running {
        let counted_before = self.running.meter.counted();
        let mut last_event = Instant::now();
        while self.running.meter.lacks_a_count(self.api) {
            if self.running.meter.counted() - counted_before >= READ_ON {
                self.running.meter.assume_at_least(READ_ON);
                break;
            }
            let now = Instant::now();
            let frame = tokio::select! {
                biased;
                _ = stopping.wait_for(|stops| *stops) => break,
                () = sleep_until(self.running.deadline.ends()) => break,
                () = sleep_until(last_event + self.silence) => break,
                kept = self.running.leases.kept(self.running.meter.at_most(now)) => match kept {
                    Ok(()) => continue,
                    Err(_) => break,
                },
                frame = self.frames.next() => frame,
            };
            let Ok(Some(frame)) = frame else { break };
            last_event = Instant::now();
            self.running.heard();
            let Some(content) = frame.content(self.api) else { continue };
            if let Some(heard) = Heard::read(self.api, &frame.kind, &content) {
                self.running.meter.observe(&heard, content.len() as u64, last_event);
            }
        }
        // Its stream is closed here: nothing more is generated.
        self.running
    }
}
