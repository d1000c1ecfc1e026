//! Work on several threads whose outcome is in the order of what there was to do.

use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// The outcome for each of `units`, in their order. Each thread has a worker of its own, made on it: tokens stay on one thread.
/// Without `another` worker this thread does it all.
pub(super) fn in_order<U, W, R>(
    units: &[U],
    worker: &W,
    another: impl Fn() -> Option<W> + Sync,
    work: impl Fn(&W, &U) -> R + Sync,
) -> Vec<R>
where
    U: Sync,
    R: Send,
{
    /// With fewer units than this, another thread costs more than it does.
    const UNITS_OF_A_THREAD: usize = 4;
    let next = AtomicUsize::new(0);
    let done_by = |worker: &W| {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(unit) = units.get(at) else { return done };
            done.push((at, work(worker, unit)));
        }
    };
    let done_by_another = || another().map(|worker| done_by(&worker)).unwrap_or_default();
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let others = cores.min(units.len() / UNITS_OF_A_THREAD).saturating_sub(1);
    let mut done = thread::scope(|scope| {
        // Where the system gives no more threads, fewer do the same.
        let others: Vec<_> =
            (0..others).map_while(|_| thread::Builder::new().spawn_scoped(scope, done_by_another).ok()).collect();
        let mut done = done_by(worker);
        for other in others {
            done.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        done
    });
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, done)| done).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_in_order_whoever_was_first() {
        let units: Vec<u64> = (0..100).collect();
        let doubled = |(): &(), unit: &u64| {
            if unit.is_multiple_of(7) {
                thread::sleep(std::time::Duration::from_micros(200));
            }
            unit * 2
        };
        let expected: Vec<_> = units.iter().map(|unit| unit * 2).collect();
        assert_eq!(in_order(&units, &(), || Some(()), doubled), expected);
        assert_eq!(in_order(&units, &(), || None, doubled), expected);
    }

    #[test]
    #[should_panic(expected = "of unit 40")]
    fn panic_of_a_worker_is_the_callers() {
        let units: Vec<u64> = (0..64).collect();
        in_order(&units, &(), || Some(()), |(), unit| assert!(*unit != 40, "of unit 40"));
    }
}
