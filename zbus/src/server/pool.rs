//! Workers as places that are free, reserved, or at work. One lock holds both who is free and what each does, so that the two never
//! disagree. `tests/runtime/models` checks this file under all interleavings: it uses no locks but `parking_lot`'s.

use std::future::poll_fn;
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;

/// A number of workers. What each does is a `T`, whose default is nothing.
#[derive(Debug)]
pub(super) struct Pool<T> {
    places: Mutex<Places<T>>,
}

#[derive(Debug)]
struct Places<T> {
    all: Vec<Place<T>>,
    /// Those that do nothing, some of them reserved. Taken from the end.
    free: Vec<usize>,
    /// How many are reserved.
    reserved: usize,
    /// Woken when a worker gets free.
    waiting: Vec<Waker>,
}

#[derive(Debug, Default)]
struct Place<T> {
    does: T,
    /// Those who have it.
    holders: usize,
}

impl<T: Default> Pool<T> {
    pub(super) fn new(count: usize) -> Arc<Self> {
        let all = std::iter::repeat_with(Place::default).take(count).collect();
        // So that the first worker is busy first.
        let free = (0..count).rev().collect();
        Arc::new(Self { places: Mutex::new(Places { all, free, reserved: 0, waiting: Vec::new() }) })
    }

    /// Waits for a free worker, and takes all that are free. Dropping the future takes none.
    pub(super) async fn reserve(self: &Arc<Self>) -> Reserved<T> {
        let count = poll_fn(|context| {
            let mut places = self.places.lock();
            match places.free.len().saturating_sub(places.reserved) {
                0 => places.wait(context),
                count => {
                    places.reserved += count;
                    Poll::Ready(count)
                }
            }
        });
        Reserved { count: count.await, pool: Arc::clone(self) }
    }

    /// Waits until all are free: none is reserved, none is at work.
    pub(super) async fn all_free(&self) {
        poll_fn(|context| {
            let mut places = self.places.lock();
            let are_free = places.reserved == 0 && places.free.len() == places.all.len();
            if are_free { Poll::Ready(()) } else { places.wait(context) }
        })
        .await;
    }

    /// What each does.
    pub(super) fn all(&self) -> Vec<T>
    where
        T: Clone,
    {
        self.places.lock().all.iter().map(|place| place.does.clone()).collect()
    }

    fn give_back(&self, place: usize) {
        let mut places = self.places.lock();
        let Some(worker) = places.all.get_mut(place) else { return };
        worker.holders = worker.holders.saturating_sub(1);
        if worker.holders > 0 {
            return;
        }
        let did = mem::take(&mut worker.does);
        places.free.push(place);
        let waiting = mem::take(&mut places.waiting);
        drop(places);
        // Without the lock, too.
        drop(did);
        wake(waiting);
    }
}

/// All of them: one that is no longer polled would keep it from the others.
fn wake(waiting: Vec<Waker>) {
    waiting.into_iter().for_each(Waker::wake);
}

impl<T> Places<T> {
    fn wait<R>(&mut self, context: &Context<'_>) -> Poll<R> {
        if !self.waiting.iter().any(|waker| waker.will_wake(context.waker())) {
            self.waiting.push(context.waker().clone());
        }
        Poll::Pending
    }
}

/// Workers that wait for work. They are free again when this is dropped.
#[derive(Debug)]
pub(super) struct Reserved<T> {
    pool: Arc<Pool<T>>,
    count: usize,
}

impl<T: Default> Reserved<T> {
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// One of them, which does this from now on.
    pub(super) fn take_one(&mut self, does: T) -> Option<Worker<T>> {
        self.count = self.count.checked_sub(1)?;
        let mut places = self.pool.places.lock();
        places.reserved = places.reserved.saturating_sub(1);
        let place = places.free.pop()?;
        *places.all.get_mut(place)? = Place { does, holders: 1 };
        drop(places);
        Some(Worker { pool: Arc::clone(&self.pool), place })
    }
}

impl<T> Drop for Reserved<T> {
    fn drop(&mut self) {
        if self.count == 0 {
            return;
        }
        let mut places = self.pool.places.lock();
        places.reserved = places.reserved.saturating_sub(self.count);
        let waiting = mem::take(&mut places.waiting);
        drop(places);
        wake(waiting);
    }
}

/// A worker that is one's own, or shared with others. It is free again when all of these are dropped.
#[derive(Debug)]
pub(super) struct Worker<T: Default> {
    pool: Arc<Pool<T>>,
    place: usize,
}

impl<T: Default> Clone for Worker<T> {
    fn clone(&self) -> Self {
        if let Some(worker) = self.pool.places.lock().all.get_mut(self.place) {
            worker.holders += 1;
        }
        Self { pool: Arc::clone(&self.pool), place: self.place }
    }
}

impl<T: Default> Drop for Worker<T> {
    fn drop(&mut self) {
        self.pool.give_back(self.place);
    }
}
