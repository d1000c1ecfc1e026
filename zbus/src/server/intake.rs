//! The tasks that take requests out of the module's lists: as many at once as there are free workers, so that the servers of a
//! module share the load.

mod batch_size;
mod status;

use std::sync::Arc;

use backon::BackoffBuilder;

use self::batch_size::BatchSize;
pub(super) use self::status::StatusSource;
use super::calls::{Dispatcher, Objects};
use super::state::State;
use super::workers::status_pool;
use crate::ObjectId;
use crate::backoff::{LONGEST_DELAY, reconnect_backoff};
use crate::broker::{BrokerError, Popped, Popper};
use crate::error::Error;
use crate::log_limit::Outage;
use crate::object_id;
use crate::scheduling::Scheduling;

/// One pop should stay near this many bytes: what a crash would lose, and what memory holds at once.
const POP_BYTES: usize = 4 << 20;

/// After so many calls other tasks have their turn: the methods may have run right here.
const TURN: usize = 64;

/// Takes requests for the objects that a pool of workers runs.
pub(super) async fn start(
    state: &Arc<State>,
    objects: &Arc<Objects>,
    pool: usize,
    queues: Vec<Arc<str>>,
) -> Result<(), Error> {
    let intake = Intake::new(state, queues).await?;
    let dispatcher = Dispatcher::new(Arc::clone(state), Arc::clone(objects), pool);
    state.tasks.spawn(intake.requests(dispatcher, pool));
    Ok(())
}

/// Answers requests for the status.
pub(super) async fn start_status(state: &Arc<State>, source: StatusSource) -> Result<(), Error> {
    let queues = [ObjectId::STATUS.queue(&state.module), object_id::instance_queue(&state.module, &state.instance)];
    let intake = Intake::new(state, queues.map(Arc::from).into()).await?;
    state.tasks.spawn(intake.status_requests(source));
    Ok(())
}

/// A popper that survives the loss of its connection.
struct Intake {
    state: Arc<State>,
    popper: Box<dyn Popper>,
    queues: Vec<Arc<str>>,
    outage: Outage,
}

impl Intake {
    async fn new(state: &Arc<State>, queues: Vec<Arc<str>>) -> Result<Self, Error> {
        let popper = state.broker.popper().await?;
        Ok(Self { state: Arc::clone(state), popper, queues, outage: Outage::default() })
    }

    /// Takes requests until the server stops. What was popped by then is dispatched.
    async fn requests(mut self, mut dispatcher: Dispatcher, pool: usize) {
        let state = Arc::clone(&self.state);
        let mut message_bytes = 0;
        let mut batch_size = BatchSize::new();
        let mut gatherer = state.outbox.gatherer();
        loop {
            let free = state.stop.run_until_cancelled(state.workers.reserve(pool)).await;
            let Some(Some(mut free)) = free else { return };
            let count = free.count().min(batch_size.get()).min(POP_BYTES / usize::max(message_bytes, 1)).max(1);
            let Some(popped) = self.pop(count).await else { return };
            let came = popped.messages.len();
            batch_size.came(count, came);
            let mut arrival = dispatcher.arrival();
            // On several threads, the calls are under way before all of them have begun: their replies go out together.
            let mut gathering = gatherer.gather(came);
            for (index, message) in popped.messages.into_iter().enumerate() {
                message_bytes = usize::midpoint(message_bytes, message.len());
                if index % TURN == TURN - 1 {
                    state.scheduling.give_way().await;
                    drop(gathering);
                    gathering = gatherer.gather(came - index);
                    arrival = dispatcher.arrival();
                }
                dispatcher.dispatch(message, arrival, &mut free).await;
            }
            if state.scheduling == Scheduling::MultiThreaded {
                state.scheduling.give_way().await;
            }
            drop(gathering);
            // A pop serves the first list that has any: each gets its turn to be that.
            let served = (popped.list + 1).min(self.queues.len());
            self.queues.rotate_left(served);
        }
    }

    /// Takes requests for the status until the server stops.
    async fn status_requests(mut self, source: StatusSource) {
        let state = Arc::clone(&self.state);
        let pool = status_pool();
        while let Some(mut free) = state.stop.run_until_cancelled(pool.reserve()).await {
            let Some(popped) = self.pop(free.count()).await else { return };
            for message in popped.messages {
                source.answer(&message, &mut free).await;
            }
        }
    }

    /// None when nothing more is taken.
    async fn pop(&mut self, count: usize) -> Option<Popped> {
        let stop = &self.state.stop;
        let mut delays = reconnect_backoff().build();
        loop {
            match self.popper.pop(&self.queues, count, stop).await {
                Ok(popped) if popped.messages.is_empty() && stop.is_cancelled() => return None,
                Ok(popped) => {
                    if self.outage.is_over() {
                        tracing::info!(queues = ?self.queues, "requests are taken again");
                    }
                    return Some(popped);
                }
                Err(error) => {
                    self.interrupted(&error);
                    self.state.lost.notify_one();
                    let delay = delays.next().unwrap_or(LONGEST_DELAY);
                    stop.run_until_cancelled(tokio::time::sleep(delay)).await?;
                }
            }
        }
    }

    fn interrupted(&self, error: &BrokerError) {
        if let Some(count) = self.outage.failed(1) {
            tracing::warn!(%error, count, queues = ?self.queues, "no requests can be taken: the server tries again");
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
