//! One writer for all that a client or a server sends: it drains what waits into one batch, so that many calls share a round trip.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinHandle;

use crate::backoff::reconnect_backoff;
use crate::broker::{Broker, BrokerError, Write};

/// How many writes may wait; who sends more waits with them.
const CAPACITY: usize = 4096;

/// How many bytes of large messages may wait. Small ones are bounded by their number alone, which is cheaper.
const LARGE_BYTES: usize = 64 << 20;
const LARGE: usize = 16 << 10;

/// A batch takes no further message beyond this many bytes.
const BATCH_BYTES: usize = 1 << 20;

/// Follows each write to its end.
pub(crate) trait Tracker: Send + 'static {
    /// What a write is known by.
    type Tag: Send;

    /// Just before it is written: false where nobody wants it any more.
    fn begin(&self, tag: &Self::Tag) -> bool;

    /// Afterwards. A write that failed comes along, and is tried again where it is given back.
    fn end(&self, tag: Self::Tag, outcome: Result<(), (Write, BrokerError)>) -> Option<(Self::Tag, Write)>;
}

/// The way to the writer. The writer ends when all of these are gone and everything is written.
#[derive(Debug)]
pub(crate) struct Outbox<T> {
    writes: mpsc::Sender<Waiting<T>>,
    /// A permit is a piece of [`LARGE`] bytes.
    large: Arc<Semaphore>,
}

struct Waiting<T> {
    tag: T,
    write: Write,
    /// The room that a large one takes.
    room: Option<OwnedSemaphorePermit>,
}

impl<T> Clone for Outbox<T> {
    fn clone(&self) -> Self {
        Self { writes: self.writes.clone(), large: Arc::clone(&self.large) }
    }
}

/// The writer has ended: the runtime is shutting down.
#[derive(Debug)]
pub(crate) struct Closed;

impl<T: Send + 'static> Outbox<T> {
    pub(crate) fn start<K: Tracker<Tag = T>>(broker: Arc<dyn Broker>, tracker: K) -> (Self, JoinHandle<()>) {
        let (writes, received) = mpsc::channel(CAPACITY);
        let writer = Writer { broker, tracker, received, failed: VecDeque::new(), delays: delays() };
        let large = Arc::new(Semaphore::new(LARGE_BYTES / LARGE));
        (Self { writes, large }, tokio::spawn(writer.run()))
    }

    /// Waits for room. Dropping the future sends nothing.
    pub(crate) async fn send(&self, tag: T, write: Write) -> Result<(), Closed> {
        let pieces = (write.message().len() / LARGE).min(LARGE_BYTES / LARGE);
        let room = match u32::try_from(pieces) {
            Ok(pieces @ 1..) => Arc::clone(&self.large).acquire_many_owned(pieces).await.ok(),
            _ => None,
        };
        self.writes.send(Waiting { tag, write, room }).await.map_err(|_| Closed)
    }
}

struct Writer<K: Tracker> {
    broker: Arc<dyn Broker>,
    tracker: K,
    received: mpsc::Receiver<Waiting<K::Tag>>,
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
        loop {
            // Alone: where it is what breaks the connection, it breaks it for no other.
            if let Some(failed) = self.failed.pop_front() {
                self.write(failed, |_| None).await;
            }
            let first = if self.failed.is_empty() { self.received.recv().await } else { self.received.try_recv().ok() };
            match first {
                Some(first) => self.write(first, |received| received.try_recv().ok()).await,
                None if self.failed.is_empty() => return,
                None => {}
            }
        }
    }

    /// Writes a batch: the first, and what follows it.
    async fn write(
        &mut self,
        first: Waiting<K::Tag>,
        following: impl Fn(&mut mpsc::Receiver<Waiting<K::Tag>>) -> Option<Waiting<K::Tag>>,
    ) {
        let mut tags = Vec::new();
        let mut batch = Vec::new();
        let mut bytes = 0;
        let mut next = Some(first);
        while let Some(Waiting { tag, write, room }) = next.take() {
            if self.tracker.begin(&tag) {
                bytes += write.message().len();
                tags.push((tag, room));
                batch.push(write);
            }
            if bytes < BATCH_BYTES {
                next = following(&mut self.received);
            }
        }
        if batch.is_empty() {
            return;
        }
        // A clone shares the messages' memory.
        let outcomes = self.broker.write(batch.clone()).await;
        let failed = self.failed.len();
        for (((tag, room), write), outcome) in tags.into_iter().zip(batch).zip(outcomes) {
            let again = self.tracker.end(tag, outcome.map_err(|error| (write, error)));
            self.failed.extend(again.map(|(tag, write)| Waiting { tag, write, room }));
        }
        if self.failed.len() == failed {
            self.delays = delays();
        } else {
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

        fn begin(&self, tag: &u32) -> bool {
            tag.is_multiple_of(2)
        }

        fn end(&self, tag: u32, outcome: Result<(), (Write, BrokerError)>) -> Option<(u32, Write)> {
            assert!(outcome.is_ok());
            self.0.lock().push(tag);
            None
        }
    }

    struct All;

    impl Tracker for All {
        type Tag = ();

        fn begin(&self, (): &()) -> bool {
            true
        }

        fn end(&self, (): (), _: Result<(), (Write, BrokerError)>) -> Option<((), Write)> {
            None
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
