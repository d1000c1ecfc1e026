//! Subscriptions: one connection for all of a process, kept by a task that listens anew on each channel after a loss.

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Instant;

use backon::BackoffBuilder;
use bytes::Bytes;
use redis::RedisResult;
use tokio::sync::{mpsc, oneshot};

use super::client::{Link, Reply, STALLED, Stall, command, malformed, word};
use super::links::{Beside, Links};
use crate::backoff::{LONGEST_DELAY, reconnect_backoff};
use crate::broker::{BrokerError, BrokerErrorKind, Deliveries, Delivery, DeliverySender};

/// The handle of the task that keeps the subscriptions; it ends with the last of these.
#[derive(Debug)]
pub(super) struct Subscriptions {
    orders: mpsc::UnboundedSender<Order>,
}

enum Order {
    Subscribe {
        channel: Arc<str>,
        done: oneshot::Sender<Result<Deliveries, BrokerError>>,
    },
    /// Somebody stopped listening; there may be others.
    Release {
        channel: Arc<str>,
    },
}

impl Subscriptions {
    pub(super) fn new(links: Arc<Links>) -> Self {
        // Unbounded, because a release is sent in drop; still bounded by the subscriptions that are held.
        let (orders, received) = mpsc::unbounded_channel();
        let keeper = Keeper { links, channels: HashMap::new(), beside: None, releases: orders.downgrade() };
        tokio::spawn(keeper.run(received));
        Self { orders }
    }

    pub(super) async fn subscribe(&self, channel: Arc<str>) -> Result<Deliveries, BrokerError> {
        let (done, subscribed) = oneshot::channel();
        let ended =
            || BrokerError::new(BrokerErrorKind::Unreachable, "the runtime that keeps the subscriptions has ended");
        self.orders.send(Order::Subscribe { channel, done }).map_err(|_| ended())?;
        subscribed.await.map_err(|_| ended())?
    }
}

/// Tells the keeper that somebody stopped listening.
struct Release {
    channel: Arc<str>,
    orders: mpsc::WeakUnboundedSender<Order>,
}

impl Drop for Release {
    fn drop(&mut self) {
        if let Some(orders) = self.orders.upgrade() {
            // Where the keeper has ended there is nothing to release.
            let _ = orders.send(Order::Release { channel: Arc::clone(&self.channel) });
        }
    }
}

struct Keeper {
    links: Arc<Links>,
    channels: Channels,
    beside: Option<Beside>,
    releases: mpsc::WeakUnboundedSender<Order>,
}

/// A message of as many bytes is most of what it was received with.
const ALONE: usize = 64 << 10;

type Channels = HashMap<Arc<str>, Vec<DeliverySender>>;

/// As Redis confirms them; it does not mind how they are asked.
const SUBSCRIBE: &[u8] = b"subscribe";
const UNSUBSCRIBE: &[u8] = b"unsubscribe";

/// What wakes the keeper.
enum Wake {
    Order(Option<Order>),
    Push(RedisResult<Push>),
    /// Another server is the master now.
    Moved,
}

/// What Redis tells on a connection that subscribes.
enum Push {
    Message {
        channel: Bytes,
        payload: Bytes,
    },
    /// It listens to a channel now, or does no more.
    Confirmation {
        what: Bytes,
        channel: Bytes,
    },
}

impl Keeper {
    async fn run(mut self, mut orders: mpsc::UnboundedReceiver<Order>) {
        loop {
            let wake = match &mut self.beside {
                Some(Beside { link, course }) => tokio::select! {
                    order = orders.recv() => Wake::Order(order),
                    push = push(link) => Wake::Push(push),
                    () = course.moved() => Wake::Moved,
                },
                None => Wake::Order(orders.recv().await),
            };
            match wake {
                Wake::Order(Some(Order::Subscribe { channel, done })) => {
                    // Nobody waits for it any more: then the deliveries are dropped, which releases the channel.
                    let _ = done.send(self.subscribe(channel).await);
                }
                Wake::Order(Some(Order::Release { channel })) => self.release(&channel).await,
                Wake::Order(None) => return,
                Wake::Push(Ok(Push::Message { channel, payload })) => {
                    if let Some(deserted) = deliver(&mut self.channels, &channel, &payload) {
                        self.desert(&deserted).await;
                    }
                }
                // It comes too late: nobody waits for it any more.
                Wake::Push(Ok(Push::Confirmation { .. })) => {}
                Wake::Push(Err(error)) => {
                    if !self.reconnect(&error, &orders).await {
                        return;
                    }
                }
                Wake::Moved => {
                    if !self.reconnect(&"another server is the master now", &orders).await {
                        return;
                    }
                }
            }
        }
    }

    async fn subscribe(&mut self, channel: Arc<str>) -> Result<Deliveries, BrokerError> {
        if !self.channels.contains_key(&channel) {
            self.listen(&channel).await?;
        }
        let release = Release { channel: Arc::clone(&channel), orders: self.releases.clone() };
        let (sender, deliveries) = Deliveries::channel(release);
        self.channels.entry(channel).or_default().push(sender);
        Ok(deliveries)
    }

    async fn release(&mut self, channel: &Arc<str>) {
        if self.channels.contains_key(channel) {
            self.desert(channel).await;
        }
    }

    /// Listens to a channel no more, unless somebody else does.
    async fn desert(&mut self, channel: &Arc<str>) {
        if let Some(subscribers) = self.channels.get_mut(channel) {
            subscribers.retain(DeliverySender::is_open);
            if !subscribers.is_empty() {
                return;
            }
        }
        self.channels.remove(channel);
        if let Some(Beside { link, .. }) = &mut self.beside {
            // If it fails the connection is lost, and the channel is not among those of the next.
            let _ = ask(link, UNSUBSCRIBE, channel, &mut self.channels).await;
        }
    }

    async fn listen(&mut self, channel: &str) -> Result<(), BrokerError> {
        let beside = match &mut self.beside {
            Some(beside) => beside,
            none => none.insert(self.links.open_beside().await?),
        };
        let listening = ask(&mut beside.link, SUBSCRIBE, channel, &mut self.channels).await;
        listening.map_err(|error| self.links.error(error))
    }

    /// Comes back with all channels subscribed, and a gap in each; false if nobody is left to come back for.
    async fn reconnect(&mut self, lost: &(dyn Display + Sync), orders: &mpsc::UnboundedReceiver<Order>) -> bool {
        self.beside = None;
        self.links.subscriptions.lost(lost);
        let since = Instant::now();
        let mut delays = reconnect_backoff().build();
        loop {
            // Orders wait meanwhile: a subscription to a broker that is away is answered when it is back.
            if orders.is_closed() && orders.is_empty() {
                return false;
            }
            match self.resubscribe(since).await {
                Ok(()) => return true,
                Err(error) => self.links.subscriptions.lost(&error),
            }
            tokio::time::sleep(delays.next().unwrap_or(LONGEST_DELAY)).await;
        }
    }

    async fn resubscribe(&mut self, since: Instant) -> Result<(), BrokerError> {
        self.channels.retain(|_, subscribers| {
            subscribers.retain(DeliverySender::is_open);
            !subscribers.is_empty()
        });
        let mut beside = self.links.open_beside().await?;
        let channels: Vec<Arc<str>> = self.channels.keys().cloned().collect();
        for channel in channels {
            let listening = ask(&mut beside.link, SUBSCRIBE, &channel, &mut self.channels).await;
            listening.map_err(|error| self.links.error(error))?;
        }
        self.beside = Some(beside);
        self.links.subscriptions.back();
        let lasted = since.elapsed();
        for subscriber in self.channels.values().flatten() {
            // Who listens no more is let go with the next message.
            let _ = subscriber.send(Delivery::Gap { lasted });
        }
        Ok(())
    }
}

/// Begins or ends to listen to a channel. All subscriptions wait for it, so it fails when nothing moves for a while.
async fn ask(link: &mut Link, what: &[u8], channel: &str, channels: &mut Channels) -> RedisResult<()> {
    let order = link.commands();
    command(order, 2);
    word(order, what);
    word(order, channel.as_bytes());
    let mut stall = Stall::new();
    loop {
        match told(link.reply_within(&mut stall, STALLED).await?)? {
            Push::Confirmation { what: done, channel: other } => {
                // An earlier one may have come too late.
                if *done == *what && other == *channel.as_bytes() {
                    return Ok(());
                }
            }
            // A channel whose last listener has gone is let go with its next message.
            Push::Message { channel, payload } => drop(deliver(channels, &channel, &payload)),
        }
    }
}

/// What comes next. If the future is dropped, nothing of it is lost.
async fn push(link: &mut Link) -> RedisResult<Push> {
    told(link.receive().await?)
}

fn told(reply: Reply) -> RedisResult<Push> {
    let Reply::List(items) = reply.checked()? else {
        return Err(malformed("a subscription that gives no list"));
    };
    match <[Reply; 3]>::try_from(items) {
        Ok([Reply::Text(kind), Reply::Text(channel), Reply::Text(payload)]) if *kind == *b"message" => {
            Ok(Push::Message { channel, payload })
        }
        Ok([Reply::Text(what), Reply::Text(channel), _]) if [SUBSCRIBE, UNSUBSCRIBE].contains(&&*what) => {
            Ok(Push::Confirmation { what, channel })
        }
        _ => Err(malformed("a subscription that tells something else")),
    }
}

/// Hands a message to those who listen; the channel, where nobody does any more, or never has: its confirmation came too late.
fn deliver(channels: &mut Channels, channel: &[u8], payload: &Bytes) -> Option<Arc<str>> {
    let channel = std::str::from_utf8(channel).ok()?;
    let Some(subscribers) = channels.get_mut(channel) else { return Some(channel.into()) };
    // Who waits long for its turn is to keep no more than itself, and not all that was received with it.
    let payload = if payload.len() < ALONE { Bytes::copy_from_slice(payload) } else { payload.clone() };
    subscribers.retain(|subscriber| subscriber.send(Delivery::Message(payload.clone())));
    subscribers.is_empty().then(|| channel.into())
}

#[cfg(test)]
mod tests {
    use super::super::client::scripted::{Peer, Scripted};
    use super::*;

    fn told(kind: &str, channel: &str, what: &str) -> String {
        format!("*3\r\n${}\r\n{kind}\r\n${}\r\n{channel}\r\n{what}\r\n", kind.len(), channel.len())
    }

    async fn confirm(peer: &mut Peer, channel: &str) {
        assert_eq!(peer.command().await, ["subscribe", channel]);
        peer.say(&told("subscribe", channel, ":1")).await;
    }

    /// Subscriptions, and the shared link's other end.
    async fn set() -> (Scripted, Subscriptions, Peer) {
        let scripted = Scripted::start().await;
        let (links, shared) = tokio::join!(Links::open(Arc::new(scripted.endpoint())), scripted.identified());
        (scripted, Subscriptions::new(Arc::new(links.unwrap())), shared)
    }

    #[tokio::test]
    async fn a_confirmation_that_comes_too_late_is_not_the_next_ones_and_its_channel_is_let_go() {
        let (scripted, subscriptions, _shared) = set().await;
        let first = async {
            let mut peer = scripted.identified().await;
            confirm(&mut peer, "a").await;
            peer
        };
        let (a, mut peer) = tokio::join!(subscriptions.subscribe("a".into()), first);
        let mut a = a.unwrap();
        tokio::time::pause();
        let late = subscriptions.subscribe("late".into()).await;
        assert_eq!(late.err().unwrap().kind(), BrokerErrorKind::Lost);
        tokio::time::resume();
        assert_eq!(peer.command().await, ["subscribe", "late"]);

        let mut next = Box::pin(subscriptions.subscribe("next".into()));
        tokio::select! {
            _ = &mut next => panic!("it was not confirmed"),
            command = peer.command() => assert_eq!(command, ["subscribe", "next"]),
        }
        // The messages show what has been read.
        peer.say(&[told("subscribe", "late", ":2"), told("message", "a", "$1\r\nm")].concat()).await;
        tokio::select! {
            _ = &mut next => panic!("another was confirmed"),
            message = a.next() => assert_eq!(message, Some(Delivery::Message("m".into()))),
        }
        peer.say(&told("subscribe", "next", ":3")).await;
        let _next = next.await.unwrap();
        peer.say(&told("message", "late", "$1\r\nm")).await;
        assert_eq!(peer.command().await, ["unsubscribe", "late"]);
        peer.say(&[told("unsubscribe", "late", ":2"), told("message", "a", "$1\r\nn")].concat()).await;
        assert_eq!(a.next().await, Some(Delivery::Message("n".into())));
    }

    #[tokio::test]
    async fn a_refused_subscription_costs_the_others_nothing() {
        let (scripted, subscriptions, _shared) = set().await;
        let first = async {
            let mut peer = scripted.identified().await;
            confirm(&mut peer, "a").await;
            peer.answer("subscribe", "-NOPERM not this one\r\n").await;
            peer
        };
        let subscribed = async {
            let a = subscriptions.subscribe("a".into()).await.unwrap();
            (a, subscriptions.subscribe("b".into()).await.err().unwrap().kind())
        };
        let ((mut a, refused), mut peer) = tokio::join!(subscribed, first);
        assert_eq!(refused, BrokerErrorKind::Refused);
        peer.say_slowly(&told("message", "a", "$1\r\nm")).await;
        assert_eq!(a.next().await, Some(Delivery::Message("m".into())));
    }

    #[tokio::test]
    async fn a_message_that_waits_keeps_the_memory_of_no_other() {
        let (scripted, subscriptions, _shared) = set().await;
        let first = async {
            let mut peer = scripted.identified().await;
            confirm(&mut peer, "a").await;
            peer.say(&[told("message", "a", "$1\r\nm"), told("message", "a", "$1\r\nn")].concat()).await;
            peer
        };
        let (a, _peer) = tokio::join!(subscriptions.subscribe("a".into()), first);
        let mut a = a.unwrap();
        let message = a.next().await;
        // It would be one of several pieces of what was received.
        assert!(matches!(&message, Some(Delivery::Message(message)) if message.is_unique()), "{message:?}");
    }
}
