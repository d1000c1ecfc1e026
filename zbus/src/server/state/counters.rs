//! What a server has done since it started.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::status;

/// How requests ended, each counted once.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) served: Counter,
    pub(crate) failed: Counter,
    pub(crate) rejected: Counter,
    pub(crate) dropped: Counter,
}

impl Counters {
    pub(crate) fn status(&self) -> status::Counters {
        status::Counters {
            served: self.served.get(),
            failed: self.failed.get(),
            rejected: self.rejected.get(),
            dropped: self.dropped.get(),
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add_one(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
