//! One writer for all that a client or a server sends: it drains what waits into one batch, so that many calls share a round trip.

mod gather;
mod queue;

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;

pub(crate) use self::gather::Gatherer;
use self::queue::{Receiver, Sender, Unsent};
use crate::backoff::reconnect_backoff;
use crate::broker::{Broker, BrokerError, Write};

/// How many bytes of large messages may wait. Small ones are bounded by their number alone, which is cheaper.
const LARGE_BYTES: usize = 64 << 20;
const LARGE: usize = 16 << 10;

/// Follows writes to their end.
pub(crate) trait Tracker: Send + 'static {
    /// What a write is known by.
    type Tag: Send;

    /// Just before a batch is written: takes out what nobody wants any more.
    fn begin(&self, batch: &mut Vec<Waiting<Self::Tag>>);

    /// Afterwards, with what came of each of the batch. What it leaves in there is tried again.
    fn end(&self, batch: &mut Vec<Waiting<Self::Tag>>, outcomes: Vec<Result<(), BrokerError>>);
}

/// The way to the writer. The writer ends when all of these are gone and everything is written.
#[derive(Debug)]
pub(crate) struct Outbox<T> {
    senders: Arc<Sender<T>>,
    /// A permit is a piece of [`LARGE`] bytes.
    large: Arc<Semaphore>,
}

/// Something to be written.
#[derive(Debug)]
pub(crate) struct Waiting<T> {
    pub(crate) tag: T,
    pub(crate) write: Write,
    /// The room that a large one takes.
    _room: Option<OwnedSemaphorePermit>,
}

impl<T> Clone for Outbox<T> {
    fn clone(&self) -> Self {
        Self { senders: Arc::clone(&self.senders), large: Arc::clone(&self.large) }
    }
}

/// The writer has ended: the runtime is shutting down.
#[derive(Debug)]
pub(crate) struct Closed;

impl<T: Send + 'static> Outbox<T> {
    pub(crate) fn start<K: Tracker<Tag = T>>(broker: Arc<dyn Broker>, tracker: K) -> (Self, JoinHandle<()>) {
        let (senders, waiting) = queue::new();
        let writer = Writer { broker, tracker, waiting, failed: VecDeque::new(), delays: delays() };
        let large = Arc::new(Semaphore::new(LARGE_BYTES / LARGE));
        (Self { senders: Arc::new(senders), large }, tokio::spawn(writer.run()))
    }

    /// Waits for room. Dropping the future sends nothing.
    pub(crate) async fn send(&self, tag: T, write: Write) -> Result<(), Closed> {
        let pieces = (write.message().len() / LARGE).min(LARGE_BYTES / LARGE);
        let room = match u32::try_from(pieces) {
            Ok(pieces @ 1..) => Arc::clone(&self.large).acquire_many_owned(pieces).await.ok(),
            _ => None,
        };
        match self.senders.push(Waiting { tag, write, _room: room }) {
            Ok(()) => Ok(()),
            Err(Unsent::Closed) => Err(Closed),
            Err(Unsent::Full(waiting)) => Box::pin(self.senders.push_when_there_is_room(waiting)).await,
        }
    }

    /// The like, if there is room at once; otherwise nothing is sent.
    pub(crate) fn try_send(&self, tag: T, write: Write) -> bool {
        write.message().len() < LARGE && self.senders.push(Waiting { tag, write, _room: None }).is_ok()
    }

    /// Has what is sent from several tasks go out together.
    pub(crate) fn gatherer(&self) -> Gatherer<T> {
        Gatherer::new(self.senders.queue())
    }
}

struct Writer<K: Tracker> {
    broker: Arc<dyn Broker>,
    tracker: K,
    waiting: Receiver<K::Tag>,
    /// To be tried again.
    failed: VecDeque<Waiting<K::Tag>>,
    delays: ExponentialBackoff,
}

/// Between two tries: short, as somebody waits for what is written.
fn delays() -> ExponentialBackoff {
    reconnect_backoff().with_max_delay(LONGEST_DELAY).build()
}

const LONGEST_DELAY: Duration = Duration::from_secs(1);

impl<K: Tracker> Writer<K> {
    async fn run(mut self) {
        let mut batch = Vec::new();
        loop {
            // A broker that is ready at once would let this go on without end.
            tokio::task::coop::consume_budget().await;
            // Alone: where it is what breaks the connection, it breaks it for no other.
            if let Some(failed) = self.failed.pop_front() {
                batch.push(failed);
                self.write(&mut batch).await;
            }
            let waiting = &self.waiting;
            let taken = if self.failed.is_empty() {
                poll_fn(|context| waiting.poll_batch(&mut batch, context)).await
            } else {
                // What waits is written between the tries.
                poll_fn(|context| Poll::Ready(waiting.poll_batch(&mut batch, context))).await == Poll::Ready(true)
            };
            if taken {
                self.write(&mut batch).await;
            } else if self.failed.is_empty() {
                return;
            }
        }
    }

    async fn write(&mut self, batch: &mut Vec<Waiting<K::Tag>>) {
        self.tracker.begin(batch);
        if batch.is_empty() {
            return;
        }
        // A clone shares the message's memory.
        let outcomes = self.broker.write(batch.iter().map(|waiting| waiting.write.clone()).collect()).await;
        self.tracker.end(batch, outcomes);
        if batch.is_empty() {
            self.delays = delays();
        } else {
            self.failed.extend(batch.drain(..));
            tokio::time::sleep(self.delays.next().unwrap_or(LONGEST_DELAY)).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures::FutureExt;
    use parking_lot::Mutex;
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::broker::memory;

    struct Even(Arc<Mutex<Vec<u32>>>);

    impl Tracker for Even {
        type Tag = u32;

        fn begin(&self, batch: &mut Vec<Waiting<u32>>) {
            batch.retain(|waiting| waiting.tag.is_multiple_of(2));
        }

        fn end(&self, batch: &mut Vec<Waiting<u32>>, outcomes: Vec<Result<(), BrokerError>>) {
            assert!(outcomes.len() == batch.len() && outcomes.iter().all(Result::is_ok));
            self.0.lock().extend(batch.drain(..).map(|waiting| waiting.tag));
        }
    }

    struct All;

    impl Tracker for All {
        type Tag = ();

        fn begin(&self, _: &mut Vec<Waiting<()>>) {}

        fn end(&self, batch: &mut Vec<Waiting<()>>, _: Vec<Result<(), BrokerError>>) {
            batch.clear();
        }
    }

    #[tokio::test]
    async fn large_messages_wait_for_room_and_small_ones_do_not() {
        // The writer is a task of this thread: it takes nothing before there is something to wait for.
        let (outbox, _) = Outbox::start(memory::open("large"), All);
        let write = |len| Write::Publish { channel: "c".into(), message: vec![0; len].into() };
        for _ in 0..2 {
            outbox.send((), write(LARGE_BYTES / 2)).now_or_never().unwrap().unwrap();
        }
        assert!(outbox.send((), write(LARGE)).now_or_never().is_none());
        outbox.send((), write(LARGE - 1)).now_or_never().unwrap().unwrap();
        // What is larger than all room takes all of it.
        outbox.send((), write(LARGE_BYTES + LARGE)).await.unwrap();
        assert!(outbox.send((), write(LARGE)).now_or_never().is_none());
        outbox.send((), write(LARGE)).await.unwrap();
    }

    #[tokio::test]
    async fn what_nobody_wants_any_more_is_not_written_and_the_rest_is_before_the_writer_ends() {
        let broker = memory::open("outbox");
        let written = Arc::default();
        let (outbox, writer) = Outbox::start(Arc::clone(&broker), Even(Arc::clone(&written)));
        for tag in 0..5_u32 {
            let message = Bytes::copy_from_slice(&tag.to_be_bytes());
            outbox.send(tag, Write::Push { list: "list".into(), message, expire: None }).await.unwrap();
        }
        drop(outbox);
        writer.await.unwrap();
        assert_eq!(*written.lock(), [0, 2, 4]);
        let stop = CancellationToken::new();
        let popped = broker.popper().await.unwrap().pop(&["list".into()], 9, &stop).await.unwrap();
        assert_eq!(popped.messages, [0_u32, 2, 4].map(|tag| Bytes::copy_from_slice(&tag.to_be_bytes())));
    }
}
