//! The way back: replies, retried for as long as somebody may wait for them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::time::Instant;

use super::rejection::Rejection;
use super::workers::Unwritten;
use crate::broker::{BrokerError, BrokerErrorKind, Write};
use crate::log_limit::{LogLimit, Outage};
use crate::outbox::{Outbox, Tracker, Waiting};
use crate::wire::{Generation, OutgoingResponse};

/// How long an unread reply stays in its list. Go's `redisResponseTTL`.
const REPLY_EXPIRY: Duration = Duration::from_secs(300);

/// How long a reply is tried, from its first try, to a caller that names no deadline.
const RETRY_LIMIT: Duration = Duration::from_secs(30);

/// What a server writes.
#[derive(Debug)]
pub(super) enum Sent {
    /// A reply that a caller waits for until then.
    Reply {
        until: Instant,
        /// Keeps a worker back where too many are not written. None once the broker has refused it: a caller whose reply list takes
        /// nothing must not keep the workers from the calls of others.
        unwritten: Option<Unwritten>,
    },
    /// An event. It is tried once: subscribers learn of a gap by themselves.
    Event,
}

/// Where a reply goes, from what the request says.
#[derive(Clone, Debug)]
pub(super) struct ReplyTo {
    pub(super) generation: Generation,
    list: Arc<str>,
    /// When the caller stops waiting; none where it does not say.
    deadline: Option<Instant>,
}

impl ReplyTo {
    /// None where the list's name is not that of a reply list: no caller may have another key written to, or expired.
    pub(super) fn new(
        generation: Generation,
        list: &str,
        deadline: Option<Instant>,
        inboxes: &Inboxes,
    ) -> Option<Self> {
        Some(Self { generation, list: inboxes.list(list)?, deadline })
    }

    /// Sends a reply. What awaits this ends, or waits for a message, right after it.
    pub(super) async fn send(&self, outbox: &Outbox<Sent>, message: Bytes, unwritten: Unwritten) {
        let until = self.deadline.unwrap_or_else(|| Instant::now() + RETRY_LIMIT);
        let write = Write::Push { list: Arc::clone(&self.list), message, expire: Some(REPLY_EXPIRY) };
        // An error says that the writer has ended: the runtime is going down.
        let _ = outbox.send_and_end(Sent::Reply { until, unwritten: Some(unwritten) }, write).await;
    }

    pub(super) async fn reject(&self, id: &str, outbox: &Outbox<Sent>, rejection: &Rejection, unwritten: Unwritten) {
        match OutgoingResponse::rejection(self.generation, id, &rejection.kind, &rejection.message) {
            Ok(message) => self.send(outbox, message, unwritten).await,
            Err(error) => tracing::error!(%error, "a rejection cannot be encoded"),
        }
    }
}

/// How many inboxes are known at once.
const KNOWN_INBOXES: usize = 16;

/// What clients of this library wait on. Most ask again: then its name was checked before, and costs no memory of its own.
#[derive(Debug, Default)]
pub(super) struct Inboxes {
    known: Mutex<VecDeque<Arc<str>>>,
}

impl Inboxes {
    /// None where the name is not that of a reply list.
    fn list(&self, name: &str) -> Option<Arc<str>> {
        if !name.starts_with(INBOX) {
            return is_reply_list(name).then(|| name.into());
        }
        let mut known = self.known.lock();
        if let Some(list) = known.iter().find(|list| ***list == *name) {
            return Some(Arc::clone(list));
        }
        let list: Arc<str> = is_reply_list(name).then(|| name.into())?;
        known.truncate(KNOWN_INBOXES - 1);
        known.push_front(Arc::clone(&list));
        Some(list)
    }
}

/// What the names of inboxes begin with.
const INBOX: &str = "zbus.inbox.";

/// A UUID, as Go and rbus name their reply lists, or an inbox of this library.
fn is_reply_list(list: &str) -> bool {
    let id = list.strip_prefix(INBOX).unwrap_or(list);
    id.len() == 36 && uuid::Uuid::try_parse(id).is_ok()
}

/// How many replies that the broker has refused are tried again at once, and how many bytes: a bound for what a caller whose reply list
/// takes nothing may cost.
const MOST_REFUSED: usize = 1024;
const MOST_REFUSED_BYTES: usize = 16 << 20;

/// Has replies that could not be written written again, for as long as their callers wait.
#[derive(Debug, Default)]
pub(super) struct ReplyTracker {
    replies: Outage,
    events: Outage,
    refused: Outage,
    late: LogLimit,
    /// Those that are tried again.
    held: Mutex<Refused>,
}

/// Replies that the broker has refused.
#[derive(Debug, Default)]
struct Refused {
    replies: usize,
    bytes: usize,
}

impl Refused {
    /// Whether there is room for one more.
    fn add(&mut self, bytes: usize) -> bool {
        if self.replies >= MOST_REFUSED || self.bytes + bytes > MOST_REFUSED_BYTES {
            return false;
        }
        self.replies += 1;
        self.bytes += bytes;
        true
    }

    fn remove(&mut self, bytes: usize) {
        self.replies -= 1;
        self.bytes -= bytes;
    }
}

impl ReplyTracker {
    /// A reply is written, or given up.
    fn release(&self, waiting: &Waiting<Sent>) {
        if let Sent::Reply { unwritten: None, .. } = waiting.tag {
            self.held.lock().remove(waiting.write.message().len());
        }
    }

    /// Whether a reply that the broker has refused is to be tried again.
    fn holds(&self, waiting: &mut Waiting<Sent>) -> bool {
        let Sent::Reply { unwritten, .. } = &mut waiting.tag else { return false };
        // Without it, it is among those that are held.
        unwritten.take().is_none() || self.held.lock().add(waiting.write.message().len())
    }
}

impl Tracker for ReplyTracker {
    type Tag = Sent;

    fn begin(&self, batch: &mut Vec<Waiting<Sent>>) {
        let now = Instant::now();
        batch.retain(|waiting| match waiting.tag {
            Sent::Reply { until, .. } if until <= now => {
                self.release(waiting);
                if let Some(unsaid) = self.late.due() {
                    tracing::warn!(unsaid, "a reply was not written before its caller's deadline, and is dropped");
                }
                false
            }
            Sent::Reply { .. } | Sent::Event => true,
        });
    }

    fn end(&self, batch: &mut Vec<Waiting<Sent>>, outcomes: Vec<Result<(), BrokerError>>) {
        let mut outcomes = outcomes.into_iter();
        let mut written = Written::default();
        let mut failed = Failed::default();
        batch.retain_mut(|waiting| match (&waiting.tag, outcomes.next()) {
            (tag, Some(Ok(())) | None) => {
                match tag {
                    Sent::Reply { .. } => written.replies = true,
                    Sent::Event => written.events = true,
                }
                self.release(waiting);
                false
            }
            (Sent::Event, Some(Err(error))) => {
                failed.events.add(error);
                false
            }
            (Sent::Reply { .. }, Some(Err(error))) if error.kind() == BrokerErrorKind::Refused => {
                failed.refused.add(error);
                self.holds(waiting)
            }
            (Sent::Reply { .. }, Some(Err(error))) => {
                failed.replies.add(error);
                true
            }
        });
        self.log(&written, &failed);
    }

    fn pauses(&self) -> bool {
        true
    }
}

/// What of a batch was written.
#[derive(Default)]
struct Written {
    replies: bool,
    events: bool,
}

/// What of a batch was not.
#[derive(Default)]
struct Failed {
    replies: Failures,
    events: Failures,
    refused: Failures,
}

/// How many have failed, and why the last of them has.
#[derive(Default)]
struct Failures {
    count: usize,
    error: Option<BrokerError>,
}

impl Failures {
    fn add(&mut self, error: BrokerError) {
        self.count += 1;
        self.error = Some(error);
    }

    /// If a line is due: the error, and how many there were since the last line.
    fn due(&self, outage: &Outage) -> Option<(&BrokerError, u64)> {
        let error = self.error.as_ref()?;
        Some((error, outage.failed(self.count)?))
    }
}

impl ReplyTracker {
    /// A line for each cause that is new, or was not logged for a while, and one when it works again.
    fn log(&self, written: &Written, failed: &Failed) {
        if written.replies && self.replies.is_over() {
            tracing::info!("replies are written again");
        }
        if written.events && self.events.is_over() {
            tracing::info!("events are published again");
        }
        if let Some((error, count)) = failed.replies.due(&self.replies) {
            tracing::warn!(%error, count, "replies cannot be written: they are tried again until their callers' deadlines");
        }
        if let Some((error, count)) = failed.refused.due(&self.refused) {
            tracing::error!(%error, count, "the broker refuses replies: they are tried again until their callers' deadlines");
        }
        if let Some((error, count)) = failed.events.due(&self.events) {
            tracing::warn!(%error, count, "events are not published, and are lost");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inbox_that_is_known_shares_its_name_and_only_the_newest_are_known() {
        let inboxes = Inboxes::default();
        let name = |number: usize| format!("{INBOX}7f1d3b0a-3c55-4b0e-9a51-{number:012}");
        let first = inboxes.list(&name(0)).unwrap();
        assert!(Arc::ptr_eq(&first, &inboxes.list(&name(0)).unwrap()));
        for number in 1..=KNOWN_INBOXES {
            assert_eq!(*inboxes.list(&name(number)).unwrap(), *name(number));
        }
        assert!(!Arc::ptr_eq(&first, &inboxes.list(&name(0)).unwrap()));
        assert!(inboxes.list("zbus.inbox.session:42").is_none() && inboxes.list("session:42").is_none());
        assert!(inboxes.list("7f1d3b0a-3c55-4b0e-9a51-0c9a4f3f6f52").is_some());
        assert_eq!(inboxes.known.lock().len(), KNOWN_INBOXES);
    }

    #[test]
    fn only_reply_lists_are_written_to() {
        for list in ["7f1d3b0a-3c55-4b0e-9a51-0c9a4f3f6f52", "zbus.inbox.7f1d3b0a-3c55-4b0e-9a51-0c9a4f3f6f52"] {
            assert!(is_reply_list(list), "{list}");
        }
        for list in ["", "session:42", "calc.calculator@1.0", "zbus.inbox.", "zbus.inbox.x", "zbus.inbox.session:42"] {
            assert!(!is_reply_list(list), "{list}");
        }
    }
}
