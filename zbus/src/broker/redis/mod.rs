//! Redis or Valkey: lists and channels on a server that many processes share.
//!
//! Everything that is written goes over one connection that comes back by itself; each popper, and all subscriptions together, have
//! one of their own.

mod address;
mod busy_poll;
mod connection;
mod errors;
mod limit;
mod link;
mod pop;
mod presence;
#[cfg(unix)]
mod quiet;
mod resp;
#[cfg(test)]
mod scripted;
mod stream;
mod subscribe;
mod withdraw;
mod write;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use self::address::Place;
pub(crate) use self::address::place;
use self::connection::Connection;
use self::errors::{again, connection_error};
use self::pop::RedisPopper;
#[cfg(any(test, fuzzing))]
pub(crate) use self::resp::any_replies;
use self::resp::{Reply, malformed};
use self::subscribe::Subscriptions;
use self::write::{Commands, commands};
use super::{BoxFuture, Broker, BrokerError, BrokerErrorKind, Deliveries, Popper, Write};

/// How long a connection may take to be made.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a command but a blocking pop may take to be answered.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(10);

pub(super) struct RedisBroker {
    place: Arc<Place>,
    connection: Arc<Connection>,
    subscriptions: Subscriptions,
}

impl RedisBroker {
    /// In [`CONNECTION_TIMEOUT`] or not at all.
    pub(super) async fn connect(place: Place) -> Result<Self, BrokerError> {
        let place = Arc::new(place);
        tokio::time::timeout(CONNECTION_TIMEOUT, Self::connect_to(Arc::clone(&place))).await.unwrap_or_else(|_| {
            let message = format!("no broker at {place}: no answer in {CONNECTION_TIMEOUT:?}");
            Err(BrokerError::new(BrokerErrorKind::Unreachable, message))
        })
    }

    async fn connect_to(place: Arc<Place>) -> Result<Self, BrokerError> {
        let connection = Connection::open(Arc::clone(&place)).await;
        let connection = connection.map_err(|error| connection_error(&place.to_string(), error))?;
        refuse_unready(&connection).await?;
        refuse_cluster(&connection).await?;
        let subscriptions = Subscriptions::new(Arc::clone(&place));
        Ok(Self { place, connection: Arc::new(connection), subscriptions })
    }
}

impl fmt::Debug for RedisBroker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the settings, which hold the password.
        formatter.debug_tuple("RedisBroker").field(self.place.address()).finish()
    }
}

/// A broker that still loads its data takes connections, and refuses what is asked of it.
async fn refuse_unready(connection: &Connection) -> Result<(), BrokerError> {
    let ready = connection.query::<String>(&redis::cmd("PING")).await;
    // A user who may not ask finds out by what comes next.
    ready.err().filter(|error| error.kind() != BrokerErrorKind::Refused).map_or(Ok(()), Err)
}

/// A module's lists would lie on different nodes of a cluster, and one pop cannot wait on several of them.
async fn refuse_cluster(connection: &Connection) -> Result<(), BrokerError> {
    let info = connection.query::<String>(redis::cmd("INFO").arg("cluster")).await;
    if info.is_ok_and(|info| info.contains("cluster_enabled:1")) {
        return Err(BrokerError::new(
            BrokerErrorKind::Refused,
            "the broker is a Redis Cluster, which is not supported: its nodes do not share lists; use a single Redis or Valkey",
        ));
    }
    Ok(())
}

impl Broker for RedisBroker {
    fn write(&self, batch: Vec<Write>) -> BoxFuture<'_, Vec<Result<(), BrokerError>>> {
        Box::pin(async move {
            let Commands { bytes, owners } = commands(&batch);
            let replies = match self.connection.exchange(bytes, owners.len()).await {
                Ok(replies) => replies,
                Err(error) => return batch.iter().map(|_| Err(again(&error))).collect(),
            };
            let mut outcomes: Vec<Result<(), BrokerError>> = batch.iter().map(|_| Ok(())).collect();
            for (mut range, reply) in owners.into_iter().zip(replies) {
                let error = match (reply.checked(), batch.get(range.start)) {
                    (Err(error), _) => self.connection.error(error),
                    (Ok(Reply::Int(pushed)), Some(Write::PushBelow { list, limit, .. })) => {
                        range.start = range.end.min(range.start + usize::try_from(pushed).unwrap_or_default());
                        BrokerError::full(list, *limit)
                    }
                    (Ok(Reply::Int(_)), _) => continue,
                    (Ok(_), _) => self.connection.error(malformed("a write that gives no number")),
                };
                for outcome in outcomes.get_mut(range).unwrap_or_default() {
                    *outcome = Err(again(&error));
                }
            }
            outcomes
        })
    }

    fn popper(&self) -> BoxFuture<'_, Result<Box<dyn Popper>, BrokerError>> {
        Box::pin(async move {
            let popper = RedisPopper::connect(Arc::clone(&self.place), Arc::clone(&self.connection)).await?;
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
            let withdrawn = withdraw::each(&self.connection, &list, std::slice::from_ref(&message)).await?;
            Ok(withdrawn.first().copied().unwrap_or_default())
        })
    }

    fn withdraw_each<'a>(
        &'a self,
        list: &'a str,
        messages: Vec<Bytes>,
    ) -> BoxFuture<'a, Result<Vec<bool>, BrokerError>> {
        Box::pin(async move { withdraw::each(&self.connection, list, &messages).await })
    }

    fn now(&self) -> BoxFuture<'_, Result<i64, BrokerError>> {
        Box::pin(async move {
            let (seconds, microseconds): (i64, i64) = self.connection.query(&redis::cmd("TIME")).await?;
            Ok(milliseconds(seconds, microseconds))
        })
    }

    fn run_id(&self) -> BoxFuture<'_, Result<Option<String>, BrokerError>> {
        Box::pin(async move {
            let info: String = self.connection.query(redis::cmd("INFO").arg("server")).await?;
            Ok(info.lines().find_map(|line| line.strip_prefix("run_id:")).map(str::to_owned))
        })
    }

    fn announce(&self, set: &str, member: &str, lasting: Duration) -> BoxFuture<'_, Result<(), BrokerError>> {
        let (set, member) = (set.to_owned(), member.to_owned());
        Box::pin(async move { presence::announce(&self.connection, &set, &member, lasting).await })
    }

    fn retract(&self, set: &str, member: &str) -> BoxFuture<'_, Result<(), BrokerError>> {
        let (set, member) = (set.to_owned(), member.to_owned());
        Box::pin(async move { presence::retract(&self.connection, &set, &member).await })
    }

    fn announced(&self, set: &str) -> BoxFuture<'_, Result<Vec<String>, BrokerError>> {
        let set = set.to_owned();
        Box::pin(async move { presence::announced(&self.connection, &set).await })
    }
}

/// What `TIME` answers, as milliseconds since 1970.
fn milliseconds(seconds: i64, microseconds: i64) -> i64 {
    seconds * 1000 + microseconds / 1000
}

#[cfg(test)]
mod tests {
    use super::scripted::Scripted;
    use super::*;

    fn push(list: &str) -> Write {
        Write::Push { list: list.into(), message: Bytes::from_static(b"m"), expire: None }
    }

    #[tokio::test]
    async fn an_error_for_one_of_several_commands_is_the_error_of_its_entries_alone() {
        let scripted = Scripted::start().await;
        let (broker, mut peer) = tokio::join!(RedisBroker::connect(scripted.place()), scripted.broker());
        let broker = broker.unwrap();
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
        // What is no answer to a write leaves open what has become of it.
        let [refused, lost] = [BrokerErrorKind::Refused, BrokerErrorKind::Lost].map(Some);
        assert_eq!(kinds, [None, refused, refused, lost, lost]);
    }
}
