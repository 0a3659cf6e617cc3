//! One call, tried: again where nothing can have been billed, without what Bedrock did not take, and not for longer than
//! it is given.

use std::time::Duration;

use bytes::Bytes;
use shared::clock::jittered;
use shared::fault::Fault;
use shared::record::Status;
use tokio::time::{sleep, timeout};

use crate::bedrock::{Answer, Bedrock, Call, Failed};
use crate::dialect::Api;
use crate::dialect::anthropic::heal::healed;
use crate::dialect::usage::Metrics;
use crate::flow::{begin, kept_while};
use crate::running::Running;

/// Tries of a model that is throttled or away, and has nothing to stand in for it. Clients try again too: more would
/// only multiply.
const TRIES: u32 = 3;

/// The longest first pause; each further one may be twice as long.
const PAUSE: Duration = Duration::from_millis(400);

const LATE: &str = "the model did not answer in time";

/// How a call shall be tried.
pub struct Attempt<'a> {
    pub bedrock: &'a Bedrock,
    pub api: Api,
    pub call: Call,
    /// Whether what Bedrock does not take may be left out: clients of its own API shall read for themselves what it says.
    pub heals: bool,
    /// How long its first byte may take.
    pub patience: Duration,
    /// Whether there is somebody else to ask: then this one is not asked again.
    pub has_next: bool,
}

/// Why a call came to nothing. It is settled.
pub struct Ended {
    pub fault: Fault,
    /// Whether another model, or this one elsewhere, may answer instead.
    pub passes: bool,
}

impl Attempt<'_> {
    /// The answer, once its head is there, and what was dropped from the request to get it.
    pub async fn opened(mut self, running: &mut Running) -> Result<(Answer, Vec<String>), Ended> {
        let mut tries = 1;
        let mut dropped = Vec::new();
        loop {
            // Before every try: while it paused the process may have stood still, and its leases may be over.
            begin(running).await.map_err(Ended::finally)?;
            let transmission = running.begin_transmission();
            let sent = Box::pin(timeout(self.patience, self.bedrock.send(&self.call, &transmission)));
            let sent = kept_while(running, sent).await.map_err(Ended::finally)?;
            let failed = match sent {
                Ok(Ok(answer)) => return Ok((answer, dropped)),
                Ok(Err(failed)) => failed,
                Err(_) => Failed::late(LATE, &transmission),
            };
            if !failed.may_have_run {
                // Until the next attempt the call has cost nothing, however it ends.
                running.begin_transmission();
            }
            if dropped.is_empty()
                && let Some((body, names)) = self.without_what_was_refused(&failed)
            {
                // Counted by this line: what Bedrock takes has changed, and the rules should follow. Below the first part
                // of a path names are the client's own text.
                let what: Vec<&str> = names.iter().filter_map(|name| name.split('.').next()).collect();
                tracing::warn!(model = self.call.model, what = what.join(","), "healed");
                (self.call.body, dropped) = (body, names);
            } else if failed.passes && !self.has_next && tries < TRIES {
                let pause = Box::pin(sleep(jittered(PAUSE * (1 << (tries - 1)))));
                kept_while(running, pause).await.map_err(Ended::finally)?;
                tries += 1;
            } else {
                return Err(ended(running, failed).await);
            }
        }
    }

    /// The answer in one piece, with what its head told of tokens.
    pub async fn whole(self, running: &mut Running) -> Result<(Bytes, Metrics, Vec<String>), Ended> {
        let (api, patience) = (self.api, self.patience);
        let (answer, dropped) = self.opened(running).await?;
        let metrics = answer.metrics;
        let read = Box::pin(timeout(patience, answer.whole()));
        let read = kept_while(running, read).await.map_err(Ended::finally)?;
        let late = |_| Err(Failed::late(LATE, running.transmission()));
        match read.unwrap_or_else(late) {
            Ok(answer) => match running.meter.whole(api, &answer, &metrics) {
                Ok(()) => Ok((answer, metrics, dropped)),
                Err(error) => Err(ended(running, Failed::unreadable(&error.to_string())).await),
            },
            Err(failed) => Err(ended(running, failed).await),
        }
    }

    fn without_what_was_refused(&self, failed: &Failed) -> Option<(Bytes, Vec<String>)> {
        let refusal = failed.refusal().filter(|_| self.heals)?;
        healed(&self.call.body, refusal).map(|(body, names)| (body.into(), names))
    }
}

impl Ended {
    pub fn finally(fault: Fault) -> Self {
        Self { fault, passes: false }
    }
}

/// Settles a call that Bedrock failed: free if it was refused before it ran, else what is known and safe.
async fn ended(running: &mut Running, failed: Failed) -> Ended {
    if failed.may_have_run {
        running.settle(Status::Failure).await;
    } else {
        running.settle_free().await;
    }
    Ended { fault: *failed.fault, passes: failed.passes }
}
