//! The calls that wait for a reply. One table a client; a call is in it from before it is written until its caller has an answer or
//! has given up.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::oneshot;
use uuid::Uuid;
use uuid::fmt::Hyphenated;

use crate::broker::{BrokerError, BrokerErrorKind};
use crate::wire::Response;

/// What ends a wait.
pub(crate) type Answer = Result<Answered, BrokerError>;

#[derive(Debug)]
pub(crate) enum Answered {
    Reply(Response),
    /// A request that is not answered is with the broker.
    Written,
}

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
    waiting: HashMap<u64, Waiting, BuildHasherDefault<NumberHasher>>,
}

/// Spreads the numbers of calls, which are ours and count up: nobody can choose them so that they collide.
#[derive(Debug, Default)]
struct NumberHasher(u64);

impl Hasher for NumberHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(self.0 ^ u64::from(*byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        // The golden ratio's bits: a table takes its slot from the low bits, and its tag from the high ones.
        self.0 = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

#[derive(Debug)]
enum Waiting {
    /// For the reply, or of a request that is not answered, for its write.
    Called { progress: Progress, one_way: bool, answer: oneshot::Sender<Answer> },
    /// Given up in the middle of its write, for the write's end.
    GivenUp { written: oneshot::Sender<Result<(), BrokerError>> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Queued,
    Writing,
    Written,
}

/// How far a call had come when it was given up.
#[derive(Debug)]
pub(crate) enum Left {
    /// It was answered or has failed.
    Ended,
    /// It never will be.
    NeverWritten,
    /// This tells of the end of the write; closed, it tells that the call was answered.
    Writing(oneshot::Receiver<Result<(), BrokerError>>),
    Written,
}

impl InFlight {
    pub(crate) fn new(client: Uuid) -> Self {
        let [client @ .., _, _, _, _, _, _] = client.into_bytes();
        Self { client, calls: Mutex::default() }
    }

    /// Enters a call; it is taken out when the guard is dropped.
    pub(crate) fn enter(self: &Arc<Self>, one_way: bool) -> Entered {
        let mut calls = self.calls.lock();
        let number = calls.next;
        calls.next += 1;
        let answered = calls.wait(number, one_way);
        Entered { number, one_way, answered, table: Arc::clone(self) }
    }

    /// The writer takes the call up: false where its caller has given up, so that it never leaves the process.
    pub(crate) fn begin(&self, number: u64) -> bool {
        match self.calls.lock().waiting.get_mut(&number) {
            Some(Waiting::Called { progress, .. }) => {
                *progress = Progress::Writing;
                true
            }
            Some(Waiting::GivenUp { .. }) | None => false,
        }
    }

    /// The writer has written the call.
    pub(crate) fn written(&self, number: u64) {
        let mut calls = self.calls.lock();
        if let Some(Waiting::Called { progress, one_way: false, .. }) = calls.waiting.get_mut(&number) {
            *progress = Progress::Written;
            return;
        }
        // Whoever waits may have stopped meanwhile.
        match calls.waiting.remove(&number) {
            Some(Waiting::Called { answer, .. }) => _ = answer.send(Ok(Answered::Written)),
            Some(Waiting::GivenUp { written }) => _ = written.send(Ok(())),
            None => {}
        }
    }

    /// The writer could not write the call.
    pub(crate) fn fail(&self, number: u64, error: BrokerError) {
        // Whoever waits may have stopped meanwhile.
        match self.calls.lock().waiting.remove(&number) {
            Some(Waiting::Called { answer, .. }) => _ = answer.send(Err(error)),
            Some(Waiting::GivenUp { written }) => _ = written.send(Err(error)),
            None => {}
        }
    }

    /// A reply has come: false where nobody waits for it (a duplicate, or its caller has given up).
    pub(crate) fn complete(&self, id: &str, response: Response) -> bool {
        let Some(number) = self.number(id) else {
            return false;
        };
        match self.calls.lock().waiting.remove(&number) {
            Some(Waiting::Called { answer, .. }) => answer.send(Ok(Answered::Reply(response))).is_ok(),
            Some(Waiting::GivenUp { .. }) | None => false,
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
            // Whoever waits may have stopped meanwhile.
            match waiting {
                Waiting::Called { progress, answer, .. } => {
                    _ = answer.send(Err(ended(progress != Progress::Queued)));
                }
                Waiting::GivenUp { written } => _ = written.send(Err(ended(true))),
            }
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.calls.lock().closed
    }

    /// A UUID, since rbus names the list of the reply by it.
    fn id(&self, number: u64) -> CallId {
        let mut bytes = [0; 16];
        let (client, call) = bytes.split_at_mut(CLIENT_BYTES);
        client.copy_from_slice(&self.client);
        let [_, _, number @ ..] = number.to_be_bytes();
        call.copy_from_slice(&number);
        CallId(Uuid::from_bytes(bytes))
    }

    fn number(&self, id: &str) -> Option<u64> {
        let id = Uuid::try_parse(id).ok()?;
        let call = id.as_bytes().strip_prefix(&self.client)?;
        Some(call.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }
}

impl Calls {
    fn wait(&mut self, number: u64, one_way: bool) -> oneshot::Receiver<Answer> {
        let (answer, answered) = oneshot::channel();
        if self.closed {
            // The other end is ours.
            let _ = answer.send(Err(ended(false)));
        } else {
            self.waiting.insert(number, Waiting::Called { progress: Progress::Queued, one_way, answer });
        }
        answered
    }
}

/// Nothing is written or read any more; what was written before may have been done.
pub(crate) fn ended(written: bool) -> BrokerError {
    let kind = if written { BrokerErrorKind::Lost } else { BrokerErrorKind::Unreachable };
    BrokerError::new(kind, "the runtime that the client was connected in has ended")
}

/// What a call is known by on the wire.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallId(Uuid);

impl CallId {
    pub(crate) const LENGTH: usize = Hyphenated::LENGTH;

    /// Its text, written into `buffer`.
    pub(crate) fn write<'a>(&self, buffer: &'a mut [u8; Self::LENGTH]) -> &'a str {
        self.0.as_hyphenated().encode_lower(buffer)
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A call's place in the table.
#[derive(Debug)]
pub(crate) struct Entered {
    pub(crate) number: u64,
    one_way: bool,
    pub(crate) answered: oneshot::Receiver<Answer>,
    table: Arc<InFlight>,
}

impl Entered {
    /// The id of the call on the wire.
    pub(crate) fn id(&self) -> CallId {
        self.table.id(self.number)
    }

    /// Enters the call anew, under its number, after it has failed.
    pub(crate) fn renew(&mut self) {
        self.answered = self.table.calls.lock().wait(self.number, self.one_way);
    }

    /// Gives the call up.
    pub(crate) fn leave(&self) -> Left {
        let mut calls = self.table.calls.lock();
        match calls.waiting.remove(&self.number) {
            None => Left::Ended,
            Some(Waiting::Called { progress: Progress::Queued, .. }) => Left::NeverWritten,
            Some(Waiting::Called { progress: Progress::Written, .. }) => Left::Written,
            Some(Waiting::Called { progress: Progress::Writing, .. }) => {
                let (written, told) = oneshot::channel();
                calls.waiting.insert(self.number, Waiting::GivenUp { written });
                Left::Writing(told)
            }
            // Left before: whoever did so waits for the end of the write.
            Some(given_up @ Waiting::GivenUp { .. }) => {
                calls.waiting.insert(self.number, given_up);
                Left::Ended
            }
        }
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

    /// What ends a write.
    type End<'a> = &'a dyn Fn(u64);

    fn reply() -> Response {
        Response { body: Body::Zero { elements: Vec::new() }, rejection: None }
    }

    #[tokio::test]
    async fn a_reply_finds_its_call_once() {
        let table = Arc::new(InFlight::new(Uuid::new_v4()));
        let (mut first, mut second) = (table.enter(false), table.enter(false));
        assert!(table.complete(&second.id().to_string(), reply()));
        assert!(!table.complete(&second.id().to_string(), reply()));
        assert!(matches!((&mut second.answered).await, Ok(Ok(Answered::Reply(_)))));
        assert!(first.answered.try_recv().is_err());
    }

    #[test]
    fn a_call_that_was_given_up_is_neither_written_nor_answered() {
        let table = Arc::new(InFlight::new(Uuid::new_v4()));
        let call = table.enter(false);
        let (number, id) = (call.number, call.id().to_string());
        assert!(matches!(call.leave(), Left::NeverWritten));
        assert!(!table.begin(number));
        assert!(!table.complete(&id, reply()));
        drop(call);
        assert!(table.calls.lock().waiting.is_empty());
    }

    #[test]
    fn a_closed_table_ends_every_call_and_tells_which_was_written() {
        let table = Arc::new(InFlight::new(Uuid::new_v4()));
        let (mut written, mut queued) = (table.enter(false), table.enter(false));
        assert!(table.begin(written.number));
        table.close();
        let mut later = table.enter(false);
        for (call, kind) in [
            (&mut written, BrokerErrorKind::Lost),
            (&mut queued, BrokerErrorKind::Unreachable),
            (&mut later, BrokerErrorKind::Unreachable),
        ] {
            assert_eq!(call.answered.try_recv().unwrap().unwrap_err().kind(), kind);
        }
    }

    #[test]
    fn a_call_that_was_given_up_in_the_middle_of_its_write_is_told_of_the_writes_end() {
        let table = Arc::new(InFlight::new(Uuid::new_v4()));
        let lost = || BrokerError::new(BrokerErrorKind::Lost, "gone");
        let ends: [(End<'_>, Option<Option<BrokerErrorKind>>); 4] = [
            (&|number| table.written(number), Some(None)),
            (&|number| table.fail(number, lost()), Some(Some(BrokerErrorKind::Lost))),
            (&|number| table.fail(number, ended(false)), Some(Some(BrokerErrorKind::Unreachable))),
            (&|number| assert!(!table.complete(&table.id(number).to_string(), reply())), None),
        ];
        for (end, expected) in ends {
            let call = table.enter(false);
            let number = call.number;
            assert!(table.begin(number));
            let Left::Writing(mut told) = call.leave() else { panic!() };
            drop(call);
            assert!(told.try_recv().is_err());
            end(number);
            assert_eq!(told.try_recv().ok().map(|end| end.err().map(|error| error.kind())), expected);
            assert!(table.calls.lock().waiting.is_empty());
        }
        let call = table.enter(false);
        assert!(table.begin(call.number));
        table.written(call.number);
        assert!(matches!(call.leave(), Left::Written));
        assert!(matches!(call.leave(), Left::Ended));
    }

    #[test]
    fn a_request_that_is_not_answered_ends_with_its_write() {
        let table = Arc::new(InFlight::new(Uuid::new_v4()));
        let mut call = table.enter(true);
        assert!(table.begin(call.number));
        assert!(call.answered.try_recv().is_err());
        table.written(call.number);
        assert!(matches!(call.answered.try_recv().unwrap(), Ok(Answered::Written)));
    }

    #[test]
    fn foreign_ids_are_nobodys() {
        let table = Arc::new(InFlight::new(Uuid::new_v4()));
        let call = table.enter(false);
        let own = call.id().to_string();
        for id in ["", &own[..35], &format!("{own}0"), &format!("{} ", &own[..35]), &Uuid::new_v4().to_string()] {
            assert!(!table.complete(id, reply()), "{id}");
        }
        assert!(table.complete(&own, reply()));
    }

    #[test]
    fn ids_are_uuids_of_which_none_is_used_twice() {
        let table = Arc::new(InFlight::new(Uuid::new_v4()));
        for number in [0, 1, 255, 1 << 40, (1 << 48) - 1] {
            let id = table.id(number).to_string();
            assert_eq!(Uuid::try_parse(&id).unwrap().get_version(), Some(uuid::Version::Random));
            assert_eq!(table.number(&id), Some(number));
        }
    }
}
