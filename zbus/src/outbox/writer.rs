//! The task that writes: what waits as one batch, what has failed again when it is due.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use tokio::time::Instant;

use super::queue::Receiver;
use super::retries::{Retries, pause_after};
use super::{Tracker, Waiting};
use crate::broker::{Broker, BrokerError, BrokerErrorKind};

pub(super) struct Writer<K: Tracker> {
    broker: Arc<dyn Broker>,
    tracker: K,
    waiting: Receiver<K::Tag>,
    retries: Retries<K::Tag>,
    /// How many batches in a row the broker has taken nothing of.
    failures: u32,
}

impl<K: Tracker> Writer<K> {
    pub(super) fn new(broker: Arc<dyn Broker>, tracker: K, waiting: Receiver<K::Tag>) -> Self {
        Self { broker, tracker, waiting, retries: Retries::new(), failures: 0 }
    }

    /// Writes until there are no more senders, and nothing is left to be written.
    pub(super) async fn run(mut self) {
        let mut batch = Vec::new();
        loop {
            // A broker that is ready at once would let this go on without end.
            tokio::task::coop::consume_budget().await;
            // What waits and what is tried again take turns: neither holds up the other.
            if !self.retries.is_empty() {
                self.retries.take(&mut batch);
                if self.write(&mut batch).await {
                    self.retries.succeeded();
                }
            }
            if !self.next(&mut batch).await {
                return;
            }
            self.write(&mut batch).await;
        }
    }

    /// Waits for a batch, or until something is to be tried again: then the batch is empty. False if there is nothing more to come.
    async fn next(&mut self, batch: &mut Vec<Waiting<K::Tag>>) -> bool {
        let waiting = &self.waiting;
        let Some(due) = self.retries.next() else {
            return poll_fn(|context| waiting.poll_batch(batch, context)).await;
        };
        let new = poll_fn(|context| match waiting.poll_batch(batch, context) {
            Poll::Ready(true) => Poll::Ready(()),
            // No more comes: what has failed is all that is left.
            Poll::Ready(false) | Poll::Pending => Poll::Pending,
        });
        // An error says that it is time.
        let _ = tokio::time::timeout_at(due, new).await;
        true
    }

    /// Whether all of a batch was written, or given up.
    async fn write(&mut self, batch: &mut Vec<Waiting<K::Tag>>) -> bool {
        if batch.is_empty() {
            return false;
        }
        self.tracker.begin(batch);
        if batch.is_empty() {
            return true;
        }
        // A clone shares the message's memory.
        let outcomes = self.broker.write(batch.iter().map(|waiting| waiting.write.clone()).collect()).await;
        let lost = outcomes.iter().any(|outcome| is(outcome, &[BrokerErrorKind::Lost]));
        let away = [BrokerErrorKind::Lost, BrokerErrorKind::Unreachable, BrokerErrorKind::Unready];
        let nothing_written = outcomes.iter().all(|outcome| is(outcome, &away));
        self.tracker.end(batch, outcomes);
        let done = batch.is_empty();
        if !done {
            self.retries.failed(batch, lost);
        }
        if !nothing_written {
            self.failures = 0;
        } else if self.tracker.pauses() {
            let until = Instant::now() + pause_after(self.failures);
            self.failures = self.failures.saturating_add(1);
            tokio::time::sleep_until(until).await;
        }
        done
    }
}

fn is(outcome: &Result<(), BrokerError>, kinds: &[BrokerErrorKind]) -> bool {
    matches!(outcome, Err(error) if kinds.contains(&error.kind()))
}
