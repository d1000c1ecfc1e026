//! The workers of a server: how many calls run at once, and what each is doing.

mod pool;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use self::pool::{Pool, Reserved, Worker};
use crate::context::CallState;
use crate::status::WorkerStatus;
use crate::types::Timestamp;

/// Go's words.
const FREE: &str = "free";
const BUSY: &str = "busy";

/// A call without a deadline that runs for longer is overdue.
const OVERDUE: Duration = Duration::from_secs(60);

/// Those that all objects share are the first pool; an object with workers of its own has another.
#[derive(Debug)]
pub(crate) struct Workers {
    pools: Vec<Arc<Pool<Work>>>,
}

/// Workers that wait for calls.
pub(crate) type Free = Reserved<Work>;

/// A worker that runs a call.
pub(crate) type Busy = Worker<Work>;

/// A reply that is not written yet.
pub(crate) type Unwritten = pool::Unwritten<Work>;

/// So many replies may be on their way to the broker without keeping a worker from the next call. It is what a batch of writes holds as
/// a rule; with fewer, workers would wait for the broker.
const FREE_UNWRITTEN: usize = 64;

/// How many requests for the status are taken and not answered at once.
const STATUS_REQUESTS: usize = 16;

/// What answers requests for the status: no worker of the server's, so that it is answered while those are busy.
pub(crate) fn status_pool() -> Arc<Pool<Work>> {
    Pool::new(STATUS_REQUESTS, 0)
}

/// What a worker does.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    since: SystemTime,
    runs: Option<Arc<CallState>>,
    /// When what runs should have ended; none where nothing runs, or the limit is beyond the clock.
    due: Option<Instant>,
}

impl Work {
    /// A call that should have ended when it is `due`.
    pub(crate) fn new(call: Arc<CallState>, since: SystemTime, due: Option<Instant>) -> Self {
        Self { since, runs: Some(call), due }
    }
}

/// When a call without a deadline that runs from now on is overdue.
pub(crate) fn overdue_after(now: Instant) -> Option<Instant> {
    now.checked_add(OVERDUE)
}

impl Default for Work {
    fn default() -> Self {
        Self { since: SystemTime::now(), runs: None, due: None }
    }
}

impl Workers {
    /// Pools of so many workers each.
    pub(crate) fn new(pools: &[u32]) -> Arc<Self> {
        let pools = pools.iter().map(|&count| Pool::new(count as usize, FREE_UNWRITTEN)).collect();
        Arc::new(Self { pools })
    }

    /// Waits for a free worker of a pool, and takes all that are free. None if there is no such pool.
    pub(crate) async fn reserve(&self, pool: usize) -> Option<Free> {
        Some(self.pools.get(pool)?.reserve().await)
    }

    /// Waits until none is busy.
    pub(crate) async fn all_free(&self) {
        for pool in &self.pools {
            pool.all_free().await;
        }
    }

    pub(crate) fn status(&self) -> Vec<WorkerStatus> {
        let works: Vec<Work> = self.pools.iter().flat_map(|pool| pool.all()).collect();
        let now = Instant::now();
        works
            .into_iter()
            .map(|work| WorkerStatus {
                state: if work.runs.is_some() { BUSY } else { FREE }.to_owned(),
                start_time: Timestamp::try_from(work.since).unwrap_or_default(),
                action: work.runs.map(|call| format!("[{}].{}()", call.object, call.method())).unwrap_or_default(),
                overdue: work.due.is_some_and(|due| due < now),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(due: Option<Instant>) -> Work {
        Work::new(CallState::sample("1", "calculator@1.0", "Add"), SystemTime::now(), due)
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_is_overdue_when_its_call_should_have_ended() {
        let workers = Workers::new(&[3]);
        let mut reserved = workers.reserve(0).await.unwrap();
        let now = Instant::now();
        let due = [now.checked_add(Duration::from_secs(5)), overdue_after(now), None];
        let running = due.map(|due| reserved.take_one(work(due)).unwrap());
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
    async fn no_more_is_taken_than_can_be_answered_while_replies_are_not_written() {
        let workers = Workers::new(&[4]);
        let mut unwritten = Vec::new();
        while unwritten.len() < FREE_UNWRITTEN + 4 {
            let mut reserved = workers.reserve(0).await.unwrap();
            unwritten.push(reserved.take_one(work(None)).unwrap().replies());
        }
        let mut waiting = Box::pin(workers.reserve(0));
        assert!(futures::poll!(&mut waiting).is_pending());
        unwritten.pop();
        assert_eq!(waiting.await.unwrap().count(), 1);
        // A request that is refused at once counts as well.
        unwritten.push(workers.reserve(0).await.unwrap().take_reply().unwrap());
        assert!(futures::poll!(Box::pin(workers.reserve(0))).is_pending());
        drop(unwritten);
        assert_eq!(workers.reserve(0).await.unwrap().count(), 4);
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
    async fn all_free_workers_are_reserved_and_each_is_free_again_when_nobody_holds_it() {
        let workers = Workers::new(&[3]);
        let mut reserved = workers.reserve(0).await.unwrap();
        assert_eq!(reserved.count(), 3);
        let busy = reserved.take_one(work(None)).unwrap();
        drop(reserved);
        assert_eq!(workers.reserve(0).await.unwrap().count(), 2);
        let status = workers.status();
        assert_eq!((&*status[0].state, &*status[0].action), ("busy", "[calculator@1.0].Add()"));
        assert_eq!((&*status[1].state, &*status[1].action), ("free", ""));
        let held = busy.clone();
        drop(busy);
        assert_eq!(workers.reserve(0).await.unwrap().count(), 2);
        drop(held);
        workers.all_free().await;
        assert!(workers.status().iter().all(|worker| worker.state == "free"));
    }
}
