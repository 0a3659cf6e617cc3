//! Counters over all answers: what lets a test tell that a stream flowed, or was closed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

#[derive(Default)]
pub(super) struct RequestCounters {
    open: AtomicUsize,
    deltas: AtomicUsize,
}

/// One open stream. It lives inside the response body, so it ends when the body ends or when
/// the server drops the body because the client has gone.
pub(super) struct OpenStream(Arc<RequestCounters>);

impl RequestCounters {
    pub(super) fn open_stream(self: &Arc<Self>) -> OpenStream {
        self.open.fetch_add(1, Ordering::SeqCst);
        OpenStream(Arc::clone(self))
    }

    pub(super) fn delta(&self) {
        self.deltas.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }

    pub(super) fn deltas(&self) -> usize {
        self.deltas.load(Ordering::SeqCst)
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}
