//! The task that takes replies out of a client's inbox.

use std::sync::Arc;

use backon::BackoffBuilder;
use tokio_util::sync::CancellationToken;

use super::super::Tag;
use super::super::restarts::Restarts;
use super::Replies;
use crate::backoff::{LONGEST_DELAY, reconnect_backoff};
use crate::broker::{Broker, BrokerError, Popper};
use crate::outbox::Gatherer;
use crate::scheduling::Scheduling;

/// How many replies a pop takes at most.
const BATCH: usize = 1024;

/// One pop shall stay near this many bytes, which memory holds at once.
const POP_BYTES: usize = 4 << 20;

/// The task; it has to be on the way before the first call.
pub(crate) async fn start(
    broker: &dyn Broker,
    inbox: Arc<str>,
    replies: Arc<Replies>,
    restarts: Arc<Restarts>,
    stop: CancellationToken,
    gatherer: Gatherer<Tag>,
) -> Result<(), BrokerError> {
    let popper = broker.popper().await?;
    tokio::spawn(read(popper, inbox, Reader { replies }, restarts, stop, gatherer));
    Ok(())
}

/// Who waits for a reply waits for the reader: with it ends the wait, even where the reader is dropped with its runtime.
struct Reader {
    replies: Arc<Replies>,
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.replies.close();
    }
}

async fn read(
    mut popper: Box<dyn Popper>,
    inbox: Arc<str>,
    reader: Reader,
    restarts: Arc<Restarts>,
    stop: CancellationToken,
    mut gatherer: Gatherer<Tag>,
) {
    let lists = [inbox];
    let mut delays = reconnect_backoff().build();
    let mut message_bytes = 0;
    while !stop.is_cancelled() {
        let count = BATCH.min(POP_BYTES / usize::max(message_bytes, 1)).max(1);
        match popper.pop(&lists, count, &stop).await {
            Ok(popped) => {
                delays = reconnect_backoff().build();
                for message in &popped.messages {
                    message_bytes = usize::midpoint(message_bytes, message.len());
                }
                // Those who get them may call again.
                let gathering = gatherer.gather(popped.messages.len());
                reader.replies.take(popped.messages);
                if gathering.is_some() {
                    Scheduling::MultiThreaded.give_way().await;
                }
            }
            Err(error) => {
                // Calls keep waiting: their replies may be in the inbox when the broker is back.
                tracing::warn!(%error, "replies are interrupted");
                let delay = delays.next().unwrap_or(LONGEST_DELAY);
                stop.run_until_cancelled(async {
                    tokio::time::sleep(delay).await;
                    // So that calls that begin after a restart are not told of it at their deadline.
                    restarts.look().await;
                })
                .await;
            }
        }
    }
}
