//! The broker's clock. All clients and servers of a broker measure deadlines by it.
//!
//! A sample asks the broker for its time. The offset that it gives is wrong by at most half the round trip. A stall, or a large message on
//! the same connection, makes a round trip long: such a sample does not replace a better one.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::broker::{Broker, BrokerError};
use crate::unix_time::unix_milliseconds;

/// How often the offset is measured.
const INTERVAL: Duration = Duration::from_secs(30);

/// How soon it is measured again after a failed or slow measurement. The time doubles with each further one, up to [`LONGEST_RETRY`].
const RETRY: Duration = Duration::from_secs(1);

const LONGEST_RETRY: Duration = Duration::from_secs(8);

/// How many samples a measurement takes at most. It ends with the first fast one.
const SAMPLES: usize = 3;

/// A sample with at most this error is fast, in milliseconds.
const FAST: i64 = 10;

/// By how much two clocks may run apart, as a fraction: one millisecond in this many.
const DRIFT: i64 = 10_000;

/// The broker's clock, derived from this machine's and a measured offset.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    offset: Arc<AtomicI64>,
    /// How wrong this machine's clock is. Only tests set it.
    skew: i64,
}

impl Clock {
    /// Measures the offset now, and again from time to time until `stop`.
    pub(crate) async fn start(broker: Arc<dyn Broker>, stop: CancellationToken) -> Result<Self, BrokerError> {
        let skew = skew();
        let mut offset = measure(&*broker, skew).await?;
        let clock = Self { offset: Arc::new(AtomicI64::new(offset.value)), skew };
        let measured = Arc::clone(&clock.offset);
        tokio::spawn(stop.run_until_cancelled_owned(async move {
            let mut retry = RETRY;
            // A first offset that is a slow one is soon improved.
            let mut pause = if offset.is_fast() { INTERVAL } else { retry };
            loop {
                tokio::time::sleep(pause).await;
                // While the broker is away the last offset is the best.
                let adopted = measure(&*broker, skew).await.is_ok_and(|sample| offset.adopt(sample));
                measured.store(offset.value, Ordering::Relaxed);
                if adopted {
                    (pause, retry) = (INTERVAL, RETRY);
                } else {
                    pause = retry;
                    retry = LONGEST_RETRY.min(2 * retry);
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

/// By how much the broker's clock is ahead of this machine's. All numbers are milliseconds.
#[derive(Clone, Copy, Debug)]
struct Offset {
    value: i64,
    /// By how much the value may be wrong: half the round trip of its sample.
    error: i64,
    measured: Instant,
}

impl Offset {
    fn is_fast(&self) -> bool {
        self.error <= FAST
    }

    /// Replaces this offset by a new sample, unless this one is the better of the two. True if the sample is as good as this one was.
    fn adopt(&mut self, sample: Self) -> bool {
        let age = sample.measured.saturating_duration_since(self.measured);
        let age = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
        let error = self.error.saturating_add(age / DRIFT);
        let as_good = sample.is_fast() || sample.error <= error;
        let apart = sample.value.saturating_sub(self.value).saturating_abs();
        // If both cannot be true, one of the two clocks was set since, and the newer sample counts, slow or not.
        let contradicts = apart > sample.error.saturating_add(error).saturating_add(1);
        if as_good || contradicts {
            *self = sample;
        }
        as_good
    }
}

/// The best of a few samples: the first that is fast, or else the one with the shortest round trip.
async fn measure(broker: &dyn Broker, skew: i64) -> Result<Offset, BrokerError> {
    let mut best = sample(broker, skew).await?;
    for _ in 1..SAMPLES {
        if best.is_fast() {
            break;
        }
        match sample(broker, skew).await {
            Ok(sample) if sample.error < best.error => best = sample,
            Ok(_) => {}
            Err(_) => break,
        }
    }
    Ok(best)
}

async fn sample(broker: &dyn Broker, skew: i64) -> Result<Offset, BrokerError> {
    let (asked, local) = (Instant::now(), local(skew));
    let now = broker.now().await?;
    let measured = Instant::now();
    let round_trip = i64::try_from(measured.duration_since(asked).as_millis()).unwrap_or(i64::MAX);
    // The broker looked at its clock somewhere on the way. The middle is wrong by no more than half.
    let error = round_trip / 2;
    Ok(Offset { value: now.saturating_sub(local).saturating_sub(error), error, measured })
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
    use bytes::Bytes;
    use parking_lot::Mutex;
    use serde_with::Same;

    use super::*;
    use crate::broker::{BoxFuture, BrokerErrorKind, Deliveries, Popper, Write, memory};
    use crate::client::RemoteObject;
    use crate::server::{Call, Object, Rejection, Returns};
    use crate::{Client, Context, ObjectId, Server};

    tokio::task_local! {
        /// How wrong the clock is of what starts in this scope, in milliseconds.
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
            let request = object.request("").timeout(Duration::from_secs(5));
            let remaining = request.call(1).await.unwrap().value::<Same, u64>().unwrap();
            assert!((4_000..=5_100).contains(&remaining), "{remaining} ms");
            server.shutdown().await;
        }
    }

    /// A broker whose clock is ahead, and whose answers take the times given here, before and after it looks at its clock. A negative time
    /// is a lost connection. Once they are used up, answers take no time.
    #[derive(Debug)]
    struct Distant {
        inner: Arc<dyn Broker>,
        ahead: AtomicI64,
        trips: Mutex<Vec<(i64, i64)>>,
    }

    impl Distant {
        fn new(ahead: i64) -> Arc<Self> {
            Arc::new(Self { inner: memory::open("distant"), ahead: AtomicI64::new(ahead), trips: Mutex::default() })
        }

        /// What the next questions take, in order.
        fn trips(&self, trips: &[(i64, i64)]) {
            *self.trips.lock() = trips.iter().rev().copied().collect();
        }
    }

    impl Broker for Distant {
        fn write(&self, batch: Vec<Write>) -> BoxFuture<'_, Vec<Result<(), BrokerError>>> {
            self.inner.write(batch)
        }

        fn popper(&self) -> BoxFuture<'_, Result<Box<dyn Popper>, BrokerError>> {
            self.inner.popper()
        }

        fn subscribe(&self, channel: &str) -> BoxFuture<'_, Result<Deliveries, BrokerError>> {
            self.inner.subscribe(channel)
        }

        fn withdraw(&self, list: &str, message: Bytes) -> BoxFuture<'_, Result<bool, BrokerError>> {
            self.inner.withdraw(list, message)
        }

        fn now(&self) -> BoxFuture<'_, Result<i64, BrokerError>> {
            Box::pin(async move {
                let (there, back) = self.trips.lock().pop().unwrap_or_default();
                let pause = |time: i64| tokio::time::sleep(Duration::from_millis(time.unsigned_abs()));
                pause(there).await;
                if there < 0 {
                    return Err(BrokerError::new(BrokerErrorKind::Lost, "lost"));
                }
                // The machine's clock does not follow the paused one of the runtime: what passed on the way counts, too.
                let now = unix_milliseconds() + self.ahead.load(Ordering::Relaxed) + there;
                pause(back).await;
                Ok(now)
            })
        }
    }

    async fn offset_after(clock: &Clock, time: Duration) -> i64 {
        tokio::time::sleep(time).await;
        clock.offset.load(Ordering::Relaxed)
    }

    fn near(offset: i64, expected: i64) {
        // The machine's clock goes on while the test computes.
        assert!((offset - expected).abs() <= 400, "{offset} ms, not about {expected} ms");
    }

    #[tokio::test(start_paused = true)]
    async fn one_slow_answer_moves_no_deadline() {
        for (there, back) in [(5_000, 0), (0, 5_000), (2_000, 7_000)] {
            let broker = Distant::new(60_000);
            let clock = Clock::start(broker.clone(), CancellationToken::new()).await.unwrap();
            near(clock.offset.load(Ordering::Relaxed), 60_000);
            broker.trips(&[(there, back); SAMPLES]);
            // Just after the measurement, and before the next one.
            let samples = Duration::from_millis((there + back).unsigned_abs()) * 3;
            near(offset_after(&clock, INTERVAL + samples + RETRY / 2).await, 60_000);
            assert!(broker.trips.lock().is_empty());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_start_is_corrected_by_the_next_sample_or_soon() {
        // The first answer of three is slow.
        let broker = Distant::new(60_000);
        broker.trips(&[(5_000, 0)]);
        let clock = Clock::start(broker.clone(), CancellationToken::new()).await.unwrap();
        near(clock.offset.load(Ordering::Relaxed), 60_000);
        // All three are.
        broker.trips(&[(5_000, 0), (4_000, 0), (5_000, 0)]);
        let clock = Clock::start(broker.clone(), CancellationToken::new()).await.unwrap();
        near(clock.offset.load(Ordering::Relaxed), 62_000);
        near(offset_after(&clock, 2 * RETRY).await, 60_000);
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_was_set_is_followed_also_after_a_loss_and_over_a_slow_connection() {
        let broker = Distant::new(60_000);
        let clock = Clock::start(broker.clone(), CancellationToken::new()).await.unwrap();
        // Another broker with another clock takes over. The first measurement fails.
        broker.ahead.store(-3_600_000, Ordering::Relaxed);
        broker.trips(&[(-1, 0)]);
        near(offset_after(&clock, INTERVAL + 2 * RETRY).await, -3_600_000);
        // The next is slow, but too far away from the old offset to be the same clock.
        broker.ahead.store(60_000, Ordering::Relaxed);
        broker.trips(&[(1_000, 1_000); 3]);
        near(offset_after(&clock, INTERVAL + Duration::from_secs(6)).await, 60_000);
    }

    #[test]
    fn an_offset_gives_way_to_a_slower_one_only_when_it_is_older_than_its_error_allows() {
        let start = Instant::now();
        let offset = |value, error, after| Offset { value, error, measured: start + Duration::from_secs(after) };
        let mut kept = offset(100, 12, 0);
        assert!(!kept.adopt(offset(110, 15, 20)));
        assert_eq!(kept.value, 100);
        assert!(kept.adopt(offset(110, 15, 30)));
        assert_eq!(kept.value, 110);
        // A connection that has become slow for good is not good enough, but a clock that was set shows.
        assert!(!kept.adopt(offset(90, 100, 60)));
        assert_eq!(kept.value, 110);
        assert!(!kept.adopt(offset(400, 100, 90)));
        assert_eq!(kept.value, 400);
    }
}
