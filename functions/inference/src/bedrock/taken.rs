//! The body of an answer, before the SDK reads it.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_bedrockruntime::config::interceptors::BeforeDeserializationInterceptorContextMut;
use aws_sdk_bedrockruntime::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_bedrockruntime::error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;

use super::Answer;
use crate::dialect::bedrock::counts;

/// Takes the answer out of a response that is none of an error: those the SDK reads, as it does for all its operations.
#[derive(Clone, Debug, Default)]
pub struct Take(Arc<Mutex<Option<HttpResponse>>>);

impl Take {
    /// What was taken.
    pub fn answer(&self) -> Option<Answer> {
        let response = self.0.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        let metrics = counts::read(|name| response.headers().get(name));
        Some(Answer { metrics, body: ByteStream::new(response.into_body()) })
    }
}

impl Intercept for Take {
    fn name(&self) -> &'static str {
        "TakeTheAnswer"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response_mut();
        if response.status().is_success() {
            let empty = HttpResponse::new(response.status(), SdkBody::empty());
            let answer = std::mem::replace(response, empty);
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
        }
        Ok(())
    }
}
