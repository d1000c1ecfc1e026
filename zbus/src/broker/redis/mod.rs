//! Redis or Valkey: lists and channels on a server that many processes share.
//!
//! Everything that is written goes over one connection that comes back by itself; each popper, and all subscriptions together, have
//! one of their own.

mod address;
mod pop;
mod presence;
mod subscribe;

use std::fmt;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use parking_lot::Mutex;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::io::tcp::TcpSettings;
use redis::io::tcp::socket2::TcpKeepalive;
use redis::{Client, ErrorKind, Pipeline, RedisError, RedisResult, Script};

pub(crate) use self::address::client;
use self::pop::RedisPopper;
use self::subscribe::Subscriptions;
use super::{BoxFuture, Broker, BrokerError, BrokerErrorKind, Deliveries, Popper, WITHDRAWAL_DEPTH, Write, same_list};

/// How long a connection may take to be made.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a command but a blocking pop may take to be answered.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(10);

/// After this long without a write, a connection is asked whether it still works before it is written to.
const IDLE: Duration = Duration::from_millis(100);

/// A connection that was silent for as long is probed, and again that often.
const KEEPALIVE: Duration = Duration::from_secs(5);

/// A connection whose other end acknowledges nothing for as long is lost: its host or the way there is gone without a farewell.
#[cfg(target_os = "linux")]
const HALF_OPEN: Duration = Duration::from_secs(15);

/// A lost connection is tried this often for a command before the command fails; the next command starts anew.
const CONNECTION_RETRIES: usize = 1;
const CONNECTION_BACKOFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(100));

pub(super) struct RedisBroker {
    client: Client,
    connection: ConnectionManager,
    subscriptions: Subscriptions,
    /// When the connection was last seen to work.
    used: Mutex<Instant>,
}

impl RedisBroker {
    /// In [`CONNECTION_TIMEOUT`] or not at all.
    pub(super) async fn connect(client: Client) -> Result<Self, BrokerError> {
        let place = client.get_connection_info().addr().to_string();
        tokio::time::timeout(CONNECTION_TIMEOUT, Self::connect_to(client, &place)).await.unwrap_or_else(|_| {
            let message = format!("no broker at {place}: no answer in {CONNECTION_TIMEOUT:?}");
            Err(BrokerError::new(BrokerErrorKind::Unreachable, message))
        })
    }

    async fn connect_to(client: Client, place: &str) -> Result<Self, BrokerError> {
        let (shortest, longest) = CONNECTION_BACKOFF;
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(CONNECTION_RETRIES)
            .set_min_delay(shortest)
            .set_max_delay(longest)
            .set_connection_timeout(Some(CONNECTION_TIMEOUT))
            .set_response_timeout(Some(RESPONSE_TIMEOUT));
        let connection =
            client.get_connection_manager_with_config(config).await.map_err(|error| connection_error(place, error))?;
        refuse_unready(connection.clone(), place).await?;
        refuse_cluster(connection.clone()).await?;
        let subscriptions = Subscriptions::new(client.clone());
        Ok(Self { client, connection, subscriptions, used: Mutex::new(Instant::now()) })
    }

    /// Finds out that the connection was lost while nobody used it, as it is where the broker was restarted: a write would be what
    /// finds out, and could not tell that none of it was done.
    async fn wake(&self, connection: &mut ConnectionManager) -> Result<(), BrokerError> {
        if self.used.lock().elapsed() < IDLE {
            return Ok(());
        }
        let answer: RedisResult<redis::Value> = redis::cmd("PING").query_async(connection).await;
        match answer {
            // It comes back with the next command, before anything is written.
            Err(error) if error.is_connection_dropped() => Ok(()),
            Err(error) if error.is_timeout() => {
                let place = self.client.get_connection_info().addr().to_string();
                let message = format!("the broker at {place} does not answer");
                Err(BrokerError::new(BrokerErrorKind::Unreachable, message).with_source(error))
            }
            // Whatever else it is, the write will be told.
            Ok(_) | Err(_) => Ok(()),
        }
    }

    fn error(&self, error: RedisError) -> BrokerError {
        broker_error(&self.client.get_connection_info().addr().to_string(), error)
    }
}

impl fmt::Debug for RedisBroker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the settings, which hold the password.
        formatter.debug_tuple("RedisBroker").field(self.client.get_connection_info().addr()).finish()
    }
}

fn tcp() -> TcpSettings {
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE);
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    let keepalive = keepalive.with_interval(KEEPALIVE).with_retries(3);
    // What is written is written in batches already.
    let tcp = TcpSettings::default().set_nodelay(true).set_keepalive(keepalive);
    #[cfg(target_os = "linux")]
    let tcp = tcp.set_user_timeout(HALF_OPEN);
    tcp
}

/// A broker that still loads its data takes connections, and refuses what is asked of it.
async fn refuse_unready(mut connection: ConnectionManager, place: &str) -> Result<(), BrokerError> {
    let ready: RedisResult<String> = redis::cmd("PING").query_async(&mut connection).await;
    // A user who may not ask finds out by what comes next.
    let error = ready.err().map(|error| connection_error(place, error));
    error.filter(|error| error.kind() != BrokerErrorKind::Refused).map_or(Ok(()), Err)
}

/// A module's lists would lie on different nodes of a cluster, and one pop cannot wait on several of them.
async fn refuse_cluster(mut connection: ConnectionManager) -> Result<(), BrokerError> {
    let info: RedisResult<String> = redis::cmd("INFO").arg("cluster").query_async(&mut connection).await;
    if info.is_ok_and(|info| info.contains("cluster_enabled:1")) {
        return Err(BrokerError::new(
            BrokerErrorKind::Refused,
            "the broker is a Redis Cluster, which is not supported: its nodes do not share lists; use a single Redis or Valkey",
        ));
    }
    Ok(())
}

/// Redis' errors that say nothing of the command, and pass.
const UNREADY: [&str; 7] = ["BUSY", "LOADING", "MASTERDOWN", "MISCONF", "NOREPLICAS", "OOM", "READONLY"];

/// What Redis says, without a code of its own, to a connection beyond its `maxclients`.
const CROWDED: &str = "max number of clients reached";

fn kind_of(error: &RedisError) -> BrokerErrorKind {
    match error.kind() {
        _ if error.code().is_some_and(|code| UNREADY.contains(&code)) => BrokerErrorKind::Unready,
        _ if error.detail().is_some_and(|detail| detail.contains(CROWDED)) => BrokerErrorKind::Unready,
        ErrorKind::Server(_) | ErrorKind::Extension | ErrorKind::AuthenticationFailed => BrokerErrorKind::Refused,
        ErrorKind::InvalidClientConfig => BrokerErrorKind::Address,
        _ if error.is_connection_refusal() => BrokerErrorKind::Unreachable,
        _ => BrokerErrorKind::Lost,
    }
}

fn told(place: &str, kind: BrokerErrorKind, error: RedisError) -> BrokerError {
    let message = match kind {
        BrokerErrorKind::Unready => format!("the broker at {place} takes no writes for now: {error}"),
        BrokerErrorKind::Refused => format!("the broker at {place} refused: {error}"),
        BrokerErrorKind::Address => format!("the broker address {place} cannot be used: {error}"),
        BrokerErrorKind::Unreachable => format!("no broker at {place}: {error}"),
        _ => format!("lost the broker at {place}: {error}"),
    };
    BrokerError::new(kind, message).with_source(error)
}

fn broker_error(place: &str, error: RedisError) -> BrokerError {
    told(place, kind_of(&error), error)
}

/// The like where there is no connection yet: whatever else went wrong, there was none to be lost.
fn connection_error(place: &str, error: RedisError) -> BrokerError {
    match kind_of(&error) {
        // Redis says why, and closes: whether that arrives is left to chance.
        BrokerErrorKind::Lost if error.is_connection_dropped() && !error.is_connection_refusal() => {
            let message = format!(
                "the broker at {place} closes new connections, as one that has reached its `maxclients`: {error}"
            );
            BrokerError::new(BrokerErrorKind::Unreachable, message).with_source(error)
        }
        BrokerErrorKind::Lost => told(place, BrokerErrorKind::Unreachable, error),
        kind => told(place, kind, error),
    }
}

/// The like for another entry of the same batch.
fn again(error: &BrokerError) -> BrokerError {
    BrokerError::new(error.kind(), error.to_string())
}

/// The broker has not answered in time.
fn no_answer() -> RedisError {
    std::io::Error::from(std::io::ErrorKind::TimedOut).into()
}

/// Of a pipeline, and of each of its commands.
type WriteOutcome = RedisResult<Vec<RedisResult<redis::Value>>>;

impl Broker for RedisBroker {
    fn write(&self, batch: Vec<Write>) -> BoxFuture<'_, Vec<Result<(), BrokerError>>> {
        Box::pin(async move {
            let (pipeline, owners) = pipeline(&batch);
            let mut connection = self.connection.clone();
            if let Err(error) = self.wake(&mut connection).await {
                return batch.iter().map(|_| Err(again(&error))).collect();
            }
            let mut outcome: WriteOutcome = pipeline.query_async(&mut connection).await;
            if outcome.as_ref().is_err_and(RedisError::is_connection_refusal) {
                // It may be an earlier try to connect that was refused; this one makes a new one.
                outcome = pipeline.query_async(&mut connection).await;
            }
            match outcome {
                Ok(results) => {
                    *self.used.lock() = Instant::now();
                    let mut outcomes: Vec<Result<(), BrokerError>> = batch.iter().map(|_| Ok(())).collect();
                    for (mut range, result) in owners.into_iter().zip(results) {
                        let error = match (result, batch.get(range.start)) {
                            (Err(error), _) => self.error(error),
                            (Ok(redis::Value::Int(pushed)), Some(Write::PushBelow { list, limit, .. })) => {
                                range.start = range.end.min(range.start + usize::try_from(pushed).unwrap_or_default());
                                BrokerError::full(list, *limit)
                            }
                            _ => continue,
                        };
                        for outcome in outcomes.get_mut(range).unwrap_or_default() {
                            *outcome = Err(again(&error));
                        }
                    }
                    outcomes
                }
                Err(error) => {
                    let error = self.error(error);
                    batch.iter().map(|_| Err(again(&error))).collect()
                }
            }
        })
    }

    fn popper(&self) -> BoxFuture<'_, Result<Box<dyn Popper>, BrokerError>> {
        Box::pin(async move {
            let popper = RedisPopper::connect(self.client.clone(), self.connection.clone()).await?;
            Ok(Box::new(popper) as Box<dyn Popper>)
        })
    }

    fn subscribe(&self, channel: &str) -> BoxFuture<'_, Result<Deliveries, BrokerError>> {
        let channel: Arc<str> = channel.into();
        Box::pin(async move { self.subscriptions.subscribe(channel).await })
    }

    fn withdraw(&self, list: &str, message: Bytes) -> BoxFuture<'_, Result<bool, BrokerError>> {
        // `LREM` alone would scan the whole list; its sign is the end that it starts from.
        static WITHDRAW: LazyLock<Script> = LazyLock::new(|| {
            Script::new(&format!(
                "for _, from in ipairs({{1, -1}}) do \
                 if redis.call('LPOS', KEYS[1], ARGV[1], 'RANK', from, 'MAXLEN', {WITHDRAWAL_DEPTH}) then \
                 return redis.call('LREM', KEYS[1], from, ARGV[1]) end end return 0"
            ))
        });
        let mut script = WITHDRAW.prepare_invoke();
        script.key(list).arg(&message[..]);
        Box::pin(async move {
            let mut connection = self.connection.clone();
            let removed: i64 = script.invoke_async(&mut connection).await.map_err(|error| self.error(error))?;
            Ok(removed > 0)
        })
    }

    fn now(&self) -> BoxFuture<'_, Result<i64, BrokerError>> {
        Box::pin(async move {
            let mut connection = self.connection.clone();
            let (seconds, microseconds): (i64, i64) =
                redis::cmd("TIME").query_async(&mut connection).await.map_err(|error| self.error(error))?;
            Ok(milliseconds(seconds, microseconds))
        })
    }

    fn run_id(&self) -> BoxFuture<'_, Result<Option<String>, BrokerError>> {
        Box::pin(async move {
            let mut connection = self.connection.clone();
            let info: String = redis::cmd("INFO")
                .arg("server")
                .query_async(&mut connection)
                .await
                .map_err(|error| self.error(error))?;
            Ok(info.lines().find_map(|line| line.strip_prefix("run_id:")).map(str::to_owned))
        })
    }

    fn announce(&self, set: &str, member: &str, lasting: Duration) -> BoxFuture<'_, Result<(), BrokerError>> {
        let (set, member) = (set.to_owned(), member.to_owned());
        Box::pin(async move {
            let mut connection = self.connection.clone();
            presence::announce(&mut connection, &set, &member, lasting).await.map_err(|error| self.error(error))
        })
    }

    fn retract(&self, set: &str, member: &str) -> BoxFuture<'_, Result<(), BrokerError>> {
        let (set, member) = (set.to_owned(), member.to_owned());
        Box::pin(async move {
            let mut connection = self.connection.clone();
            presence::retract(&mut connection, &set, &member).await.map_err(|error| self.error(error))
        })
    }

    fn announced(&self, set: &str) -> BoxFuture<'_, Result<Vec<String>, BrokerError>> {
        let set = set.to_owned();
        Box::pin(async move {
            let mut connection = self.connection.clone();
            presence::announced(&mut connection, &set).await.map_err(|error| self.error(error))
        })
    }
}

/// What `TIME` answers, as milliseconds since 1970.
fn milliseconds(seconds: i64, microseconds: i64) -> i64 {
    seconds * 1000 + microseconds / 1000
}

/// Pushes as many messages as there is room for; says how many.
const PUSH_BELOW: &str = "
local room = tonumber(ARGV[1]) - redis.call('LLEN', KEYS[1])
local pushed = math.max(0, math.min(room, #ARGV - 1))
for index = 2, pushed + 1 do redis.call('RPUSH', KEYS[1], ARGV[index]) end
return pushed";

/// The batch as commands, neighbours for one list as one; and for each command which entries it carries.
fn pipeline(batch: &[Write]) -> (Pipeline, Vec<std::ops::Range<usize>>) {
    let mut pipeline = Pipeline::with_capacity(batch.len());
    pipeline.ignore_errors();
    let mut owners = Vec::with_capacity(batch.len());
    let mut start = 0;
    for group in batch.chunk_by(same_list) {
        let entries = start..start + group.len();
        start = entries.end;
        match group.first() {
            Some(Write::Push { list, expire, .. }) => {
                let push = pipeline.cmd("RPUSH").arg(&**list);
                for write in group {
                    push.arg(&write.message()[..]);
                }
                owners.push(entries.clone());
                if let Some(expire) = expire {
                    pipeline.cmd("EXPIRE").arg(&**list).arg(expire.as_secs());
                    owners.push(entries);
                }
            }
            Some(Write::PushBelow { list, limit, .. }) => {
                let push = pipeline.cmd("EVAL").arg(PUSH_BELOW).arg(1).arg(&**list).arg(*limit);
                for write in group {
                    push.arg(&write.message()[..]);
                }
                owners.push(entries);
            }
            Some(Write::Publish { channel, message }) => {
                pipeline.cmd("PUBLISH").arg(&**channel).arg(&message[..]);
                owners.push(entries);
            }
            None => {}
        }
    }
    (pipeline, owners)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_told_apart_from_what_does_not() {
        for (said, expected) in [
            ("-ERR max number of clients reached\r\n", BrokerErrorKind::Unready),
            ("-LOADING Redis is loading the dataset in memory\r\n", BrokerErrorKind::Unready),
            ("-OOM command not allowed when used memory > 'maxmemory'.\r\n", BrokerErrorKind::Unready),
            ("-ERR unknown command 'BLMPOP'\r\n", BrokerErrorKind::Refused),
            ("-NOPERM User x has no permissions\r\n", BrokerErrorKind::Refused),
        ] {
            let answer = redis::parse_redis_value(said.as_bytes()).and_then(redis::Value::extract_error);
            assert_eq!(kind_of(&answer.unwrap_err()), expected, "{said}");
        }
    }

    #[test]
    fn neighbours_for_one_list_are_one_command() {
        let push = |list: &str| Write::Push {
            list: list.into(),
            message: Bytes::from_static(b"m"),
            expire: Some(Duration::from_secs(300)),
        };
        let publish = Write::Publish { channel: "c".into(), message: Bytes::from_static(b"m") };
        let (pipeline, owners) = pipeline(&[push("a"), push("a"), push("b"), publish]);
        assert_eq!(pipeline.len(), 5);
        assert_eq!(owners, [0..2, 0..2, 2..3, 2..3, 3..4]);
    }
}
