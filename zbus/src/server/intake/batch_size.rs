//! How many requests a pop asks for.
//!
//! Taking all of them leaves client and broker idle while the server works, and the server idle while its replies are on their way. So a
//! pop asks for about half of those that are in flight: the halves take turns.

/// Fewer are not worth a round trip of their own.
const SMALLEST: usize = 8;

/// If the half is more than this, all of them are taken: then it is the number of round trips that counts.
const LARGEST: usize = 64;

/// Adapts to what the pops give.
#[derive(Debug)]
pub(crate) struct BatchSize {
    size: usize,
    /// What the pop before the last gave.
    before: usize,
}

impl BatchSize {
    pub(crate) fn new() -> Self {
        Self { size: SMALLEST, before: SMALLEST }
    }

    /// How many to ask for.
    pub(crate) fn get(&self) -> usize {
        self.size
    }

    /// So many were asked for, and so many came.
    pub(crate) fn came(&mut self, asked: usize, came: usize) {
        if came < asked {
            // A bit less than the half, so that a pop which gives all there is gives less than that the next time.
            let half = usize::midpoint(self.before, came);
            self.size = within_bounds(half - half / 16);
        } else if asked == self.size {
            // More may be waiting.
            self.size = within_bounds(self.size.saturating_add(self.size / 4 + 1));
        }
        self.before = came;
    }
}

fn within_bounds(size: usize) -> usize {
    if size > LARGEST { usize::MAX } else { size.max(SMALLEST) }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    /// Calls on their way round: a client makes each anew with the answers of a batch, while the server works on the next one.
    struct Round {
        /// In the queue.
        waiting: usize,
        /// Those that the server has taken, and whose answers are not yet back.
        under_way: VecDeque<usize>,
    }

    impl Round {
        fn new(calls: usize) -> Self {
            Self { waiting: calls, under_way: VecDeque::new() }
        }

        /// What a pop for so many gives: it waits where nothing is there.
        fn pop(&mut self, asked: usize) -> usize {
            // The answers to the batch before the last are back by now, and their callers have called again.
            while self.waiting == 0 || self.under_way.len() > 1 {
                let Some(answered) = self.under_way.pop_front() else { break };
                self.waiting += answered;
            }
            let came = asked.min(self.waiting);
            self.waiting -= came;
            self.under_way.push_back(came);
            came
        }
    }

    fn pop(batch_size: &mut BatchSize, round: &mut Round, workers: usize) -> usize {
        let asked = batch_size.get().min(workers);
        let came = round.pop(asked);
        batch_size.came(asked, came);
        came
    }

    #[test]
    fn what_is_on_its_way_settles_to_two_batches_or_to_all_from_any_start() {
        for calls in [16, 24, 64, 256, 1000, 1024] {
            for size in [1, SMALLEST, 16, calls / 2, LARGEST, usize::MAX] {
                let (mut batch_size, mut round) = (BatchSize { size, before: size }, Round::new(calls));
                for _ in 0..60 {
                    pop(&mut batch_size, &mut round, usize::MAX);
                }
                if calls > 2 * LARGEST {
                    assert_eq!(batch_size.get(), usize::MAX, "{calls} calls from {size}");
                    continue;
                }
                let batches: Vec<_> = (0..60).map(|_| pop(&mut batch_size, &mut round, usize::MAX)).collect();
                let mean = batches.iter().sum::<usize>() / batches.len();
                let expected = calls * 3 / 10..=calls * 7 / 10;
                assert!(expected.contains(&mean), "{calls} calls from {size}: {batches:?}");
            }
        }
    }

    #[test]
    fn one_call_at_a_time_stays_one() {
        let (mut batch_size, mut round) = (BatchSize::new(), Round::new(1));
        for _ in 0..20 {
            assert_eq!(pop(&mut batch_size, &mut round, usize::MAX), 1);
            assert_eq!(batch_size.get(), SMALLEST);
        }
    }

    #[test]
    fn a_burst_is_taken_within_a_few_pops() {
        for (burst, most) in [(8, 1), (16, 2), (100, 7), (1024, 10)] {
            let (mut batch_size, mut left, mut pops) = (BatchSize::new(), burst, 0);
            while left > 0 {
                let came = batch_size.get().min(left);
                batch_size.came(batch_size.get(), came);
                left -= came;
                pops += 1;
            }
            assert!(pops <= most, "{burst}: {pops}");
        }
    }

    #[test]
    fn a_pop_for_few_free_workers_says_nothing_of_the_size() {
        let mut batch_size = BatchSize { size: 50, before: 50 };
        for free in [1, 7, 49] {
            batch_size.came(free, free);
            assert_eq!(batch_size.get(), 50);
        }
        // Nor is a size without bounds more than that.
        let mut batch_size = BatchSize { size: usize::MAX, before: usize::MAX };
        batch_size.came(usize::MAX, usize::MAX);
        assert_eq!(batch_size.get(), usize::MAX);
        batch_size.came(usize::MAX, 0);
        batch_size.came(usize::MAX, 0);
        assert_eq!(batch_size.get(), SMALLEST);
    }
}
