//! When the process that answers is ended from outside: on Lambda, at a moment that its runtime tells.

use std::time::Duration;

use axum::extract::Request;
use lambda_http::RequestExt;
use stargate_core::deadline::time_left;
use stargate_core::moment::Moment;
use tokio::time::Instant;

/// What is kept of the time for the end of a call: its settlement, which may wait two seconds for the store, and the
/// event that says so.
const MARGIN: Duration = Duration::from_secs(8);

/// Longer than anything lasts: where nothing ends the process there is no deadline.
const NEVER: Duration = Duration::from_secs(30 * 24 * 3600);

/// The moment by which a call must have come to its end.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// That of the invocation that brought a request, if one did.
    pub fn from_request(request: &Request, now: Moment) -> Self {
        let left = request.lambda_context_ref().and_then(|context| time_left(context.deadline, now));
        Self(left.map(|left| Instant::now() + left.saturating_sub(MARGIN)))
    }

    pub fn ends(self) -> Instant {
        self.0.unwrap_or_else(|| Instant::now() + NEVER)
    }
}
