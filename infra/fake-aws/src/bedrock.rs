//! The scripted Bedrock: a stand-in for Bedrock Runtime that speaks its real protocol.
//!
//! The local gateway and the tests point the AWS SDK here with `endpoint_url`. Under `/model/{id}`
//! it serves
//!
//! - `/converse` and `/converse-stream`, for every model;
//! - `/invoke` and `/invoke-with-response-stream`: Anthropic's body for Claude models, any JSON
//!   object for models of other makers;
//! - `/count-tokens` for Claude's base ids, of a body for either.
//!
//! It refuses what the real service refuses (`bedrock/validate.rs`), and answers with what a
//! directive in the last user message asks for (`bedrock/script.rs`): text, tools, usage, a pace,
//! or a failure at a chosen moment, in one region, or a number of times. Without a directive it
//! says plainly that it is a stand-in.
//!
//! A request is read into one neutral `Ask`, which makes one neutral `Answer`; only the readers
//! (`bedrock/ask/`) and the writers (`bedrock/wire/`) know a format.
//!
//! It keeps what tests assert on: the requests as they arrived, how many streams are open,
//! and how many deltas were made. Tests that run beside it, as real clients do, ask for the requests
//! that hold a word by `GET /requests/{word}`, which is nothing of Bedrock's.

mod bill;
mod failures;
mod gates;
mod model;
mod refusal;
mod request;
mod response;
mod script;
mod server;
mod tally;
#[cfg(test)]
mod tests;
mod validate;
mod wire;
mod wire_format;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;

pub use bill::Bill;
pub use request::recorded::{FakeOperation, RecordedRequest};

use bill::Bills;
use failures::Failures;
use gates::Gates;
use request::recorded::Recent;
use tally::RequestCounters;

/// A handle to one scripted Bedrock. Clones share everything.
#[derive(Clone)]
pub struct FakeBedrock(Arc<State>);

struct State {
    pace: FakePace,
    recent: Recent,
    gates: Gates,
    failures: Failures,
    tally: Arc<RequestCounters>,
    bills: Bills,
}

/// How fast the answers come when their script does not say.
#[derive(Clone, Copy)]
struct FakePace {
    first: Duration,
    between: Duration,
}

impl FakeBedrock {
    /// Answers at about the speed of a real model, for a person who watches.
    #[must_use]
    pub fn human() -> Self {
        Self::with_pace(FakePace { first: Duration::from_millis(300), between: Duration::from_millis(25) })
    }

    /// Answers without any pause, for tests.
    #[must_use]
    pub fn instant() -> Self {
        Self::with_pace(FakePace { first: Duration::ZERO, between: Duration::ZERO })
    }

    fn with_pace(pace: FakePace) -> Self {
        Self(Arc::new(State {
            pace,
            recent: Recent::default(),
            gates: Gates::default(),
            failures: Failures::default(),
            tally: Arc::default(),
            bills: Bills::default(),
        }))
    }

    /// The HTTP surface: Converse, invocation and token counts, whole and streamed.
    pub fn router(&self) -> Router {
        server::router(self.clone())
    }

    /// Serves [`FakeBedrock::router`] until the process ends. Without `TCP_NODELAY` small frames
    /// would wait about 40 ms for the peer's acknowledgement, so prefer this to `axum::serve`.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve(self, listener: TcpListener) -> io::Result<()> {
        let listener = listener.tap_io(|connection| {
            // A connection that is already gone needs no option; it fails by itself later.
            connection.set_nodelay(true).ok();
        });
        axum::serve(listener, self.router()).await
    }

    /// The most recent requests, oldest first, as they arrived: also those that were refused.
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.0.recent.all()
    }

    /// How many requests arrived since the start, whether still kept or not.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.recent.count()
    }

    /// How many response streams are open: begun, and neither ended nor dropped by the client.
    #[must_use]
    pub fn open_streams(&self) -> usize {
        self.0.tally.open()
    }

    /// What the real service would bill for the most recent requests that it accepted, as it stands.
    #[must_use]
    pub fn bills(&self) -> Vec<Bill> {
        self.0.bills.all()
    }

    /// How many content deltas were handed to a connection since the start.
    #[must_use]
    pub fn deltas_made(&self) -> usize {
        self.0.tally.deltas()
    }

    /// How many answers stand at this gate now.
    #[must_use]
    pub fn waiting(&self, gate: &str) -> usize {
        self.0.gates.waiting(gate)
    }

    /// Opens a gate for good: for those who wait there, and for those who come later.
    pub fn release(&self, gate: &str) {
        self.0.gates.release(gate);
    }
}
