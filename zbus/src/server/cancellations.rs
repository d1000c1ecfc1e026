//! The channel on which callers say which of their calls they have given up.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use backon::BackoffBuilder;
use tokio_util::sync::CancellationToken;

use super::running::Running;
use crate::backoff::{LONGEST_DELAY, reconnect_backoff};
use crate::broker::{Broker, BrokerError, BrokerErrorKind, Deliveries, Delivery};
use crate::log_limit::Outage;
use crate::wire::decode;

/// When to ask again a broker that does not let us listen.
const REFUSED_DELAY: Duration = Duration::from_secs(60);

/// Where a server listens to the callers of its calls.
pub(super) struct Cancellations {
    pub(super) broker: Arc<dyn Broker>,
    pub(super) channel: String,
    pub(super) running: Arc<Running>,
    pub(super) outage: Outage,
}

impl Cancellations {
    /// Ends the calls that are given up, until `stop`. The first subscription is the caller's to make, so that no call comes before it.
    pub(super) async fn listen(self, first: Result<Deliveries, BrokerError>, stop: CancellationToken) {
        stop.run_until_cancelled(self.follow(first)).await;
    }

    pub(super) async fn subscribe(&self) -> Result<Deliveries, BrokerError> {
        self.broker.subscribe(&self.channel).await
    }

    async fn follow(&self, first: Result<Deliveries, BrokerError>) {
        let mut subscribed = first;
        let mut delays = reconnect_backoff().build();
        loop {
            let delay = match subscribed {
                Ok(deliveries) => {
                    if self.outage.is_over() {
                        tracing::info!("calls that are given up are ended again");
                    }
                    delays = reconnect_backoff().build();
                    self.read(deliveries).await;
                    None
                }
                Err(error) if error.kind() == BrokerErrorKind::Refused => {
                    self.deaf(&error);
                    Some(REFUSED_DELAY)
                }
                Err(error) => {
                    self.deaf(&error);
                    None
                }
            };
            tokio::time::sleep(delay.or_else(|| delays.next()).unwrap_or(LONGEST_DELAY)).await;
            subscribed = self.subscribe().await;
        }
    }

    fn deaf(&self, error: &BrokerError) {
        if let Some(count) = self.outage.failed(1) {
            tracing::warn!(%error, count, "calls that their callers give up run on to their deadlines");
        }
    }

    async fn read(&self, mut deliveries: Deliveries) {
        while let Some(delivery) = poll_fn(|context| deliveries.poll_next(context)).await {
            // What was missed runs on, to its deadline at the latest.
            let Delivery::Message(message) = delivery else { continue };
            match decode::<String>(&message) {
                Ok(id) => self.running.cancel(&id),
                Err(error) => tracing::debug!(%error, "not the id of a call"),
            }
        }
    }
}
