//! A router on a port, until it is stopped.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A running server. Dropping it leaves it to the runtime; [`Serving::stop`] ends it.
pub struct Serving {
    pub address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<io::Result<()>>,
}

impl Serving {
    pub fn start(listener: TcpListener, router: Router) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        Ok(Self { address, stop, server: spawn(serve(listener, router, stopped)) })
    }

    /// Takes no more requests, lets open streams end for so long, and drops them then.
    pub async fn stop(self, patience: Duration) {
        // The receiver is gone only if the server ended by itself.
        self.stop.send(()).ok();
        let abort = self.server.abort_handle();
        if tokio::time::timeout(patience, self.server).await.is_err() {
            tracing::warn!("open streams are dropped");
            abort.abort();
        }
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
