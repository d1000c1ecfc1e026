//! Blocking pops, on a connection of their own: everything else on it would have to wait as long.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use redis::{Cmd, RedisError, RedisResult};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::client::{BusyPoll, Link, Reply, STALLED, Stall, closed, command, malformed, no_answer, number, word};
use super::links::{Beside, Course, Links};
use crate::broker::{BoxFuture, BrokerError, BrokerErrorKind, Popped, Popper};
use crate::log_limit::LogLimit;

/// How long one pop waits for a message.
const WAIT: Duration = Duration::from_secs(5);

/// The same if the broker does not let us end a pop (`CLIENT UNBLOCK` is refused): a stop takes this long.
const SHORT_WAIT: Duration = Duration::from_millis(500);

/// An answer that has not begun this much later than the pop should end does not come any more. One that has begun is read to its end.
const GRACE: Duration = Duration::from_secs(5);

/// `CLIENT UNBLOCK` is repeated in this interval: the first may overtake the pop that it is to end.
const UNBLOCK_INTERVAL: Duration = Duration::from_millis(20);

/// How long a pop waits that only finds out whether a key is a list. 0 would be for ever.
const PROBE: Duration = Duration::from_millis(1);

/// A key that is no list is left out for this long, so that it does not stop the others.
const LEFT_OUT: Duration = Duration::from_secs(2);

pub(super) struct RedisPopper {
    /// The shared link ends the pops.
    links: Arc<Links>,
    connection: Option<PopConnection>,
    /// Keys that are no lists, and until when they are left out.
    left_out: HashMap<Arc<str>, Instant>,
    left_out_log: LogLimit,
}

struct PopConnection {
    link: Link,
    course: Course,
    stall: Stall,
    busy_poll: BusyPoll,
    /// Redis' id of the connection; none if pops on it cannot be ended.
    unblock: Option<i64>,
    /// False if there is no `BLMPOP`: before Redis 7, or for users who may not.
    batches: bool,
}

impl RedisPopper {
    pub(super) async fn connect(links: Arc<Links>) -> Result<Self, BrokerError> {
        let (left_out, left_out_log) = (HashMap::new(), LogLimit::default());
        let mut popper = Self { links, connection: None, left_out, left_out_log };
        popper.connection = Some(popper.open().await?);
        Ok(popper)
    }

    async fn open(&self) -> Result<PopConnection, BrokerError> {
        let Beside { mut link, course } = self.links.open_beside().await?;
        let mut stall = Stall::new();
        let unblock = match self.unblockable(&mut link, &mut stall).await {
            Ok(id) => Some(id),
            Err(error) if error.kind() == BrokerErrorKind::Refused => None,
            Err(error) => return Err(error),
        };
        let busy_poll = BusyPoll::new(self.links.endpoint().busy_poll);
        Ok(PopConnection { link, course, stall, busy_poll, unblock, batches: true })
    }

    /// The connection's id, if pops on it can be ended from another connection: tried while there is none.
    async fn unblockable(&self, link: &mut Link, stall: &mut Stall) -> Result<i64, BrokerError> {
        let id = link.query(stall, redis::cmd("CLIENT").arg("ID")).await.map_err(|error| self.links.error(error))?;
        let _: i64 = self.links.query(&unblock(id)).await?;
        Ok(id)
    }

    async fn reopen(&self) -> Result<PopConnection, BrokerError> {
        let open = self.open().await.inspect_err(|error| self.links.pops.lost(error))?;
        self.links.pops.back();
        Ok(open)
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
            // Nothing is lost if it is not driven to its end.
            None => match stop.run_until_cancelled(Box::pin(self.reopen())).await {
                Some(open) => open?,
                None => return Ok(Popped::default()),
            },
        };
        let served = self.served(lists);
        let wait = self.wait(&open);
        // What nobody has asked for would be taken for the pop's answer.
        let mut popped = if open.link.is_lost() {
            Err(closed())
        } else {
            pop(&mut open, &self.links, &served, max, wait, stop).await
        };
        if popped.is_err() {
            popped = Box::pin(self.pop_otherwise(popped, &mut open, &served, max, wait, stop)).await;
        }
        // A connection that failed is not used again: an answer may still be on its way.
        let popped = popped.map_err(|error| {
            self.links.pops.lost(&error);
            self.links.answered_beside(error, &open.course)
        })?;
        let popped = popped.map_or_else(|| Ok(Popped::default()), |(list, messages)| named(lists, &list, messages))?;
        self.connection = Some(open);
        Ok(popped)
    }

    /// What comes of a pop that has failed, if there is another way.
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
            popped = pop(open, &self.links, lists, max, wait, stop).await;
        }
        if lists.len() > 1 && popped.as_ref().is_err_and(is_wrong_type) {
            popped = self.pop_one_by_one(open, lists, max, stop).await;
        }
        popped
    }

    /// The lists without those that are left out for now; all of them if that would be none.
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
            match pop(open, &self.links, std::slice::from_ref(list), max, PROBE, stop).await {
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
        // An error if none is a list: then there is nothing to wait for.
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

/// From which list, and what.
type Taken = Option<(Bytes, Vec<Bytes>)>;

async fn pop(
    open: &mut PopConnection,
    links: &Links,
    lists: &[Arc<str>],
    max: usize,
    wait: Duration,
    stop: &CancellationToken,
) -> RedisResult<Taken> {
    let PopConnection { link, course, stall, busy_poll, unblock: id, batches } = open;
    let id = *id;
    let blocked = exchange(link, course, stall, busy_poll, *batches, lists, max, wait);
    tokio::pin!(blocked);
    tokio::select! {
        biased;
        taken = &mut blocked => taken,
        () = stop.cancelled() => loop {
            if let Some(id) = id {
                // If this fails the pop ends by itself.
                let _ = links.query::<i64>(&unblock(id)).await;
            }
            if let Ok(taken) = tokio::time::timeout(UNBLOCK_INTERVAL, &mut blocked).await {
                break taken;
            }
        },
    }
}

/// Sends a pop, and waits for what it gives.
#[expect(clippy::too_many_arguments, reason = "the parts of a connection that are in use, and what is asked of it")]
async fn exchange(
    link: &mut Link,
    course: &mut Course,
    stall: &mut Stall,
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
    // On another server than the shared link's nothing is taken: it could not be answered there.
    let reply = link.reply_unless(stall, wait + GRACE, course.moved());
    let reply =
        busy_poll.wait(reply).await?.ok_or_else(|| std::io::Error::other("another server is the master now"))?;
    let (list, items) = match reply.checked()? {
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
        // Before Redis 6.2 there is no count either: then a pop gives one message.
        let more = link.commands();
        command(more, 3);
        word(more, b"LPOP");
        word(more, &list);
        number(more, max as u64 - 1);
        if let Reply::List(items) = link.reply_within(stall, STALLED).await? {
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

/// A time as Redis takes it. 0 would be for ever.
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

/// Whether the command is not known, or not allowed: both errors name it, unlike one about a list.
fn is_about_blmpop(error: &RedisError) -> bool {
    error.to_string().to_lowercase().contains("blmpop")
}

/// Whether one of the keys holds something else than a list.
fn is_wrong_type(error: &RedisError) -> bool {
    error.code() == Some("WRONGTYPE")
}

#[cfg(test)]
mod tests;
