//! Workers as places that are free, reserved, or at work. One lock holds both who is free and what each does, so that the two never
//! disagree. `tests/models` checks this file under all interleavings: it uses no locks but `parking_lot`'s.

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
    all: Vec<T>,
    /// Those that do nothing and are not reserved. Taken from the end.
    free: Vec<usize>,
    /// Woken when a worker gets free.
    waiting: Vec<Waker>,
}

impl<T: Default> Pool<T> {
    pub(super) fn new(count: usize) -> Arc<Self> {
        let all = std::iter::repeat_with(T::default).take(count).collect();
        // So that the first worker is busy first.
        let free = (0..count).rev().collect();
        Arc::new(Self { places: Mutex::new(Places { all, free, waiting: Vec::new() }) })
    }

    /// Waits for a free worker, and takes all that are free. Dropping the future takes none.
    pub(super) async fn reserve(self: &Arc<Self>) -> Reserved<T> {
        let free = poll_fn(|context| {
            let mut places = self.places.lock();
            if places.free.is_empty() { places.wait(context) } else { Poll::Ready(places.free.drain(..).collect()) }
        });
        Reserved { free: free.await, pool: Arc::clone(self) }
    }

    /// Waits until all are free: none is reserved, none is at work.
    pub(super) async fn all_free(&self) {
        poll_fn(|context| {
            let mut places = self.places.lock();
            if places.free.len() < places.all.len() { places.wait(context) } else { Poll::Ready(()) }
        })
        .await;
    }

    /// What each does.
    pub(super) fn all(&self) -> Vec<T>
    where
        T: Clone,
    {
        self.places.lock().all.clone()
    }

    fn give_back(&self, workers: impl IntoIterator<Item = usize>) {
        let mut places = self.places.lock();
        for worker in workers {
            if let Some(place) = places.all.get_mut(worker) {
                *place = T::default();
                places.free.push(worker);
            }
        }
        let waiting = mem::take(&mut places.waiting);
        drop(places);
        // All of them: one that is no longer polled would keep it from the others.
        waiting.into_iter().for_each(Waker::wake);
    }
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
pub(super) struct Reserved<T: Default> {
    pool: Arc<Pool<T>>,
    free: Vec<usize>,
}

impl<T: Default> Reserved<T> {
    pub(super) fn count(&self) -> usize {
        self.free.len()
    }

    pub(super) fn take_one(&mut self) -> Option<Worker<T>> {
        let place = self.free.pop()?;
        Some(Worker { pool: Arc::clone(&self.pool), place })
    }
}

impl<T: Default> Drop for Reserved<T> {
    fn drop(&mut self) {
        if !self.free.is_empty() {
            self.pool.give_back(self.free.drain(..));
        }
    }
}

/// A worker that is one's own. It is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Worker<T: Default> {
    pool: Arc<Pool<T>>,
    place: usize,
}

impl<T: Default> Worker<T> {
    /// Says what it does from now on.
    pub(super) fn does(&self, what: T) {
        if let Some(place) = self.pool.places.lock().all.get_mut(self.place) {
            *place = what;
        }
    }
}

impl<T: Default> Drop for Worker<T> {
    fn drop(&mut self) {
        self.pool.give_back([self.place]);
    }
}
