//! The workers of a server: how many calls run at once, and what each is doing.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::context::CallState;
use super::counters::Counters;
use super::pool::{Pool, Reserved, Worker};
use crate::status::WorkerStatus;
use crate::types::Timestamp;

/// Go's words.
const FREE: &str = "free";
const BUSY: &str = "busy";

/// A call without a deadline that runs for longer is overdue.
const OVERDUE: Duration = Duration::from_secs(60);

/// Those that all objects share are the first pool; an object with workers of its own has another.
#[derive(Debug)]
pub(super) struct Workers {
    pools: Vec<Arc<Pool<Work>>>,
    /// How the calls that they ran, and those that they did not, have ended.
    pub(super) counters: Counters,
}

/// A worker that is to run a call.
pub(super) type Permit = Worker<Work>;

/// What a worker does.
#[derive(Clone, Debug)]
pub(super) struct Work {
    since: Timestamp,
    runs: Option<Arc<CallState>>,
    /// When what runs should have ended; none where nothing runs, or the limit is beyond the clock.
    due: Option<Instant>,
}

impl Default for Work {
    fn default() -> Self {
        Self { since: Timestamp::now(), runs: None, due: None }
    }
}

impl Workers {
    /// Pools of so many workers each.
    pub(super) fn new(pools: &[u32]) -> Arc<Self> {
        let pools = pools.iter().map(|&count| Pool::new(count as usize)).collect();
        Arc::new(Self { pools, counters: Counters::default() })
    }

    /// Waits for a free worker of a pool, and takes all of it that are free. None where there is no such pool.
    pub(super) async fn reserve(&self, pool: usize) -> Option<Reserved<Work>> {
        Some(self.pools.get(pool)?.reserve().await)
    }

    /// Waits until none is busy.
    pub(super) async fn all_free(&self) {
        for pool in &self.pools {
            pool.all_free().await;
        }
    }

    /// Says that a reserved worker is busy from now on, for as long as `limit` at most if it is well; it is free when the guard is
    /// dropped.
    pub(super) fn busy(self: &Arc<Self>, call: Arc<CallState>, limit: Option<Duration>, permit: Permit) -> Busy {
        let due = Instant::now().checked_add(limit.unwrap_or(OVERDUE));
        permit.does(Work { since: Timestamp::now(), runs: Some(call), due });
        Busy { workers: Arc::clone(self), _permit: permit }
    }

    pub(super) fn status(&self) -> Vec<WorkerStatus> {
        let works: Vec<Work> = self.pools.iter().flat_map(|pool| pool.all()).collect();
        let now = Instant::now();
        works
            .into_iter()
            .map(|work| WorkerStatus {
                state: if work.runs.is_some() { BUSY } else { FREE }.to_owned(),
                start_time: work.since,
                action: work.runs.map(|call| format!("[{}].{}()", call.object, call.method())).unwrap_or_default(),
                overdue: work.due.is_some_and(|due| due < now),
            })
            .collect()
    }
}

/// A worker that runs a call.
#[derive(Debug)]
pub(super) struct Busy {
    workers: Arc<Workers>,
    _permit: Permit,
}

impl Busy {
    pub(super) fn counters(&self) -> &Counters {
        &self.workers.counters
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_worker_is_overdue_past_its_calls_limit_or_after_a_minute_without_one() {
        let workers = Workers::new(&[3]);
        let mut reserved = workers.reserve(0).await.unwrap();
        let call = CallState::sample("1", "calculator@1.0", "Add");
        let mut busy = |limit| workers.busy(Arc::clone(&call), limit, reserved.take_one().unwrap());
        let limits = [Some(Duration::from_secs(5)), None, Some(Duration::MAX)];
        let running = limits.map(&mut busy);
        let overdue = || workers.status().iter().map(|worker| worker.overdue).collect::<Vec<_>>();
        assert_eq!(overdue(), [false; 3]);
        tokio::time::advance(Duration::from_secs(6)).await;
        assert_eq!(overdue(), [true, false, false]);
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!(overdue(), [true, true, false]);
        drop(running);
        assert_eq!(overdue(), [false; 3]);
    }

    #[tokio::test]
    async fn a_busy_pool_leaves_the_others_their_workers() {
        let workers = Workers::new(&[1, 2]);
        let shared = workers.reserve(0).await.unwrap();
        let own = workers.reserve(1).await.unwrap();
        assert_eq!((shared.count(), own.count(), workers.status().len()), (1, 2, 3));
        drop(own);
        assert_eq!(workers.reserve(1).await.unwrap().count(), 2);
    }

    #[tokio::test]
    async fn all_free_workers_are_reserved_and_each_is_free_again_when_its_call_ends() {
        let workers = Workers::new(&[3]);
        let mut reserved = workers.reserve(0).await.unwrap();
        assert_eq!(reserved.count(), 3);
        let call = CallState::sample("1", "calculator@1.0", "Add");
        let busy = workers.busy(call, None, reserved.take_one().unwrap());
        drop(reserved);
        assert_eq!(workers.reserve(0).await.unwrap().count(), 2);
        let status = workers.status();
        assert_eq!((&*status[0].state, &*status[0].action), ("busy", "[calculator@1.0].Add()"));
        assert_eq!((&*status[1].state, &*status[1].action), ("free", ""));
        drop(busy);
        workers.all_free().await;
        assert!(workers.status().iter().all(|worker| worker.state == "free"));
    }
}
