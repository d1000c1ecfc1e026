//! The pace of events. The subscribers' process starts the publisher and grants it one batch after another over its standard input,
//! each when the slowest subscriber has one less to come: so no broker has to drop what somebody is too slow for.

use std::error::Error;
use std::io::Write;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::figures::Load;
use crate::load::cpu;

/// Events that one byte grants.
pub const BATCH: usize = 256;

/// Batches under way at once.
const WINDOW: usize = 2;

/// What the subscribers tell.
#[derive(Debug)]
pub struct Pace {
    subscribers: usize,
    /// How many subscribers have all of a batch; slots are taken in turn.
    complete: [AtomicUsize; WINDOW],
    /// Batches that all have.
    batches: AtomicU64,
    grants: Mutex<Option<ChildStdin>>,
    failure: Mutex<Option<String>>,
}

/// What one subscriber has got.
#[derive(Debug, Default)]
pub struct Progress {
    events: usize,
}

impl Pace {
    /// For so many subscribers.
    pub fn new(subscribers: usize) -> Self {
        Self {
            subscribers,
            complete: Default::default(),
            batches: AtomicU64::new(0),
            grants: Mutex::new(None),
            failure: Mutex::new(None),
        }
    }

    /// A subscriber has got an event.
    pub fn arrived(&self, progress: &mut Progress) {
        progress.events += 1;
        if !progress.events.is_multiple_of(BATCH) {
            return;
        }
        let slot = &self.complete[(progress.events / BATCH - 1) % WINDOW];
        if slot.fetch_add(1, Ordering::AcqRel) + 1 == self.subscribers {
            // Before the grant: nobody can get at the slot until then.
            slot.store(0, Ordering::Release);
            self.batches.fetch_add(1, Ordering::AcqRel);
            self.grant(1);
        }
    }

    /// A subscriber cannot go on.
    pub fn failed(&self, reason: impl ToString) {
        self.failure.lock().expect("nobody panics").get_or_insert(reason.to_string());
    }

    fn grant(&self, batches: usize) {
        if let Some(grants) = self.grants.lock().expect("nobody panics").as_mut()
            && let Err(error) = grants.write_all(&vec![b'.'; batches])
        {
            self.failed(format!("the publisher has ended: {error}"));
        }
    }

    /// Waits for a time, and for a few batches more than there were: a slow broker has one in a while. Says how many there are then.
    async fn some_batches(&self, before: u64, time: Duration) -> u64 {
        const FEW: u64 = 4;
        let started = Instant::now();
        tokio::time::sleep(time).await;
        while self.batches.load(Ordering::Acquire) < before + FEW && started.elapsed() < Duration::from_secs(10) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        self.batches.load(Ordering::Acquire)
    }

    /// Starts the publisher, and measures for a time, after a tenth of it to warm up. The subscribers are there already.
    pub async fn measure(&self, mut publisher: Command, time: Duration) -> Result<Load, Box<dyn Error>> {
        let mut publisher = publisher.stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
        *self.grants.lock().expect("nobody panics") = publisher.stdin.take();
        self.grant(WINDOW);
        let warm = self.some_batches(0, time / 10).await;
        let (before, started) = (warm, Instant::now());
        let after = self.some_batches(before, time).await;
        let took = started.elapsed();
        // The end of its input ends the publisher.
        self.grants.lock().expect("nobody panics").take();
        publisher.wait()?;
        if let Some(reason) = self.failure.lock().expect("nobody panics").take() {
            return Err(reason.into());
        }
        if after == before {
            return Err("no batch of events has arrived".into());
        }
        let events = |batches: u64| batches * BATCH as u64;
        let rate = events(after - before) as f64 / took.as_secs_f64();
        Ok(Load { rate, p50: 0.0, p99: 0.0, operations: events(after), cpu: cpu()? })
    }
}
