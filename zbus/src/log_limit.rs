//! One line in the log for much of the same: a flood of junk is not to become a flood of lines.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// Between two lines of one kind.
const INTERVAL: Duration = Duration::from_secs(10);

/// Allows a line once an interval.
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
    /// How often nothing was said since the last line, where one is allowed now.
    pub(crate) fn due(&self) -> Option<u64> {
        let mut state = self.state.lock();
        let now = Instant::now();
        if state.next.is_some_and(|next| now < next) {
            state.unsaid += 1;
            return None;
        }
        state.next = Some(now + INTERVAL);
        Some(std::mem::take(&mut state.unsaid))
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
}
