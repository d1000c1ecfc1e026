//! The delays between attempts to reconnect.

use std::time::Duration;

use backon::ExponentialBuilder;

/// From 50 ms growing to 5 s, jittered, without end.
pub(crate) fn reconnect_backoff() -> ExponentialBuilder {
    ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(50))
        .with_max_delay(LONGEST_DELAY)
        .with_jitter()
        .without_max_times()
}

/// The longest delay, without the jitter.
pub(crate) const LONGEST_DELAY: Duration = Duration::from_secs(5);
