//! Replies, on their way from a list to the calls that wait for them.

use std::sync::Arc;

use bytes::Bytes;

use super::in_flight::InFlight;
use crate::drops::{Beginning, Drops, Reason};
use crate::error::RejectionKind;
use crate::wire::{Generation, Response, response_id};

/// What is done with a reply, whichever list it came in.
#[derive(Debug)]
pub(super) struct Replies {
    in_flight: Arc<InFlight>,
    generation: Generation,
    max_message_size: usize,
    drops: Drops,
}

impl Replies {
    pub(super) fn new(in_flight: Arc<InFlight>, generation: Generation, max_message_size: usize) -> Self {
        Self { in_flight, generation, max_message_size, drops: Drops::default() }
    }

    /// No reply comes any more.
    pub(super) fn close(&self) {
        self.in_flight.close();
    }

    /// Hands a reply to the call that waits for it.
    pub(super) fn take(&self, message: &Bytes) {
        if message.len() > self.max_message_size {
            let (size, most) = (message.len(), self.max_message_size);
            let detail = format!("the reply is {size} bytes, more than the {most} that this client reads");
            return self.refuse(message, Reason::TooLarge, RejectionKind::ReplyTooLarge, detail);
        }
        match Response::decode(message) {
            Ok((id, response)) => self.complete(id, response),
            Err(error) => {
                self.refuse(
                    message,
                    Reason::Malformed,
                    RejectionKind::BadReply,
                    format!("the reply cannot be read: {error}"),
                );
            }
        }
    }

    /// A reply that is not read still ends its call.
    fn refuse(&self, message: &Bytes, reason: Reason, kind: RejectionKind, detail: String) {
        self.drops.note(reason, &detail);
        if let Some(id) = response_id(message) {
            self.in_flight.complete(&id, Response::rejected(self.generation, kind, detail));
        }
    }

    fn complete(&self, id: &str, response: Response) {
        if !self.in_flight.complete(id, response) {
            let reason = if self.in_flight.has_made(id) { Reason::Late } else { Reason::Unknown };
            self.drops.note(reason, Beginning(id));
        }
    }
}
