//! The task that takes replies out of a client's inbox.

use std::sync::Arc;

use backon::BackoffBuilder;
use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use super::in_flight::InFlight;
use crate::backoff::{LONGEST_DELAY, reconnect_backoff};
use crate::broker::{Broker, BrokerError, Popper};
use crate::drops::{Beginning, Drops, Reason};
use crate::error::RejectionKind;
use crate::wire::{Generation, Response, response_id};

/// How many replies a pop takes at most.
const BATCH: usize = 1024;

/// One pop shall stay near this many bytes, which memory holds at once.
const POP_BYTES: usize = 4 << 20;

/// The task; it has to be on the way before the first call.
pub(crate) async fn start(
    broker: &dyn Broker,
    inbox: Arc<str>,
    reader: Reader,
    stop: CancellationToken,
) -> Result<(), BrokerError> {
    let popper = broker.popper().await?;
    tokio::spawn(read(popper, inbox, reader, stop));
    Ok(())
}

/// Who waits for a reply waits for the reader: with it ends the wait, even where the reader is dropped with its runtime.
pub(crate) struct Reader {
    in_flight: Arc<InFlight>,
    generation: Generation,
    max_message_size: usize,
    drops: Drops,
}

impl Reader {
    pub(crate) fn new(in_flight: Arc<InFlight>, generation: Generation, max_message_size: usize) -> Self {
        Self { in_flight, generation, max_message_size, drops: Drops::default() }
    }

    /// Hands a reply to the call that waits for it.
    fn take(&self, message: &Bytes) {
        if message.len() > self.max_message_size {
            let (size, most) = (message.len(), self.max_message_size);
            let detail = format!("the reply is {size} bytes, more than the {most} that this client reads");
            return self.refuse(message, Reason::TooLarge, RejectionKind::ReplyTooLarge, detail);
        }
        match Response::decode(message) {
            Ok(response) => self.complete(response),
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
            self.in_flight.complete(Response::rejected(self.generation, id, kind, detail));
        }
    }

    fn complete(&self, response: Response) {
        let id = response.id.clone();
        if !self.in_flight.complete(response) {
            let reason = if self.in_flight.has_made(&id) { Reason::Late } else { Reason::Unknown };
            self.drops.note(reason, Beginning(&id));
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.in_flight.close();
    }
}

async fn read(mut popper: Box<dyn Popper>, inbox: Arc<str>, reader: Reader, stop: CancellationToken) {
    let lists = [inbox];
    let mut delays = reconnect_backoff().build();
    let mut message_bytes = 0;
    while !stop.is_cancelled() {
        let count = BATCH.min(POP_BYTES / usize::max(message_bytes, 1)).max(1);
        match popper.pop(&lists, count, &stop).await {
            Ok(popped) => {
                delays = reconnect_backoff().build();
                for message in popped.messages {
                    message_bytes = usize::midpoint(message_bytes, message.len());
                    reader.take(&message);
                }
            }
            Err(error) => {
                // Calls keep waiting: their replies may be in the inbox when the broker is back.
                tracing::warn!(%error, "replies are interrupted");
                let delay = delays.next().unwrap_or(LONGEST_DELAY);
                stop.run_until_cancelled(tokio::time::sleep(delay)).await;
            }
        }
    }
}
