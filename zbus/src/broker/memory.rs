//! `memory://name`: a broker inside the process. It behaves as Redis does, and carries the same encoded bytes.

mod presence;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, LazyLock, Weak};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::presence::Presence;
use super::{
    BoxFuture, Broker, BrokerError, Deliveries, Delivery, DeliverySender, Popped, Popper, WITHDRAWAL_DEPTH, Write,
    same_list,
};
use crate::unix_time::unix_milliseconds;

/// The brokers of this process by name. A broker ends when nothing refers to it any more.
static BROKERS: LazyLock<Mutex<HashMap<String, Weak<MemoryBroker>>>> = LazyLock::new(Mutex::default);

/// The broker of this name. Everything that opens the name shares it.
pub(crate) fn open(name: &str) -> Arc<dyn Broker> {
    let mut brokers = BROKERS.lock();
    if let Some(broker) = brokers.get(name).and_then(Weak::upgrade) {
        return broker;
    }
    brokers.retain(|_, broker| broker.strong_count() > 0);
    let broker = Arc::new(MemoryBroker::default());
    brokers.insert(name.to_owned(), Arc::downgrade(&broker));
    broker
}

/// How many messages are withdrawn while the state is locked.
const WITHDRAWN_AT_ONCE: usize = 64;

/// Redis counts expiries in milliseconds, and a list that expires at once would take its new message with it.
const SHORTEST_EXPIRY: Duration = Duration::from_millis(1);

#[derive(Debug, Default)]
struct MemoryBroker {
    store: Arc<Store>,
}

#[derive(Debug, Default)]
struct Store {
    state: Mutex<State>,
    /// Notified after each push, for the pops that wait.
    pushed: Notify,
}

#[derive(Debug, Default)]
struct State {
    lists: HashMap<Arc<str>, List>,
    /// When lists expire, the soonest first: one entry for each list that does.
    expirations: BTreeSet<(Instant, Arc<str>)>,
    channels: HashMap<Arc<str>, Vec<DeliverySender>>,
    presence: Presence,
}

#[derive(Debug, Default)]
struct List {
    messages: VecDeque<Bytes>,
    expires: Option<Instant>,
}

impl State {
    /// Writes consecutive messages of a batch that go to one list, or one that goes to a channel.
    fn write(&mut self, group: &[Write], outcomes: &mut Vec<Result<(), BrokerError>>) {
        match group.first() {
            Some(Write::PushBelow { list, limit, .. }) => {
                let waiting = self.lists.get(list).map_or(0, |list| list.messages.len());
                let room = (*limit as usize).saturating_sub(waiting);
                let (fitting, rest) = group.split_at(group.len().min(room));
                self.push(list, fitting, None);
                outcomes.extend(fitting.iter().map(|_| Ok(())));
                outcomes.extend(rest.iter().map(|_| Err(BrokerError::full(list, *limit))));
            }
            Some(Write::Push { list, expire, .. }) => {
                self.push(list, group, *expire);
                outcomes.extend(group.iter().map(|_| Ok(())));
            }
            Some(Write::Publish { channel, message }) => {
                if let Some(subscribers) = self.channels.get_mut(channel) {
                    subscribers.retain(|subscriber| subscriber.send(Delivery::Message(message.clone())));
                    if subscribers.is_empty() {
                        self.channels.remove(channel);
                    }
                }
                outcomes.push(Ok(()));
            }
            None => {}
        }
    }

    fn push(&mut self, list: &Arc<str>, group: &[Write], expire: Option<Duration>) {
        if group.is_empty() {
            return;
        }
        let entry = self.lists.entry(Arc::clone(list)).or_default();
        entry.messages.extend(group.iter().map(|write| write.message().clone()));
        if let Some(after) = expire {
            // A time beyond the clock is none: the list stays.
            let at = Instant::now().checked_add(after.max(SHORTEST_EXPIRY));
            if let Some(before) = std::mem::replace(&mut entry.expires, at) {
                self.expirations.remove(&(before, Arc::clone(list)));
            }
            if let Some(at) = at {
                self.expirations.insert((at, Arc::clone(list)));
            }
        }
    }

    fn drop_expired(&mut self) {
        let now = Instant::now();
        while self.expirations.first().is_some_and(|(at, _)| *at <= now) {
            if let Some((_, list)) = self.expirations.pop_first() {
                self.lists.remove(&list);
            }
        }
    }

    /// Empty lists do not exist.
    fn drop_if_empty(&mut self, name: &Arc<str>) {
        if self.lists.get(name).is_some_and(|list| list.messages.is_empty())
            && let Some(at) = self.lists.remove(name).and_then(|list| list.expires)
        {
            self.expirations.remove(&(at, Arc::clone(name)));
        }
    }

    fn withdraw(&mut self, name: &Arc<str>, message: &Bytes) -> bool {
        let Some(list) = self.lists.get_mut(name) else { return false };
        let queued = &list.messages;
        let oldest = || queued.iter().take(WITHDRAWAL_DEPTH).position(|queued| queued == message);
        let newest = || {
            let from_the_end = queued.iter().rev().take(WITHDRAWAL_DEPTH).position(|queued| queued == message)?;
            queued.len().checked_sub(1 + from_the_end)
        };
        let Some(index) = oldest().or_else(newest) else { return false };
        list.messages.remove(index);
        self.drop_if_empty(name);
        true
    }

    fn pop(&mut self, lists: &[Arc<str>], max: usize) -> Option<Popped> {
        self.drop_expired();
        lists.iter().enumerate().find_map(|(index, name)| {
            let list = self.lists.get_mut(name)?;
            let count = max.min(list.messages.len());
            let messages = list.messages.drain(..count).collect();
            self.drop_if_empty(name);
            Some(Popped { list: index, messages })
        })
    }
}

impl Broker for MemoryBroker {
    fn write(&self, batch: Vec<Write>) -> BoxFuture<'_, Vec<Result<(), BrokerError>>> {
        let results = {
            let mut state = self.store.state.lock();
            state.drop_expired();
            let mut outcomes = Vec::with_capacity(batch.len());
            batch.chunk_by(same_list).for_each(|group| state.write(group, &mut outcomes));
            outcomes
        };
        self.store.pushed.notify_waiters();
        Box::pin(std::future::ready(results))
    }

    fn popper(&self) -> BoxFuture<'_, Result<Box<dyn Popper>, BrokerError>> {
        let popper: Box<dyn Popper> = Box::new(MemoryPopper { store: Arc::clone(&self.store) });
        Box::pin(std::future::ready(Ok(popper)))
    }

    fn subscribe(&self, channel: &str) -> BoxFuture<'_, Result<Deliveries, BrokerError>> {
        let mut state = self.store.state.lock();
        state.channels.retain(|_, subscribers| {
            subscribers.retain(DeliverySender::is_open);
            !subscribers.is_empty()
        });
        let (sender, deliveries) = Deliveries::channel(());
        state.channels.entry(channel.into()).or_default().push(sender);
        Box::pin(std::future::ready(Ok(deliveries)))
    }

    fn withdraw(&self, list: &str, message: Bytes) -> BoxFuture<'_, Result<bool, BrokerError>> {
        let withdrawn = self.store.state.lock().withdraw(&list.into(), &message);
        Box::pin(std::future::ready(Ok(withdrawn)))
    }

    fn withdraw_each<'a>(
        &'a self,
        list: &'a str,
        messages: Vec<Bytes>,
    ) -> BoxFuture<'a, Result<Vec<bool>, BrokerError>> {
        Box::pin(async move {
            let list = list.into();
            let mut withdrawn = Vec::with_capacity(messages.len());
            for some in messages.chunks(WITHDRAWN_AT_ONCE) {
                {
                    let mut state = self.store.state.lock();
                    withdrawn.extend(some.iter().map(|message| state.withdraw(&list, message)));
                }
                // Other tasks write between two chunks.
                tokio::task::yield_now().await;
            }
            Ok(withdrawn)
        })
    }

    fn now(&self) -> BoxFuture<'_, Result<i64, BrokerError>> {
        Box::pin(std::future::ready(Ok(unix_milliseconds())))
    }

    fn announce(&self, set: &str, member: &str, lasting: Duration) -> BoxFuture<'_, Result<(), BrokerError>> {
        self.store.state.lock().presence.announce(set, member, lasting);
        Box::pin(std::future::ready(Ok(())))
    }

    fn retract(&self, set: &str, member: &str) -> BoxFuture<'_, Result<(), BrokerError>> {
        self.store.state.lock().presence.retract(set, member);
        Box::pin(std::future::ready(Ok(())))
    }

    fn announced(&self, set: &str) -> BoxFuture<'_, Result<Vec<String>, BrokerError>> {
        let members = self.store.state.lock().presence.announced(set);
        Box::pin(std::future::ready(Ok(members)))
    }
}

struct MemoryPopper {
    store: Arc<Store>,
}

impl Popper for MemoryPopper {
    fn pop<'a>(
        &'a mut self,
        lists: &'a [Arc<str>],
        max: usize,
        stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Popped, BrokerError>> {
        Box::pin(async move {
            loop {
                // Register for notifications before looking, so that no push between the two is missed.
                let pushed = self.store.pushed.notified();
                if let Some(popped) = self.store.state.lock().pop(lists, max) {
                    return Ok(popped);
                }
                tokio::select! {
                    () = pushed => {}
                    () = stop.cancelled() => return Ok(Popped::default()),
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn push(list: &str, message: &'static str, expire: Option<Duration>) -> Write {
        Write::Push { list: list.into(), message: Bytes::from_static(message.as_bytes()), expire }
    }

    async fn pop(broker: &Arc<dyn Broker>, lists: &[&str], max: usize) -> Popped {
        let lists: Vec<Arc<str>> = lists.iter().map(|&list| list.into()).collect();
        let stop = CancellationToken::new();
        broker.popper().await.unwrap().pop(&lists, max, &stop).await.unwrap()
    }

    #[tokio::test]
    async fn a_pop_takes_the_oldest_of_the_first_list_that_has_any() {
        let broker = open("first-list");
        broker.write(vec![push("b", "1", None), push("b", "2", None), push("b", "3", None)]).await;
        let popped = pop(&broker, &["a", "b"], 2).await;
        assert_eq!((popped.list, popped.messages), (1, vec![Bytes::from("1"), Bytes::from("2")]));
    }

    #[tokio::test]
    async fn a_waiting_pop_is_woken_by_a_push_and_by_its_stop() {
        let broker = open("waiting");
        let waiting = tokio::spawn({
            let broker = Arc::clone(&broker);
            async move { pop(&broker, &["a"], 1).await }
        });
        tokio::task::yield_now().await;
        broker.write(vec![push("a", "1", None)]).await;
        assert_eq!(waiting.await.unwrap().messages, ["1"]);

        let stop = CancellationToken::new();
        stop.cancel();
        let popped = broker.popper().await.unwrap().pop(&["a".into()], 1, &stop).await.unwrap();
        assert!(popped.messages.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_list_is_gone_after_its_time_counted_from_the_newest_message() {
        let broker = open("expiry");
        let minute = Some(Duration::from_secs(60));
        broker.write(vec![push("a", "1", minute)]).await;
        tokio::time::advance(Duration::from_secs(40)).await;
        broker.write(vec![push("a", "2", minute)]).await;
        tokio::time::advance(Duration::from_secs(40)).await;
        broker.write(vec![push("b", "3", None)]).await;
        assert_eq!(pop(&broker, &["a", "b"], 9).await.messages.len(), 2);
        broker.write(vec![push("a", "4", minute)]).await;
        tokio::time::advance(Duration::from_secs(61)).await;
        broker.write(vec![push("b", "5", None)]).await;
        assert_eq!(pop(&broker, &["a", "b"], 9).await.messages, ["3", "5"]);
    }

    #[tokio::test(start_paused = true)]
    async fn any_expiry_is_taken_and_none_is_shorter_than_a_millisecond() {
        let broker = open("odd-expiries");
        let late = Duration::from_secs(300 * 365 * 86_400);
        for expire in [Duration::MAX, late, Duration::from_millis(500), Duration::from_nanos(1), Duration::ZERO] {
            let outcomes = broker.write(vec![push("a", "1", Some(expire))]).await;
            assert!(outcomes.iter().all(Result::is_ok), "{expire:?}");
            assert_eq!(pop(&broker, &["a"], 1).await.messages, ["1"], "{expire:?}");
        }
        // An expiry beyond the clock takes the place of a short one.
        broker.write(vec![push("a", "1", Some(Duration::ZERO)), push("a", "2", Some(Duration::MAX))]).await;
        broker.write(vec![push("b", "3", Some(Duration::ZERO))]).await;
        tokio::time::advance(Duration::from_millis(2)).await;
        assert_eq!(pop(&broker, &["a"], 9).await.messages, ["1", "2"]);
        broker.write(vec![push("c", "4", None)]).await;
        assert_eq!(pop(&broker, &["b", "c"], 9).await.messages, ["4"]);
    }

    #[tokio::test]
    async fn lists_that_were_emptied_leave_nothing_behind() {
        let broker = MemoryBroker::default();
        let lists = ["a".into(), "b".into()];
        for _ in 0..100 {
            broker.write(vec![push("a", "1", Some(Duration::from_secs(60))), push("b", "2", None)]).await;
            assert!(broker.withdraw("b", Bytes::from("2")).await.unwrap());
            let popped = broker.store.state.lock().pop(&lists, 9).unwrap();
            assert_eq!(popped.messages, ["1"]);
        }
        let mut state = broker.store.state.lock();
        assert!(state.lists.is_empty() && state.expirations.is_empty());
        assert!(state.pop(&lists, 9).is_none());
    }

    #[tokio::test]
    async fn names_are_shared_while_held() {
        let broker = open("shared");
        broker.write(vec![push("a", "1", None)]).await;
        assert_eq!(pop(&open("shared"), &["a"], 1).await.messages, ["1"]);
        broker.write(vec![push("a", "2", None)]).await;
        drop(broker);
        let fresh = open("shared");
        assert!(!fresh.withdraw("a", Bytes::from("2")).await.unwrap());
    }

    #[tokio::test]
    async fn a_queued_message_can_be_withdrawn_once() {
        let broker = open("withdraw");
        broker.write(vec![push("a", "1", None)]).await;
        assert!(broker.withdraw("a", Bytes::from("1")).await.unwrap());
        assert!(!broker.withdraw("a", Bytes::from("1")).await.unwrap());
    }

    #[tokio::test]
    async fn many_messages_are_withdrawn_in_one_and_each_is_answered() {
        let broker = open("withdraw-each");
        let numbers = |range: std::ops::Range<usize>| range.map(|number| Bytes::from(number.to_string())).collect();
        let batch: Vec<Bytes> = numbers(0..1000);
        broker
            .write(batch.into_iter().map(|message| Write::Push { list: "a".into(), message, expire: None }).collect())
            .await;
        // The list is deeper than a single withdrawal looks, but each message is at its head when its turn comes.
        let withdrawn = broker.withdraw_each("a", numbers(0..1010)).await.unwrap();
        assert!(withdrawn[..1000].iter().all(|withdrawn| *withdrawn));
        assert!(withdrawn[1000..].iter().all(|withdrawn| !*withdrawn) && withdrawn.len() == 1010);
    }

    #[tokio::test]
    async fn a_withdrawal_looks_at_both_ends_and_no_deeper() {
        let broker = open("withdraw-depth");
        let message = |number: usize| Bytes::from(number.to_string());
        for number in 0..2 * WITHDRAWAL_DEPTH + 2 {
            broker.write(vec![Write::Push { list: "a".into(), message: message(number), expire: None }]).await;
        }
        // From the inside to the ends, so that no withdrawal brings another one nearer.
        for (number, found) in [(256, false), (257, false), (255, true), (258, true), (0, true), (513, true)] {
            assert_eq!(broker.withdraw("a", message(number)).await.unwrap(), found, "{number}");
        }
    }
}
