//! What arrived: the recent requests, kept for assertions.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::HeaderMap;
use bytes::Bytes;
use serde_json::Value;

/// How many requests are kept at most.
const REQUESTS: usize = 4096;

/// How many body bytes are kept at most. Claude Code sends 50 to 130 KB per request, so the
/// count alone would let a long local session grow to half a gigabyte.
const BYTES: usize = 64 * 1024 * 1024;

/// The operation a request asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FakeOperation {
    /// `InvokeModel`: the whole message at once.
    Invoke,
    /// `InvokeModelWithResponseStream`.
    InvokeStream,
    /// `Converse`: the whole message at once.
    Converse,
    /// `ConverseStream`.
    ConverseStream,
    /// `CountTokens`.
    CountTokens,
}

/// One request as it arrived.
#[derive(Clone, Debug)]
pub struct RecordedRequest {
    /// What it asked for.
    pub operation: FakeOperation,
    /// The model id or ARN, percent-decoded.
    pub model: String,
    /// All its headers, the SDK's signature included.
    pub headers: HeaderMap,
    /// The raw body.
    pub body: Bytes,
}

impl RecordedRequest {
    /// The body as JSON; `Null` when it is not JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// Whether its body holds a word.
    pub(crate) fn says(&self, word: &str) -> bool {
        std::str::from_utf8(&self.body).is_ok_and(|body| body.contains(word))
    }
}

/// The recent requests, bounded by number and by size.
#[derive(Default)]
pub(crate) struct Recent(Mutex<Ring>);

#[derive(Default)]
struct Ring {
    requests: VecDeque<RecordedRequest>,
    bytes: usize,
    count: usize,
}

impl Recent {
    /// Keeps a request and returns its number, counted from 1.
    pub(crate) fn keep(&self, received: RecordedRequest) -> usize {
        let mut ring = self.ring();
        ring.count += 1;
        ring.bytes += received.body.len();
        ring.requests.push_back(received);
        // The newest stays whatever its size: a test that sends 80 MB wants to see it.
        while ring.requests.len() > 1 && (ring.requests.len() > REQUESTS || ring.bytes > BYTES) {
            let gone = ring.requests.pop_front().map_or(0, |oldest| oldest.body.len());
            ring.bytes -= gone;
        }
        ring.count
    }

    pub(crate) fn all(&self) -> Vec<RecordedRequest> {
        self.ring().requests.iter().cloned().collect()
    }

    pub(crate) fn count(&self) -> usize {
        self.ring().count
    }

    /// `keep` is the only writer and does not panic midway, so a poisoned lock is still good.
    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_newest_within_bounds() {
        let recent = Recent::default();
        let keep = |model: &str, size: usize| {
            let body = Bytes::from(vec![0; size]);
            let (operation, headers) = (FakeOperation::Invoke, HeaderMap::new());
            recent.keep(RecordedRequest { operation, model: model.to_owned(), headers, body })
        };
        let models = || -> Vec<String> { recent.all().into_iter().map(|received| received.model).collect() };
        keep("a", BYTES);
        assert_eq!(models(), ["a"]);
        keep("b", 1);
        assert_eq!(models(), ["b"]);
        for _ in 0..REQUESTS {
            keep("c", 0);
        }
        assert_eq!((models().len(), models()[0].as_str(), recent.count()), (REQUESTS, "c", REQUESTS + 2));
    }

    #[test]
    fn finds_a_word() {
        for (body, word, says) in [
            (&b"{\"text\":\"one word-7.\"}"[..], "word-7", true),
            (b"{\"text\":\"one word-7.\"}", "word-8", false),
            (b"\xff word-7", "word-7", false),
        ] {
            let (operation, headers) = (FakeOperation::Converse, HeaderMap::new());
            let model = "amazon.nova-pro-v1:0".to_owned();
            let received = RecordedRequest { operation, model, headers, body: Bytes::from_static(body) };
            assert_eq!(received.says(word), says, "{word}");
        }
    }
}
