//! The calls that wait for a reply. One table a client; a call is in it from before it is written until its caller has an answer or
//! has given up.

mod deadlines;
pub(super) mod slots;
pub(super) mod sweeper;
mod table;

use std::fmt;
use std::sync::Arc;

use uuid::Uuid;
use uuid::fmt::Hyphenated;

use self::slots::Slots;
use crate::broker::{BrokerError, BrokerErrorKind};
use crate::wire::Response;

pub(crate) type Answer = slots::Answer<Response, BrokerError>;
pub(crate) type Answered = slots::Answered<Response>;
pub(crate) type Entered<'a> = slots::Entered<'a, Response, BrokerError>;
pub(crate) type Left = slots::Left<Response, BrokerError>;

/// How much of an id, a UUID, is the client's; the rest is the number of the call.
const CLIENT_BYTES: usize = 10;

#[derive(Clone, Debug)]
pub(crate) struct InFlight {
    /// Marks the ids of this client, random bits among it: what it has not asked is not answered.
    client: [u8; CLIENT_BYTES],
    pub(crate) slots: Arc<Slots<Response, BrokerError>>,
}

impl InFlight {
    pub(crate) fn new(client: Uuid) -> Self {
        let [client @ .., _, _, _, _, _, _] = client.into_bytes();
        Self { client, slots: Arc::new(Slots::new(ended)) }
    }

    /// The id of a call on the wire: a UUID, since rbus names the list of the reply by it.
    pub(crate) fn id(&self, number: u64) -> CallId {
        let mut bytes = [0; 16];
        let (client, call) = bytes.split_at_mut(CLIENT_BYTES);
        client.copy_from_slice(&self.client);
        let [_, _, number @ ..] = number.to_be_bytes();
        call.copy_from_slice(&number);
        CallId(Uuid::from_bytes(bytes))
    }

    /// The number of a call whose id this is; none where it is nobody's, or another client's.
    pub(crate) fn number(&self, id: &str) -> Option<u64> {
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

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use super::*;
    use crate::wire::Body;

    /// What ends a write.
    type End<'a> = &'a dyn Fn(u64);

    fn reply() -> Response {
        Response { body: Body::Zero { elements: Vec::new() }, rejection: None }
    }

    fn table() -> InFlight {
        InFlight::new(Uuid::new_v4())
    }

    fn begin(table: &InFlight, number: u64) -> bool {
        let mut batch = vec![number];
        table.slots.begin_each(&mut batch, |number| Some(*number));
        !batch.is_empty()
    }

    fn end(table: &InFlight, number: u64, outcome: Result<(), BrokerError>) {
        table.slots.end_each([(number, outcome)].into_iter());
    }

    fn complete(table: &InFlight, id: &str) -> bool {
        let Some(number) = table.number(id) else { return false };
        let mut replies = vec![(number, reply())];
        table.slots.complete_each(&mut replies);
        replies.is_empty()
    }

    fn answer(call: &mut Entered<'_>) -> Option<Answer> {
        match call.poll_answer(&Context::from_waker(Waker::noop())) {
            Poll::Ready(answer) => answer,
            Poll::Pending => None,
        }
    }

    #[test]
    fn a_reply_finds_its_call_once() {
        let table = table();
        let (mut first, mut second) = (table.slots.enter(false, None), table.slots.enter(false, None));
        let id = table.id(second.number).to_string();
        assert!(complete(&table, &id));
        assert!(!complete(&table, &id));
        assert!(matches!(answer(&mut second), Some(Ok(Answered::Reply(_)))));
        assert!(!complete(&table, &id));
        assert!(answer(&mut first).is_none());
    }

    #[test]
    fn a_call_that_was_given_up_is_neither_written_nor_answered() {
        let table = table();
        let mut call = table.slots.enter(false, None);
        let (number, id) = (call.number, table.id(call.number).to_string());
        assert!(matches!(call.leave(), Left::NeverWritten));
        assert!(!begin(&table, number));
        assert!(!complete(&table, &id));
        drop(call);
        assert_eq!(table.slots.taken(), 0);
    }

    #[test]
    fn a_closed_table_ends_every_call_and_tells_which_was_written() {
        let table = table();
        let (mut written, mut queued) = (table.slots.enter(false, None), table.slots.enter(false, None));
        assert!(begin(&table, written.number));
        table.slots.close();
        let mut later = table.slots.enter(false, None);
        for (call, kind) in [
            (&mut written, BrokerErrorKind::Lost),
            (&mut queued, BrokerErrorKind::Unreachable),
            (&mut later, BrokerErrorKind::Unreachable),
        ] {
            assert_eq!(answer(call).unwrap().unwrap_err().kind(), kind);
        }
    }

    #[test]
    fn a_call_that_was_given_up_in_the_middle_of_its_write_is_told_of_the_writes_end() {
        let table = table();
        let lost = || BrokerError::new(BrokerErrorKind::Lost, "gone");
        let ends: [(End<'_>, Option<Option<BrokerErrorKind>>); 4] = [
            (&|number| end(&table, number, Ok(())), Some(None)),
            (&|number| end(&table, number, Err(lost())), Some(Some(BrokerErrorKind::Lost))),
            (&|number| end(&table, number, Err(ended(false))), Some(Some(BrokerErrorKind::Unreachable))),
            (&|number| assert!(!complete(&table, &table.id(number).to_string())), None),
        ];
        let context = Context::from_waker(Waker::noop());
        for (end, expected) in ends {
            let mut call = table.slots.enter(false, None);
            let number = call.number;
            assert!(begin(&table, number));
            let Left::Writing(told) = call.leave() else { panic!() };
            drop(call);
            assert!(told.poll(&context).is_pending());
            end(number);
            let Poll::Ready(outcome) = told.poll(&context) else { panic!() };
            assert_eq!(outcome.map(|end| end.err().map(|error| error.kind())), expected);
            drop(told);
            assert_eq!(table.slots.taken(), 0);
        }
        let mut call = table.slots.enter(false, None);
        assert!(begin(&table, call.number));
        end(&table, call.number, Ok(()));
        assert!(matches!(call.leave(), Left::Written(_)));
        assert!(matches!(call.leave(), Left::Ended(None)));
    }

    #[test]
    fn a_call_that_is_queued_again_is_written_again_whenever_its_first_write_ends() {
        let table = table();
        let mut call = table.slots.enter(false, None);
        assert!(begin(&table, call.number));
        assert!(complete(&table, &table.id(call.number).to_string()));
        assert!(answer(&mut call).is_some());
        call.renew(None);
        end(&table, call.number, Ok(()));
        assert!(begin(&table, call.number));
        end(&table, call.number, Ok(()));
        assert!(matches!(call.leave(), Left::Written(_)));
    }

    #[test]
    fn a_request_that_is_not_answered_ends_with_its_write() {
        let table = table();
        let mut call = table.slots.enter(true, None);
        assert!(begin(&table, call.number));
        assert!(answer(&mut call).is_none());
        end(&table, call.number, Ok(()));
        assert!(matches!(answer(&mut call), Some(Ok(Answered::Written))));
    }

    #[test]
    fn numbers_stay_unique_and_slots_are_used_again_beside_calls_that_last() {
        let table = table();
        let mut lasting: Vec<_> = (0..100).map(|_| table.slots.enter(false, None)).collect();
        let mut last = lasting.last().unwrap().number;
        for _ in 0..10_000 {
            let call = table.slots.enter(false, None);
            assert!(call.number > last);
            last = call.number;
        }
        assert_eq!(table.slots.taken(), 100);
        // As many numbers were passed over as slots were taken, and no more.
        assert!(last < 40_000, "{last}");
        for call in &mut lasting {
            assert!(complete(&table, &table.id(call.number).to_string()));
            assert!(matches!(answer(call), Some(Ok(Answered::Reply(_)))));
        }
    }

    #[test]
    fn foreign_ids_are_nobodys() {
        let table = table();
        let call = table.slots.enter(false, None);
        let own = table.id(call.number).to_string();
        for id in ["", &own[..35], &format!("{own}0"), &format!("{} ", &own[..35]), &Uuid::new_v4().to_string()] {
            assert!(!complete(&table, id), "{id}");
        }
        assert!(complete(&table, &own));
    }

    #[test]
    fn ids_are_uuids_of_which_none_is_used_twice() {
        let table = table();
        for number in [0, 1, 255, 1 << 40, (1 << 48) - 1] {
            let id = table.id(number).to_string();
            assert_eq!(Uuid::try_parse(&id).unwrap().get_version(), Some(uuid::Version::Random));
            assert_eq!(table.number(&id), Some(number));
        }
    }
}
