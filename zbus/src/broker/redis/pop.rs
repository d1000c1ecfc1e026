//! Blocking pops, on a connection of their own: whatever else shared it would wait as long.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use redis::{Cmd, RedisError, RedisResult};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::RESPONSE_TIMEOUT;
use super::address::Place;
use super::busy_poll::BusyPoll;
use super::connection::Connection;
use super::errors::{broker_error, closed, connection_error, no_answer};
use super::limit::Limit;
use super::link::Link;
use super::resp::{Reply, command, malformed, number, word};
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
    place: Arc<Place>,
    /// Ends the pops of the other connection.
    control: Arc<Connection>,
    connection: Option<PopConnection>,
    /// Keys that are no lists, and until when they are left out.
    left_out: HashMap<Arc<str>, Instant>,
    left_out_log: LogLimit,
}

struct PopConnection {
    link: Link,
    limit: Limit,
    busy_poll: BusyPoll,
    /// Redis' id of the connection; none where pops on it cannot be ended.
    unblock: Option<i64>,
    /// False where there is no `BLMPOP`: before Redis 7, or for users who may not.
    batches: bool,
}

impl RedisPopper {
    pub(super) async fn connect(place: Arc<Place>, control: Arc<Connection>) -> Result<Self, BrokerError> {
        let (left_out, left_out_log) = (HashMap::new(), LogLimit::default());
        let mut popper = Self { place, control, connection: None, left_out, left_out_log };
        popper.connection = Some(popper.open().await?);
        Ok(popper)
    }

    fn error(&self, error: RedisError) -> BrokerError {
        broker_error(&self.place.to_string(), error)
    }

    async fn open(&self) -> Result<PopConnection, BrokerError> {
        let link = Link::open(&self.place).await;
        let mut link = link.map_err(|error| connection_error(&self.place.to_string(), error))?;
        let unblock = match self.unblockable(&mut link).await {
            Ok(id) => Some(id),
            Err(error) if error.kind() == BrokerErrorKind::Refused => None,
            Err(error) => return Err(error),
        };
        let busy_poll = BusyPoll::new(self.place.busy_poll());
        Ok(PopConnection { link, limit: Limit::new(), busy_poll, unblock, batches: true })
    }

    /// The connection's id, if pops on it can be ended from another connection: tried while there is none.
    async fn unblockable(&self, link: &mut Link) -> Result<i64, BrokerError> {
        let id = tokio::time::timeout(RESPONSE_TIMEOUT, link.query(redis::cmd("CLIENT").arg("ID")))
            .await
            .unwrap_or_else(|_| Err(no_answer()))
            .map_err(|error| self.error(error))?;
        let _: i64 = self.control.query(&unblock(id)).await?;
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
            None => match stop.run_until_cancelled(Box::pin(self.open())).await {
                Some(open) => {
                    let open = open?;
                    telemetry::reconnected("pops");
                    open
                }
                None => return Ok(Popped::default()),
            },
        };
        let served = self.served(lists);
        let wait = self.wait(&open);
        // What nobody has asked for would be taken for the pop's answer.
        if open.link.is_lost() {
            return Err(self.error(closed()));
        }
        let mut popped = pop(&mut open, &self.control, &served, max, wait, stop).await;
        if popped.is_err() {
            popped = Box::pin(self.pop_otherwise(popped, &mut open, &served, max, wait, stop)).await;
        }
        // A connection that failed is not used again: an answer may still be under way on it.
        let popped = popped.map_err(|error| self.error(error))?;
        let popped = popped.map_or_else(|| Ok(Popped::default()), |(list, messages)| named(lists, &list, messages))?;
        self.connection = Some(open);
        Ok(popped)
    }

    /// What comes of a pop that has failed, where there is another way.
    async fn pop_otherwise(
        &mut self,
        mut popped: RedisResult<Taken>,
        open: &mut PopConnection,
        lists: &[Arc<str>],
        max: usize,
        wait: Duration,
        stop: &CancellationToken,
    ) -> RedisResult<Taken> {
        if open.batches && popped.as_ref().is_err_and(is_about_blmpop) {
            open.batches = false;
            popped = pop(open, &self.control, lists, max, wait, stop).await;
        }
        if lists.len() > 1 && popped.as_ref().is_err_and(is_wrong_type) {
            popped = self.pop_one_by_one(open, lists, max, stop).await;
        }
        popped
    }

    /// The lists without those that are left out for now; all of them where that would be none.
    fn served<'a>(&mut self, lists: &'a [Arc<str>]) -> Cow<'a, [Arc<str>]> {
        if self.left_out.is_empty() {
            return Cow::Borrowed(lists);
        }
        let now = Instant::now();
        self.left_out.retain(|_, until| *until > now);
        let served: Vec<_> = lists.iter().filter(|list| !self.left_out.contains_key(*list)).cloned().collect();
        if served.is_empty() { Cow::Borrowed(lists) } else { Cow::Owned(served) }
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
    ) -> RedisResult<Taken> {
        let mut found = Err(no_answer());
        for list in lists {
            match pop(open, &self.control, std::slice::from_ref(list), max, PROBE, stop).await {
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

fn named(lists: &[Arc<str>], list: &[u8], messages: Vec<Bytes>) -> Result<Popped, BrokerError> {
    let index = lists.iter().position(|name| name.as_bytes() == list).ok_or_else(|| {
        let list = list.escape_ascii();
        BrokerError::new(BrokerErrorKind::Lost, format!("the broker answered a pop with another list: {list}"))
    })?;
    Ok(Popped { list: index, messages })
}

/// Of which list, and what.
type Taken = Option<(Bytes, Vec<Bytes>)>;

async fn pop(
    open: &mut PopConnection,
    control: &Connection,
    lists: &[Arc<str>],
    max: usize,
    wait: Duration,
    stop: &CancellationToken,
) -> RedisResult<Taken> {
    let PopConnection { link, limit, busy_poll, unblock: id, batches } = open;
    let id = *id;
    let blocked = limit.hold(wait + GRACE, exchange(link, busy_poll, *batches, lists, max, wait));
    tokio::pin!(blocked);
    tokio::select! {
        biased;
        taken = &mut blocked => taken,
        () = stop.cancelled() => loop {
            if let Some(id) = id {
                // Where this fails the pop ends by itself.
                let _ = control.query::<i64>(&unblock(id)).await;
            }
            if let Ok(taken) = tokio::time::timeout(UNBLOCK_INTERVAL, &mut blocked).await {
                break taken;
            }
        },
    }
}

/// Sends a pop, and waits for what it gives.
async fn exchange(
    link: &mut Link,
    busy_poll: &mut BusyPoll,
    batches: bool,
    lists: &[Arc<str>],
    max: usize,
    wait: Duration,
) -> RedisResult<Taken> {
    if batches {
        blmpop(link.commands(), lists, max, wait);
    } else {
        blpop(link.commands(), lists, wait);
    }
    link.send().await?;
    let (list, items) = match busy_poll.wait(link.receive()).await?.checked()? {
        Reply::Nil => return Ok(None),
        Reply::List(pair) => match <[Reply; 2]>::try_from(pair) {
            Ok([Reply::Text(list), items]) => (list, items),
            _ => return Err(malformed("a pop that names no list")),
        },
        _ => return Err(malformed("a pop that gives no list")),
    };
    if batches {
        let Reply::List(items) = items else { return Err(malformed("a pop without messages")) };
        busy_poll.came(items.len());
        return Ok(Some((list, texts(items)?)));
    }
    let mut messages = texts(vec![items])?;
    if max > 1 {
        // Before Redis 6.2 there is no count either: then it is one message a pop.
        let more = link.commands();
        command(more, 3);
        word(more, b"LPOP");
        word(more, &list);
        number(more, max as u64 - 1);
        link.send().await?;
        if let Reply::List(items) = link.receive().await? {
            messages.extend(texts(items)?);
        }
    }
    busy_poll.came(messages.len());
    Ok(Some((list, messages)))
}

fn texts(items: Vec<Reply>) -> RedisResult<Vec<Bytes>> {
    let mut texts = Vec::with_capacity(items.len());
    for item in items {
        let Reply::Text(text) = item else { return Err(malformed("a message that is no text")) };
        texts.push(text);
    }
    Ok(texts)
}

fn blmpop(out: &mut BytesMut, lists: &[Arc<str>], max: usize, wait: Duration) {
    command(out, lists.len() + 6);
    word(out, b"BLMPOP");
    seconds(out, wait);
    number(out, lists.len() as u64);
    for list in lists {
        word(out, list.as_bytes());
    }
    word(out, b"LEFT");
    word(out, b"COUNT");
    number(out, max.max(1) as u64);
}

fn blpop(out: &mut BytesMut, lists: &[Arc<str>], wait: Duration) {
    command(out, lists.len() + 2);
    word(out, b"BLPOP");
    for list in lists {
        word(out, list.as_bytes());
    }
    seconds(out, wait);
}

/// A time as Redis takes it, where 0 would be for ever.
fn seconds(out: &mut BytesMut, time: Duration) {
    if time.subsec_nanos() == 0 {
        number(out, time.as_secs());
    } else {
        word(out, time.as_secs_f64().to_string().as_bytes());
    }
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

#[cfg(test)]
mod tests;
