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
    subscription: crate::Subscription<T>,
    driver: Arc<Driver>,
    was_refused: bool,
}

impl<T> Subscription<T> {
    pub(super) fn new(subscription: crate::Subscription<T>, driver: Arc<Driver>) -> Self {
        Self { subscription, driver, was_refused: false }
    }

    /// Sets how far this subscriber may fall behind, as [`zbus::Subscription::with_lag`](crate::Subscription::with_lag) does.
    pub fn with_lag(self, lag: Lag) -> Self {
        Self { subscription: self.subscription.with_lag(lag), ..self }
    }

    /// The next event, if there is one within this time; with none it is [`StreamError::Elapsed`], and later ones can still come. Zero
    /// takes what is there.
    pub fn next_timeout(&mut self, limit: Duration) -> Option<Result<T, StreamError>> {
        if let Some(refused) = self.refused() {
            return refused.map(Err);
        }
        let next = async { tokio::time::timeout(limit, self.subscription.next()).await };
        self.driver.wait(next).unwrap_or(Some(Err(StreamError::Elapsed(limit))))
    }

    /// What there is in place of an event where this thread must not be held.
    fn refused(&mut self) -> Option<Option<StreamError>> {
        if driver::may_block().is_ok() {
            return None;
        }
        Some((!std::mem::replace(&mut self.was_refused, true)).then_some(StreamError::InAsync))
    }
}

impl<T> Iterator for Subscription<T> {
    type Item = Result<T, StreamError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.refused() {
            Some(refused) => refused.map(Err),
            None => self.driver.wait(self.subscription.next()),
        }
    }
}

impl<T> fmt::Debug for Subscription<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.subscription.fmt(formatter)
    }
}
