//! Events, for a thread that waits for them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;

use super::driver::{self, Driver};
use crate::lag::Lag;
use crate::stream::StreamError;

/// The events of a stream, from the moment of subscription until this is dropped: an [`Iterator`] whose `next` waits for ever.
///
/// What an `Err` and a `None` say is told at [`zbus::Subscription`](crate::Subscription). Inside an async runtime there is
/// [`StreamError::InAsync`] once, and then `None`: a loop over it ends.
#[must_use = "a subscription ends when it is dropped"]
pub struct Subscription<T> {
    // Dropped before the thread that it is served by.
    events: crate::Subscription<T>,
    driver: Arc<Driver>,
    was_refused: bool,
}

impl<T> Subscription<T> {
    pub(super) fn new(events: crate::Subscription<T>, driver: Arc<Driver>) -> Self {
        Self { events, driver, was_refused: false }
    }

    /// Sets how far this subscriber may fall behind, as [`zbus::Subscription::with_lag`](crate::Subscription::with_lag) does.
    pub fn with_lag(self, lag: Lag) -> Self {
        Self { events: self.events.with_lag(lag), ..self }
    }

    /// The next event, if there is one within this time; with none it is [`StreamError::Elapsed`], and later ones can still come. Zero
    /// takes what is there.
    pub fn next_timeout(&mut self, limit: Duration) -> Option<Result<T, StreamError>> {
        if let Err(refused) = self.may_wait() {
            return refused.map(Err);
        }
        let next = async { tokio::time::timeout(limit, self.events.next()).await };
        self.driver.wait(next).unwrap_or(Some(Err(StreamError::Elapsed(limit))))
    }

    /// Where this thread must not be held: what there is in place of an event.
    fn may_wait(&mut self) -> Result<(), Option<StreamError>> {
        driver::may_block().map_err(|_| {
            let is_known = std::mem::replace(&mut self.was_refused, true);
            (!is_known).then_some(StreamError::InAsync)
        })
    }
}

impl<T> Iterator for Subscription<T> {
    type Item = Result<T, StreamError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.may_wait() {
            Err(refused) => refused.map(Err),
            Ok(()) => self.driver.wait(self.events.next()),
        }
    }
}

impl<T> fmt::Debug for Subscription<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.events.fmt(formatter)
    }
}
