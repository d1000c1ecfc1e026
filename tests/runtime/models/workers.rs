//! A server's workers: one task reserves them, the calls that they run end on other threads, and one waits until all are free.

use std::sync::Arc;

use loom::future::block_on;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use crate::pool::{Pool, Worker};

/// How often a thread loses its turn where it could go on. Two are enough for all but rare races, and end the checks within seconds.
const FORCED_SWITCHES: usize = 2;

fn check(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(FORCED_SWITCHES);
    builder.check(model);
}

/// The number of a call; none does nothing.
type Work = Option<usize>;

/// Runs a call on a worker, on a thread of its own.
fn run(
    pool: &Arc<Pool<Work>>,
    running: &Arc<AtomicUsize>,
    worker: Worker<Work>,
    call: usize,
) -> thread::JoinHandle<()> {
    running.fetch_add(1, Ordering::SeqCst);
    let (pool, running) = (Arc::clone(pool), Arc::clone(running));
    thread::spawn(move || {
        // Nobody else has been given the worker, and nobody has said that it is free.
        assert_eq!(pool.all().iter().filter(|work| **work == Some(call)).count(), 1);
        running.fetch_sub(1, Ordering::SeqCst);
        drop(worker);
    })
}

fn assert_all_free(pool: &Pool<Work>) {
    assert!(pool.all().iter().all(Option::is_none));
}

#[test]
fn each_worker_runs_one_call_at_a_time_and_none_is_lost() {
    const CALLS: usize = 3;
    check(|| {
        let pool = Pool::new(2, 0);
        let running = Arc::new(AtomicUsize::new(0));
        let mut ends = Vec::new();
        let mut call = 0;
        while call < CALLS {
            let mut reserved = block_on(pool.reserve());
            assert!((1..=2).contains(&reserved.count()));
            // As a pop that gives less than was asked for: the rest goes back.
            if let Some(worker) = reserved.take_one(Some(call)) {
                ends.push(run(&pool, &running, worker, call));
                call += 1;
            }
        }
        block_on(pool.all_free());
        assert_eq!(running.load(Ordering::SeqCst), 0);
        assert_all_free(&pool);
        for end in ends {
            end.join().unwrap();
        }
        assert_eq!(block_on(pool.reserve()).count(), 2);
    });
}

#[test]
fn whoever_waits_until_all_are_free_waits_for_every_one() {
    check(|| {
        let pool = Pool::new(2, 0);
        let running = Arc::new(AtomicUsize::new(0));
        let mut reserved = block_on(pool.reserve());
        let ends: Vec<_> =
            (0..2).map(|call| run(&pool, &running, reserved.take_one(Some(call)).unwrap(), call)).collect();
        assert!(reserved.take_one(None).is_none());
        drop(reserved);
        block_on(pool.all_free());
        assert_eq!(running.load(Ordering::SeqCst), 0);
        assert_all_free(&pool);
        for end in ends {
            end.join().unwrap();
        }
    });
}

#[test]
fn one_who_stops_waiting_keeps_no_worker_and_no_waker_from_the_others() {
    check(|| {
        let pool = Pool::new(1, 0);
        let running = Arc::new(AtomicUsize::new(0));
        let mut reserved = block_on(pool.reserve());
        let worker = reserved.take_one(Some(0)).unwrap();
        // Two hold it, as a call and its thread do where methods block.
        let held = worker.clone();
        let end = run(&pool, &running, worker, 0);
        let other = thread::spawn({
            let pool = Arc::clone(&pool);
            // The server stops: what waits for a worker is polled once, and dropped.
            move || drop(block_on(futures::future::select(std::pin::pin!(pool.reserve()), std::future::ready(()))))
        });
        drop(held);
        block_on(pool.all_free());
        assert_eq!(running.load(Ordering::SeqCst), 0);
        end.join().unwrap();
        other.join().unwrap();
        assert_eq!(block_on(pool.reserve()).count(), 1);
    });
}

#[test]
fn no_more_is_taken_and_unanswered_than_there_are_workers_and_replies_free_of_charge() {
    for free_unwritten in [0, 1] {
        check(move || {
            let pool: Arc<Pool<Work>> = Pool::new(1, free_unwritten);
            let unanswered = Arc::new(AtomicUsize::new(0));
            let mut ends = Vec::new();
            for call in 0..3 {
                let mut reserved = block_on(pool.reserve());
                assert!(unanswered.fetch_add(1, Ordering::SeqCst) < 1 + free_unwritten);
                // One of them is refused without work.
                let reply = if call == 1 {
                    reserved.take_reply().unwrap()
                } else {
                    reserved.take_one(Some(call)).unwrap().replies()
                };
                let unanswered = Arc::clone(&unanswered);
                ends.push(thread::spawn(move || {
                    unanswered.fetch_sub(1, Ordering::SeqCst);
                    drop(reply);
                }));
            }
            for end in ends {
                end.join().unwrap();
            }
            block_on(pool.all_free());
            assert_eq!(block_on(pool.reserve()).count(), 1);
        });
    }
}
