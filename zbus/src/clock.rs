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
    /// How wrong this machine's clock is; only tests set it.
    skew: i64,
}

impl Clock {
    /// Measured now, and again from time to time until `stop`.
    pub(crate) async fn start(broker: Arc<dyn Broker>, stop: CancellationToken) -> Result<Self, BrokerError> {
        let skew = skew();
        let clock = Self { offset: Arc::new(AtomicI64::new(offset(&*broker, skew).await?)), skew };
        let measured = Arc::clone(&clock.offset);
        tokio::spawn(stop.run_until_cancelled_owned(async move {
            loop {
                tokio::time::sleep(INTERVAL).await;
                // While the broker is away the last offset is the best.
                if let Ok(offset) = offset(&*broker, skew).await {
                    measured.store(offset, Ordering::Relaxed);
                }
            }
        }));
        Ok(clock)
    }

    /// Milliseconds since 1970.
    pub(crate) fn now(&self) -> i64 {
        local(self.skew).saturating_add(self.offset.load(Ordering::Relaxed))
    }
}

/// What the broker's clock is ahead, taken in the middle of the question's way.
async fn offset(broker: &dyn Broker, skew: i64) -> Result<i64, BrokerError> {
    let asked = local(skew);
    let now = broker.now().await?;
    Ok(now.saturating_sub(asked.midpoint(local(skew))))
}

/// This machine's clock.
fn local(skew: i64) -> i64 {
    unix_milliseconds().saturating_add(skew)
}

#[cfg(not(test))]
fn skew() -> i64 {
    0
}

#[cfg(test)]
fn skew() -> i64 {
    tests::SKEW.try_with(|skew| *skew).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use serde_with::Same;

    use crate::client::RemoteObject;
    use crate::server::{Call, Object, Rejection, Returns};
    use crate::{Client, Context, ObjectId, Server};

    tokio::task_local! {
        /// How wrong the clock of what is started in its scope is, in milliseconds.
        pub(super) static SKEW: i64;
    }

    /// Says how many milliseconds its caller still waits.
    struct Remaining;

    impl Object for Remaining {
        fn id(&self) -> ObjectId {
            ObjectId::from_static("remaining", "1.0")
        }

        async fn call(&self, call: Call) -> Result<Returns, Rejection> {
            let remaining = Context::current().remaining().unwrap_or_default();
            let mut returns = call.returns();
            let milliseconds = u64::try_from(remaining.as_millis()).unwrap_or(u64::MAX);
            returns.value::<Same, u64>(&milliseconds)?;
            Ok(returns)
        }
    }

    #[tokio::test]
    async fn peers_with_wrong_clocks_agree_on_a_deadline_by_the_brokers() {
        const HOUR: i64 = 3_600_000;
        let address = "memory://skewed";
        for (server_skew, client_skew) in [(HOUR, -HOUR), (-HOUR, HOUR)] {
            let server = Server::new("clocks").register(Remaining).unwrap();
            let server = SKEW.scope(server_skew, server.start(address)).await.unwrap();
            let client = SKEW.scope(client_skew, Client::connect(address)).await.unwrap();
            let object = RemoteObject::new(client, "clocks", Remaining.id());
            let request = object.request("").timeout(std::time::Duration::from_secs(5));
            let remaining = request.call(1).await.unwrap().value::<Same, u64>().unwrap();
            assert!((4_000..=5_100).contains(&remaining), "{remaining} ms");
            server.shutdown().await;
        }
    }
}
