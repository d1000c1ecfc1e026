//! What waits for a shared link, and what is on its way over it.

use std::collections::VecDeque;

use bytes::BytesMut;
use redis::{RedisError, RedisResult};
use tokio::sync::oneshot;

use super::super::error::closed;
use super::super::link::Link;
use super::super::resp::Reply;

/// No exchange begins while as many bytes are unanswered.
const IN_FLIGHT: usize = 4 << 20;

/// Commands of as many bytes give way to smaller ones, until they have begun.
const LARGE: usize = 256 << 10;

/// How many exchanges that are in no hurry may be under way.
const UNHURRIED: usize = 4;

/// How soon an exchange is to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Priority {
    /// At once.
    Normal,
    /// Behind all that is normal, and a few at a time.
    Background,
}

/// What an exchange gave.
#[derive(Debug)]
pub(crate) struct Exchanged {
    pub(crate) replies: Vec<Reply>,
    /// The number of the link that they came by.
    pub(crate) link: u64,
}

/// Why an exchange gave nothing.
#[derive(Clone, Debug)]
pub(crate) enum Failed {
    /// There is no connection to be had.
    Unreachable(RedisError),
    /// The connection was lost before any of it was written.
    Unwritten(RedisError),
    /// The connection was lost when some or all of it was written: Redis may have done it.
    Unanswered(RedisError),
    /// The runtime that the link was opened in has ended.
    Ended,
}

/// Gets what an exchange gives. Dropped by a caller who has given up.
pub(super) type Done = oneshot::Sender<Result<Exchanged, Failed>>;

/// Commands, and how many replies they have.
pub(super) struct Exchange {
    pub(super) commands: BytesMut,
    pub(super) replies: usize,
    pub(super) priority: Priority,
    /// None if nobody waits for it, and it is to be done all the same.
    pub(super) done: Option<Done>,
}

struct Unanswered {
    /// The link has to have written more bytes than these before it has written any of this.
    begins: u64,
    bytes: usize,
    missing: usize,
    replies: Vec<Reply>,
    priority: Priority,
    done: Option<Done>,
}

/// An exchange that has ended. It is handed over when nothing is locked any more.
pub(super) struct Ended {
    done: Done,
    outcome: Result<Exchanged, Failed>,
}

impl Ended {
    pub(super) fn tell(self) {
        // The caller may have given up.
        let _ = self.done.send(self.outcome);
    }
}

#[derive(Default)]
pub(super) struct Queue {
    small: VecDeque<Exchange>,
    large: VecDeque<Exchange>,
    background: VecDeque<Exchange>,
    unanswered: VecDeque<Unanswered>,
    unanswered_bytes: usize,
    unhurried: usize,
}

impl Queue {
    pub(super) fn push(&mut self, exchange: Exchange) {
        let queue = match exchange.priority {
            Priority::Background => &mut self.background,
            Priority::Normal if exchange.commands.len() >= LARGE => &mut self.large,
            Priority::Normal => &mut self.small,
        };
        queue.push_back(exchange);
    }

    /// Whether nothing is under way.
    pub(super) fn is_idle(&self) -> bool {
        self.unanswered.is_empty()
    }

    /// Hands the link what may begin. True if it was idle before.
    pub(super) fn begin(&mut self, link: &mut Link) -> bool {
        let was_idle = self.is_idle();
        while let Some(exchange) = self.next(link.unwritten() == 0) {
            if exchange.done.as_ref().is_some_and(oneshot::Sender::is_closed) {
                continue;
            }
            let Exchange { commands, replies, priority, done } = exchange;
            let (begins, bytes) = (link.written() + link.unwritten() as u64, commands.len());
            link.commands().unsplit(commands);
            self.unanswered_bytes += bytes;
            self.unhurried += usize::from(priority == Priority::Background);
            let missing = replies;
            let replies = Vec::with_capacity(replies);
            self.unanswered.push_back(Unanswered { begins, bytes, missing, replies, priority, done });
        }
        was_idle && !self.is_idle()
    }

    fn next(&mut self, all_written: bool) -> Option<Exchange> {
        if self.unanswered_bytes >= IN_FLIGHT {
            return None;
        }
        if let Some(small) = self.small.pop_front() {
            return Some(small);
        }
        // Behind what is not written yet it would only be copied.
        if all_written && let Some(large) = self.large.pop_front() {
            return Some(large);
        }
        if self.unhurried < UNHURRIED { self.background.pop_front() } else { None }
    }

    /// A reply of the exchange that has waited longest, which may have ended with it.
    pub(super) fn take(&mut self, reply: Reply, link: u64) -> RedisResult<Option<Ended>> {
        // What nobody has asked for is the answer to nothing.
        let Some(oldest) = self.unanswered.front_mut() else { return Err(closed()) };
        oldest.replies.push(reply);
        oldest.missing = oldest.missing.saturating_sub(1);
        if oldest.missing > 0 {
            return Ok(None);
        }
        let Some(Unanswered { bytes, replies, priority, done, .. }) = self.unanswered.pop_front() else {
            return Ok(None);
        };
        self.unanswered_bytes -= bytes;
        self.unhurried -= usize::from(priority == Priority::Background);
        Ok(done.map(|done| Ended { done, outcome: Ok(Exchanged { replies, link }) }))
    }

    /// The link is lost, of which so many bytes were written: what was under way has ended, and what waits goes on waiting.
    pub(super) fn lose(&mut self, written: u64, error: &RedisError) -> Vec<Ended> {
        (self.unanswered_bytes, self.unhurried) = (0, 0);
        let lost = std::mem::take(&mut self.unanswered).into_iter();
        lost.filter_map(|Unanswered { begins, done, .. }| {
            let failed = if begins < written { Failed::Unanswered } else { Failed::Unwritten };
            Some(Ended { done: done?, outcome: Err(failed(error.clone())) })
        })
        .collect()
    }

    /// There is no link to be had: what waits has ended, but for what nobody waits for.
    pub(super) fn refuse(&mut self, failed: &Failed) -> Vec<Ended> {
        let mut ended = Vec::new();
        for queue in [&mut self.small, &mut self.large, &mut self.background] {
            let (asked, kept): (Vec<_>, Vec<_>) = queue.drain(..).partition(|exchange| exchange.done.is_some());
            queue.extend(kept);
            let done = asked.into_iter().filter_map(|exchange| exchange.done);
            ended.extend(done.map(|done| Ended { done, outcome: Err(failed.clone()) }));
        }
        ended
    }

    /// Whether somebody waits for an exchange that has not begun.
    pub(super) fn is_called(&self) -> bool {
        [&self.small, &self.large, &self.background].into_iter().flatten().any(|exchange| exchange.done.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::resp::{command, word};
    use super::super::super::scripted::Scripted;
    use super::*;

    fn exchange(name: &str, size: usize, priority: Priority) -> Exchange {
        let mut commands = BytesMut::new();
        command(&mut commands, 2);
        word(&mut commands, name.as_bytes());
        word(&mut commands, &vec![b'x'; size]);
        Exchange { commands, replies: 1, priority, done: None }
    }

    #[tokio::test]
    async fn small_exchanges_begin_before_large_ones_and_those_in_no_hurry_a_few_at_a_time() {
        let scripted = Scripted::start().await;
        let endpoint = scripted.endpoint();
        let (link, mut peer) = tokio::join!(Link::open(&endpoint), scripted.greeted());
        let mut link = link.unwrap();
        let mut queue = Queue::default();
        for _ in 0..2 * UNHURRIED {
            queue.push(exchange("background", 1, Priority::Background));
        }
        queue.push(exchange("large", LARGE, Priority::Normal));
        queue.push(exchange("small", 1, Priority::Normal));
        let mut begun = Vec::new();
        for _ in 0..3 {
            queue.begin(&mut link);
            let expected = queue.unanswered.len();
            let (sent, ()) = tokio::join!(link.send(), async {
                while begun.len() < expected {
                    begun.push(peer.command().await[0].clone());
                }
            });
            sent.unwrap();
        }
        let background = ["background"; UNHURRIED];
        assert_eq!(begun, [&["small"][..], &background, &["large"]].concat());
        for _ in 0..begun.len() {
            queue.take(Reply::Nil, 0).unwrap();
        }
        assert!(queue.is_idle() && queue.begin(&mut link));
        assert_eq!(queue.unanswered.len(), UNHURRIED);
    }

    #[tokio::test]
    async fn no_exchange_begins_while_much_is_unanswered() {
        let scripted = Scripted::start().await;
        let endpoint = scripted.endpoint();
        let (link, _peer) = tokio::join!(Link::open(&endpoint), scripted.greeted());
        let mut link = link.unwrap();
        let mut queue = Queue::default();
        for name in ["first", "second", "third"] {
            queue.push(exchange(name, IN_FLIGHT / 2, Priority::Normal));
        }
        queue.push(exchange("small", 1, Priority::Normal));
        let mut begun = || {
            queue.begin(&mut link);
            // As if it was written.
            link.commands().clear();
            queue.unanswered.len()
        };
        assert_eq!([begun(), begun(), begun(), begun()], [1, 2, 3, 3]);
        queue.take(Reply::Nil, 0).unwrap();
        queue.take(Reply::Nil, 0).unwrap();
        queue.begin(&mut link);
        assert_eq!(queue.unanswered.len(), 2);
    }
}
