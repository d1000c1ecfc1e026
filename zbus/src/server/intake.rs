//! The tasks that take requests out of the module's lists: as many at once as there are free workers, so that the servers of a
//! module share the load.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use backon::BackoffBuilder;
use bytes::Bytes;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::dispatch::Dispatcher;
use super::portion::Portion;
use super::reply::{Inboxes, ReplyTo, Sent};
use super::workers::Workers;
use crate::backoff::{LONGEST_DELAY, reconnect_backoff};
use crate::broker::{BrokerError, Popped, Popper};
use crate::drops::{Beginning, Drops, Reason};
use crate::outbox::Outbox;
use crate::status::Status;
use crate::wire::{OutgoingResponse, Request};

/// One pop shall stay near this many bytes: what a crash would lose, and what memory holds at once.
const POP_BYTES: usize = 4 << 20;

/// After so many calls others have their turn: their methods may have run right here.
const TURN: usize = 64;

/// A popper that survives the loss of its connection.
pub(super) struct Intake {
    pub(super) popper: Box<dyn Popper>,
    pub(super) lists: Vec<Arc<str>>,
    /// Rung where the broker is lost.
    pub(super) lost: Arc<Notify>,
    pub(super) stop: CancellationToken,
}

impl Intake {
    /// Requests for the objects that a pool of workers runs, until `stop`. Whatever was popped by then is dispatched.
    pub(super) async fn requests(mut self, dispatcher: Arc<Dispatcher>, pool: usize) {
        let mut message_bytes = 0;
        let mut portion = Portion::new();
        let mut kept = dispatcher.kept();
        let has_threads = Handle::current().runtime_flavor() != RuntimeFlavor::CurrentThread;
        loop {
            let free = self.stop.run_until_cancelled(dispatcher.workers.reserve(pool)).await;
            let Some(Some(mut free)) = free else { return };
            let count = free.count().min(portion.size()).min(POP_BYTES / usize::max(message_bytes, 1)).max(1);
            let Some(popped) = self.pop(count).await else { return };
            portion.came(count, popped.messages.len());
            let mut arrival = dispatcher.arrival(pool);
            for (index, message) in popped.messages.into_iter().enumerate() {
                message_bytes = usize::midpoint(message_bytes, message.len());
                if index % TURN == TURN - 1 {
                    tokio::task::yield_now().await;
                    arrival = dispatcher.arrival(pool);
                }
                dispatcher.dispatch(message, arrival, &mut free, &mut kept).await;
            }
            if has_threads {
                offer_to_other_threads().await;
            }
            // A pop serves the first list that has any: each gets its turn to be that.
            let served = (popped.list + 1).min(self.lists.len());
            self.lists.rotate_left(served);
        }
    }

    /// Status requests, until `stop`.
    pub(super) async fn status_requests(mut self, server: StatusSource) {
        while let Some(popped) = self.pop(16).await {
            for message in popped.messages {
                server.answer(&message).await;
            }
        }
    }

    /// None when there is nothing more to come.
    async fn pop(&mut self, count: usize) -> Option<Popped> {
        let mut delays = reconnect_backoff().build();
        loop {
            match self.popper.pop(&self.lists, count, &self.stop).await {
                Ok(popped) if popped.messages.is_empty() && self.stop.is_cancelled() => return None,
                Ok(popped) => return Some(popped),
                Err(error) => {
                    self.interrupted(&error);
                    self.lost.notify_one();
                    let delay = delays.next().unwrap_or(LONGEST_DELAY);
                    self.stop.run_until_cancelled(tokio::time::sleep(delay)).await?;
                }
            }
        }
    }

    fn interrupted(&self, error: &BrokerError) {
        tracing::warn!(%error, lists = ?self.lists, "requests are interrupted");
    }
}

/// Lets another thread go on with this task. A call that it has begun is the next that this thread runs: one that blocks would keep this
/// thread, and where no other was woken nobody would look for input meanwhile, not even for the status. A task that is woken while it
/// runs is offered to the others, unlike one that it begins.
async fn offer_to_other_threads() {
    let mut offered = false;
    poll_fn(|context| {
        if std::mem::replace(&mut offered, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Answers for the server itself.
pub(super) struct StatusSource {
    /// What does not change while it serves.
    pub(super) constant: Status,
    pub(super) workers: Arc<Workers>,
    pub(super) outbox: Outbox<Sent>,
    pub(super) drops: Arc<Drops>,
    pub(super) inboxes: Inboxes,
}

impl StatusSource {
    async fn answer(&self, message: &Bytes) {
        let request = match Request::decode(message) {
            Ok(request) => request,
            Err(error) => return self.drops.note(Reason::Malformed, error),
        };
        let Some(reply_to) = ReplyTo::new(request.generation, request.reply_to, None, &self.inboxes) else {
            return self.drops.note(Reason::ForeignReplyTo, Beginning(request.reply_to));
        };
        let status = Status {
            workers: self.workers.status(),
            counters: Some(self.workers.counters.status()),
            ..self.constant.clone()
        };
        let mut response = OutgoingResponse::new(request.generation, request.id);
        match response.value::<serde_with::Same, _>(&status).and_then(|()| response.encode()) {
            Ok(message) => reply_to.send(&self.outbox, message).await,
            Err(error) => tracing::error!(%error, "the status cannot be encoded"),
        }
    }
}
