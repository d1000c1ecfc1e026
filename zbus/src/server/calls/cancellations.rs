//! The channel on which callers publish the ids of the calls that they give up.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use backon::BackoffBuilder;
use tokio_util::sync::CancellationToken;

use crate::ObjectId;
use crate::backoff::{LONGEST_DELAY, reconnect_backoff};
use crate::broker::{Broker, BrokerError, BrokerErrorKind, Deliveries, Delivery};
use crate::log_limit::Outage;
use crate::server::state::{CancellationRegistry, State};
use crate::wire::decode;

/// The pause after the broker has refused the subscription.
const REFUSED_DELAY: Duration = Duration::from_secs(60);

/// The subscription of a server to the callers of its calls.
pub(crate) struct Cancellations {
    broker: Arc<dyn Broker>,
    channel: String,
    registry: Arc<CancellationRegistry>,
    outage: Outage,
}

impl Cancellations {
    /// Ends the calls that are given up, until `stop`. When this returns, the channel is subscribed, if it can be: no call comes before.
    pub(crate) async fn start(state: &State, stop: CancellationToken) {
        let cancellations = Self {
            broker: Arc::clone(&state.broker),
            channel: ObjectId::STATUS.channel(&state.module, "Cancel"),
            registry: Arc::clone(&state.cancellations),
            outage: Outage::default(),
        };
        let first = cancellations.subscribe().await;
        tokio::spawn(async move { stop.run_until_cancelled(cancellations.follow(first)).await });
    }

    async fn subscribe(&self) -> Result<Deliveries, BrokerError> {
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
                    self.unsubscribed(&error);
                    Some(REFUSED_DELAY)
                }
                Err(error) => {
                    self.unsubscribed(&error);
                    None
                }
            };
            tokio::time::sleep(delay.or_else(|| delays.next()).unwrap_or(LONGEST_DELAY)).await;
            subscribed = self.subscribe().await;
        }
    }

    fn unsubscribed(&self, error: &BrokerError) {
        if let Some(count) = self.outage.failed(1) {
            tracing::warn!(%error, count, "calls that their callers give up run on to their deadlines");
        }
    }

    async fn read(&self, mut deliveries: Deliveries) {
        while let Some(delivery) = poll_fn(|context| deliveries.poll_next(context)).await {
            // A call whose cancellation was missed runs on, to its deadline at the latest.
            let Delivery::Message(message) = delivery else { continue };
            match decode::<String>(&message) {
                Ok(id) => self.registry.cancel(&id),
                Err(error) => tracing::debug!(%error, "not the id of a call"),
            }
        }
    }
}
