//! How long to wait before a lost connection is tried again.

use std::time::Duration;

use backon::ExponentialBuilder;

/// Between 50 ms and 5 s, jittered, for as long as it takes.
pub(crate) fn reconnect_backoff() -> ExponentialBuilder {
    ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(50))
        .with_max_delay(LONGEST_DELAY)
        .with_jitter()
        .without_max_times()
}

/// The longest of the delays, but for the jitter.
pub(crate) const LONGEST_DELAY: Duration = Duration::from_secs(5);
