//! The way back: replies, retried for as long as somebody may wait for them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::time::Instant;

use super::rejection::Rejection;
use crate::broker::{BrokerError, BrokerErrorKind, Write};
use crate::outbox::{Outbox, Tracker, Waiting};
use crate::wire::{Generation, OutgoingResponse};

/// How long an unread reply stays in its list. Go's `redisResponseTTL`.
const REPLY_EXPIRY: Duration = Duration::from_secs(300);

/// How long a reply is tried, from its first try, to a caller that names no deadline.
const RETRY_LIMIT: Duration = Duration::from_secs(30);

/// What a server writes.
#[derive(Debug)]
pub(super) enum Sent {
    /// A reply that somebody waits for until then.
    Reply { until: Instant },
    /// An event. It is tried once: those who listen are told of a gap.
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

    pub(super) async fn send(&self, outbox: &Outbox<Sent>, message: Bytes) {
        let until = self.deadline.unwrap_or_else(|| Instant::now() + RETRY_LIMIT);
        let write = Write::Push { list: Arc::clone(&self.list), message, expire: Some(REPLY_EXPIRY) };
        // The writer has ended: the runtime is going down.
        let _ = outbox.send(Sent::Reply { until }, write).await;
    }

    pub(super) async fn reject(&self, id: &str, outbox: &Outbox<Sent>, rejection: &Rejection) {
        match OutgoingResponse::rejection(self.generation, id, &rejection.kind, &rejection.message) {
            Ok(message) => self.send(outbox, message).await,
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

/// Has a reply written again that could not be written.
pub(super) struct ReplyTracker;

impl Tracker for ReplyTracker {
    type Tag = Sent;

    fn begin(&self, batch: &mut Vec<Waiting<Sent>>) {
        let now = Instant::now();
        batch.retain(|waiting| match waiting.tag {
            Sent::Reply { until } if until <= now => {
                tracing::debug!("dropped a reply that nobody waits for any more");
                false
            }
            Sent::Reply { .. } | Sent::Event => true,
        });
    }

    fn end(&self, batch: &mut Vec<Waiting<Sent>>, outcomes: Vec<Result<(), BrokerError>>) {
        let mut outcomes = outcomes.into_iter();
        batch.retain(|waiting| match (&waiting.tag, outcomes.next()) {
            (_, Some(Ok(())) | None) => false,
            (Sent::Event, Some(Err(error))) => {
                tracing::warn!(%error, "an event is not published");
                false
            }
            (Sent::Reply { .. }, Some(Err(error))) if error.kind() == BrokerErrorKind::Refused => {
                tracing::error!(%error, "a reply is not written");
                false
            }
            (Sent::Reply { .. }, Some(Err(error))) => {
                tracing::debug!(%error, "a reply is written again");
                true
            }
        });
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
