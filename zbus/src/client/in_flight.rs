//! The calls that wait for a reply. One table a client; a call is in it from before it is written until its caller has an answer or
//! has given up.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::broker::{BrokerError, BrokerErrorKind};
use crate::wire::Response;

/// What ends a wait.
pub(crate) type Answer = Result<Response, BrokerError>;

/// How much of an id, a UUID, is the client's; the rest is the number of the call.
const CLIENT_BYTES: usize = 10;

#[derive(Debug)]
pub(crate) struct InFlight {
    /// Marks the ids of this client, random bits among it: what it has not asked is not answered.
    client: [u8; CLIENT_BYTES],
    calls: Mutex<Calls>,
}

#[derive(Debug, Default)]
struct Calls {
    next: u64,
    closed: bool,
    waiting: HashMap<u64, Waiting>,
}

#[derive(Debug)]
struct Waiting {
    written: bool,
    answer: oneshot::Sender<Answer>,
}

impl InFlight {
    pub(crate) fn new(client: Uuid) -> Self {
        let [client @ .., _, _, _, _, _, _] = client.into_bytes();
        Self { client, calls: Mutex::default() }
    }

    /// Enters a call; it is taken out when the guard is dropped.
    pub(crate) fn enter(self: &Arc<Self>) -> Entered {
        let (answer, answered) = oneshot::channel();
        let mut calls = self.calls.lock();
        let number = calls.next;
        calls.next += 1;
        if calls.closed {
            // The other end is ours.
            let _ = answer.send(Err(ended(false)));
        } else {
            calls.waiting.insert(number, Waiting { written: false, answer });
        }
        Entered { number, answered, table: Arc::clone(self) }
    }

    /// The writer takes the call up: false where its caller has given up, so that it never leaves the process.
    pub(crate) fn begin(&self, number: u64) -> bool {
        match self.calls.lock().waiting.get_mut(&number) {
            Some(waiting) => {
                waiting.written = true;
                true
            }
            None => false,
        }
    }

    /// The writer could not write the call.
    pub(crate) fn fail(&self, number: u64, error: BrokerError) {
        if let Some(waiting) = self.calls.lock().waiting.remove(&number) {
            // The caller may have given up meanwhile.
            let _ = waiting.answer.send(Err(error));
        }
    }

    /// A reply has come: false where nobody waits for it (a duplicate, or its caller has given up).
    pub(crate) fn complete(&self, response: Response) -> bool {
        let Some(number) = self.number(&response.id) else {
            return false;
        };
        match self.calls.lock().waiting.remove(&number) {
            Some(waiting) => waiting.answer.send(Ok(response)).is_ok(),
            None => false,
        }
    }

    /// Whether a call of this id was made, however long ago.
    pub(crate) fn has_made(&self, id: &str) -> bool {
        self.number(id).is_some_and(|number| number < self.calls.lock().next)
    }

    /// No reply comes any more: ends the calls that wait for one, and those to come.
    pub(crate) fn close(&self) {
        let mut calls = self.calls.lock();
        calls.closed = true;
        for (_, waiting) in calls.waiting.drain() {
            // The caller may have given up meanwhile.
            let _ = waiting.answer.send(Err(ended(waiting.written)));
        }
    }

    /// A UUID, since rbus names the list of the reply by it.
    fn id(&self, number: u64) -> String {
        let mut bytes = [0; 16];
        let (client, call) = bytes.split_at_mut(CLIENT_BYTES);
        client.copy_from_slice(&self.client);
        let [_, _, number @ ..] = number.to_be_bytes();
        call.copy_from_slice(&number);
        Uuid::from_bytes(bytes).to_string()
    }

    fn number(&self, id: &str) -> Option<u64> {
        let id = Uuid::try_parse(id).ok()?;
        let call = id.as_bytes().strip_prefix(&self.client)?;
        Some(call.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }
}

/// Nothing is written or read any more; what was written before may have been done.
pub(crate) fn ended(written: bool) -> BrokerError {
    let kind = if written { BrokerErrorKind::Lost } else { BrokerErrorKind::Unreachable };
    BrokerError::new(kind, "the runtime that the client was connected in has ended")
}

/// A call's place in the table.
#[derive(Debug)]
pub(crate) struct Entered {
    pub(crate) number: u64,
    pub(crate) answered: oneshot::Receiver<Answer>,
    table: Arc<InFlight>,
}

impl Entered {
    /// The id of the call on the wire.
    pub(crate) fn id(&self) -> String {
        self.table.id(self.number)
    }

    /// Gives the call up: whether it was taken up by the writer, or none where it was answered before.
    pub(crate) fn leave(&self) -> Option<bool> {
        self.table.calls.lock().waiting.remove(&self.number).map(|waiting| waiting.written)
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.leave();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Body;

    fn reply(id: String) -> Response {
        Response { id, body: Body::Zero { elements: Vec::new() }, rejection: None }
    }

    #[tokio::test]
    async fn a_reply_finds_its_call_once() {
        let table = Arc::new(InFlight::new(Uuid::new_v4()));
        let (mut first, mut second) = (table.enter(), table.enter());
        assert!(table.complete(reply(second.id())));
        assert!(!table.complete(reply(second.id())));
        assert_eq!((&mut second.answered).await.unwrap().unwrap().id, second.id());
        assert!(first.answered.try_recv().is_err());
    }

    #[test]
    fn a_call_that_was_given_up_is_neither_written_nor_answered() {
        let table = Arc::new(InFlight::new(Uuid::new_v4()));
        let call = table.enter();
        let (number, id) = (call.number, call.id());
        assert_eq!(call.leave(), Some(false));
        assert!(!table.begin(number));
        assert!(!table.complete(reply(id)));
        drop(call);
        assert!(table.calls.lock().waiting.is_empty());
    }

    #[test]
    fn a_closed_table_ends_every_call_and_tells_which_was_written() {
        let table = Arc::new(InFlight::new(Uuid::new_v4()));
        let (mut written, mut queued) = (table.enter(), table.enter());
        assert!(table.begin(written.number));
        table.close();
        let mut later = table.enter();
        for (call, kind) in [
            (&mut written, BrokerErrorKind::Lost),
            (&mut queued, BrokerErrorKind::Unreachable),
            (&mut later, BrokerErrorKind::Unreachable),
        ] {
            assert_eq!(call.answered.try_recv().unwrap().unwrap_err().kind(), kind);
        }
    }

    #[test]
    fn foreign_ids_are_nobodys() {
        let table = Arc::new(InFlight::new(Uuid::new_v4()));
        let call = table.enter();
        let own = call.id();
        for id in ["", &own[..35], &format!("{own}0"), &format!("{} ", &own[..35]), &Uuid::new_v4().to_string()] {
            assert!(!table.complete(reply(id.to_owned())), "{id}");
        }
        assert!(table.complete(reply(own)));
    }

    #[test]
    fn ids_are_uuids_of_which_none_is_used_twice() {
        let table = Arc::new(InFlight::new(Uuid::new_v4()));
        for number in [0, 1, 255, 1 << 40, (1 << 48) - 1] {
            let id = table.id(number);
            assert_eq!(Uuid::try_parse(&id).unwrap().get_version(), Some(uuid::Version::Random));
            assert_eq!(table.number(&id), Some(number));
        }
    }
}
