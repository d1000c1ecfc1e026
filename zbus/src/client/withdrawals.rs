//! Calls that were given up. One task a client takes their requests back from the broker, and finds out what callers are to know at the
//! deadline: many calls in one round trip, however many end together, and each batch behind what was written before it.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use futures::future::{join, join_all};
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use tokio::sync::{mpsc, oneshot};

use super::in_flight::{CallId, Left};
use super::restarts::Restarts;
use crate::broker::{Broker, BrokerError, BrokerErrorKind, Write};
use crate::error::Fate;
use crate::log_limit::LogLimit;
use crate::wire::encode;
use crate::{ObjectId, object_id};

/// How many calls are taken back together.
const BATCH: usize = 512;

/// A batch takes no further request beyond this many bytes.
const BATCH_BYTES: usize = 1 << 20;

/// How many bytes of requests may wait to be taken back, with what each takes beside its own.
const WAITING_BYTES: usize = 64 << 20;
const OVERHEAD: usize = 256;

/// A call that was given up, and may have a request in its queue.
pub(super) struct GivenUp {
    pub(super) number: u64,
    pub(super) module: Arc<str>,
    pub(super) queue: Arc<str>,
    pub(super) message: Bytes,
    /// How many tries before the last may have left a request in the queue.
    pub(super) copies: usize,
    /// How far the last had come.
    pub(super) left: Left,
    pub(super) sequel: Sequel,
}

/// What comes after a request was taken back, or was not found.
pub(super) enum Sequel {
    Nothing,
    /// If a server may have taken the request, the servers are told that nobody waits for it any more.
    Cancel(CallId),
    /// The caller waits to know what became of it.
    Tell(Caller, oneshot::Sender<Ending>),
}

/// What is known of a call whose caller waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caller {
    /// How often the broker had been restarted when the call began.
    pub(super) restarts: u64,
    /// Whether its reply was waited for in the inbox.
    pub(super) by_inbox: bool,
    /// Whether a try before the last may have run the method.
    pub(super) may_have_run: bool,
}

/// What became of a call that was not answered before its deadline.
#[derive(Debug)]
pub(super) enum Ending {
    /// The last try could not be written.
    NotWritten(BrokerError),
    Unanswered(Fate),
    /// The same, and no server of the module has announced itself.
    NoServer(Fate),
    /// The broker was restarted since the call began.
    Restarted,
}

/// The way to the task. The task ends when this is gone and nothing is left to be taken back.
#[derive(Debug)]
pub(super) struct Withdrawals {
    given_up: mpsc::UnboundedSender<GivenUp>,
    /// In bytes.
    waiting: Arc<AtomicUsize>,
    log_limit: LogLimit,
}

impl Withdrawals {
    pub(super) fn start(broker: Arc<dyn Broker>, restarts: Arc<Restarts>) -> Self {
        // The number of its entries is bounded below: a drop cannot wait for room.
        let (given_up, arriving) = mpsc::unbounded_channel();
        let waiting = Arc::default();
        let task = Task { broker, restarts, waiting: Arc::clone(&waiting) };
        tokio::spawn(task.run(arriving));
        Self { given_up, waiting, log_limit: LogLimit::default() }
    }

    /// Has a call taken back. If too many wait for that, the request stays where it is, to its deadline.
    pub(super) fn push(&self, given_up: GivenUp) {
        let size = given_up.size();
        if self.waiting.fetch_add(size, Ordering::Relaxed) + size > WAITING_BYTES {
            self.waiting.fetch_sub(size, Ordering::Relaxed);
            if let Some(unsaid) = self.log_limit.due() {
                tracing::warn!(
                    unsaid,
                    "too many calls were given up at once: requests stay in their queues until their deadlines"
                );
            }
            return;
        }
        // Without the client's runtime nothing is taken back.
        let _ = self.given_up.send(given_up);
    }
}

impl GivenUp {
    fn size(&self) -> usize {
        self.message.len() + OVERHEAD
    }
}

struct Task {
    broker: Arc<dyn Broker>,
    restarts: Arc<Restarts>,
    waiting: Arc<AtomicUsize>,
}

impl Task {
    async fn run(self, mut arriving: mpsc::UnboundedReceiver<GivenUp>) {
        let mut writing = FuturesUnordered::new();
        // In the order of the writes, that of the requests in their queue: a withdrawal looks at its ends.
        let mut written: BTreeMap<(u64, u64), (GivenUp, Last)> = BTreeMap::new();
        let mut is_open = true;
        while is_open || !writing.is_empty() || !written.is_empty() {
            let mut arrived = Vec::new();
            tokio::select! {
                biased;
                count = arriving.recv_many(&mut arrived, usize::MAX), if is_open => {
                    is_open = count > 0;
                }
                Some(ended) = writing.next() => {
                    let (position, given_up): (_, (GivenUp, Last)) = ended;
                    written.insert(position, given_up);
                }
                () = std::future::ready(()), if !written.is_empty() => {}
            }
            while let Some(Some((position, given_up))) = writing.next().now_or_never() {
                written.insert(position, given_up);
            }
            for (given_up, left) in arrived.into_iter().map(GivenUp::take_left) {
                let number = given_up.number;
                match left {
                    Left::Writing(end) => writing.push(async move {
                        // Before that, a withdrawal could overtake the request.
                        let outcome = poll_fn(|context| end.poll(context)).await;
                        ((end.begun, number), (given_up, Last::of_write(outcome)))
                    }),
                    Left::Written(begun) => _ = written.insert((begun, number), (given_up, Last::Written)),
                    Left::NeverWritten => _ = written.insert((0, number), (given_up, Last::Unwritten)),
                    // An attempt that has failed may have left its request.
                    Left::Ended(_) => _ = written.insert((0, number), (given_up, Last::Written)),
                }
            }
            let (mut batch, mut bytes) = (Vec::new(), 0);
            while batch.len() < BATCH
                && bytes < BATCH_BYTES
                && let Some((_, given_up)) = written.pop_first()
            {
                bytes += given_up.0.message.len();
                batch.push(given_up);
            }
            self.settle(batch).await;
        }
    }

    /// Takes a batch back, and sees to what comes after that.
    async fn settle(&self, batch: Vec<(GivenUp, Last)>) {
        if batch.is_empty() {
            return;
        }
        self.waiting.fetch_sub(batch.iter().map(|(given_up, _)| given_up.size()).sum(), Ordering::Relaxed);
        let fates = self.withdraw(&batch).await;
        let mut cancelled = Vec::new();
        let mut callers = Vec::new();
        for ((given_up, last), fate) in batch.into_iter().zip(fates) {
            match given_up.sequel {
                Sequel::Cancel(id) if fate == Fate::Unknown => cancelled.extend(cancellation(&given_up.module, id)),
                Sequel::Tell(caller, told) => {
                    let fate = if caller.may_have_run { Fate::Unknown } else { fate };
                    match last {
                        Last::Failed(error) if given_up.copies == 0 => _ = told.send(Ending::NotWritten(error)),
                        _ => callers.push((given_up.module, caller, fate, told)),
                    }
                }
                Sequel::Nothing | Sequel::Cancel(_) => {}
            }
        }
        join(self.cancel(cancelled), self.tell(callers)).await;
    }

    /// What became of each request.
    async fn withdraw(&self, batch: &[(GivenUp, Last)]) -> Vec<Fate> {
        let mut fates = Vec::with_capacity(batch.len());
        // One queue after the other in the broker, each in the order in which it was written.
        let mut queues: BTreeMap<&str, Vec<(usize, Bytes)>> = BTreeMap::new();
        for (index, (given_up, last)) in batch.iter().enumerate() {
            let copies = given_up.copies + usize::from(matches!(last, Last::Written));
            fates.push(match last {
                Last::Answered => Fate::Unknown,
                _ if copies == 0 => Fate::NeverWritten,
                _ => Fate::Withdrawn,
            });
            if !matches!(last, Last::Answered) {
                let copies = std::iter::repeat_n((index, given_up.message.clone()), copies);
                queues.entry(&given_up.queue).or_default().extend(copies);
            }
        }
        let withdrawn = join_all(queues.into_iter().map(async |(queue, messages)| {
            let (indices, messages): (Vec<_>, Vec<_>) = messages.into_iter().unzip();
            let withdrawn = self.broker.withdraw_each(queue, messages).await;
            if let Err(error) = &withdrawn {
                // The deadline that the requests carry ends them.
                tracing::debug!(%error, queue, "requests that were given up stay in their queue");
            }
            (indices, withdrawn.unwrap_or_default())
        }));
        for (indices, withdrawn) in withdrawn.await {
            for (position, index) in indices.into_iter().enumerate() {
                if !withdrawn.get(position).copied().unwrap_or_default()
                    && let Some(fate) = fates.get_mut(index)
                {
                    *fate = Fate::Unknown;
                }
            }
        }
        fates
    }

    /// Tells servers that nobody waits for these calls any more.
    async fn cancel(&self, cancelled: Vec<Write>) {
        if cancelled.is_empty() {
            return;
        }
        for error in self.broker.write(cancelled).await.into_iter().filter_map(Result::err) {
            tracing::debug!(%error, "a call that was given up runs on to its deadline");
        }
    }

    /// Tells callers what became of their calls. The broker is asked once for all of a module.
    async fn tell(&self, mut callers: Vec<(Arc<str>, Caller, Fate, oneshot::Sender<Ending>)>) {
        callers.retain(|(_, _, _, told)| !told.is_closed());
        if callers.iter().any(|(_, _, fate, _)| *fate == Fate::Unknown) {
            self.restarts.look().await;
        }
        let seen = self.restarts.seen();
        let is_lost = |caller: &Caller, fate| fate == Fate::Unknown && caller.restarts != seen;
        let asked = |(module, caller, fate, _): &(Arc<str>, Caller, Fate, _)| {
            let of_use = *fate != Fate::Unknown || caller.by_inbox && !is_lost(caller, *fate);
            of_use.then(|| (Arc::clone(module), false))
        };
        let mut without_server: BTreeMap<Arc<str>, bool> = callers.iter().filter_map(asked).collect();
        let answers =
            without_server.iter_mut().map(async |(module, none)| *none = no_server(&*self.broker, module).await);
        join_all(answers).await;
        for (module, caller, fate, told) in callers {
            // The caller may have stopped waiting.
            let _ = told.send(match without_server.get(&module) {
                _ if is_lost(&caller, fate) => Ending::Restarted,
                Some(true) if fate != Fate::Unknown || caller.by_inbox => Ending::NoServer(fate),
                _ => Ending::Unanswered(fate),
            });
        }
    }
}

/// How the last try ended.
enum Last {
    /// It was not written.
    Unwritten,
    /// It was not written, for this reason.
    Failed(BrokerError),
    /// It may have been written.
    Written,
    /// It was answered while it was written.
    Answered,
}

impl Last {
    fn of_write(outcome: Option<Result<(), BrokerError>>) -> Self {
        match outcome {
            Some(Err(error)) if error.kind() != BrokerErrorKind::Lost => Self::Failed(error),
            Some(_) => Self::Written,
            None => Self::Answered,
        }
    }
}

impl GivenUp {
    fn take_left(mut self) -> (Self, Left) {
        let left = std::mem::replace(&mut self.left, Left::Ended(None));
        (self, left)
    }
}

/// Whether no server of a module has announced itself. False also if the broker does not say: that is not the same as none.
pub(super) async fn no_server(broker: &dyn Broker, module: &str) -> bool {
    broker.announced(&object_id::instances(module)).await.is_ok_and(|instances| instances.is_empty())
}

fn cancellation(module: &str, id: CallId) -> Option<Write> {
    let mut message = Vec::new();
    // A text can always be encoded.
    encode(&*id.to_string(), &mut message).ok()?;
    Some(Write::Publish { channel: ObjectId::STATUS.channel(module, "Cancel").into(), message: message.into() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::memory;

    fn given_up(number: u64, message: Bytes) -> (GivenUp, oneshot::Receiver<Ending>) {
        let (told, ending) = oneshot::channel();
        let caller = Caller { restarts: 0, by_inbox: true, may_have_run: false };
        let (module, queue) = ("nobody".into(), "nobody.o".into());
        let (left, sequel) = (Left::Written(number), Sequel::Tell(caller, told));
        (GivenUp { number, module, queue, message, copies: 0, left, sequel }, ending)
    }

    #[tokio::test]
    async fn too_many_calls_that_are_given_up_stay_in_their_queues() {
        let broker = memory::open("withdrawals-bounded");
        let message = Bytes::from(vec![0; WAITING_BYTES / 4]);
        let write = |_| Write::Push { list: "nobody.o".into(), message: message.clone(), expire: None };
        broker.write((0..5).map(write).collect()).await;
        let restarts = Restarts::watch(Arc::clone(&broker)).await;
        let withdrawals = Withdrawals::start(Arc::clone(&broker), restarts);
        // The task has no turn before all are there.
        let endings = [0, 1, 2, 3, 4].map(|number| {
            let (given_up, ending) = given_up(number, message.clone());
            withdrawals.push(given_up);
            ending
        });
        let mut withdrawn = 0;
        for ending in endings {
            withdrawn += usize::from(matches!(ending.await, Ok(Ending::NoServer(Fate::Withdrawn))));
        }
        assert_eq!(withdrawn, 3, "each takes a little more than its own bytes");
        // There is room again.
        let (given_up, ending) = given_up(5, message.clone());
        withdrawals.push(given_up);
        assert!(matches!(ending.await, Ok(Ending::NoServer(Fate::Withdrawn))));
        assert_eq!(withdrawals.waiting.load(Ordering::Relaxed), 0);
    }
}
