//! Other models, or the same in another region, where the first is not available.

use std::vec;

use tokio::time::timeout_at;

use super::admission::AdmissionDenied;
use super::{AdmittedCall, InferenceRequest, find};
use crate::bedrock_client::config::Target;

/// Where a request may go: to what it names, and from there on.
pub struct FallbackChain {
    pub first: Target,
    pub rest: vec::IntoIter<Target>,
}

impl InferenceRequest<'_> {
    /// The request to the first target that may have it: a fallback that the key may not use, or that cannot take the
    /// request, is none.
    pub async fn next_fallback(&self, mut target: Target, chain: &mut FallbackChain) -> Option<AdmittedCall> {
        let first = find(self.app, &chain.first.model).ok();
        loop {
            let model = find(self.app, &target.model).ok();
            let is_for_it =
                first.zip(model).is_some_and(|(from, to)| self.asking.supports_fallback(from, to));
            if is_for_it && let Some(ready) = self.in_time(&target, Some(self.asking.model())).await {
                return Some(ready);
            }
            target = chain.rest.next()?;
        }
    }

    /// The request to a target, unless it must not have it or the time for it is over.
    pub async fn in_time(&self, target: &Target, fallback_from: Option<&str>) -> Option<AdmittedCall> {
        let prepared = Box::pin(self.prepare_call(target, fallback_from));
        let fault = match timeout_at(self.deadline.ends(), prepared).await {
            Ok(Ok(Ok(ready))) => return Some(ready),
            Ok(Ok(Err(AdmissionDenied { fault, .. })) | Err(fault)) => fault,
            Err(_) => return None,
        };
        // Not the fault itself: it may quote what the client sent.
        tracing::warn!(
            model = target.model,
            kind = fault.to_error_response().kind.plain(),
            "fallback_skipped"
        );
        None
    }
}
