//! The server shows that it is there, for as long as it is.

use std::sync::Arc;
use std::time::Duration;

use backon::BackoffBuilder;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::backoff::reconnect_backoff;
use crate::broker::{Broker, BrokerError, BrokerErrorKind};
use crate::log_limit::Outage;

/// How often a server shows itself.
const INTERVAL: Duration = Duration::from_secs(5);

/// A server that has not shown itself for this long is gone.
const LASTING: Duration = Duration::from_secs(15);

/// How long a stopping server tries to take itself out; what it leaves lasts no longer than [`LASTING`].
const RETRACT_LIMIT: Duration = Duration::from_secs(1);

/// Between two tries where the broker is away: short, as the instances of a broker that comes back empty are unknown to it.
const LONGEST_DELAY: Duration = Duration::from_secs(1);

/// One instance in the set of those that serve its module.
pub(super) struct Presence {
    pub(super) broker: Arc<dyn Broker>,
    pub(super) set: String,
    pub(super) instance: Arc<str>,
    /// Rung where the broker was lost: it may come back without the set.
    pub(super) lost: Arc<Notify>,
    pub(super) stop: CancellationToken,
    pub(super) outage: Outage,
}

impl Presence {
    /// Shows the server now, again from time to time, and no longer when `stop` comes.
    pub(super) async fn start(self, tasks: &TaskTracker) {
        self.announce().await;
        tasks.spawn(self.keep());
    }

    async fn keep(self) {
        let stop = self.stop.clone();
        let shown = stop.run_until_cancelled(async {
            loop {
                // An error says that it is time.
                let _ = tokio::time::timeout(INTERVAL, self.lost.notified()).await;
                self.announce().await;
            }
        });
        shown.await;
        let retracted = self.broker.retract(&self.set, &self.instance);
        if !matches!(tokio::time::timeout(RETRACT_LIMIT, retracted).await, Ok(Ok(()))) {
            tracing::debug!("the server could not take itself out of those that are there");
        }
    }

    /// Tries until it is done, until there is no sense in it, or for one interval.
    async fn announce(&self) {
        let mut delays = reconnect_backoff().with_max_delay(LONGEST_DELAY).build();
        let tried = async {
            loop {
                match self.broker.announce(&self.set, &self.instance, LASTING).await {
                    Err(error) if error.kind() != BrokerErrorKind::Refused => {
                        tracing::debug!(%error, "the server cannot show itself yet");
                        tokio::time::sleep(delays.next().unwrap_or(LONGEST_DELAY)).await;
                    }
                    outcome => return outcome,
                }
            }
        };
        match tokio::time::timeout(INTERVAL, tried).await {
            Ok(Err(error)) => self.hidden(&error),
            Ok(Ok(())) if self.outage.is_over() => tracing::info!("callers that ask who is there see the server again"),
            Ok(Ok(())) | Err(_) => {}
        }
    }

    fn hidden(&self, error: &BrokerError) {
        if let Some(count) = self.outage.failed(1) {
            tracing::warn!(%error, count, "the server cannot announce itself: callers that ask who is there do not see it");
        }
    }
}
