//! The way back: replies, retried for as long as somebody may wait for them.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::rejection::Rejection;
use crate::broker::{BrokerError, BrokerErrorKind, Write};
use crate::outbox::{Outbox, Tracker};
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
    pub(super) id: String,
    pub(super) generation: Generation,
    list: Arc<str>,
    /// When the caller stops waiting; none where it does not say.
    deadline: Option<Instant>,
}

impl ReplyTo {
    /// None where the list's name is not that of a reply list: no caller may have another key written to, or expired.
    pub(super) fn new(id: String, generation: Generation, list: &str, limit: Option<Duration>) -> Option<Self> {
        let deadline = limit.and_then(|limit| Instant::now().checked_add(limit));
        is_reply_list(list).then(|| Self { id, generation, list: list.into(), deadline })
    }

    pub(super) async fn send(&self, outbox: &Outbox<Sent>, message: Bytes) {
        let until = self.deadline.unwrap_or_else(|| Instant::now() + RETRY_LIMIT);
        let write = Write::Push { list: Arc::clone(&self.list), message, expire: Some(REPLY_EXPIRY) };
        // The writer has ended: the runtime is going down.
        let _ = outbox.send(Sent::Reply { until }, write).await;
    }

    pub(super) async fn reject(&self, outbox: &Outbox<Sent>, rejection: &Rejection) {
        match OutgoingResponse::rejection(self.generation, &self.id, &rejection.kind, &rejection.message) {
            Ok(message) => self.send(outbox, message).await,
            Err(error) => tracing::error!(%error, "a rejection cannot be encoded"),
        }
    }
}

/// A UUID, as Go and rbus name their reply lists, or an inbox of this library.
fn is_reply_list(list: &str) -> bool {
    let id = list.strip_prefix("zbus.inbox.").unwrap_or(list);
    id.len() == 36 && uuid::Uuid::try_parse(id).is_ok()
}

/// Has a reply written again that could not be written.
pub(super) struct ReplyTracker;

impl Tracker for ReplyTracker {
    type Tag = Sent;

    fn begin(&self, tag: &Sent) -> bool {
        match tag {
            Sent::Reply { until } if *until <= Instant::now() => {
                tracing::debug!("dropped a reply that nobody waits for any more");
                false
            }
            Sent::Reply { .. } | Sent::Event => true,
        }
    }

    fn end(&self, tag: Sent, outcome: Result<(), (Write, BrokerError)>) -> Option<(Sent, Write)> {
        let (write, error) = outcome.err()?;
        match tag {
            Sent::Event => tracing::warn!(%error, "an event is not published"),
            Sent::Reply { .. } if error.kind() == BrokerErrorKind::Refused => {
                tracing::error!(%error, "a reply is not written");
            }
            Sent::Reply { .. } => {
                tracing::debug!(%error, "a reply is written again");
                return Some((tag, write));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
