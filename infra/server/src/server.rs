//! A router on a port, until it is stopped.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use async_stream::stream;
use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::serve::ListenerExt;
use futures_util::StreamExt;
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

/// How long connections have to close once their streams were dropped.
const CLOSING: Duration = Duration::from_secs(1);

/// Whether the server has dropped its streams.
type DropSignal = watch::Receiver<bool>;

/// A running server. Dropping it has it take no more requests; [`Server::stop`] ends it.
pub struct Server {
    pub address: SocketAddr,
    stop: oneshot::Sender<()>,
    drop_streams: watch::Sender<bool>,
    server: JoinHandle<io::Result<()>>,
}

impl Server {
    pub fn start(listener: TcpListener, router: Router) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let ((stop, stopped), (drop_streams, dropped)) = (oneshot::channel(), watch::channel(false));
        let router = router.layer(from_fn(move |request, next| answer(request, next, dropped.clone())));
        Ok(Self { address, stop, drop_streams, server: spawn(serve(listener, router, stopped)) })
    }

    /// Takes no more requests, lets open streams end for so long, and drops them then.
    pub async fn stop(mut self, patience: Duration) {
        // The receiver is gone only if the server ended by itself.
        self.stop.send(()).ok();
        if tokio::time::timeout(patience, &mut self.server).await.is_err() {
            tracing::warn!("open streams are dropped");
            self.drop_streams.send_replace(true);
            // Whoever does not close their connection then is left to the end of the process.
            if tokio::time::timeout(CLOSING, &mut self.server).await.is_err() {
                self.server.abort();
            }
        }
    }
}

/// A handler is a task of its own, so that it goes on when its client leaves, as on Lambda: what Bedrock is generating is
/// billed whether anybody waits or not, and only its answer tells how much it is. It ends when the server drops its streams.
async fn answer(request: Request, next: Next, mut dropped: DropSignal) -> Response {
    let work = spawn(async move {
        tokio::select! {
            answer = next.run(request) => droppable(answer, dropped),
            () = wait_until_dropped(&mut dropped) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        }
    });
    work.await.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

/// The same answer; a streamed one breaks off when the server drops its streams, so that its client knows that it is not
/// whole, and its call is settled.
fn droppable(response: Response, mut dropped: DropSignal) -> Response {
    if response.body().size_hint().exact().is_some() {
        return response;
    }
    response.map(|body| {
        let mut pieces = body.into_data_stream();
        Body::from_stream(stream! {
            loop {
                let piece = tokio::select! {
                    piece = pieces.next() => piece,
                    () = wait_until_dropped(&mut dropped) => Some(Err(axum::Error::new("the server stops"))),
                };
                let Some(piece) = piece else { break };
                let is_over = piece.is_err();
                yield piece;
                if is_over {
                    break;
                }
            }
        })
    })
}

/// Waits until the server drops its streams: for ever, if it was itself dropped before.
async fn wait_until_dropped(dropped: &mut DropSignal) {
    if dropped.wait_for(|are| *are).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// A task of this process, which no Lambda freezes.
#[expect(clippy::disallowed_methods, reason = "a server outlives its answers")]
pub fn spawn<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    tokio::spawn(task)
}

async fn serve(listener: TcpListener, router: Router, stopped: oneshot::Receiver<()>) -> io::Result<()> {
    // Small events must leave at once.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
    });
    let stopped = async { stopped.await.unwrap_or_default() };
    axum::serve(listener, router).with_graceful_shutdown(stopped).await
}
