//! Streams, one after the other and side by side, and how long each took.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::Value;

/// Where requests are sent.
#[derive(Clone)]
pub struct Target {
    http: reqwest::Client,
    url: String,
    keys: Arc<[String]>,
}

/// One stream.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// From the request's begin to the first byte of its answer's body.
    pub first: Duration,
    /// The longest wait for a piece after that.
    pub gap: Duration,
}

impl Target {
    pub fn new(url: String, keys: &Arc<[String]>) -> Self {
        Self { http: reqwest::Client::new(), url, keys: Arc::clone(keys) }
    }

    /// One stream of the key with this number.
    pub async fn stream(&self, number: usize, body: Bytes) -> Sample {
        let begun = Instant::now();
        let request = self.http.post(&self.url).header("x-api-key", &self.keys[number]);
        let request = request.header("content-type", "application/json").body(body);
        let mut response = request.send().await.unwrap();
        assert_eq!(response.status(), 200, "{}", response.text().await.unwrap());
        let (mut first, mut gap, mut bytes) = (None, Duration::ZERO, 0);
        let mut heard = begun;
        while let Some(piece) = response.chunk().await.unwrap() {
            let now = Instant::now();
            match first {
                None => first = Some(now - begun),
                Some(_) => gap = gap.max(now - heard),
            }
            heard = now;
            bytes += piece.len();
        }
        assert!(bytes > super::bodies::DELTAS * 12, "half an answer");
        Sample { first: first.expect("an answer has a first byte"), gap }
    }

    /// `requests` streams, `at_once` at a time, each of these with a key of its own.
    pub async fn load(&self, body: &Value, at_once: usize, requests: usize) -> Vec<Sample> {
        let body = Bytes::from(body.to_string());
        let begun = Arc::new(AtomicUsize::new(0));
        let workers = (0..at_once).map(|number| {
            let (target, body, begun) = (self.clone(), body.clone(), Arc::clone(&begun));
            tokio::spawn(async move {
                let mut samples = Vec::new();
                while begun.fetch_add(1, Relaxed) < requests {
                    samples.push(target.stream(number, body.clone()).await);
                }
                samples
            })
        });
        let workers: Vec<_> = workers.collect();
        let mut samples = Vec::with_capacity(requests);
        for worker in workers {
            samples.extend(worker.await.unwrap());
        }
        samples
    }
}

/// The `percent` quantile of durations.
pub fn quantile(of: impl Iterator<Item = Duration>, percent: usize) -> Duration {
    let mut all: Vec<Duration> = of.collect();
    all.sort_unstable();
    all[(all.len() - 1) * percent / 100]
}
