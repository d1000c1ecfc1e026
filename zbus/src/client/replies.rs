//! Replies, on their way from a list to the calls that wait for them.

mod inbox;
mod reply_lists;

use bytes::Bytes;

pub(crate) use self::inbox::Inbox;
pub(crate) use self::reply_lists::ReplyLists;
pub use self::reply_lists::ReplyMode;
use super::in_flight::InFlight;
use crate::drops::{Beginning, Drops, Reason};
use crate::error::RejectionKind;
use crate::wire::{Generation, Response, response_id};

/// What is done with a reply, whichever list it came in.
#[derive(Debug)]
pub(super) struct Replies {
    in_flight: InFlight,
    generation: Generation,
    max_message_size: usize,
    drops: Drops,
}

impl Replies {
    pub(super) fn new(in_flight: InFlight, generation: Generation, max_message_size: usize) -> Self {
        Self { in_flight, generation, max_message_size, drops: Drops::default() }
    }

    /// No reply comes any more.
    pub(super) fn close(&self) {
        self.in_flight.slots.close();
    }

    /// Hands replies to the calls that wait for them.
    pub(super) fn take(&self, messages: Vec<Bytes>) {
        let mut replies = Vec::with_capacity(messages.len());
        for message in messages {
            if let Some((number, response)) = self.read(&message) {
                replies.push((number, response));
            }
        }
        self.in_flight.slots.complete_each(&mut replies);
        for (number, _) in replies {
            let reason = if self.in_flight.slots.has_had(number) { Reason::Late } else { Reason::Unknown };
            self.drops.note(reason, self.in_flight.id(number));
        }
    }

    /// Whose reply it is; none where it is nobody's.
    fn read(&self, message: &Bytes) -> Option<(u64, Response)> {
        if message.len() > self.max_message_size {
            let (size, most) = (message.len(), self.max_message_size);
            let detail = format!("the reply is {size} bytes, more than the {most} that this client reads");
            return self.refuse(message, Reason::TooLarge, RejectionKind::ReplyTooLarge, detail);
        }
        match Response::decode(message) {
            Ok((id, response)) => {
                let number = self.in_flight.number(id);
                if number.is_none() {
                    self.drops.note(Reason::Unknown, Beginning(id));
                }
                Some((number?, response))
            }
            Err(error) => {
                let detail = format!("the reply cannot be read: {error}");
                self.refuse(message, Reason::Malformed, RejectionKind::BadReply, detail)
            }
        }
    }

    /// A reply that is not read still ends its call.
    fn refuse(&self, message: &Bytes, reason: Reason, kind: RejectionKind, detail: String) -> Option<(u64, Response)> {
        self.drops.note(reason, &detail);
        let number = self.in_flight.number(&response_id(message)?)?;
        // Noted once is enough: nobody may wait for it.
        let mut replies = vec![(number, Response::rejected(self.generation, kind, detail))];
        self.in_flight.slots.complete_each(&mut replies);
        None
    }
}
