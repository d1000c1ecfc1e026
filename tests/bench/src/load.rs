//! The load of the asynchronous contenders: so many calls in flight, each begun when another ends.

use std::future::Future;
use std::time::{Duration, Instant};

use futures::StreamExt;
use hdrhistogram::Histogram;

/// Calls a second, and the latencies in nanoseconds.
pub struct Load {
    /// Calls a second.
    pub rate: f64,
    /// Latencies in nanoseconds.
    pub latencies: Histogram<u64>,
}

/// From 1 ns to a minute, to three digits.
pub fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("the bounds are right")
}

/// Loads for a time, after a tenth of it to warm up.
pub async fn load<F, E>(in_flight: usize, time: Duration, call: impl Fn() -> F) -> Result<Load, E>
where
    F: Future<Output = Result<(), E>>,
{
    run(in_flight, time / 10, &call).await?;
    run(in_flight, time, &call).await
}

async fn run<F, E>(in_flight: usize, time: Duration, call: &impl Fn() -> F) -> Result<Load, E>
where
    F: Future<Output = Result<(), E>>,
{
    let mut latencies = histogram();
    let started = Instant::now();
    let mut calls = futures::stream::iter(std::iter::from_fn(|| (started.elapsed() < time).then_some(())))
        .map(|()| async {
            let asked = Instant::now();
            call().await?;
            Ok(asked.elapsed())
        })
        .buffer_unordered(in_flight);
    while let Some(latency) = calls.next().await {
        let latency: Duration = latency?;
        latencies.saturating_record(u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX));
    }
    let rate = latencies.len() as f64 / started.elapsed().as_secs_f64();
    Ok(Load { rate, latencies })
}
