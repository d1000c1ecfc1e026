//! The task that takes replies out of a client's inbox.

use std::sync::Arc;

use backon::BackoffBuilder;
use tokio_util::sync::CancellationToken;

use super::in_flight::InFlight;
use super::restarts::Restarts;
use crate::backoff::{LONGEST_DELAY, reconnect_backoff};
use crate::broker::{Broker, BrokerError, Popper};
use crate::wire::Response;

/// How many replies a pop takes at most.
const BATCH: usize = 1024;

/// The task; it has to be on the way before the first call.
pub(crate) async fn start(
    broker: Arc<dyn Broker>,
    inbox: Arc<str>,
    in_flight: Arc<InFlight>,
    restarts: Arc<Restarts>,
    stop: CancellationToken,
) -> Result<(), BrokerError> {
    let popper = broker.popper().await?;
    tokio::spawn(read(popper, inbox, Reader { in_flight }, restarts, stop));
    Ok(())
}

/// Who waits for a reply waits for the reader: with it ends the wait, even where the reader is dropped with its runtime.
struct Reader {
    in_flight: Arc<InFlight>,
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.in_flight.close();
    }
}

async fn read(
    mut popper: Box<dyn Popper>,
    inbox: Arc<str>,
    reader: Reader,
    restarts: Arc<Restarts>,
    stop: CancellationToken,
) {
    let lists = [inbox];
    let mut delays = reconnect_backoff().build();
    while !stop.is_cancelled() {
        match popper.pop(&lists, BATCH, &stop).await {
            Ok(popped) => {
                delays = reconnect_backoff().build();
                for message in popped.messages {
                    match Response::decode(&message) {
                        Ok(response) => {
                            if !reader.in_flight.complete(response) {
                                tracing::debug!("dropped a reply that nobody waits for");
                            }
                        }
                        Err(error) => tracing::warn!(%error, "dropped a reply that cannot be read"),
                    }
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
