//! One writer for everything that a client or a server sends. It writes what waits as one batch, so that many calls share a round trip.

mod gather;
mod queue;
mod retries;
mod writer;

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;

pub(crate) use self::gather::Gatherer;
use self::queue::{Sender, Then, Unsent};
use self::writer::Writer;
use crate::broker::{Broker, BrokerError, Write};
use crate::context::Context;
use crate::scheduling::Scheduling;

/// How many bytes of large messages may wait. Small ones are bounded by their number alone, which is cheaper.
const LARGE_BYTES: usize = 64 << 20;
const LARGE: usize = 16 << 10;

/// Follows writes to their end.
pub(crate) trait Tracker: Send + 'static {
    /// What a write is known by.
    type Tag: Send;

    /// Just before a batch is written: takes out what is not wanted any more.
    fn begin(&self, batch: &mut Vec<Waiting<Self::Tag>>);

    /// Afterwards, with the outcome of each write of the batch. What it leaves in the batch is written again, after a pause.
    fn end(&self, batch: &mut Vec<Waiting<Self::Tag>>, outcomes: Vec<Result<(), BrokerError>>);

    /// Whether the writer pauses after a batch of which the broker has taken nothing, because it is out of reach or not ready. If not,
    /// each sender learns at once that its write has failed.
    fn pauses(&self) -> bool {
        false
    }
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
    /// How often it has failed.
    failures: u32,
    /// The room that a large one takes.
    _room: Option<OwnedSemaphorePermit>,
}

impl<T> Waiting<T> {
    fn new(tag: T, write: Write, room: Option<OwnedSemaphorePermit>) -> Self {
        Self { tag, write, failures: 0, _room: room }
    }
}

impl<T> Clone for Outbox<T> {
    fn clone(&self) -> Self {
        Self { senders: Arc::clone(&self.senders), large: Arc::clone(&self.large) }
    }
}

/// The writer has ended: the runtime is shutting down.
#[derive(Debug)]
pub(crate) struct Closed;

/// What a task is expected to do after it has sent a call. A method may block its thread, and must not hold up the calls of others. Any
/// other task waits for its answer as a rule; with one call in flight it is cheaper to have the writer run next on the same thread than to wake another thread.
fn after_sending() -> Then {
    if Context::is_within_a_call() { Then::GoesOn } else { Then::Ends }
}

impl<T: Send + 'static> Outbox<T> {
    /// Starts the writer on the current runtime.
    pub(crate) fn start<K: Tracker<Tag = T>>(broker: Arc<dyn Broker>, tracker: K) -> (Self, JoinHandle<()>) {
        let (senders, waiting) = queue::new(Scheduling::current());
        let large = Arc::new(Semaphore::new(LARGE_BYTES / LARGE));
        let writer = Writer::new(broker, tracker, waiting);
        (Self { senders: Arc::new(senders), large }, tokio::spawn(writer.run()))
    }

    /// Waits for room. Dropping the future sends nothing.
    pub(crate) async fn send(&self, tag: T, write: Write) -> Result<(), Closed> {
        self.enter(tag, write, after_sending()).await
    }

    /// [`Outbox::send`] for a task of which nothing is known.
    pub(crate) async fn send_and_go_on(&self, tag: T, write: Write) -> Result<(), Closed> {
        self.enter(tag, write, Then::GoesOn).await
    }

    /// [`Outbox::send`] for a task of the library's own, which ends or waits right after it.
    pub(crate) async fn send_and_end(&self, tag: T, write: Write) -> Result<(), Closed> {
        self.enter(tag, write, Then::Ends).await
    }

    async fn enter(&self, tag: T, write: Write, then: Then) -> Result<(), Closed> {
        let pieces = (write.message().len() / LARGE).min(LARGE_BYTES / LARGE);
        let room = match u32::try_from(pieces) {
            Ok(pieces @ 1..) => Arc::clone(&self.large).acquire_many_owned(pieces).await.ok(),
            _ => None,
        };
        match self.senders.push(Waiting::new(tag, write, room), then) {
            Ok(()) => Ok(()),
            Err(Unsent::Closed) => Err(Closed),
            Err(Unsent::Full(waiting)) => Box::pin(self.senders.push_when_there_is_room(waiting, then)).await,
        }
    }

    /// Sends if there is room at once; otherwise nothing is sent.
    pub(crate) fn try_send(&self, tag: T, write: Write) -> bool {
        write.message().len() < LARGE && self.senders.push(Waiting::new(tag, write, None), after_sending()).is_ok()
    }

    /// Has what is sent from several tasks go out together.
    pub(crate) fn gatherer(&self) -> Gatherer<T> {
        Gatherer::new(self.senders.queue())
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
