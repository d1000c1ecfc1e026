//! The workers of a server: how many calls run at once, and what each is doing.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::context::CallState;
use super::counters::Counters;
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
    pools: Vec<Pool>,
    states: Mutex<States>,
    /// How the calls that they ran, and those that they did not, have ended.
    pub(super) counters: Counters,
}

#[derive(Debug)]
struct Pool {
    free: Arc<Semaphore>,
    count: u32,
}

#[derive(Debug)]
struct States {
    all: Vec<State>,
    /// Those that run nothing, by their places.
    free: Vec<usize>,
}

#[derive(Clone, Debug)]
struct State {
    since: Timestamp,
    runs: Option<Arc<CallState>>,
    /// When what runs should have ended; none where nothing runs, or the limit is beyond the clock.
    due: Option<Instant>,
}

impl Workers {
    /// Pools of so many workers each.
    pub(super) fn new(pools: &[u32]) -> Arc<Self> {
        let free = State { since: Timestamp::now(), runs: None, due: None };
        let count = pools.iter().map(|&count| count as usize).sum();
        let pool = |&count: &u32| Pool { free: Arc::new(Semaphore::new(count as usize)), count };
        Arc::new(Self {
            pools: pools.iter().map(pool).collect(),
            // Taken from the end, so that the first worker is busy first.
            states: Mutex::new(States { all: vec![free; count], free: (0..count).rev().collect() }),
            counters: Counters::default(),
        })
    }

    /// Waits for a free worker of a pool, and takes all of it that are free.
    pub(super) async fn reserve(&self, pool: usize) -> Reserved {
        let Some(Pool { free, count }) = self.pools.get(pool) else { return Reserved { permit: None } };
        // The semaphore is never closed.
        let mut permit = Arc::clone(free).acquire_owned().await.ok();
        let others = u32::try_from(free.available_permits()).unwrap_or(*count);
        if let (Some(permit), Ok(others)) = (&mut permit, Arc::clone(free).try_acquire_many_owned(others)) {
            permit.merge(others);
        }
        Reserved { permit }
    }

    /// Waits until none is busy.
    pub(super) async fn all_free(&self) {
        for Pool { free, count } in &self.pools {
            drop(free.acquire_many(*count).await);
        }
    }

    /// Says that a reserved worker is busy from now on, for as long as `limit` at most if it is well; it is free when the guard is
    /// dropped.
    pub(super) fn busy(
        self: &Arc<Self>,
        call: Arc<CallState>,
        limit: Option<Duration>,
        permit: OwnedSemaphorePermit,
    ) -> Busy {
        let due = Instant::now().checked_add(limit.unwrap_or(OVERDUE));
        let mut states = self.states.lock();
        // There is one, as there was a permit.
        let index = states.free.pop().unwrap_or(usize::MAX);
        if let Some(state) = states.all.get_mut(index) {
            *state = State { since: Timestamp::now(), runs: Some(call), due };
        }
        drop(states);
        Busy { workers: Arc::clone(self), index, _permit: permit }
    }

    pub(super) fn status(&self) -> Vec<WorkerStatus> {
        let states = self.states.lock().all.clone();
        let now = Instant::now();
        states
            .into_iter()
            .map(|state| WorkerStatus {
                state: if state.runs.is_some() { BUSY } else { FREE }.to_owned(),
                start_time: state.since,
                action: state.runs.map(|call| format!("[{}].{}()", call.object, call.method())).unwrap_or_default(),
                overdue: state.due.is_some_and(|due| due < now),
            })
            .collect()
    }
}

/// Workers that wait for work.
#[derive(Debug)]
pub(super) struct Reserved {
    permit: Option<OwnedSemaphorePermit>,
}

impl Reserved {
    pub(super) fn count(&self) -> usize {
        self.permit.as_ref().map_or(0, OwnedSemaphorePermit::num_permits)
    }

    pub(super) fn take_one(&mut self) -> Option<OwnedSemaphorePermit> {
        self.permit.as_mut()?.split(1)
    }
}

/// A worker that runs a call.
#[derive(Debug)]
pub(super) struct Busy {
    workers: Arc<Workers>,
    index: usize,
    _permit: OwnedSemaphorePermit,
}

impl Busy {
    pub(super) fn counters(&self) -> &Counters {
        &self.workers.counters
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let mut states = self.workers.states.lock();
        if let Some(state) = states.all.get_mut(self.index) {
            *state = State { since: Timestamp::now(), runs: None, due: None };
            states.free.push(self.index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_worker_is_overdue_past_its_calls_limit_or_after_a_minute_without_one() {
        let workers = Workers::new(&[3]);
        let mut reserved = workers.reserve(0).await;
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
        let shared = workers.reserve(0).await;
        let own = workers.reserve(1).await;
        assert_eq!((shared.count(), own.count(), workers.status().len()), (1, 2, 3));
        drop(own);
        assert_eq!(workers.reserve(1).await.count(), 2);
    }

    #[tokio::test]
    async fn all_free_workers_are_reserved_and_each_is_free_again_when_its_call_ends() {
        let workers = Workers::new(&[3]);
        let mut reserved = workers.reserve(0).await;
        assert_eq!(reserved.count(), 3);
        let call = CallState::sample("1", "calculator@1.0", "Add");
        let busy = workers.busy(call, None, reserved.take_one().unwrap());
        drop(reserved);
        assert_eq!(workers.reserve(0).await.count(), 2);
        let status = workers.status();
        assert_eq!((&*status[0].state, &*status[0].action), ("busy", "[calculator@1.0].Add()"));
        assert_eq!((&*status[1].state, &*status[1].action), ("free", ""));
        drop(busy);
        workers.all_free().await;
        assert!(workers.status().iter().all(|worker| worker.state == "free"));
    }
}
