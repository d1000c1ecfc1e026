//! A server that serves, until it is stopped.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::server::workers::Workers;

/// How long the last replies may take after the calls have ended or were cut off, and what can be neither ended nor cut off.
const FLUSH: Duration = Duration::from_secs(5);

/// The same if the server was asked twice to stop.
const FLUSH_AT_ONCE: Duration = Duration::from_secs(1);

/// A server at work. Dropped, it stops without waiting for anything.
#[must_use = "a server stops when this is dropped"]
pub struct RunningServer {
    pub(super) stop: CancellationToken,
    pub(super) abort: CancellationToken,
    pub(super) tasks: TaskTracker,
    pub(super) workers: Arc<Workers>,
    pub(super) writer: JoinHandle<()>,
    pub(super) drain: Duration,
    /// Ends the subscription to the calls that are given up.
    pub(super) _listens: DropGuard,
}

impl RunningServer {
    /// Drains: no more is taken from the broker, what runs ends within the limit of [`Server::drain`](crate::Server::drain) or is cut
    /// off, and all is answered. Streams end at once. It takes 5 s more than that limit at most: a broker that answers no more, or a
    /// method that blocks its thread, is not waited for any longer.
    ///
    /// Dropping the future leaves the rest undone.
    pub async fn shutdown(mut self) {
        self.drain().await;
    }

    pub(crate) async fn drain(&mut self) {
        self.stop.cancel();
        if tokio::time::timeout(self.drain, self.idle()).await.is_err() {
            tracing::warn!(limit = ?self.drain, "calls are cut off that did not end in the time that a stopping server waits");
            self.abort.cancel();
        }
        self.flush(FLUSH).await;
    }

    pub(crate) async fn end_at_once(&mut self) {
        tracing::warn!("calls are cut off: the server was asked twice to stop");
        self.abort.cancel();
        self.flush(FLUSH_AT_ONCE).await;
    }

    /// Waits until nothing is taken any more, and nothing runs.
    async fn idle(&self) {
        self.tasks.wait().await;
        self.workers.all_free().await;
    }

    async fn flush(&mut self, limit: Duration) {
        let mut idle = false;
        let written = async {
            self.idle().await;
            idle = true;
            // The writer ends when all replies are written, as everything that could send one is gone.
            (&mut self.writer).await
        };
        if tokio::time::timeout(limit, written).await.is_ok() {
            return;
        }
        if idle {
            tracing::warn!("the server ends without its last replies: the broker did not take them in {limit:?}");
        } else {
            tracing::warn!(
                "the server ends while a method blocks its thread: dropping the runtime waits for it, `Runtime::shutdown_background` and \
                 `std::process::exit` do not"
            );
        }
        self.writer.abort();
    }
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        self.stop.cancel();
        self.abort.cancel();
    }
}

impl fmt::Debug for RunningServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RunningServer").field("drain", &self.drain).finish_non_exhaustive()
    }
}
