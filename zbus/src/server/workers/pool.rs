//! Workers as places that are free, reserved, or at work, and the replies that are not written yet. One lock holds all of it, so that
//! the parts never disagree. `tests/runtime/models` checks this file under all interleavings: it uses no locks but `parking_lot`'s.

use std::future::poll_fn;
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;

/// A number of workers. What each does is a `T`, whose default is nothing.
///
/// A worker is free again before its reply is written: while the replies of a batch are on their way to the broker, the next batch is
/// popped. But while replies cannot be written, or the connection stalls, workers must not take request after request. So only
/// `unwritten` replies are free of charge; each beyond them keeps one worker from being reserved. No more requests are taken and not
/// answered, at any time, than there are workers and `unwritten`.
#[derive(Debug)]
pub(crate) struct Pool<T> {
    places: Mutex<Places<T>>,
}

#[derive(Debug)]
struct Places<T> {
    all: Vec<Place<T>>,
    /// Those that do nothing, some of them reserved. Taken from the end.
    free: Vec<usize>,
    /// How many are reserved.
    reserved: usize,
    /// How many replies are not written yet, and how many of those keep no worker back.
    unwritten: usize,
    free_unwritten: usize,
    /// Woken when a worker gets free.
    waiting: Vec<Waker>,
}

#[derive(Debug, Default)]
struct Place<T> {
    does: T,
    /// How many hold it.
    holders: usize,
}

impl<T: Default> Pool<T> {
    /// So many workers, and replies of which nothing is held back.
    pub(crate) fn new(count: usize, free_unwritten: usize) -> Arc<Self> {
        let all = std::iter::repeat_with(Place::default).take(count).collect();
        // So that the first worker is busy first.
        let free = (0..count).rev().collect();
        Arc::new(Self {
            places: Mutex::new(Places { all, free, reserved: 0, unwritten: 0, free_unwritten, waiting: Vec::new() }),
        })
    }

    /// Waits for a free worker, and takes all that are free. Dropping the future takes none.
    pub(crate) async fn reserve(self: &Arc<Self>) -> Reserved<T> {
        let count = poll_fn(|context| {
            let mut places = self.places.lock();
            match places.available() {
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
    pub(crate) async fn all_free(&self) {
        poll_fn(|context| {
            let mut places = self.places.lock();
            let are_free = places.reserved == 0 && places.free.len() == places.all.len();
            if are_free { Poll::Ready(()) } else { places.wait(context) }
        })
        .await;
    }

    /// What each does.
    pub(crate) fn all(&self) -> Vec<T>
    where
        T: Clone,
    {
        self.places.lock().all.iter().map(|place| place.does.clone()).collect()
    }

    /// A holder gives a worker back, and leaves so many replies to be written.
    fn give_back(&self, place: usize, replies: usize) {
        let mut places = self.places.lock();
        places.unwritten += replies;
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
    /// How many workers can be reserved.
    fn available(&self) -> usize {
        let kept_back = self.unwritten.saturating_sub(self.free_unwritten);
        self.free.len().saturating_sub(self.reserved).saturating_sub(kept_back)
    }

    fn wait<R>(&mut self, context: &Context<'_>) -> Poll<R> {
        if !self.waiting.iter().any(|waker| waker.will_wake(context.waker())) {
            self.waiting.push(context.waker().clone());
        }
        Poll::Pending
    }
}

/// Workers that wait for work. They are free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Reserved<T> {
    pool: Arc<Pool<T>>,
    count: usize,
}

impl<T: Default> Reserved<T> {
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// One of them, which does this from now on.
    pub(crate) fn take_one(&mut self, does: T) -> Option<Worker<T>> {
        self.count = self.count.checked_sub(1)?;
        let mut places = self.pool.places.lock();
        places.reserved = places.reserved.saturating_sub(1);
        let place = places.free.pop()?;
        *places.all.get_mut(place)? = Place { does, holders: 1 };
        drop(places);
        Some(Worker { pool: Arc::clone(&self.pool), place: Some(place) })
    }

    /// A reply that one of them gives at once, without work.
    pub(crate) fn take_reply(&mut self) -> Option<Unwritten<T>> {
        self.count = self.count.checked_sub(1)?;
        let mut places = self.pool.places.lock();
        places.reserved = places.reserved.saturating_sub(1);
        places.unwritten += 1;
        drop(places);
        Some(Unwritten { pool: Arc::clone(&self.pool), count: 1 })
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
pub(crate) struct Worker<T: Default> {
    pool: Arc<Pool<T>>,
    /// None once it was given back.
    place: Option<usize>,
}

impl<T: Default> Worker<T> {
    /// Gives the worker back, and counts its reply as not written yet.
    pub(crate) fn replies(mut self) -> Unwritten<T> {
        let pool = Arc::clone(&self.pool);
        match self.place.take() {
            Some(place) => pool.give_back(place, 1),
            None => pool.places.lock().unwritten += 1,
        }
        Unwritten { pool, count: 1 }
    }
}

impl<T: Default> Clone for Worker<T> {
    fn clone(&self) -> Self {
        if let Some(place) = self.place
            && let Some(worker) = self.pool.places.lock().all.get_mut(place)
        {
            worker.holders += 1;
        }
        Self { pool: Arc::clone(&self.pool), place: self.place }
    }
}

impl<T: Default> Drop for Worker<T> {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            self.pool.give_back(place, 0);
        }
    }
}

/// Replies that are not written yet. They are, or never will be, when this is dropped.
#[derive(Debug)]
pub(crate) struct Unwritten<T> {
    pool: Arc<Pool<T>>,
    count: usize,
}

impl<T> Unwritten<T> {
    /// Takes in those of the same pool, so that many are dropped at once.
    pub(crate) fn absorb(&mut self, mut other: Self) {
        if Arc::ptr_eq(&self.pool, &other.pool) {
            self.count += mem::take(&mut other.count);
        }
    }
}

impl<T> Drop for Unwritten<T> {
    fn drop(&mut self) {
        if self.count == 0 {
            return;
        }
        let mut places = self.pool.places.lock();
        let kept_one_back = places.unwritten > places.free_unwritten;
        places.unwritten = places.unwritten.saturating_sub(self.count);
        if !kept_one_back {
            return;
        }
        let waiting = mem::take(&mut places.waiting);
        drop(places);
        wake(waiting);
    }
}
