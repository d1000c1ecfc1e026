//! The queue between senders and the writer, which takes all that waits as one batch.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;
use tokio::sync::{Semaphore, TryAcquireError};

use super::{Closed, LARGE, Waiting};
use crate::scheduling::Scheduling;

/// How many writes may wait. Further senders wait for room, in order.
const CAPACITY: usize = 4096;

/// A batch takes no further message beyond this many bytes.
pub(super) const BATCH_BYTES: usize = 1 << 20;

/// So many are written at once, even if more are about to come.
const ENOUGH: usize = 64;

pub(super) fn new<T>(scheduling: Scheduling) -> (Sender<T>, Receiver<T>) {
    let state =
        State { waiting: VecDeque::new(), writer: None, held: 0, enough: false, no_senders: false, no_writer: false };
    let queue = Arc::new(Queue { state: Mutex::new(state), room: Semaphore::new(CAPACITY), scheduling });
    (Sender { queue: Arc::clone(&queue) }, Receiver { queue })
}

#[derive(Debug)]
pub(super) struct Queue<T> {
    state: Mutex<State<T>>,
    /// A permit is room for one more. It wakes as many senders as there is room for, and no others: with a million that wait, a batch
    /// must not cost a million wake-ups.
    room: Semaphore,
    /// Of the writer's runtime.
    pub(super) scheduling: Scheduling,
}

#[derive(Debug)]
struct State<T> {
    waiting: VecDeque<Waiting<T>>,
    /// The writer's, while it waits for something to write.
    writer: Option<Waker>,
    /// How many [gatherings](super::gather::Gathering) hold the writer back.
    held: usize,
    /// Enough waits: it is written, whatever else is about to come.
    enough: bool,
    no_senders: bool,
    no_writer: bool,
}

impl<T> State<T> {
    /// The writer's waker, if there is something to write.
    fn writer(&mut self) -> Option<Waker> {
        if self.is_ready() { self.writer.take() } else { None }
    }

    fn is_ready(&self) -> bool {
        !self.waiting.is_empty() && (self.held == 0 || self.enough)
    }
}

impl<T> Queue<T> {
    /// Holds the writer back until [`Queue::release`], or until enough waits.
    pub(super) fn hold(&self) {
        self.state.lock().held += 1;
    }

    pub(super) fn release(&self) {
        let writer = {
            let mut state = self.state.lock();
            state.held -= 1;
            state.writer()
        };
        writer.into_iter().for_each(Waker::wake);
    }
}

/// The senders' end. When it is dropped, nothing more is to be written.
#[derive(Debug)]
pub(super) struct Sender<T> {
    queue: Arc<Queue<T>>,
}

/// What the sending task does next.
#[derive(Clone, Copy, Debug)]
pub(super) enum Then {
    /// It may do anything, and block its thread.
    GoesOn,
    /// It ends, or waits, at once.
    Ends,
}

/// Why something was not put into the queue.
pub(super) enum Unsent<T> {
    Full(Waiting<T>),
    Closed,
}

impl<T> Sender<T> {
    /// Sends if there is room at once.
    pub(super) fn push(&self, waiting: Waiting<T>, then: Then) -> Result<(), Unsent<T>> {
        match self.queue.room.try_acquire() {
            Ok(room) => {
                room.forget();
                self.enter(waiting, then).map_err(|Closed| Unsent::Closed)
            }
            Err(TryAcquireError::NoPermits) => Err(Unsent::Full(waiting)),
            Err(TryAcquireError::Closed) => Err(Unsent::Closed),
        }
    }

    /// Waits for room. Dropping the future sends nothing.
    pub(super) async fn push_when_there_is_room(&self, waiting: Waiting<T>, then: Then) -> Result<(), Closed> {
        self.queue.room.acquire().await.map_err(|_| Closed)?.forget();
        self.enter(waiting, then)
    }

    /// Takes the room that its sender has acquired.
    fn enter(&self, waiting: Waiting<T>, then: Then) -> Result<(), Closed> {
        let writer = {
            let mut state = self.queue.state.lock();
            if state.no_writer {
                return Err(Closed);
            }
            // A large message goes out at once: others may wait for the room that it takes.
            let is_large = waiting.write.message().len() >= LARGE;
            state.waiting.push_back(waiting);
            state.enough |= is_large || state.waiting.len() >= ENOUGH;
            state.writer()
        };
        match (writer, then) {
            (Some(writer), Then::GoesOn) => self.queue.scheduling.wake_for_any_thread(writer),
            (Some(writer), Then::Ends) => writer.wake(),
            (None, _) => {}
        }
        Ok(())
    }

    pub(super) fn queue(&self) -> Arc<Queue<T>> {
        Arc::clone(&self.queue)
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let writer = {
            let mut state = self.queue.state.lock();
            state.no_senders = true;
            state.writer.take()
        };
        writer.into_iter().for_each(Waker::wake);
    }
}

/// The writer's end.
pub(super) struct Receiver<T> {
    queue: Arc<Queue<T>>,
}

impl<T> Receiver<T> {
    /// Moves what waits into `batch`, as soon as there is any; false if nothing more will come.
    pub(super) fn poll_batch(&self, batch: &mut Vec<Waiting<T>>, context: &Context<'_>) -> Poll<bool> {
        let mut state = self.queue.state.lock();
        if !state.is_ready() {
            if state.waiting.is_empty() && state.no_senders {
                return Poll::Ready(false);
            }
            state.writer = Some(context.waker().clone());
            return Poll::Pending;
        }
        let before = state.waiting.len();
        let mut bytes = 0;
        while bytes < BATCH_BYTES
            && let Some(next) = state.waiting.pop_front()
        {
            bytes += next.write.message().len();
            batch.push(next);
        }
        state.enough = !state.waiting.is_empty();
        let taken = before - state.waiting.len();
        drop(state);
        self.queue.room.add_permits(taken);
        Poll::Ready(true)
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let waiting = {
            let mut state = self.queue.state.lock();
            state.no_writer = true;
            std::mem::take(&mut state.waiting)
        };
        drop(waiting);
        self.queue.room.close();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use bytes::Bytes;
    use futures::FutureExt;

    use super::super::Gatherer;
    use super::*;
    use crate::broker::Write;

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Both ends, and how often the writer was woken.
    struct Ends {
        sender: Sender<usize>,
        receiver: Receiver<usize>,
        woken: Arc<Woken>,
    }

    impl Ends {
        fn new() -> Self {
            let (sender, receiver) = new(Scheduling::MultiThreaded);
            Self { sender, receiver, woken: Arc::default() }
        }

        fn send_of(&self, tag: usize, size: usize) {
            let write = Write::Publish { channel: "c".into(), message: Bytes::from(vec![0; size]) };
            assert!(self.sender.push(Waiting::new(tag, write, None), Then::GoesOn).is_ok());
        }

        fn send(&self, tag: usize) {
            self.send_of(tag, 1);
        }

        /// What the writer gets; none if it waits.
        fn batch(&self) -> Option<Vec<usize>> {
            let mut batch = Vec::new();
            let waker = Waker::from(Arc::clone(&self.woken));
            match self.receiver.poll_batch(&mut batch, &Context::from_waker(&waker)) {
                Poll::Ready(more) => more.then(|| batch.into_iter().map(|waiting| waiting.tag).collect()),
                Poll::Pending => None,
            }
        }

        fn woken(&self) -> usize {
            self.woken.0.load(Ordering::Relaxed)
        }
    }

    // No runtime: its budget for one task would have the senders yield.
    #[test]
    fn a_batch_wakes_as_many_senders_as_there_is_room_for_in_order() {
        let ends = Ends::new();
        (0..CAPACITY).for_each(|tag| ends.send(tag));
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        let mut context = Context::from_waker(&waker);
        let mut senders: Vec<_> = (CAPACITY..4 * CAPACITY)
            .map(|tag| {
                let write = Write::Publish { channel: "c".into(), message: Bytes::from_static(b"m") };
                Box::pin(ends.sender.push_when_there_is_room(Waiting::new(tag, write, None), Then::Ends))
            })
            .collect();
        assert!(senders.iter_mut().all(|sender| sender.poll_unpin(&mut context).is_pending()));
        for round in 1..4 {
            assert_eq!(ends.batch().map(|batch| batch.len()), Some(CAPACITY));
            assert_eq!(woken.0.load(Ordering::Relaxed), round * CAPACITY);
            for mut sender in senders.drain(..CAPACITY) {
                assert!(sender.poll_unpin(&mut context).is_ready());
            }
        }
        assert_eq!(ends.batch(), Some((3 * CAPACITY..4 * CAPACITY).collect()));
    }

    #[tokio::test]
    async fn a_sender_that_waits_for_room_ends_with_the_writer() {
        let Ends { sender, receiver, .. } = Ends::new();
        let write = || Write::Publish { channel: "c".into(), message: Bytes::from_static(b"m") };
        let waiting = || Waiting::new(0, write(), None);
        (0..CAPACITY).for_each(|_| assert!(sender.push(waiting(), Then::Ends).is_ok()));
        let mut sending = Box::pin(sender.push_when_there_is_room(waiting(), Then::Ends));
        assert!(futures::poll!(&mut sending).is_pending());
        drop(receiver);
        assert!(matches!(sending.await, Err(Closed)));
        assert!(matches!(sender.push(waiting(), Then::Ends), Err(Unsent::Closed)));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn what_several_tasks_send_goes_out_together() {
        let ends = Ends::new();
        let mut gatherers = [Gatherer::new(ends.sender.queue()), Gatherer::new(ends.sender.queue())];
        assert_eq!(ends.batch(), None);
        let mut gathering = gatherers.each_mut().map(|gatherer| gatherer.gather(2));
        for tag in 0..3 {
            ends.send(tag);
        }
        gathering[0] = None;
        assert_eq!((ends.batch(), ends.woken()), (None, 0), "the other knows of more");
        drop(gathering);
        assert_eq!((ends.batch(), ends.woken()), (Some(vec![0, 1, 2]), 1));
        // Nothing came: the writer is not woken for that.
        assert_eq!(ends.batch(), None);
        drop(gatherers[0].gather(2));
        assert_eq!(ends.woken(), 1);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn enough_goes_out_whatever_is_about_to_come() {
        let ends = Ends::new();
        let mut gatherer = Gatherer::new(ends.sender.queue());
        let gathering = gatherer.gather(1000);
        assert_eq!(ends.batch(), None);
        (1..ENOUGH).for_each(|tag| ends.send(tag));
        assert_eq!((ends.batch(), ends.woken()), (None, 0));
        ends.send(ENOUGH);
        assert_eq!((ends.batch().map(|batch| batch.len()), ends.woken()), (Some(ENOUGH), 1));
        // What comes then is gathered again, unless it is large: others may wait for its room.
        ends.send(0);
        assert_eq!(ends.batch(), None);
        ends.send_of(1, LARGE);
        assert_eq!((ends.batch(), ends.woken()), (Some(vec![0, 1]), 2));
        drop(gathering);
    }
}
