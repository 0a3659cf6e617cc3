//! Refused admissions: each has its line in the log; those of known keys are recorded, at most once per key, reason and
//! minute by this process.

use std::sync::PoisonError;
use std::time::Duration;

use shared::api::ApiError;
use stargate_core::ledger::{Reason, Refusal};
use stargate_core::spend::RefusalRecord;
use tokio::time::timeout;

use crate::pipeline::admission::AdmissionDenied;
use crate::pipeline::state::InferenceState;

/// How long a refusal's answer waits for its record, once a minute. The store's own tries would take six seconds.
const TIMEOUT: Duration = Duration::from_secs(1);

/// The fault of a denied request for the model that it `asked` for, after its refusal was noted. Nothing that fails in
/// that changes the answer. Of a key that is unknown nothing is written.
pub async fn record_refusal(app: &InferenceState, denied: AdmissionDenied, asked: &str) -> ApiError {
    let (Some(pointer), ApiError::Refused(Refusal { scope, reason }, now)) = (&denied.pointer, &denied.fault)
    else {
        return denied.fault;
    };
    let word = reason.word();
    tracing::info!(reason = word, key = %pointer.key, %scope, model = asked, "not_admitted");
    if *reason == Reason::Unknown {
        return denied.fault;
    }
    // A panic elsewhere cannot leave the counts half-written.
    let count = app.refusals.lock().unwrap_or_else(PoisonError::into_inner).note(&pointer.key, word, *now);
    if let Some(count) = count {
        let refused = RefusalRecord {
            key: pointer.key.clone(),
            user: pointer.holder.user.clone(),
            reason: word.to_owned(),
            model: asked.to_owned(),
            at: *now,
            count,
        };
        write(app, &refused).await;
    }
    denied.fault
}

async fn write(app: &InferenceState, refused: &RefusalRecord) {
    let (key, reason, count) = (&refused.key, &refused.reason, refused.count);
    match timeout(TIMEOUT, app.store.add_refusals(refused)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%key, reason, count, error = ?error, "refusal_not_recorded"),
        Err(_) => tracing::warn!(%key, reason, count, error = "it took too long", "refusal_not_recorded"),
    }
}
