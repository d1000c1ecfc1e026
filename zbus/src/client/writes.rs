//! What a client writes, and what becomes of it.

use tokio::sync::oneshot;

use super::in_flight::InFlight;
use crate::broker::BrokerError;
use crate::outbox::{Tracker, Waiting};

/// What a client writes.
pub(super) enum Tag {
    /// The call of this number.
    Call(u64),
    /// Something without an answer: its sender waits until it is written.
    Write(oneshot::Sender<Result<(), BrokerError>>),
}

impl Tag {
    fn number(&self) -> Option<u64> {
        match self {
            Self::Call(number) => Some(*number),
            Self::Write(_) => None,
        }
    }
}

/// Tells the calls in flight what becomes of their requests.
pub(super) struct Writes {
    pub(super) in_flight: InFlight,
}

impl Tracker for Writes {
    type Tag = Tag;

    fn begin(&self, batch: &mut Vec<Waiting<Tag>>) {
        batch.retain(|waiting| !matches!(&waiting.tag, Tag::Write(done) if done.is_closed()));
        self.in_flight.slots.begin_each(batch, |waiting| waiting.tag.number());
    }

    /// Whether a request is written again is for its call to say.
    fn end(&self, batch: &mut Vec<Waiting<Tag>>, outcomes: Vec<Result<(), BrokerError>>) {
        let mut calls = Vec::with_capacity(batch.len());
        for (waiting, outcome) in batch.drain(..).zip(outcomes) {
            match waiting.tag {
                Tag::Call(number) => calls.push((number, outcome)),
                // Its sender may have stopped waiting.
                Tag::Write(done) => _ = done.send(outcome),
            }
        }
        self.in_flight.slots.end_each(calls.into_iter());
    }
}
