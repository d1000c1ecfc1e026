//! Writes that have failed and are tried again: each after pauses of its own, those that are due together.

use std::collections::BTreeMap;
use std::time::Duration;

use backon::BackoffBuilder;
use tokio::time::Instant;

use super::Waiting;
use super::queue::BATCH_BYTES;
use crate::backoff::reconnect_backoff;

/// The longest pause between two tries: short, as a caller waits for what is written.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// After so many failures the pause is [`LONGEST_PAUSE`]: it begins at 50 ms and doubles.
const DOUBLED: u32 = 5;

/// The pause after so many failures in a row, with jitter.
pub(super) fn pause_after(failures: u32) -> Duration {
    let mut pauses = reconnect_backoff().with_max_delay(LONGEST_PAUSE).build();
    pauses.nth(failures.min(DOUBLED) as usize).unwrap_or(LONGEST_PAUSE)
}

/// What is to be tried again, in the order in which it is due.
pub(super) struct Retries<T> {
    due: BTreeMap<(Instant, u64), Waiting<T>>,
    /// Tells those apart that are due at the same time.
    number: u64,
    /// How many are tried in one batch.
    batch: usize,
}

impl<T> Retries<T> {
    pub(super) fn new() -> Self {
        Self { due: BTreeMap::new(), number: 0, batch: usize::MAX }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.due.is_empty()
    }

    /// When the next is due.
    pub(super) fn next(&self) -> Option<Instant> {
        self.due.first_key_value().map(|((due, _), _)| *due)
    }

    /// A batch of those that are due.
    pub(super) fn take(&mut self, batch: &mut Vec<Waiting<T>>) {
        let now = Instant::now();
        let mut bytes = 0;
        while batch.len() < self.batch
            && bytes < BATCH_BYTES
            && let Some(next) = self.due.first_entry()
            && next.key().0 <= now
        {
            let waiting = next.remove();
            bytes += waiting.write.message().len();
            batch.push(waiting);
        }
    }

    /// These have failed. If that cost the connection, one of them may be what breaks it: they are tried one by one, then in batches
    /// that grow, until the one is alone, and pauses longer each time.
    pub(super) fn failed(&mut self, batch: &mut Vec<Waiting<T>>, lost: bool) {
        let now = Instant::now();
        let several = batch.len() > 1;
        if lost {
            self.batch = 1;
        }
        for mut waiting in batch.drain(..) {
            let pause = if lost && several { Duration::ZERO } else { pause_after(waiting.failures) };
            waiting.failures = waiting.failures.saturating_add(u32::from(!pause.is_zero()));
            self.number += 1;
            self.due.insert((now + pause, self.number), waiting);
        }
    }

    /// A batch was written.
    pub(super) fn succeeded(&mut self) {
        self.batch = self.batch.saturating_mul(2);
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::broker::Write;

    fn failed(tags: impl IntoIterator<Item = usize>) -> Vec<Waiting<usize>> {
        let write = || Write::Publish { channel: "c".into(), message: Bytes::from_static(b"m") };
        tags.into_iter().map(|tag| Waiting::new(tag, write(), None)).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn many_retries_share_a_batch() {
        let mut retries = Retries::new();
        retries.failed(&mut failed(0..1000), false);
        let mut batch = Vec::new();
        retries.take(&mut batch);
        assert!(batch.is_empty(), "it pauses");
        tokio::time::advance(LONGEST_PAUSE).await;
        retries.take(&mut batch);
        assert_eq!(batch.len(), 1000);
        assert!(retries.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_that_costs_the_connection_is_soon_alone_and_the_others_get_through() {
        const BREAKS: usize = 700;
        let mut retries = Retries::new();
        retries.failed(&mut failed(0..1000), true);
        let mut written = Vec::new();
        let mut tries = 0;
        while written.len() < 999 {
            let mut batch = Vec::new();
            retries.take(&mut batch);
            if batch.is_empty() {
                tokio::time::advance(Duration::from_millis(10)).await;
                continue;
            }
            tries += 1;
            if batch.iter().any(|waiting| waiting.tag == BREAKS) {
                retries.failed(&mut batch, true);
            } else {
                written.extend(batch.drain(..).map(|waiting| waiting.tag));
                retries.succeeded();
            }
        }
        assert!(tries < 100, "{tries}");
        assert!(!written.contains(&BREAKS));
        assert!(!retries.is_empty());
    }

    #[test]
    fn pauses_grow_from_50_ms_to_a_second() {
        let pauses: Vec<_> = (0..10).map(pause_after).collect();
        assert!(pauses[0] >= Duration::from_millis(50) && pauses[0] <= Duration::from_millis(100));
        assert!(pauses[5..].iter().all(|pause| *pause >= LONGEST_PAUSE && *pause <= 2 * LONGEST_PAUSE));
    }
}
