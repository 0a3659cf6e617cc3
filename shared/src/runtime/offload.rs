//! Long work beside other requests: it must not keep them from a worker of the runtime.

use std::future::{Future, poll_fn};
use std::pin::Pin;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::block_in_place;

/// From this size on a body is work: a megabyte is looked through in some milliseconds.
pub const LARGE_BODY: usize = 256 << 10;

/// Awaits `work` as it is, or, where it `is_long`, so that every step of it leaves its worker to other tasks. A runtime with
/// one thread has nobody else to give them to.
pub async fn offload_if<F: Future>(is_long: bool, mut work: Pin<Box<F>>) -> F::Output {
    if !is_long {
        return work.await;
    }
    poll_fn(|context| run_in_place(|| work.as_mut().poll(context))).await
}

/// Runs `work` so that other tasks of its worker go on elsewhere.
pub fn run_in_place<T>(work: impl FnOnce() -> T) -> T {
    match Handle::current().runtime_flavor() {
        RuntimeFlavor::MultiThread => block_in_place(work),
        _ => work(),
    }
}
