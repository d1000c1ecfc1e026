//! The broker's clock, by which all who share the broker measure deadlines.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::broker::memory::unix_milliseconds;
use crate::broker::{Broker, BrokerError};

/// How often the offset is measured.
const INTERVAL: Duration = Duration::from_secs(30);

/// This machine's clock, corrected by what the broker's differs from it.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    offset: Arc<AtomicI64>,
}

impl Clock {
    /// Measured now, and again from time to time until `stop`.
    pub(crate) async fn start(broker: Arc<dyn Broker>, stop: CancellationToken) -> Result<Self, BrokerError> {
        let clock = Self { offset: Arc::new(AtomicI64::new(offset(&*broker).await?)) };
        let measured = Arc::clone(&clock.offset);
        tokio::spawn(stop.run_until_cancelled_owned(async move {
            loop {
                tokio::time::sleep(INTERVAL).await;
                // While the broker is away the last offset is the best.
                if let Ok(offset) = offset(&*broker).await {
                    measured.store(offset, Ordering::Relaxed);
                }
            }
        }));
        Ok(clock)
    }

    /// Milliseconds since 1970.
    pub(crate) fn now(&self) -> i64 {
        unix_milliseconds().saturating_add(self.offset.load(Ordering::Relaxed))
    }

    /// How long from now until a point in time of the broker; zero where it has passed.
    pub(crate) fn until(&self, deadline: i64) -> Duration {
        Duration::from_millis(u64::try_from(deadline.saturating_sub(self.now())).unwrap_or(0))
    }
}

/// What the broker's clock is ahead, taken in the middle of the question's way.
async fn offset(broker: &dyn Broker) -> Result<i64, BrokerError> {
    let asked = unix_milliseconds();
    let now = broker.now().await?;
    Ok(now.saturating_sub(asked.midpoint(unix_milliseconds())))
}
