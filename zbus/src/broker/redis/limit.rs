//! How long something may take, for what is done again and again: one timer is moved on, which costs next to nothing.

use std::pin::Pin;
use std::time::Duration;

use redis::RedisResult;
use tokio::time::{Instant, Sleep};

use super::errors::no_answer;

/// A timer that is used for one thing after the other.
pub(super) struct Limit(Pin<Box<Sleep>>);

impl Limit {
    pub(super) fn new() -> Self {
        Self(Box::pin(tokio::time::sleep(Duration::ZERO)))
    }

    /// What comes of a future in that time; an error afterwards, and the future is dropped.
    pub(super) async fn hold<T>(
        &mut self,
        time: Duration,
        future: impl Future<Output = RedisResult<T>>,
    ) -> RedisResult<T> {
        self.0.as_mut().reset(Instant::now() + time);
        tokio::select! {
            biased;
            outcome = future => outcome,
            () = &mut self.0 => Err(no_answer()),
        }
    }
}
