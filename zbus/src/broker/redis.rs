//! Redis or Valkey: lists and channels on a server that many processes share.
//!
//! Everything that is written goes over one connection that comes back by itself; each popper, and all subscriptions together, have
//! one of their own. All lead to the same server.

mod address;
mod client;
mod errors;
mod events;
mod links;
mod outages;
mod pop;
mod presence;
mod subscribe;
mod withdraw;
mod write;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};

pub(crate) use self::address::endpoint;
#[cfg(any(test, fuzzing))]
pub(crate) use self::client::any_replies;
use self::client::{CONNECTION_TIMEOUT, Endpoint, Priority, Reply, malformed, read};
use self::errors::again;
use self::events::EventLimit;
use self::links::Links;
use self::pop::RedisPopper;
use self::subscribe::Subscriptions;
use super::{BoxFuture, Broker, BrokerError, BrokerErrorKind, Deliveries, Popper, Write};
use crate::log_limit::LogLimit;

pub(super) struct RedisBroker {
    links: Arc<Links>,
    subscriptions: Subscriptions,
    event_limit: EventLimit,
    no_expiry_log: LogLimit,
}

impl RedisBroker {
    /// In [`CONNECTION_TIMEOUT`] or not at all.
    pub(super) async fn connect(endpoint: Endpoint) -> Result<Self, BrokerError> {
        let endpoint = Arc::new(endpoint);
        tokio::time::timeout(CONNECTION_TIMEOUT, Self::connect_to(Arc::clone(&endpoint))).await.unwrap_or_else(|_| {
            let message = format!("no broker at {endpoint}: no answer in {CONNECTION_TIMEOUT:?}");
            Err(BrokerError::new(BrokerErrorKind::Unreachable, message))
        })
    }

    async fn connect_to(endpoint: Arc<Endpoint>) -> Result<Self, BrokerError> {
        let links = Arc::new(Links::open(endpoint).await?);
        let event_limit = examine(&links).await?;
        let subscriptions = Subscriptions::new(Arc::clone(&links));
        Ok(Self { links, subscriptions, event_limit, no_expiry_log: LogLimit::default() })
    }
}

impl fmt::Debug for RedisBroker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the settings, which hold the password.
        formatter.debug_tuple("RedisBroker").field(self.links.endpoint().address()).finish()
    }
}

/// Asks a broker what has to be known before it is used, in one round trip.
async fn examine(links: &Links) -> Result<EventLimit, BrokerError> {
    // A user has no right to see settings, and Redis would log the try.
    let asks_for_limit = links.endpoint().settings().username().is_none();
    let mut questions = redis::pipe();
    questions.cmd("PING").cmd("INFO").arg("cluster");
    if asks_for_limit {
        questions.cmd("CONFIG").arg("GET").arg(EventLimit::SETTING);
    }
    let commands = BytesMut::from(&*questions.get_packed_pipeline());
    let exchanged = links.exchange(commands, questions.len(), Priority::Normal).await?;
    let link = exchanged.link;
    let mut replies = exchanged.replies.into_iter();
    // A broker that still loads its data takes connections, and refuses what is asked of it. A user who has no right to ask finds out
    // with the next command.
    if let Some(Err(error)) = replies.next().map(Reply::checked) {
        let error = links.answered(error, link);
        if error.kind() != BrokerErrorKind::Refused {
            return Err(error);
        }
    }
    // A module's lists would lie on different nodes of a cluster, and one pop cannot wait on several of them.
    let info = replies.next().map(read::<String>);
    if info.is_some_and(|info| info.is_ok_and(|info| info.contains("cluster_enabled:1"))) {
        return Err(BrokerError::new(
            BrokerErrorKind::Refused,
            "the broker is a Redis Cluster, which is not supported: its nodes do not share lists; use a single Redis or Valkey",
        ));
    }
    Ok(EventLimit::from_setting(replies.next().map(read)))
}

impl Broker for RedisBroker {
    fn write(&self, batch: Vec<Write>) -> BoxFuture<'_, Vec<Result<(), BrokerError>>> {
        if batch.iter().any(|write| self.event_limit.refuses(write)) {
            return Box::pin(self.write_some(batch));
        }
        Box::pin(self.write_all(batch))
    }

    fn popper(&self) -> BoxFuture<'_, Result<Box<dyn Popper>, BrokerError>> {
        Box::pin(async move {
            let popper = RedisPopper::connect(Arc::clone(&self.links)).await?;
            Ok(Box::new(popper) as Box<dyn Popper>)
        })
    }

    fn subscribe(&self, channel: &str) -> BoxFuture<'_, Result<Deliveries, BrokerError>> {
        let channel: Arc<str> = channel.into();
        Box::pin(async move { self.subscriptions.subscribe(channel).await })
    }

    fn withdraw(&self, list: &str, message: Bytes) -> BoxFuture<'_, Result<bool, BrokerError>> {
        let list = list.to_owned();
        Box::pin(async move {
            let withdrawn = withdraw::each(&self.links, &list, std::slice::from_ref(&message)).await?;
            Ok(withdrawn.first().copied().unwrap_or_default())
        })
    }

    fn withdraw_each<'a>(
        &'a self,
        list: &'a str,
        messages: Vec<Bytes>,
    ) -> BoxFuture<'a, Result<Vec<bool>, BrokerError>> {
        Box::pin(async move { withdraw::each(&self.links, list, &messages).await })
    }

    fn now(&self) -> BoxFuture<'_, Result<i64, BrokerError>> {
        Box::pin(async move {
            let (seconds, microseconds): (i64, i64) = self.links.query(&redis::cmd("TIME")).await?;
            Ok(milliseconds(seconds, microseconds))
        })
    }

    fn run_id(&self) -> BoxFuture<'_, Result<Option<String>, BrokerError>> {
        Box::pin(async move {
            let info: String = self.links.query(redis::cmd("INFO").arg("server")).await?;
            Ok(info.lines().find_map(|line| line.strip_prefix("run_id:")).map(str::to_owned))
        })
    }

    fn announce(&self, set: &str, member: &str, lasting: Duration) -> BoxFuture<'_, Result<(), BrokerError>> {
        let (set, member) = (set.to_owned(), member.to_owned());
        Box::pin(async move { presence::announce(&self.links, &set, &member, lasting).await })
    }

    fn retract(&self, set: &str, member: &str) -> BoxFuture<'_, Result<(), BrokerError>> {
        let (set, member) = (set.to_owned(), member.to_owned());
        Box::pin(async move { presence::retract(&self.links, &set, &member).await })
    }

    fn announced(&self, set: &str) -> BoxFuture<'_, Result<Vec<String>, BrokerError>> {
        let set = set.to_owned();
        Box::pin(async move { presence::announced(&self.links, &set).await })
    }
}

impl RedisBroker {
    /// Writes a batch without the events that no subscriber would get.
    async fn write_some(&self, batch: Vec<Write>) -> Vec<Result<(), BrokerError>> {
        let refused: Vec<_> = batch.iter().map(|write| self.event_limit.check(write)).collect();
        let rest = batch.into_iter().zip(&refused).filter(|(_, refused)| refused.is_ok()).map(|(write, _)| write);
        let mut written = self.write_all(rest.collect()).await.into_iter();
        refused.into_iter().map(|checked| checked.and_then(|()| written.next().unwrap_or(Ok(())))).collect()
    }

    async fn write_all(&self, batch: Vec<Write>) -> Vec<Result<(), BrokerError>> {
        let write::Commands { bytes, owners } = write::commands(&batch);
        let exchanged = match self.links.exchange(bytes, owners.len(), Priority::Normal).await {
            Ok(exchanged) => exchanged,
            Err(error) => {
                // A push may have been done without the expiry behind it.
                if error.kind() == BrokerErrorKind::Lost
                    && let Some(write::Commands { bytes, owners }) = write::expiries(&batch)
                {
                    self.links.send(bytes, owners.len());
                }
                return batch.iter().map(|_| Err(again(&error))).collect();
            }
        };
        let mut outcomes: Vec<Result<(), BrokerError>> = batch.iter().map(|_| Ok(())).collect();
        for (write::Owner { mut entries, expires }, reply) in owners.into_iter().zip(exchanged.replies) {
            let error = match (reply.checked(), batch.get(entries.start)) {
                (Err(error), _) if expires => {
                    // The messages are written all the same, if they are: that is another reply.
                    if let Some(more) = self.no_expiry_log.due() {
                        tracing::warn!(%error, more, "a list that should expire keeps its messages until they are read");
                    }
                    continue;
                }
                (Err(error), _) => self.links.answered(error, exchanged.link),
                (Ok(Reply::Int(pushed)), Some(Write::PushBelow { list, limit, .. })) => {
                    entries.start = entries.end.min(entries.start + usize::try_from(pushed).unwrap_or_default());
                    BrokerError::full(list, *limit)
                }
                (Ok(Reply::Int(_)), _) => continue,
                (Ok(_), _) => self.links.error(malformed("a write that gives no number")),
            };
            for outcome in outcomes.get_mut(entries).unwrap_or_default() {
                *outcome = Err(again(&error));
            }
        }
        outcomes
    }
}

/// What `TIME` answers, as milliseconds since 1970.
fn milliseconds(seconds: i64, microseconds: i64) -> i64 {
    seconds * 1000 + microseconds / 1000
}

#[cfg(test)]
mod tests {
    use super::client::scripted::{Peer, Scripted};
    use super::*;

    fn push(list: &str) -> Write {
        Write::Push { list: list.into(), message: Bytes::from_static(b"m"), expire: None }
    }

    #[tokio::test]
    async fn an_error_for_one_of_several_commands_is_the_error_of_its_entries_alone() {
        let (_scripted, broker, mut peer) = connected().await;
        let below = Write::PushBelow { list: "d".into(), message: Bytes::from_static(b"m"), limit: 1 };
        let batch = vec![push("a"), push("b"), push("b"), push("c"), below];
        let answers = async {
            for answer in [":1\r\n", "-WRONGTYPE not a list\r\n", "+OK\r\n", "$-1\r\n"] {
                peer.command().await;
                peer.say(answer).await;
            }
        };
        let (outcomes, ()) = tokio::join!(broker.write(batch), answers);
        let kinds: Vec<_> = outcomes.into_iter().map(|outcome| outcome.err().map(|error| error.kind())).collect();
        // An answer that is none to a write does not say what has become of it.
        let [refused, lost] = [BrokerErrorKind::Refused, BrokerErrorKind::Lost].map(Some);
        assert_eq!(kinds, [None, refused, refused, lost, lost]);
    }

    async fn connected() -> (Scripted, RedisBroker, Peer) {
        let scripted = Scripted::start().await;
        let (broker, peer) = tokio::join!(RedisBroker::connect(scripted.endpoint()), scripted.broker());
        (scripted, broker.unwrap(), peer)
    }

    fn expiring() -> Write {
        Write::Push { list: "a".into(), message: Bytes::from_static(b"m"), expire: Some(Duration::from_secs(300)) }
    }

    async fn write(broker: &RedisBroker, write: Write) -> Option<BrokerErrorKind> {
        broker.write(vec![write]).await.remove(0).err().map(|error| error.kind())
    }

    #[tokio::test]
    async fn a_push_whose_expiry_is_refused_is_written() {
        let (_scripted, broker, mut peer) = connected().await;
        let answers = async {
            peer.answer("RPUSH", ":1\r\n").await;
            peer.answer("EXPIRE", "-NOPERM no permissions\r\n").await;
        };
        assert_eq!(tokio::join!(write(&broker, expiring()), answers).0, None);
    }

    #[tokio::test]
    async fn the_expiry_of_a_push_that_was_cut_is_set_over_the_next_connection() {
        let (scripted, broker, mut peer) = connected().await;
        let (outcome, ()) = tokio::join!(write(&broker, expiring()), async {
            assert_eq!(peer.command().await[..2], ["RPUSH", "a"]);
            drop(peer);
            let mut next = scripted.identified().await;
            assert_eq!(next.command().await, ["EXPIRE", "a", "300"]);
        });
        assert_eq!(outcome, Some(BrokerErrorKind::Lost));
    }

    #[tokio::test]
    async fn a_server_that_is_no_master_any_more_is_left_and_one_that_only_waits_is_not() {
        for (answer, left) in [
            ("-READONLY You can't write against a read only replica.\r\n", true),
            ("-MASTERDOWN Link with MASTER is down\r\n", true),
            ("-LOADING Redis is loading the dataset in memory\r\n", false),
            ("-CLUSTERDOWN The cluster is down\r\n", false),
            ("-OOM command not allowed when used memory > 'maxmemory'.\r\n", false),
        ] {
            let (scripted, broker, mut peer) = connected().await;
            let (outcome, ()) = tokio::join!(write(&broker, push("a")), peer.answer("RPUSH", answer));
            assert_eq!(outcome, Some(BrokerErrorKind::Unready), "{answer}");
            if left {
                peer = scripted.identified().await;
            }
            assert_eq!(tokio::join!(write(&broker, push("a")), peer.answer("RPUSH", ":1\r\n")).0, None, "{answer}");
        }
    }
}
