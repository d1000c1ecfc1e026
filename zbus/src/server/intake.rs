//! The tasks that take requests out of the module's lists: as many at once as there are free workers, so that the servers of a
//! module share the load.

use std::sync::Arc;

use backon::BackoffBuilder;
use bytes::Bytes;
use tokio::sync::Notify;
use tokio::task::yield_now;
use tokio_util::sync::CancellationToken;

use super::dispatch::Dispatcher;
use super::portion::Portion;
use super::reply::{Inboxes, ReplyTo, Sent};
use super::workers::{Free, Workers, status_pool};
use crate::backoff::{LONGEST_DELAY, reconnect_backoff};
use crate::broker::{BrokerError, Popped, Popper};
use crate::drops::{Beginning, Drops, Reason};
use crate::log_limit::Outage;
use crate::outbox::Outbox;
use crate::status::Status;
use crate::threads::{has_threads, offer_to_other_threads};
use crate::wire::{OutgoingResponse, Request};

/// One pop shall stay near this many bytes: what a crash would lose, and what memory holds at once.
const POP_BYTES: usize = 4 << 20;

/// After so many calls others have their turn: their methods may have run right here.
const TURN: usize = 64;

/// A popper that survives the loss of its connection.
pub(super) struct Intake {
    pub(super) popper: Box<dyn Popper>,
    pub(super) lists: Vec<Arc<str>>,
    /// Notified when the broker is lost.
    pub(super) lost: Arc<Notify>,
    pub(super) stop: CancellationToken,
    pub(super) outage: Outage,
}

impl Intake {
    /// Requests for the objects that a pool of workers runs, until `stop`. Whatever was popped by then is dispatched.
    pub(super) async fn requests(mut self, dispatcher: Arc<Dispatcher>, pool: usize) {
        let mut message_bytes = 0;
        let mut portion = Portion::new();
        let mut kept = dispatcher.kept();
        let mut gatherer = dispatcher.outbox.gatherer();
        let has_threads = has_threads();
        loop {
            let free = self.stop.run_until_cancelled(dispatcher.workers.reserve(pool)).await;
            let Some(Some(mut free)) = free else { return };
            let count = free.count().min(portion.size()).min(POP_BYTES / usize::max(message_bytes, 1)).max(1);
            let Some(popped) = self.pop(count).await else { return };
            let came = popped.messages.len();
            portion.came(count, came);
            let mut arrival = dispatcher.arrival(pool);
            // On several threads, what this begins is under way before it is through.
            let mut gathering = gatherer.gather(came);
            for (index, message) in popped.messages.into_iter().enumerate() {
                message_bytes = usize::midpoint(message_bytes, message.len());
                if index % TURN == TURN - 1 {
                    if has_threads {
                        offer_to_other_threads().await;
                    } else {
                        yield_now().await;
                    }
                    drop(gathering);
                    gathering = gatherer.gather(came - index);
                    arrival = dispatcher.arrival(pool);
                }
                dispatcher.dispatch(message, arrival, &mut free, &mut kept).await;
            }
            if has_threads {
                offer_to_other_threads().await;
            }
            drop(gathering);
            // A pop serves the first list that has any: each gets its turn to be that.
            let served = (popped.list + 1).min(self.lists.len());
            self.lists.rotate_left(served);
        }
    }

    /// Status requests, until `stop`.
    pub(super) async fn status_requests(mut self, server: StatusSource) {
        let pool = status_pool();
        while let Some(mut free) = self.stop.run_until_cancelled(pool.reserve()).await {
            let Some(popped) = self.pop(free.count()).await else { return };
            for message in popped.messages {
                server.answer(&message, &mut free).await;
            }
        }
    }

    /// None when there is nothing more to come.
    async fn pop(&mut self, count: usize) -> Option<Popped> {
        let mut delays = reconnect_backoff().build();
        loop {
            match self.popper.pop(&self.lists, count, &self.stop).await {
                Ok(popped) if popped.messages.is_empty() && self.stop.is_cancelled() => return None,
                Ok(popped) => {
                    if self.outage.is_over() {
                        tracing::info!(lists = ?self.lists, "requests are taken again");
                    }
                    return Some(popped);
                }
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
        if let Some(count) = self.outage.failed(1) {
            tracing::warn!(%error, count, lists = ?self.lists, "no requests can be taken: it is tried again");
        }
    }
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
    async fn answer(&self, message: &Bytes, free: &mut Free) {
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
            Ok(message) => {
                // There is one, as no more was popped than was reserved.
                let Some(unwritten) = free.take_reply() else { return };
                reply_to.send(&self.outbox, message, unwritten).await;
            }
            Err(error) => tracing::error!(%error, "the status cannot be encoded"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use parking_lot::Mutex;

    use crate::client::RemoteObject;
    use crate::server::{Call, Object, Rejection, Returns};
    use crate::{Client, ObjectId, Server};

    /// Its `Block` keeps its thread until it may go on.
    struct Gate(Mutex<mpsc::Receiver<()>>);

    impl Object for Gate {
        fn id(&self) -> ObjectId {
            ObjectId::from_static("gate", "1.0")
        }

        async fn call(&self, call: Call) -> Result<Returns, Rejection> {
            if call.method() == "Block" {
                let _ = self.0.lock().recv();
            }
            Ok(call.returns())
        }
    }

    /// Several turns of a batch.
    const CALLS: usize = 400;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_call_that_keeps_its_thread_keeps_none_that_came_with_it() {
        let (open, gate) = mpsc::channel();
        let server = Server::new("gates").workers(1024).register(Gate(Mutex::new(gate))).unwrap();
        let server = server.start("memory://intake-gate").await.unwrap();
        let client = Client::connect("memory://intake-gate").await.unwrap();
        let gate = RemoteObject::new(client, "gates", ObjectId::from_static("gate", "1.0"));
        // Which thread has which call is chance.
        for round in 0..40 {
            let blocked = round * 7 % CALLS;
            let mut calls = Vec::new();
            for index in 0..CALLS {
                let gate = gate.clone();
                let method = if index == blocked { "Block" } else { "Quick" };
                calls.push(tokio::spawn(async move { gate.request(method).call(0).await.map(drop) }));
            }
            let blocked = calls.remove(blocked);
            let others = tokio::time::timeout(Duration::from_secs(20), futures::future::join_all(calls)).await;
            open.send(()).unwrap();
            for other in others.expect("the others wait for the one that keeps its thread") {
                other.unwrap().unwrap();
            }
            blocked.await.unwrap().unwrap();
        }
        server.shutdown().await;
    }
}
