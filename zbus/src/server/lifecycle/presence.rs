//! The server announces itself to its broker, for as long as it serves.

use std::sync::Arc;
use std::time::Duration;

use backon::BackoffBuilder;

use crate::backoff::reconnect_backoff;
use crate::broker::{BrokerError, BrokerErrorKind};
use crate::log_limit::Outage;
use crate::object_id;
use crate::server::state::State;

/// How often a server announces itself.
const INTERVAL: Duration = Duration::from_secs(5);

/// A server that has not announced itself for this long is gone.
const LASTING: Duration = Duration::from_secs(15);

/// How long a stopping server tries to take itself out; what it leaves lasts no longer than [`LASTING`].
const RETRACT_LIMIT: Duration = Duration::from_secs(1);

/// Between two tries while the broker is away: short, as a broker that comes back empty knows no instances.
const LONGEST_DELAY: Duration = Duration::from_secs(1);

/// Announces the server now, again from time to time, and no longer when it stops.
pub(super) async fn start(state: &Arc<State>) {
    let presence =
        Presence { set: object_id::instances(&state.module), state: Arc::clone(state), outage: Outage::default() };
    presence.announce().await;
    state.tasks.spawn(presence.keep());
}

/// One instance in the set of those that serve its module.
struct Presence {
    set: String,
    state: Arc<State>,
    outage: Outage,
}

impl Presence {
    async fn keep(self) {
        let announcing = self.state.stop.run_until_cancelled(async {
            loop {
                // An error says that it is time.
                let _ = tokio::time::timeout(INTERVAL, self.state.lost.notified()).await;
                self.announce().await;
            }
        });
        announcing.await;
        let retracted = self.state.broker.retract(&self.set, &self.state.instance);
        if !matches!(tokio::time::timeout(RETRACT_LIMIT, retracted).await, Ok(Ok(()))) {
            tracing::debug!("the server could not take itself out of the set of its module's servers");
        }
    }

    /// Tries until it succeeds, until the broker refuses, or for one interval.
    async fn announce(&self) {
        let mut delays = reconnect_backoff().with_max_delay(LONGEST_DELAY).build();
        let tried = async {
            loop {
                match self.state.broker.announce(&self.set, &self.state.instance, LASTING).await {
                    Err(error) if error.kind() != BrokerErrorKind::Refused => {
                        tracing::debug!(%error, "the server cannot announce itself yet");
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
