//! The load of the asynchronous contenders: so many calls in flight, each begun when another ends.

use std::error::Error;
use std::time::{Duration, Instant};

use futures::StreamExt;
use hdrhistogram::Histogram;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use tokio::task::JoinSet;

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

/// A client and what it sends; a clone is another handle of the same client.
pub trait Caller: Clone + Send + Sync + 'static {
    /// Why a call fails.
    type Error: std::error::Error + Send + 'static;

    /// One call.
    fn call(&self) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// How much is to be called.
#[derive(Clone, Copy, Debug)]
pub struct Calls {
    /// Under way at once.
    pub in_flight: usize,
    /// For how long, after a tenth of it to warm up.
    pub time: Duration,
    /// Threads of the runtime. On more than one, each of those who call is a task of its own, as it is in programs of that kind.
    pub threads: usize,
}

impl Calls {
    /// Loads.
    pub async fn of(self, caller: impl Caller) -> Result<Load, Box<dyn Error>> {
        let (warming, _) = self.run(&caller, self.time / 10).await?;
        let (mut latencies, took) = self.run(&caller, self.time).await?;
        latencies.warmed_up(warming.histogram.len());
        Ok(latencies.over(took)?)
    }

    async fn run<C: Caller>(self, caller: &C, time: Duration) -> Result<(Latencies, Duration), Box<dyn Error>> {
        let mut latencies = Latencies::new();
        let started = Instant::now();
        if self.threads > 1 {
            let mut callers = JoinSet::new();
            for _ in 0..self.in_flight {
                let caller = caller.clone();
                callers.spawn(async move {
                    let mut latencies = Vec::new();
                    while started.elapsed() < time {
                        latencies.push(one(&caller).await?);
                    }
                    Ok::<_, C::Error>(latencies)
                });
            }
            let mut ended = Vec::with_capacity(self.in_flight);
            while let Some(of_one) = callers.join_next().await {
                ended.push(of_one??);
            }
            let took = started.elapsed();
            ended.into_iter().flatten().for_each(|latency| latencies.add(latency));
            return Ok((latencies, took));
        }
        let mut calls = futures::stream::iter(std::iter::from_fn(|| (started.elapsed() < time).then_some(())))
            .map(|()| one(caller))
            .buffer_unordered(self.in_flight);
        while let Some(latency) = calls.next().await {
            latencies.add(latency?);
        }
        Ok((latencies, started.elapsed()))
    }
}

/// How long a call takes.
async fn one<C: Caller>(caller: &C) -> Result<Duration, C::Error> {
    let asked = Instant::now();
    caller.call().await?;
    Ok(asked.elapsed())
}
