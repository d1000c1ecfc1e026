//! The task that takes replies out of a client's inbox.

use std::sync::Arc;

use backon::BackoffBuilder;
use tokio_util::sync::CancellationToken;

use super::super::restarts::Restarts;
use super::super::writes::Tag;
use super::Replies;
use crate::backoff::{LONGEST_DELAY, reconnect_backoff};
use crate::broker::{Broker, BrokerError, Popper};
use crate::outbox::Gatherer;
use crate::scheduling::Scheduling;

/// How many replies a pop takes at most. If the connection is cut while they are on their way, as many are lost.
const BATCH: usize = 128;

/// One pop shall stay near this many bytes, which memory holds at once.
const POP_BYTES: usize = 4 << 20;

/// A client's inbox, which is read from before the first call on.
pub(crate) struct Inbox {
    pub(crate) name: Arc<str>,
    pub(crate) replies: Arc<Replies>,
    pub(crate) restarts: Arc<Restarts>,
    pub(crate) gatherer: Gatherer<Tag>,
    pub(crate) stop: CancellationToken,
}

impl Inbox {
    /// Reads until the client is gone.
    pub(crate) async fn start(self, broker: &dyn Broker) -> Result<(), BrokerError> {
        let popper = broker.popper().await?;
        let reader = Reader { replies: Arc::clone(&self.replies) };
        tokio::spawn(self.read(popper, reader));
        Ok(())
    }

    async fn read(mut self, mut popper: Box<dyn Popper>, _reader: Reader) {
        let lists = [Arc::clone(&self.name)];
        let mut delays = reconnect_backoff().build();
        let mut message_bytes = 0;
        while !self.stop.is_cancelled() {
            let count = BATCH.min(POP_BYTES / usize::max(message_bytes, 1)).max(1);
            match popper.pop(&lists, count, &self.stop).await {
                Ok(popped) => {
                    delays = reconnect_backoff().build();
                    for message in &popped.messages {
                        message_bytes = usize::midpoint(message_bytes, message.len());
                    }
                    // Those who get them may call again.
                    let gathering = self.gatherer.gather(popped.messages.len());
                    self.replies.take(popped.messages);
                    if gathering.is_some() {
                        Scheduling::MultiThreaded.give_way().await;
                    }
                }
                Err(error) => {
                    // Calls keep waiting: their replies may be in the inbox when the broker is back.
                    tracing::warn!(%error, "replies are interrupted");
                    let delay = delays.next().unwrap_or(LONGEST_DELAY);
                    self.stop
                        .run_until_cancelled(async {
                            tokio::time::sleep(delay).await;
                            // So that calls that begin after a restart are not told of it at their deadline.
                            self.restarts.look().await;
                        })
                        .await;
                }
            }
        }
    }
}

/// Calls wait for the reader: their wait ends with it, also if it is dropped with its runtime.
struct Reader {
    replies: Arc<Replies>,
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.replies.close();
    }
}
