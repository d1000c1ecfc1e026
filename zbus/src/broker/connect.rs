//! The first connection. Processes start in any order, so the broker may start after this one.

use std::sync::Arc;
use std::time::Duration;

use backon::BackoffBuilder;
use tokio::time::Instant;

use super::{Broker, BrokerError, BrokerErrorKind, address};
use crate::backoff::reconnect_backoff;

/// The longest delay between two tries.
const LONGEST_DELAY: Duration = Duration::from_secs(1);

/// Connects to the broker of an address, in the form that [`Client::connect`](crate::Client::connect) takes. All users of the broker
/// share its connections. They close when the last user is gone.
///
/// # Errors
/// [`BrokerErrorKind::Address`] if the address is not valid, [`BrokerErrorKind::Unreachable`] if no broker answers there,
/// [`BrokerErrorKind::Refused`] if the broker denies access, or is a Redis Cluster.
pub async fn connect(address: &str) -> Result<Arc<dyn Broker>, BrokerError> {
    connect_within(address, Duration::ZERO).await
}

/// Connects to the broker of an address. If the broker is unreachable or not ready, this retries for up to `wait`. Zero tries once.
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
