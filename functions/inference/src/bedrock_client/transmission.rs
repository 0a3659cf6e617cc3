//! What is known of one request on its way to Bedrock: whether it may have left this process, and its response.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_bedrockruntime::config::interceptors::{
    BeforeDeserializationInterceptorContextMut, BeforeTransmitInterceptorContextRef,
};
use aws_sdk_bedrockruntime::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_bedrockruntime::error::BoxError;
use aws_smithy_runtime_api::client::connection::CaptureSmithyConnection;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;

use super::BedrockResponse;
use crate::formats::bedrock_native::token_headers;

/// One attempt to send a request. It stays readable when the attempt is dropped. Cloning it shares it.
#[derive(Clone, Debug, Default)]
pub struct Transmission(Arc<Mutex<Progress>>);

#[derive(Debug, Default)]
struct Progress {
    /// Present once the request is signed. It holds a connection once the HTTP client has one for the request.
    connection: Option<CaptureSmithyConnection>,
    response: Option<HttpResponse>,
}

impl Transmission {
    /// Whether any part of the request may have been sent.
    ///
    /// `false` is certain: credentials, endpoint and signature come before this, and the HTTP client writes nothing
    /// before it has a connection, TLS included. It relies on the SDK's own HTTP client, which reports its connection.
    pub fn may_have_left(&self) -> bool {
        self.progress().connection.as_ref().is_some_and(|connection| connection.get().is_some())
    }

    /// The successful response, taken before the SDK reads its body.
    pub fn take_answer(&self) -> Option<BedrockResponse> {
        let response = self.progress().response.take()?;
        let metrics = token_headers::from_headers(|name| response.headers().get(name));
        Some(BedrockResponse { metrics, body: ByteStream::new(response.into_body()) })
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Intercept for Transmission {
    fn name(&self) -> &'static str {
        "Transmission"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.progress().connection = config.load::<CaptureSmithyConnection>().cloned();
        Ok(())
    }

    /// Error responses stay: the SDK reads them as it does for all its operations.
    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response_mut();
        if response.status().is_success() {
            let empty = HttpResponse::new(response.status(), SdkBody::empty());
            self.progress().response = Some(std::mem::replace(response, empty));
        }
        Ok(())
    }
}
