//! Replies in lists of their own: one a call, named by the `ID` of its request, which is where rbus answers.
//!
//! One task pops for all of them, over one connection. A call that comes while it waits interrupts the pop, so that the next one
//! knows its list too; what is answered before that waits in its list.

use std::collections::BTreeMap;
use std::sync::Arc;

use backon::BackoffBuilder;
use parking_lot::Mutex;
use tokio::sync::{Notify, OnceCell, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::super::in_flight::ended;
use super::Replies;
use crate::backoff::{LONGEST_DELAY, reconnect_backoff};
use crate::broker::{Broker, BrokerError, Popper};

/// Where a client waits for the reply to a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReplyMode {
    /// In one list for all calls of the client, which each request names as its `ReplyTo`. Servers of this library and of Go's answer
    /// there.
    #[default]
    Inbox,
    /// In that list, and in one named by the `ID` of the request, where servers on rbus answer. Any kind of server finds its
    /// caller, also where servers of several kinds share a module.
    ///
    /// Such calls cost more: their replies come one by one. At most 256 of a client wait at once; others wait for their turn, within
    /// their time limit. A reply that nobody waits for any more is left to expire, after the 300 s that its server has set.
    PerCall,
}

/// How many lists a pop waits on at most: Redis enters the connection into each of them for each pop.
const ROOM: usize = 256;

/// How many replies a pop takes at most. There is one, but for servers that repeat themselves.
const BATCH: usize = 16;

/// The lists that are waited on.
#[derive(Debug)]
pub(crate) struct ReplyLists {
    broker: Arc<dyn Broker>,
    replies: Arc<Replies>,
    awaited: Arc<Awaited>,
    room: Arc<Semaphore>,
    runtime: tokio::runtime::Handle,
    stop: CancellationToken,
    started: OnceCell<()>,
}

#[derive(Debug, Default)]
struct Awaited {
    state: Mutex<State>,
    added: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Oldest first: a pop serves the first list that has anything, so that none is passed over for ever.
    lists: BTreeMap<u64, Arc<str>>,
    next: u64,
    /// Ends the pop under way, which does not know the lists that were added since.
    interrupt: Option<CancellationToken>,
}

impl ReplyLists {
    /// Nothing runs and no connection is open before the first call needs it.
    pub(crate) fn new(broker: Arc<dyn Broker>, replies: Arc<Replies>, stop: CancellationToken) -> Self {
        Self {
            broker,
            replies,
            awaited: Arc::default(),
            room: Arc::new(Semaphore::new(ROOM)),
            runtime: tokio::runtime::Handle::current(),
            stop,
            started: OnceCell::new(),
        }
    }

    pub(crate) async fn start(&self) -> Result<(), BrokerError> {
        let start = async || {
            let popper = self.broker.popper().await?;
            let (awaited, replies) = (Arc::clone(&self.awaited), Arc::clone(&self.replies));
            self.runtime.spawn(read(popper, awaited, replies, self.stop.clone()));
            Ok(())
        };
        self.started.get_or_try_init(start).await.copied()
    }

    /// Waits on the list of this name from now on, until the guard is dropped.
    pub(crate) async fn open(&self, name: String) -> Result<ReplyList, BrokerError> {
        self.start().await?;
        // The semaphore is never closed.
        let permit = Arc::clone(&self.room).acquire_owned().await.map_err(|_| ended(false))?;
        let number = self.awaited.add(name.into());
        Ok(ReplyList { number, awaited: Arc::clone(&self.awaited), _permit: permit })
    }
}

/// A list that is waited on.
#[derive(Debug)]
pub(crate) struct ReplyList {
    number: u64,
    awaited: Arc<Awaited>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for ReplyList {
    fn drop(&mut self) {
        // A pop under way may keep waiting on it: what it gets from there is dropped.
        self.awaited.remove(self.number);
    }
}

impl Awaited {
    fn add(&self, name: Arc<str>) -> u64 {
        let mut state = self.state.lock();
        let number = state.next;
        state.next += 1;
        state.lists.insert(number, name);
        if let Some(interrupt) = state.interrupt.take() {
            interrupt.cancel();
        }
        drop(state);
        self.added.notify_one();
        number
    }

    fn remove(&self, number: u64) {
        self.state.lock().lists.remove(&number);
    }

    /// All lists, as soon as there is any; the token ends the pop that waits on them.
    async fn lists(&self, stop: &CancellationToken) -> (Vec<u64>, Vec<Arc<str>>, CancellationToken) {
        loop {
            {
                let mut state = self.state.lock();
                if !state.lists.is_empty() {
                    let interrupt = stop.child_token();
                    state.interrupt = Some(interrupt.clone());
                    let (numbers, names) = state.lists.iter().map(|(number, name)| (*number, Arc::clone(name))).unzip();
                    return (numbers, names, interrupt);
                }
            }
            self.added.notified().await;
            // Calls that are made together are entered together, and so interrupt no pop.
            tokio::task::yield_now().await;
        }
    }
}

async fn read(mut popper: Box<dyn Popper>, awaited: Arc<Awaited>, replies: Arc<Replies>, stop: CancellationToken) {
    let mut delays = reconnect_backoff().build();
    while let Some((numbers, lists, interrupt)) = stop.run_until_cancelled(awaited.lists(&stop)).await {
        match popper.pop(&lists, BATCH, &interrupt).await {
            Ok(popped) => {
                delays = reconnect_backoff().build();
                if !popped.messages.is_empty()
                    && let Some(number) = numbers.get(popped.list)
                {
                    awaited.remove(*number);
                }
                replies.take(popped.messages);
            }
            Err(error) => {
                // Calls keep waiting: their replies may be in their lists when the broker is back.
                tracing::warn!(%error, "replies are interrupted");
                let delay = delays.next().unwrap_or(LONGEST_DELAY);
                stop.run_until_cancelled(tokio::time::sleep(delay)).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_list_that_is_added_interrupts_the_pop_that_does_not_know_it() {
        let (awaited, stop) = (Awaited::default(), CancellationToken::new());
        awaited.add("first".into());
        let (_, lists, interrupt) = awaited.lists(&stop).await;
        assert_eq!((lists.len(), &*lists[0]), (1, "first"));
        assert!(!interrupt.is_cancelled());
        awaited.add("second".into());
        assert!(interrupt.is_cancelled() && !stop.is_cancelled());
        assert_eq!(awaited.lists(&stop).await.1.len(), 2);
    }

    #[tokio::test]
    async fn lists_are_waited_on_oldest_first_so_that_none_is_passed_over_for_ever() {
        let (awaited, stop) = (Awaited::default(), CancellationToken::new());
        let names = (0..100).map(|number| format!("list {number}")).collect::<Vec<_>>();
        let numbers: Vec<_> = names.iter().map(|name| awaited.add(name.as_str().into())).collect();
        awaited.remove(numbers[0]);
        let (_, lists, _) = awaited.lists(&stop).await;
        assert!(lists.iter().map(|list| &**list).eq(names[1..].iter().map(|name| &**name)), "{lists:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn without_lists_nothing_is_popped() {
        let (awaited, stop) = (Awaited::default(), CancellationToken::new());
        let number = awaited.add("gone".into());
        awaited.remove(number);
        let waiting = tokio::time::timeout(std::time::Duration::from_secs(60), awaited.lists(&stop));
        assert!(waiting.await.is_err());
    }
}
