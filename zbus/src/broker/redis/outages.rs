//! What the log and the metrics learn of links that are lost and come back: one line for each in an interval, with a count.

use std::fmt::Display;
use std::time::Instant;

use parking_lot::Mutex;
use redis::RedisError;

use super::client::Observer;
use crate::log_limit::LogLimit;
use crate::telemetry;

/// Those of the links of one kind.
pub(super) struct Outages {
    /// `writes`, `pops` or `subscriptions`, as the metric has it.
    links: &'static str,
    /// Since when links are lost of which none is back.
    since: Mutex<Option<Instant>>,
    lost: LogLimit,
    back: LogLimit,
}

impl Outages {
    pub(super) fn of(links: &'static str) -> Self {
        Self { links, since: Mutex::default(), lost: LogLimit::default(), back: LogLimit::default() }
    }

    /// A link is lost, or could not be opened.
    pub(super) fn lost(&self, error: &dyn Display) {
        self.since.lock().get_or_insert_with(Instant::now);
        if let Some(more) = self.lost.due() {
            tracing::warn!(%error, more, "the connection for {} is lost", self.links);
        }
    }

    /// A link is back.
    pub(super) fn back(&self) {
        telemetry::reconnected(self.links);
        let Some(since) = self.since.lock().take() else { return };
        if let Some(more) = self.back.due() {
            tracing::info!(after = ?since.elapsed(), more, "connected again, for {}", self.links);
        }
    }
}

/// Watches a shared link.
pub(super) struct Watched(pub(super) Outages);

impl Observer for Watched {
    fn lost(&self, error: &RedisError) {
        self.0.lost(error);
    }

    fn connected(&self) {
        self.0.back();
    }
}
