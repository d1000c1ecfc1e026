//! One line in the log a cause and interval, with a count: a flood of failures must not become a flood of lines.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// Between two lines of one cause.
const INTERVAL: Duration = Duration::from_secs(10);

/// Allows a line once an interval, and counts what it stands for.
#[derive(Debug, Default)]
pub(crate) struct LogLimit {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    next: Option<Instant>,
    unsaid: u64,
}

impl LogLimit {
    /// If a line is due: how often nothing was logged since the last one.
    pub(crate) fn due(&self) -> Option<u64> {
        self.due_for(1).map(|count| count - 1)
    }

    /// If a line is due for so many at once: how many it stands for, with those since the last line.
    fn due_for(&self, count: u64) -> Option<u64> {
        let mut state = self.state.lock();
        let now = Instant::now();
        state.unsaid = state.unsaid.saturating_add(count);
        if state.next.is_some_and(|next| now < next) {
            return None;
        }
        state.next = Some(now + INTERVAL);
        Some(std::mem::take(&mut state.unsaid))
    }
}

/// Something that fails again and again for a while, such as a broker that is away, and then works again.
#[derive(Debug, Default)]
pub(crate) struct Outage {
    limit: LogLimit,
    /// A line said that it fails, and none that it works again.
    said: AtomicBool,
}

impl Outage {
    /// So many have failed. If a line is due: how many have since the last line.
    pub(crate) fn failed(&self, count: usize) -> Option<u64> {
        let count = self.limit.due_for(count as u64)?;
        self.said.store(true, Ordering::Relaxed);
        Some(count)
    }

    /// It works: true once after a line that it fails, so that another line says so.
    pub(crate) fn is_over(&self) -> bool {
        self.said.load(Ordering::Relaxed) && self.said.swap(false, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_line_is_allowed_once_an_interval_and_knows_what_was_not_said() {
        let limit = LogLimit::default();
        assert_eq!(limit.due(), Some(0));
        for _ in 0..1000 {
            assert_eq!(limit.due(), None);
        }
        tokio::time::advance(INTERVAL).await;
        assert_eq!((limit.due(), limit.due()), (Some(1000), None));
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_of_an_outage_is_said_once_if_its_beginning_was() {
        let outage = Outage::default();
        assert!(!outage.is_over());
        assert_eq!((outage.failed(3), outage.failed(4)), (Some(3), None));
        assert_eq!((outage.is_over(), outage.is_over()), (true, false));
        // So soon after the last line neither is said.
        assert_eq!((outage.failed(1), outage.is_over()), (None, false));
        tokio::time::advance(INTERVAL).await;
        assert_eq!((outage.failed(2), outage.is_over()), (Some(7), true));
    }
}
