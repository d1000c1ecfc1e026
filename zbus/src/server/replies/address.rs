//! Where a reply goes: to a reply list, and nowhere else.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::time::Instant;

use super::tracker::Sent;
use crate::broker::Write;
use crate::outbox::Outbox;
use crate::server::rejection::Rejection;
use crate::server::workers::Unwritten;
use crate::wire::{Generation, OutgoingResponse};

/// How long an unread reply stays in its list. Go's `redisResponseTTL`.
const REPLY_EXPIRY: Duration = Duration::from_secs(300);

/// How long a reply is tried, from its first try, if its caller names no deadline.
const RETRY_LIMIT: Duration = Duration::from_secs(30);

/// Where a reply goes, from what the request says.
#[derive(Clone, Debug)]
pub(crate) struct ReplyTo {
    pub(crate) generation: Generation,
    list: Arc<str>,
    /// When the caller stops waiting; none if the request does not say.
    deadline: Option<Instant>,
}

impl ReplyTo {
    /// None where the list's name is not that of a reply list: no caller may have another key written to, or expired.
    pub(crate) fn new(
        generation: Generation,
        list: &str,
        deadline: Option<Instant>,
        lists: &ReplyLists,
    ) -> Option<Self> {
        Some(Self { generation, list: lists.known(list)?, deadline })
    }

    /// Sends a reply. What awaits this ends, or waits for a message, right after it.
    pub(crate) async fn send(&self, outbox: &Outbox<Sent>, message: Bytes, unwritten: Unwritten) {
        let until = self.deadline.unwrap_or_else(|| Instant::now() + RETRY_LIMIT);
        let write = Write::Push { list: Arc::clone(&self.list), message, expire: Some(REPLY_EXPIRY) };
        // An error says that the writer has ended: the runtime is going down.
        let _ = outbox.send_and_end(Sent::Reply { until, unwritten: Some(unwritten) }, write).await;
    }

    pub(crate) async fn reject(&self, id: &str, outbox: &Outbox<Sent>, rejection: &Rejection, unwritten: Unwritten) {
        match OutgoingResponse::rejection(self.generation, id, &rejection.kind, &rejection.message) {
            Ok(message) => self.send(outbox, message, unwritten).await,
            Err(error) => tracing::error!(%error, "a rejection cannot be encoded"),
        }
    }
}

/// How many inboxes are remembered at once.
const KNOWN_INBOXES: usize = 16;

/// The inboxes that clients of this library wait on. Most ask again: then the name was checked before, and needs no memory of its own.
#[derive(Debug, Default)]
pub(crate) struct ReplyLists {
    inboxes: Mutex<VecDeque<Arc<str>>>,
}

impl ReplyLists {
    /// None where the name is not that of a reply list.
    fn known(&self, name: &str) -> Option<Arc<str>> {
        if !name.starts_with(INBOX) {
            return is_reply_list(name).then(|| name.into());
        }
        let mut known = self.inboxes.lock();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_inbox_shares_its_name_and_only_the_newest_are_known() {
        let lists = ReplyLists::default();
        let name = |number: usize| format!("{INBOX}7f1d3b0a-3c55-4b0e-9a51-{number:012}");
        let first = lists.known(&name(0)).unwrap();
        assert!(Arc::ptr_eq(&first, &lists.known(&name(0)).unwrap()));
        for number in 1..=KNOWN_INBOXES {
            assert_eq!(*lists.known(&name(number)).unwrap(), *name(number));
        }
        assert!(!Arc::ptr_eq(&first, &lists.known(&name(0)).unwrap()));
        assert!(lists.known("zbus.inbox.session:42").is_none() && lists.known("session:42").is_none());
        assert!(lists.known("7f1d3b0a-3c55-4b0e-9a51-0c9a4f3f6f52").is_some());
        assert_eq!(lists.inboxes.lock().len(), KNOWN_INBOXES);
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
