//! A time limit that runs from the last progress, so that what takes long but moves is not given up.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

use super::STALLED;

/// When the time is over, the socket gets this long to show what it already holds: a process that was stopped finds its timers due before
/// it has read what came meanwhile.
pub(crate) const LAST_LOOK: Duration = Duration::from_millis(100);

/// A timer for one wait after another. It is set anew only when it has gone off, which costs next to nothing.
pub(crate) struct Stall {
    sleep: Pin<Box<Sleep>>,
    due: Instant,
    /// How much had moved when the time began.
    moved: u64,
    last_look: bool,
}

impl Stall {
    pub(crate) fn new() -> Self {
        let sleep = Box::pin(tokio::time::sleep(Duration::ZERO));
        Self { due: sleep.deadline(), sleep, moved: 0, last_look: false }
    }

    /// Begins to wait: something is to move in this time. `moved` bytes have moved so far.
    pub(crate) fn start(&mut self, moved: u64, time: Duration) {
        self.due = Instant::now() + time;
        self.moved = moved;
        self.last_look = false;
        if self.sleep.deadline() > self.due {
            self.sleep.as_mut().reset(self.due);
        }
    }

    /// Ready when nothing has moved for too long. Look at the socket first.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>, moved: u64) -> Poll<()> {
        if moved != self.moved {
            self.due = Instant::now() + STALLED;
            self.moved = moved;
            self.last_look = false;
        }
        loop {
            ready!(self.sleep.as_mut().poll(context));
            if Instant::now() >= self.due {
                if self.last_look {
                    return Poll::Ready(());
                }
                self.last_look = true;
                self.due = Instant::now() + LAST_LOOK;
            }
            self.sleep.as_mut().reset(self.due);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    async fn waits(stall: &mut Stall, moved: u64) -> Duration {
        let began = Instant::now();
        poll_fn(|context| stall.poll(context, moved)).await;
        began.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_runs_from_the_last_progress_and_ends_with_a_last_look() {
        let mut stall = Stall::new();
        for time in [Duration::from_secs(10), Duration::from_secs(1), Duration::from_secs(5)] {
            stall.start(7, time);
            assert_eq!(waits(&mut stall, 7).await, time + LAST_LOOK);
        }
        stall.start(7, Duration::from_secs(5));
        tokio::time::advance(Duration::from_secs(4)).await;
        assert_eq!(waits(&mut stall, 8).await, STALLED + LAST_LOOK);
    }

    #[tokio::test(start_paused = true)]
    async fn what_came_while_the_process_stood_still_is_progress() {
        let mut stall = Stall::new();
        stall.start(0, Duration::from_secs(5));
        tokio::time::advance(Duration::from_secs(60)).await;
        // The timers are due before the socket has been read.
        assert!(futures::poll!(poll_fn(|context| stall.poll(context, 0))).is_pending());
        assert_eq!(waits(&mut stall, 1).await, STALLED + LAST_LOOK);
    }
}
