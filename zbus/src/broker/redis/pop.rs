//! Blocking pops, on a connection of their own: whatever else shared it would wait as long.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use redis::aio::{ConnectionManager, MultiplexedConnection};
use redis::{AsyncConnectionConfig, Client, Cmd, RedisError, RedisResult};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{CONNECTION_TIMEOUT, RESPONSE_TIMEOUT, broker_error, connection_error, no_answer};
use crate::broker::{BoxFuture, BrokerError, BrokerErrorKind, Popped, Popper};
use crate::log_limit::LogLimit;
use crate::telemetry;

/// How long one pop waits for a message.
const WAIT: Duration = Duration::from_secs(5);

/// The like where the broker does not let us end a pop (`CLIENT UNBLOCK` is refused): a stop takes as long.
const SHORT_WAIT: Duration = Duration::from_millis(500);

/// An answer this much later than the pop should end does not come any more.
const GRACE: Duration = Duration::from_secs(5);

/// `CLIENT UNBLOCK` is repeated in this interval: the first may overtake the pop that it is to end.
const UNBLOCK_INTERVAL: Duration = Duration::from_millis(20);

/// How long a pop of a single list waits that shall only show whether it is one. 0 would be for ever.
const PROBE: Duration = Duration::from_millis(1);

/// A key that is no list is left out for this long, so that it keeps back none of the others.
const LEFT_OUT: Duration = Duration::from_secs(2);

pub(super) struct RedisPopper {
    client: Client,
    /// Ends the pops of the other connection.
    control: ConnectionManager,
    connection: Option<PopConnection>,
    /// Keys that are no lists, and until when they are left out.
    left_out: HashMap<Arc<str>, Instant>,
    left_out_log: LogLimit,
}

struct PopConnection {
    connection: MultiplexedConnection,
    /// Redis' id of the connection; none where pops on it cannot be ended.
    unblock: Option<i64>,
    /// False where there is no `BLMPOP`: before Redis 7, or for users who may not.
    batches: bool,
}

impl RedisPopper {
    pub(super) async fn connect(client: Client, control: ConnectionManager) -> Result<Self, BrokerError> {
        let mut popper =
            Self { client, control, connection: None, left_out: HashMap::new(), left_out_log: LogLimit::default() };
        popper.connection = Some(popper.open().await?);
        Ok(popper)
    }

    fn error(&self, error: RedisError) -> BrokerError {
        broker_error(&self.client.get_connection_info().addr().to_string(), error)
    }

    async fn open(&mut self) -> Result<PopConnection, BrokerError> {
        // The library's response timeout would end a pop that waits; ours knows how long the pop does.
        let config =
            AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECTION_TIMEOUT)).set_response_timeout(None);
        let mut connection = self
            .client
            .get_multiplexed_async_connection_with_config(&config)
            .await
            .map_err(|error| connection_error(&self.client.get_connection_info().addr().to_string(), error))?;
        let unblock = match self.unblockable(&mut connection).await {
            Ok(id) => Some(id),
            Err(error) if error.kind() == BrokerErrorKind::Refused => None,
            Err(error) => return Err(error),
        };
        Ok(PopConnection { connection, unblock, batches: true })
    }

    /// The connection's id, if pops on it can be ended from another connection: tried while there is none.
    async fn unblockable(&mut self, connection: &mut MultiplexedConnection) -> Result<i64, BrokerError> {
        let id = tokio::time::timeout(RESPONSE_TIMEOUT, redis::cmd("CLIENT").arg("ID").query_async(connection))
            .await
            .unwrap_or_else(|_| Err(no_answer()))
            .map_err(|error| self.error(error))?;
        let _: i64 = unblock(id).query_async(&mut self.control).await.map_err(|error| self.error(error))?;
        Ok(id)
    }

    async fn pop_once(
        &mut self,
        lists: &[Arc<str>],
        max: usize,
        stop: &CancellationToken,
    ) -> Result<Popped, BrokerError> {
        if stop.is_cancelled() {
            return Ok(Popped::default());
        }
        let mut open = match self.connection.take() {
            Some(open) => open,
            // Nothing is lost where it is not driven to its end.
            None => match stop.run_until_cancelled(self.open()).await {
                Some(open) => {
                    let open = open?;
                    telemetry::reconnected("pops");
                    open
                }
                None => return Ok(Popped::default()),
            },
        };
        let mut control = self.control.clone();
        let served = self.served(lists);
        let wait = self.wait(&open);
        let mut popped = pop(&mut open, &mut control, &served, max, wait, stop).await;
        if open.batches && popped.as_ref().is_err_and(is_about_blmpop) {
            open.batches = false;
            popped = pop(&mut open, &mut control, &served, max, wait, stop).await;
        }
        if served.len() > 1 && popped.as_ref().is_err_and(is_wrong_type) {
            popped = self.pop_one_by_one(&mut open, &served, max, stop).await;
        }
        // A connection that failed is not used again: an answer may still be under way on it.
        let popped = popped.map_err(|error| self.error(error))?;
        self.connection = Some(open);
        popped.map_or_else(|| Ok(Popped::default()), |(list, messages)| named(lists, &list, messages))
    }

    /// The lists without those that are left out for now; all of them where that would be none.
    fn served(&mut self, lists: &[Arc<str>]) -> Vec<Arc<str>> {
        let now = Instant::now();
        self.left_out.retain(|_, until| *until > now);
        let served: Vec<_> = lists.iter().filter(|list| !self.left_out.contains_key(*list)).cloned().collect();
        if served.is_empty() { lists.to_vec() } else { served }
    }

    fn wait(&self, open: &PopConnection) -> Duration {
        let wait = if open.unblock.is_some() { WAIT } else { SHORT_WAIT };
        // Lists that are left out get their next try in time.
        let next = self.left_out.values().min().map(|until| until.saturating_duration_since(Instant::now()));
        next.map_or(wait, |next| wait.min(next.max(PROBE)))
    }

    /// One of the keys is no list, which fails a pop of all of them: finds out which, and leaves it out for a while.
    async fn pop_one_by_one(
        &mut self,
        open: &mut PopConnection,
        lists: &[Arc<str>],
        max: usize,
        stop: &CancellationToken,
    ) -> RedisResult<Reply> {
        let mut control = self.control.clone();
        let mut found = Err(no_answer());
        for list in lists {
            match pop(open, &mut control, std::slice::from_ref(list), max, PROBE, stop).await {
                Ok(None) => found = Ok(None),
                Err(error) if is_wrong_type(&error) => {
                    if self.left_out_log.due().is_some() {
                        tracing::warn!(key = %list, %error, "a queue is no list: delete the key; the other queues are served meanwhile");
                    }
                    self.left_out.insert(Arc::clone(list), Instant::now() + LEFT_OUT);
                    found = found.or(Err(error));
                }
                other => return other,
            }
        }
        // An error where none is a list: then there is nothing to wait for.
        found
    }
}

impl Popper for RedisPopper {
    fn pop<'a>(
        &'a mut self,
        lists: &'a [Arc<str>],
        max: usize,
        stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Popped, BrokerError>> {
        Box::pin(self.pop_once(lists, max, stop))
    }
}

fn named(lists: &[Arc<str>], list: &str, messages: Vec<Vec<u8>>) -> Result<Popped, BrokerError> {
    let index = lists.iter().position(|name| **name == *list).ok_or_else(|| {
        BrokerError::new(BrokerErrorKind::Lost, format!("the broker answered a pop with another list: {list}"))
    })?;
    Ok(Popped { list: index, messages: messages.into_iter().map(Bytes::from).collect() })
}

type Reply = Option<(String, Vec<Vec<u8>>)>;

async fn pop(
    open: &mut PopConnection,
    control: &mut ConnectionManager,
    lists: &[Arc<str>],
    max: usize,
    wait: Duration,
    stop: &CancellationToken,
) -> RedisResult<Reply> {
    let command = if open.batches { blmpop(lists, max, wait) } else { blpop(lists, wait) };
    let (id, batches) = (open.unblock, open.batches);
    let connection = &mut open.connection;
    let blocked = tokio::time::timeout(wait + GRACE, async move {
        if batches {
            command.query_async(connection).await
        } else {
            let first: Option<(String, Vec<u8>)> = command.query_async(connection).await?;
            let Some((list, message)) = first else { return Ok(None) };
            let mut messages = vec![message];
            if max > 1 {
                // Before Redis 6.2 there is no count either: then it is one message a pop.
                let more: RedisResult<Option<Vec<Vec<u8>>>> =
                    redis::cmd("LPOP").arg(&list).arg(max - 1).query_async(connection).await;
                messages.extend(more.ok().flatten().unwrap_or_default());
            }
            Ok(Some((list, messages)))
        }
    });
    tokio::pin!(blocked);
    let reply = tokio::select! {
        reply = &mut blocked => reply,
        () = stop.cancelled() => loop {
            if let Some(id) = id {
                // Where this fails the pop ends by itself.
                let _: RedisResult<i64> = unblock(id).query_async(control).await;
            }
            if let Ok(reply) = tokio::time::timeout(UNBLOCK_INTERVAL, &mut blocked).await {
                break reply;
            }
        },
    };
    reply.unwrap_or_else(|_| Err(no_answer()))
}

fn blmpop(lists: &[Arc<str>], max: usize, wait: Duration) -> Cmd {
    let mut command = redis::cmd("BLMPOP");
    command.arg(wait.as_secs_f64()).arg(lists.len());
    for list in lists {
        command.arg(&**list);
    }
    command.arg("LEFT").arg("COUNT").arg(max.max(1));
    command
}

fn blpop(lists: &[Arc<str>], wait: Duration) -> Cmd {
    let mut command = redis::cmd("BLPOP");
    for list in lists {
        command.arg(&**list);
    }
    command.arg(wait.as_secs_f64());
    command
}

fn unblock(id: i64) -> Cmd {
    let mut command = redis::cmd("CLIENT");
    command.arg("UNBLOCK").arg(id);
    command
}

/// Whether the command is not known, or not allowed: both are told with its name, unlike what is wrong with a list.
fn is_about_blmpop(error: &RedisError) -> bool {
    error.to_string().to_lowercase().contains("blmpop")
}

/// Whether one of the keys holds something else than a list.
fn is_wrong_type(error: &RedisError) -> bool {
    error.code() == Some("WRONGTYPE")
}
