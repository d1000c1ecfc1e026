//! When calls end: a queue for each tick of the clock in which any does. To enter a call and to take it out costs the same however many
//! there are, and nothing is looked at before its time has come.
//!
//! The queues are lists through the calls' own slots, so that they take no memory of their own.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::table::Table;

/// How exact a deadline is: it passes so many milliseconds too late at most.
pub(crate) const TICK_MILLISECONDS: u64 = 2;

/// A slot's place in the queue of its tick.
#[derive(Debug)]
pub(crate) struct Due {
    tick: u64,
    /// The numbers of its neighbours.
    before: u64,
    after: u64,
}

/// The number of no call.
const NONE: u64 = u64::MAX;

/// A slot that may have a deadline.
pub(crate) trait Timed {
    fn due(&mut self) -> &mut Option<Due>;
}

/// The queues.
#[derive(Debug)]
pub(crate) struct Deadlines {
    /// Ticks are counted from here.
    origin: Instant,
    /// The queue that a call was entered in last: most calls leave it before another begins.
    newest: Option<Queue>,
    /// The other queues.
    queues: BTreeMap<u64, Queue>,
}

/// The calls that end in a tick; there is one at least.
#[derive(Clone, Copy, Debug)]
struct Queue {
    tick: u64,
    first: u64,
    last: u64,
}

impl Deadlines {
    pub(crate) fn new() -> Self {
        Self { origin: Instant::now(), newest: None, queues: BTreeMap::new() }
    }

    /// The tick at whose beginning a deadline has passed.
    fn tick(&self, deadline: Instant) -> u64 {
        let after = deadline.saturating_duration_since(self.origin);
        let milliseconds =
            after.as_secs().saturating_mul(1000).saturating_add(after.subsec_nanos().div_ceil(1_000_000).into());
        milliseconds.div_ceil(TICK_MILLISECONDS)
    }

    /// None where no clock goes so far.
    fn beginning(&self, tick: u64) -> Option<Instant> {
        self.origin.checked_add(Duration::from_millis(tick.checked_mul(TICK_MILLISECONDS)?))
    }

    /// Enters the call of a number; if it ends before all others, when that is.
    pub(crate) fn enter<S: Timed>(&mut self, calls: &mut Table<S>, number: u64, deadline: Instant) -> Option<Instant> {
        let tick = self.tick(deadline);
        if let Some(queue) = &mut self.newest
            && queue.tick == tick
        {
            let before = std::mem::replace(&mut queue.last, number);
            set_due(calls, number, Due { tick, before, after: NONE });
            if let Some(before) = due(calls, before) {
                before.after = number;
            }
            return None;
        }
        self.store_newest();
        if let Some(queue) = self.queues.remove(&tick) {
            self.newest = Some(queue);
            return self.enter(calls, number, deadline);
        }
        self.newest = Some(Queue { tick, first: number, last: number });
        set_due(calls, number, Due { tick, before: NONE, after: NONE });
        let is_first = self.queues.first_key_value().is_none_or(|(first, _)| tick < *first);
        if is_first { self.beginning(tick) } else { None }
    }

    fn store_newest(&mut self) {
        if let Some(queue) = self.newest.take() {
            self.queues.insert(queue.tick, queue);
        }
    }

    /// Takes the call of a number out of its queue, if it is in one.
    pub(crate) fn leave<S: Timed>(&mut self, calls: &mut Table<S>, number: u64) {
        let Some(Due { tick, before, after }) = calls.get_mut(number).and_then(|slot| slot.due().take()) else {
            return;
        };
        if let Some(due) = due(calls, before) {
            due.after = after;
        }
        if let Some(due) = due(calls, after) {
            due.before = before;
        }
        if before != NONE && after != NONE {
            return;
        }
        let is_newest = self.newest.is_some_and(|newest| newest.tick == tick);
        if before == NONE && after == NONE {
            if is_newest {
                self.newest = None;
            } else {
                self.queues.remove(&tick);
            }
            return;
        }
        let queue = if is_newest { self.newest.as_mut() } else { self.queues.get_mut(&tick) };
        if let Some(queue) = queue {
            if before == NONE { queue.first = after } else { queue.last = before }
        }
    }

    /// Takes out a call whose deadline has passed; its number.
    pub(crate) fn pop<S: Timed>(&mut self, calls: &mut Table<S>, now: Instant) -> Option<u64> {
        self.store_newest();
        let queue = self.queues.first_key_value().map(|(_, queue)| *queue)?;
        if self.beginning(queue.tick)? > now {
            return None;
        }
        self.leave(calls, queue.first);
        Some(queue.first)
    }

    /// When the next deadline passes.
    pub(crate) fn next(&mut self) -> Option<Instant> {
        self.store_newest();
        self.queues.first_key_value().and_then(|(tick, _)| self.beginning(*tick))
    }
}

fn set_due<S: Timed>(calls: &mut Table<S>, number: u64, due: Due) {
    if let Some(slot) = calls.get_mut(number) {
        *slot.due() = Some(due);
    }
}

fn due<S: Timed>(calls: &mut Table<S>, number: u64) -> Option<&mut Due> {
    if number == NONE { None } else { calls.get_mut(number)?.due().as_mut() }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Slot(Option<Due>);

    impl Timed for Slot {
        fn due(&mut self) -> &mut Option<Due> {
            &mut self.0
        }
    }

    /// Calls that end at these milliseconds.
    fn entered(ends: &[u64]) -> (Table<Slot>, Deadlines) {
        let (mut calls, mut deadlines) = (Table::new(), Deadlines::new());
        for end in ends {
            let number = calls.insert(Slot(None));
            deadlines.enter(&mut calls, number, deadlines.origin + Duration::from_millis(*end));
        }
        (calls, deadlines)
    }

    fn popped(calls: &mut Table<Slot>, deadlines: &mut Deadlines, milliseconds: u64) -> Vec<u64> {
        let now = deadlines.origin + Duration::from_millis(milliseconds);
        std::iter::from_fn(|| deadlines.pop(calls, now)).collect()
    }

    #[test]
    fn calls_end_at_their_deadlines_and_not_before_them() {
        let (mut calls, mut deadlines) = entered(&[5, 0, 5, 8, 6, u64::MAX]);
        assert_eq!(deadlines.next(), Some(deadlines.origin));
        assert_eq!(popped(&mut calls, &mut deadlines, 4), [1]);
        assert!(popped(&mut calls, &mut deadlines, 5).is_empty());
        assert_eq!(popped(&mut calls, &mut deadlines, 6), [0, 2, 4], "those of one tick end in their order");
        assert_eq!(popped(&mut calls, &mut deadlines, 1_000_000), [3]);
        assert_eq!(deadlines.queues.len(), 1);
        assert_eq!(deadlines.next(), None, "no clock goes so far");
    }

    #[test]
    fn a_call_that_ends_before_all_others_is_told_apart() {
        let (mut calls, mut deadlines) = entered(&[10]);
        let mut enter = |milliseconds| {
            let number = calls.insert(Slot(None));
            deadlines.enter(&mut calls, number, deadlines.origin + Duration::from_millis(milliseconds)).is_some()
        };
        assert_eq!([10, 12, 7, 8, 6, 7, 12].map(&mut enter), [false, false, true, false, true, false, false]);
    }

    #[test]
    fn a_call_that_leaves_its_queue_leaves_the_others_in_it() {
        for leaving in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 2, 0, 3], [2, 0, 3, 1]] {
            for left in 0..=leaving.len() {
                let (mut calls, mut deadlines) = entered(&[2; 4]);
                let (leaving, staying) = leaving.split_at(left);
                for number in leaving {
                    deadlines.leave(&mut calls, *number);
                    deadlines.leave(&mut calls, *number);
                }
                let mut staying = staying.to_vec();
                staying.sort_unstable();
                assert_eq!(popped(&mut calls, &mut deadlines, 2), staying, "without {leaving:?}");
                assert!(deadlines.newest.is_none() && deadlines.queues.is_empty());
            }
        }
    }
}
