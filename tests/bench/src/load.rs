//! The load of the asynchronous contenders: so many calls in flight, each begun when another ends.

use std::future::Future;
use std::time::{Duration, Instant};

use futures::StreamExt;
use hdrhistogram::Histogram;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

use crate::figures::Load;

/// The latencies of calls, and how many calls there were.
pub struct Latencies {
    histogram: Histogram<u64>,
    warming: u64,
}

impl Latencies {
    /// None yet.
    pub fn new() -> Self {
        // From 1 ns to a minute, to three digits.
        let histogram = Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("the bounds are right");
        Self { histogram, warming: 0 }
    }

    /// Adds that of a call.
    pub fn add(&mut self, latency: Duration) {
        self.histogram.saturating_record(u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Adds calls that only warmed up.
    pub fn warmed_up(&mut self, calls: u64) {
        self.warming += calls;
    }

    /// The figures of this process, where the calls took this long.
    pub fn over(self, time: Duration) -> nix::Result<Load> {
        let microseconds = |quantile| self.histogram.value_at_quantile(quantile) as f64 / 1000.0;
        Ok(Load {
            rate: self.histogram.len() as f64 / time.as_secs_f64(),
            p50: microseconds(0.5),
            p99: microseconds(0.99),
            operations: self.histogram.len() + self.warming,
            cpu: cpu()?,
        })
    }
}

/// Microseconds of processor time of this process and of its children that have ended.
pub fn cpu() -> nix::Result<f64> {
    let mut sum = 0;
    for who in [UsageWho::RUSAGE_SELF, UsageWho::RUSAGE_CHILDREN] {
        let usage = getrusage(who)?;
        sum += usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    }
    Ok(sum as f64)
}

/// Loads for a time, after a tenth of it to warm up.
pub async fn load<F, E>(
    in_flight: usize,
    time: Duration,
    call: impl Fn() -> F,
) -> Result<Load, Box<dyn std::error::Error>>
where
    F: Future<Output = Result<(), E>>,
    E: std::error::Error + 'static,
{
    let (warming, _) = run(in_flight, time / 10, &call).await?;
    let (mut latencies, took) = run(in_flight, time, &call).await?;
    latencies.warmed_up(warming.histogram.len());
    Ok(latencies.over(took)?)
}

async fn run<F, E>(in_flight: usize, time: Duration, call: &impl Fn() -> F) -> Result<(Latencies, Duration), E>
where
    F: Future<Output = Result<(), E>>,
{
    let mut latencies = Latencies::new();
    let started = Instant::now();
    let mut calls = futures::stream::iter(std::iter::from_fn(|| (started.elapsed() < time).then_some(())))
        .map(|()| async {
            let asked = Instant::now();
            call().await?;
            Ok(asked.elapsed())
        })
        .buffer_unordered(in_flight);
    while let Some(latency) = calls.next().await {
        latencies.add(latency?);
    }
    Ok((latencies, started.elapsed()))
}
