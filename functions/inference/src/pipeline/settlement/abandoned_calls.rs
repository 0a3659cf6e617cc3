//! Calls whose client has left, settled beside the requests of a server.

use std::task::Poll;

use futures_util::StreamExt;
use futures_util::stream::poll_fn;
use stargate_core::spend::Status;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::{Semaphore, watch};

use super::Settler;
use crate::pipeline::in_flight::AbandonedCall;

/// How many calls are settled at once: a server that stops has hundreds, and ten seconds.
const MAX_CONCURRENT: usize = 64;

impl Settler {
    /// Settles dropped calls until every sender is gone: a server's companion, to be awaited before it exits.
    ///
    /// Streams are read on until what they used is counted. When the last sender is gone the server ends, and they are settled
    /// as they are then.
    pub async fn settle_abandoned(self, mut dropped: UnboundedReceiver<AbandonedCall>) {
        let (stop, stopping) = watch::channel(false);
        let dropped = poll_fn(|task| {
            let next = dropped.poll_recv(task);
            if matches!(next, Poll::Ready(None)) {
                stop.send_replace(true);
            }
            next
        });
        let settling = Semaphore::new(MAX_CONCURRENT);
        let settled = dropped.for_each_concurrent(None, |abandoned| {
            let (settler, stopping, settling) = (&self, stopping.clone(), &settling);
            async move {
                match abandoned {
                    AbandonedCall::Streaming(call) => {
                        let mut running = call.read_on(stopping).await;
                        let _permit = settling.acquire().await;
                        running.settle(Status::Cancelled).await;
                    }
                    AbandonedCall::Ended { admission, record } => {
                        let _permit = settling.acquire().await;
                        settler.settle(&admission, &record).await;
                    }
                }
            }
        });
        settled.await;
    }
}
