//! The first connection: processes start in any order, so the broker may come later.

use std::sync::Arc;
use std::time::Duration;

use backon::BackoffBuilder;
use tokio::time::Instant;

use super::{Broker, BrokerError, BrokerErrorKind, address};
use crate::backoff::reconnect_backoff;

/// Between two tries.
const LONGEST_DELAY: Duration = Duration::from_secs(1);

/// The broker of an address, as [`Client::connect`](crate::Client::connect) takes it, connected. What uses it shares its connections;
/// they close when nothing does any more.
///
/// # Errors
/// [`BrokerErrorKind::Address`] where the address is none, [`BrokerErrorKind::Unreachable`] where nobody answers there,
/// [`BrokerErrorKind::Refused`] where it does not let us in, or is a Redis Cluster.
pub async fn connect(address: &str) -> Result<Arc<dyn Broker>, BrokerError> {
    connect_within(address, Duration::ZERO).await
}

/// Connects to the broker of an address. One that is out of reach, or not ready yet, is tried again for as long as `wait`; zero tries
/// once.
pub(crate) async fn connect_within(address: &str, wait: Duration) -> Result<Arc<dyn Broker>, BrokerError> {
    let deadline = Instant::now().checked_add(wait);
    let mut delays = reconnect_backoff().with_max_delay(LONGEST_DELAY).build();
    loop {
        let error = match address::open(address).await {
            Err(error) if may_pass(&error) => error,
            outcome => return outcome,
        };
        let left = deadline.map_or(Duration::MAX, |deadline| deadline.saturating_duration_since(Instant::now()));
        if left.is_zero() {
            return Err(if wait.is_zero() { error } else { error.after_waiting(wait) });
        }
        tracing::warn!(%error, "the broker is waited for");
        tokio::time::sleep(delays.next().unwrap_or(LONGEST_DELAY).min(left)).await;
    }
}

fn may_pass(error: &BrokerError) -> bool {
    matches!(error.kind(), BrokerErrorKind::Unreachable | BrokerErrorKind::Unready | BrokerErrorKind::Lost)
}
