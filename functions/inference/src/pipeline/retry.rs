//! One call, tried: again where nothing can have been billed, without what Bedrock did not take, and not for longer than
//! it is given.

use std::time::Duration;

use bytes::Bytes;
use shared::api::ApiError;
use shared::runtime::clock::jitter;
use stargate_core::spend::Status;
use tokio::time::{sleep, timeout};

use crate::bedrock_client::{BedrockCall, BedrockClient, BedrockError, BedrockResponse};
use crate::formats::Api;
use crate::formats::anthropic::strip_rejected::strip_rejected_fields;
use crate::formats::usage::InvocationMetrics;
use crate::pipeline::in_flight::InFlightCall;
use crate::pipeline::stream::{begin, with_lease_renewal};

/// Tries of a model that is throttled or away, and has nothing to stand in for it. Clients try again too: more would
/// only multiply.
const MAX_ATTEMPTS: u32 = 3;

/// The longest first pause; each further one may be twice as long.
const PAUSE: Duration = Duration::from_millis(400);

const LATE: &str = "the model did not answer in time";

/// How a call shall be tried.
pub struct RetryingCall<'a> {
    pub bedrock: &'a BedrockClient,
    pub api: Api,
    pub call: BedrockCall,
    /// Whether what Bedrock does not take may be left out: clients of its own API shall read for themselves what it says.
    pub heals: bool,
    /// How long its first byte may take.
    pub patience: Duration,
    /// Whether there is somebody else to ask: then this one is not asked again.
    pub has_next: bool,
}

/// Why a call came to nothing. It is settled.
pub struct UpstreamFailure {
    pub fault: ApiError,
    /// Whether another model, or this one elsewhere, may answer instead.
    pub passes: bool,
}

impl RetryingCall<'_> {
    /// The answer, once its head is there, and what was dropped from the request to get it.
    pub async fn open_response(
        mut self,
        running: &mut InFlightCall,
    ) -> Result<(BedrockResponse, Vec<String>), UpstreamFailure> {
        let mut tries = 1;
        let mut dropped = Vec::new();
        loop {
            // Before every try: while it paused the process may have stood still, and its leases may be over.
            begin(running).await.map_err(UpstreamFailure::without_fallback)?;
            let transmission = running.begin_transmission();
            let sent = Box::pin(timeout(self.patience, self.bedrock.send(&self.call, &transmission)));
            let sent = with_lease_renewal(running, sent).await.map_err(UpstreamFailure::without_fallback)?;
            let failed = match sent {
                Ok(Ok(answer)) => return Ok((answer, dropped)),
                Ok(Err(failed)) => failed,
                Err(_) => BedrockError::late(LATE, &transmission),
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
            } else if failed.passes && !self.has_next && tries < MAX_ATTEMPTS {
                let pause = Box::pin(sleep(jitter(PAUSE * (1 << (tries - 1)))));
                with_lease_renewal(running, pause).await.map_err(UpstreamFailure::without_fallback)?;
                tries += 1;
            } else {
                return Err(settle_failure(running, failed).await);
            }
        }
    }

    /// The answer in one piece, with what its head told of tokens.
    pub async fn read_buffered(
        self,
        running: &mut InFlightCall,
    ) -> Result<(Bytes, InvocationMetrics, Vec<String>), UpstreamFailure> {
        let (api, patience) = (self.api, self.patience);
        let (answer, dropped) = self.open_response(running).await?;
        let metrics = answer.metrics;
        let read = Box::pin(timeout(patience, answer.read_all()));
        let read = with_lease_renewal(running, read).await.map_err(UpstreamFailure::without_fallback)?;
        let late = |_| Err(BedrockError::late(LATE, running.transmission()));
        match read.unwrap_or_else(late) {
            Ok(answer) => match running.meter.read_buffered(api, &answer, &metrics) {
                Ok(()) => Ok((answer, metrics, dropped)),
                Err(error) => {
                    Err(settle_failure(running, BedrockError::unreadable(&error.to_string())).await)
                }
            },
            Err(failed) => Err(settle_failure(running, failed).await),
        }
    }

    fn without_what_was_refused(&self, failed: &BedrockError) -> Option<(Bytes, Vec<String>)> {
        let refusal = failed.refusal().filter(|_| self.heals)?;
        strip_rejected_fields(&self.call.body, refusal).map(|(body, names)| (body.into(), names))
    }
}

impl UpstreamFailure {
    pub fn without_fallback(fault: ApiError) -> Self {
        Self { fault, passes: false }
    }
}

/// Settles a call that Bedrock failed: free if it was refused before it ran, else what is known and safe.
async fn settle_failure(running: &mut InFlightCall, failed: BedrockError) -> UpstreamFailure {
    if failed.may_have_run {
        running.settle(Status::Failure).await;
    } else {
        running.settle_free().await;
    }
    UpstreamFailure { fault: *failed.fault, passes: failed.passes }
}
