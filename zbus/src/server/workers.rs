//! The workers of a server: how many calls run at once, and what each is doing.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;
use tokio::sync::Notify;
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
    /// How the calls that they ran, and those that they did not, have ended.
    pub(super) counters: Counters,
}

#[derive(Debug)]
struct Pool {
    states: Mutex<States>,
    /// Rung where a worker becomes free that is awaited.
    freed: Notify,
}

#[derive(Debug)]
struct States {
    all: Vec<State>,
    /// Those that run nothing, by their places.
    free: Vec<usize>,
    awaited: bool,
}

#[derive(Clone, Debug)]
struct State {
    since: SystemTime,
    runs: Option<Arc<CallState>>,
    /// When what runs should have ended; none where nothing runs, or the limit is beyond the clock.
    due: Option<Instant>,
    /// Those who hold it busy.
    holders: usize,
}

impl State {
    fn free() -> Self {
        Self { since: SystemTime::now(), runs: None, due: None, holders: 0 }
    }
}

/// When a call without a deadline that runs from now on is overdue.
pub(super) fn overdue_after(now: Instant) -> Option<Instant> {
    now.checked_add(OVERDUE)
}

impl Workers {
    /// Pools of so many workers each.
    pub(super) fn new(pools: &[u32]) -> Arc<Self> {
        let pool = |&count: &u32| {
            let count = count as usize;
            // Taken from the end, so that the first worker is busy first.
            let states = States { all: vec![State::free(); count], free: (0..count).rev().collect(), awaited: false };
            Pool { states: Mutex::new(states), freed: Notify::new() }
        };
        Arc::new(Self { pools: pools.iter().map(pool).collect(), counters: Counters::default() })
    }

    /// Waits for a free worker of a pool, and says how many there are. One task alone takes them.
    pub(super) async fn free(&self, pool: usize) -> usize {
        match self.pools.get(pool) {
            Some(pool) => pool.until(|states| Some(states.free.len()).filter(|free| *free > 0)).await,
            None => 0,
        }
    }

    /// Waits until none is busy.
    pub(super) async fn all_free(&self) {
        for pool in &self.pools {
            pool.until(|states| (states.free.len() == states.all.len()).then_some(())).await;
        }
    }

    /// Has a free worker of a pool run a call, which should have ended when it is `due`. None where all are busy. It is free when the
    /// guard is dropped.
    pub(super) fn busy(
        self: &Arc<Self>,
        pool: usize,
        call: &Arc<CallState>,
        since: SystemTime,
        due: Option<Instant>,
    ) -> Option<Busy> {
        let mut states = self.pools.get(pool)?.states.lock();
        let place = states.free.pop()?;
        *states.all.get_mut(place)? = State { since, runs: Some(Arc::clone(call)), due, holders: 1 };
        Some(Busy { workers: Arc::clone(self), pool, place })
    }

    pub(super) fn status(&self) -> Vec<WorkerStatus> {
        let now = Instant::now();
        let states: Vec<State> = self.pools.iter().flat_map(|pool| pool.states.lock().all.clone()).collect();
        states
            .into_iter()
            .map(|state| WorkerStatus {
                state: if state.runs.is_some() { BUSY } else { FREE }.to_owned(),
                start_time: Timestamp::try_from(state.since).unwrap_or_default(),
                action: state.runs.map(|call| format!("[{}].{}()", call.object, call.method())).unwrap_or_default(),
                overdue: state.due.is_some_and(|due| due < now),
            })
            .collect()
    }
}

impl Pool {
    /// Waits until there is something to find.
    async fn until<T>(&self, find: impl Fn(&States) -> Option<T>) -> T {
        loop {
            let mut freed = pin!(self.freed.notified());
            // Listening before looking, so that it does not fall between the two.
            freed.as_mut().enable();
            {
                let mut states = self.states.lock();
                if let Some(found) = find(&states) {
                    return found;
                }
                states.awaited = true;
            }
            freed.await;
        }
    }
}

/// A worker that runs a call.
#[derive(Debug)]
pub(super) struct Busy {
    workers: Arc<Workers>,
    pool: usize,
    place: usize,
}

/// It is busy until both are dropped.
impl Clone for Busy {
    fn clone(&self) -> Self {
        let Self { workers, pool, place } = self;
        if let Some(pool) = workers.pools.get(*pool)
            && let Some(state) = pool.states.lock().all.get_mut(*place)
        {
            state.holders += 1;
        }
        Self { workers: Arc::clone(workers), pool: *pool, place: *place }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let Some(pool) = self.workers.pools.get(self.pool) else { return };
        let mut states = pool.states.lock();
        let Some(state) = states.all.get_mut(self.place) else { return };
        state.holders = state.holders.saturating_sub(1);
        if state.holders > 0 {
            return;
        }
        let ended = std::mem::replace(state, State::free());
        states.free.push(self.place);
        let awaited = std::mem::take(&mut states.awaited);
        drop(states);
        if awaited {
            pool.freed.notify_waiters();
        }
        // Without the lock.
        drop(ended);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn busy(workers: &Arc<Workers>, pool: usize, due: Option<Instant>) -> Option<Busy> {
        let call = CallState::sample("1", "calculator@1.0", "Add");
        workers.busy(pool, &call, SystemTime::now(), due)
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_is_overdue_when_its_call_should_have_ended() {
        let workers = Workers::new(&[3]);
        let now = Instant::now();
        let due = [now.checked_add(Duration::from_secs(5)), overdue_after(now), None];
        let running = due.map(|due| busy(&workers, 0, due).unwrap());
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
        let _shared = busy(&workers, 0, None).unwrap();
        assert!(busy(&workers, 0, None).is_none());
        assert_eq!((workers.free(1).await, workers.status().len()), (2, 3));
    }

    #[tokio::test]
    async fn a_worker_is_free_again_when_all_who_hold_it_have_dropped_it() {
        let workers = Workers::new(&[2]);
        let running = [busy(&workers, 0, None).unwrap(), busy(&workers, 0, None).unwrap()];
        let status = workers.status();
        assert_eq!((&*status[0].state, &*status[0].action), ("busy", "[calculator@1.0].Add()"));
        let mut free = Box::pin(workers.free(0));
        assert!(futures::poll!(&mut free).is_pending());
        let [first, second] = running;
        let held = first.clone();
        drop(first);
        assert!(futures::poll!(&mut free).is_pending());
        drop(held);
        assert_eq!(free.await, 1);
        let mut all_free = Box::pin(workers.all_free());
        assert!(futures::poll!(&mut all_free).is_pending());
        drop(second);
        all_free.await;
        assert!(workers.status().iter().all(|worker| worker.state == "free" && worker.action.is_empty()));
    }
}
