//! What may happen to a request between the SDK and the table.

use std::io;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};

use super::Wire;

/// How long a slow answer takes: well under a client's patience.
const SLOW: Duration = Duration::from_millis(50);

/// How long a request lasts that gets no response: half of what it may elsewhere, so that it leaves the rest of a story its
/// time.
const SILENCE: Duration = Duration::from_millis(500);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The service refuses it, for now.
    Throttled,
    /// Another transaction is in the way.
    Conflict,
    /// An internal error, before anything was done.
    Failed,
    /// An internal error, although it was done.
    FailedAfter,
    /// The connection breaks, before anything was done.
    Cut,
    /// The connection breaks, although it was done.
    CutAfter,
    /// No answer, ever, and nothing was done.
    Silent,
    /// No answer, ever, although it was done.
    SilentAfter,
    /// No answer in time; it is done when nobody waits for it any more.
    Late,
    /// It is done and not answered, and done again when nobody waits for it any more. (What is answered is done once:
    /// that is DynamoDB's own promise.)
    Twice,
    Slow,
}

impl Fault {
    pub const ALL: [Self; 11] = [
        Self::Throttled,
        Self::Conflict,
        Self::Failed,
        Self::FailedAfter,
        Self::Cut,
        Self::CutAfter,
        Self::Silent,
        Self::SilentAfter,
        Self::Late,
        Self::Twice,
        Self::Slow,
    ];

    pub(super) async fn befall(
        self,
        wire: &Wire,
        line: &SharedHttpConnector,
        request: HttpRequest,
    ) -> Result<HttpResponse, ConnectorError> {
        match self {
            Self::Throttled => Ok(error(400, "ProvisionedThroughputExceededException")),
            Self::Conflict => Ok(conflict(&request)),
            Self::Failed => Ok(error(500, "InternalServerError")),
            Self::FailedAfter => line.call(request).await.map(|_| error(500, "InternalServerError")),
            Self::Cut => Err(cut()),
            Self::CutAfter => line.call(request).await.and_then(|_| Err(cut())),
            Self::Silent => silence().await,
            Self::SilentAfter => {
                line.call(request).await?;
                silence().await
            }
            Self::Late => {
                wire.keep(line, request);
                Err(ConnectorError::timeout("kept back".into()))
            }
            Self::Twice => {
                let copy = request.try_clone().unwrap();
                line.call(request).await?;
                wire.keep(line, copy);
                Err(cut())
            }
            Self::Slow => {
                tokio::time::sleep(SLOW).await;
                line.call(request).await
            }
        }
    }
}

/// No response within the client's timeout. It is not the SDK's own timeout, which a busy machine would reach too.
async fn silence() -> Result<HttpResponse, ConnectorError> {
    tokio::time::sleep(SILENCE).await;
    Err(ConnectorError::timeout("no response".into()))
}

fn cut() -> ConnectorError {
    ConnectorError::io(io::Error::from(io::ErrorKind::ConnectionReset).into())
}

fn answer(status: u16, body: &Value) -> HttpResponse {
    let mut response = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body.to_string()));
    response.headers_mut().insert("content-type", "application/x-amz-json-1.0");
    response
}

fn error(status: u16, code: &str) -> HttpResponse {
    let kind = format!("com.amazonaws.dynamodb.v20120810#{code}");
    answer(status, &json!({"__type": kind, "message": "planned"}))
}

/// As DynamoDB says it: of a transaction item by item.
fn conflict(request: &HttpRequest) -> HttpResponse {
    if request.headers().get("x-amz-target").is_some_and(|target| target.ends_with(".TransactWriteItems")) {
        let body: Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        let items = body["TransactItems"].as_array().unwrap().len();
        let mut reasons = vec![json!({"Code": "None"}); items];
        *reasons.last_mut().unwrap() = json!({"Code": "TransactionConflict", "Message": "planned"});
        let kind = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException";
        return answer(400, &json!({"__type": kind, "Message": "planned", "CancellationReasons": reasons}));
    }
    error(400, "TransactionConflictException")
}
