//! Whether the broker was restarted since a call began: then its request may be gone with the queue.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::broker::Broker;

/// The runs of the broker that a client has seen.
pub(super) struct Restarts {
    broker: Arc<dyn Broker>,
    /// None until the broker has told.
    run: Mutex<Option<String>>,
    seen: AtomicU64,
}

impl Restarts {
    pub(super) async fn watch(broker: Arc<dyn Broker>) -> Arc<Self> {
        let restarts = Self { broker, run: Mutex::default(), seen: AtomicU64::new(0) };
        restarts.look().await;
        Arc::new(restarts)
    }

    /// How often the broker was seen to be another one.
    pub(super) fn seen(&self) -> u64 {
        self.seen.load(Ordering::Relaxed)
    }

    /// Asks the broker, which may not tell, or may be away: then nothing is seen.
    pub(super) async fn look(&self) {
        let Ok(Some(run)) = self.broker.run_id().await else { return };
        let mut known = self.run.lock();
        if known.as_ref().is_some_and(|known| *known != run) {
            self.seen.fetch_add(1, Ordering::Relaxed);
        }
        *known = Some(run);
    }
}
