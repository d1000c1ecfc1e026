//! Where calls wait: a slot each, from before the call is written until its caller has an answer or has given up.
//!
//! A mutex and wakers, and nothing else: `tests/runtime/models` runs this file in the orders that threads may take. No waker is woken or
//! dropped under the lock, as it may be the last that holds a call.

use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;
use tokio::time::Instant;

/// What ends a wait.
pub(crate) type Answer<R, E> = Result<Answered<R>, E>;

#[derive(Debug)]
pub(crate) enum Answered<R> {
    Reply(R),
    /// A request that is not answered is with the broker.
    Written,
}

#[derive(Debug)]
pub(crate) struct Slots<R, E> {
    state: Mutex<State<R, E>>,
    /// What a call ends with where no reply comes any more: whether it may have been written.
    ended: fn(bool) -> E,
}

#[derive(Debug)]
struct State<R, E> {
    /// Numbers are never used twice, as the ids on the wire are made of them.
    next: u64,
    /// A power of two of them, a quarter or more free: call `n` is in slot `n % len`, and numbers whose slot is taken are passed over.
    slots: Vec<Slot<R, E>>,
    taken: usize,
    closed: bool,
    /// When the earliest deadline may pass.
    due: Option<Instant>,
    /// Whoever waits for that.
    sweeper: Option<Waker>,
}

#[derive(Debug)]
struct Slot<R, E> {
    number: u64,
    stage: Stage<R, E>,
    one_way: bool,
    deadline: Option<Instant>,
    expired: bool,
    waker: Option<Waker>,
}

#[derive(Debug)]
enum Stage<R, E> {
    Free,
    /// Waits for its reply, or, if it is not answered, for its write.
    Queued,
    Writing,
    Written,
    Answered(Answer<R, E>),
    /// Its caller has the answer or has given up.
    Over,
    /// Given up in the middle of its write; the slot is that of the [`WriteEnd`].
    GivenUp,
    /// How that write ended; none where the call was answered.
    Told(Option<Result<(), E>>),
}

/// How far a call had come when it was given up.
#[derive(Debug)]
pub(crate) enum Left<R, E> {
    /// It was answered or has failed: with this, unless its caller has it already.
    Ended(Option<Answer<R, E>>),
    /// It never will be.
    NeverWritten,
    Writing(WriteEnd<R, E>),
    Written,
}

impl<R, E> Slots<R, E> {
    pub(crate) fn new(ended: fn(bool) -> E) -> Self {
        let state = State { next: 0, slots: Vec::new(), taken: 0, closed: false, due: None, sweeper: None };
        Self { state: Mutex::new(state), ended }
    }

    /// Enters a call; it is taken out when the guard is dropped. Its wait ends at the deadline if a sweeper runs.
    pub(crate) fn enter(self: &Arc<Self>, one_way: bool, deadline: Option<Instant>) -> Entered<'_, R, E> {
        let mut state = self.state.lock();
        let number = state.take(one_way);
        let sweeper = state.wait(number, deadline, self.ended);
        drop(state);
        wake(sweeper);
        Entered { number, table: self }
    }

    /// The writer takes calls up, but for those whose callers have given up: they never leave the process.
    pub(crate) fn begin_each<T>(&self, batch: &mut Vec<T>, number: impl Fn(&T) -> Option<u64>) {
        let mut state = self.state.lock();
        batch.retain(|write| match number(write).map(|number| state.slot(number)) {
            Some(Some(Slot { stage: stage @ Stage::Queued, .. })) => {
                *stage = Stage::Writing;
                true
            }
            Some(_) => false,
            None => true,
        });
    }

    /// The writer has written calls, or could not.
    pub(crate) fn end_each(&self, writes: impl Iterator<Item = (u64, Result<(), E>)>) {
        let mut wakers = Vec::new();
        let mut state = self.state.lock();
        for (number, outcome) in writes {
            let Some(slot) = state.slot(number) else { continue };
            slot.stage = match (&slot.stage, outcome) {
                (Stage::Writing, Ok(())) if !slot.one_way => {
                    slot.stage = Stage::Written;
                    continue;
                }
                (Stage::Writing, outcome) => Stage::Answered(outcome.map(|()| Answered::Written)),
                (Stage::GivenUp, outcome) => Stage::Told(Some(outcome)),
                // It was answered before its write had ended; it may even be queued again.
                _ => continue,
            };
            wakers.extend(slot.waker.take());
        }
        drop(state);
        wake(wakers);
    }

    /// Replies have come. Those that nobody waits for stay: duplicates, and those to callers who have given up.
    pub(crate) fn complete_each(&self, replies: &mut Vec<(u64, R)>) {
        let mut wakers = Vec::with_capacity(replies.len());
        let mut late = Vec::new();
        let mut state = self.state.lock();
        for (number, reply) in replies.drain(..) {
            match state.slot(number) {
                Some(slot) if matches!(slot.stage, Stage::Queued | Stage::Writing | Stage::Written) => {
                    slot.stage = Stage::Answered(Ok(Answered::Reply(reply)));
                    wakers.extend(slot.waker.take());
                }
                Some(slot) if matches!(slot.stage, Stage::GivenUp) => {
                    slot.stage = Stage::Told(None);
                    wakers.extend(slot.waker.take());
                    late.push((number, reply));
                }
                _ => late.push((number, reply)),
            }
        }
        drop(state);
        wake(wakers);
        replies.append(&mut late);
    }

    /// Whether there was a call of this number, however long ago.
    pub(crate) fn has_had(&self, number: u64) -> bool {
        number < self.state.lock().next
    }

    /// No reply comes any more: ends the calls that wait for one, and those to come.
    pub(crate) fn close(&self) {
        let mut wakers = Vec::new();
        let mut state = self.state.lock();
        state.closed = true;
        wakers.extend(state.sweeper.take());
        for slot in &mut state.slots {
            slot.stage = match mem::replace(&mut slot.stage, Stage::Free) {
                Stage::Queued => Stage::Answered(Err((self.ended)(false))),
                Stage::Writing | Stage::Written => Stage::Answered(Err((self.ended)(true))),
                Stage::GivenUp => Stage::Told(Some(Err((self.ended)(true)))),
                stage @ (Stage::Free | Stage::Answered(_) | Stage::Over | Stage::Told(_)) => stage,
            };
            wakers.extend(slot.waker.take());
        }
        drop(state);
        wake(wakers);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.state.lock().closed
    }

    /// When the earliest deadline may pass: ready where that is another time than the one known, or, with none, where the table is closed.
    pub(crate) fn poll_due(&self, known: Option<Instant>, context: &Context<'_>) -> Poll<Option<Instant>> {
        let mut state = self.state.lock();
        if state.closed {
            return Poll::Ready(None);
        }
        if state.due.is_some() && state.due != known {
            return Poll::Ready(state.due);
        }
        let before = keep(&mut state.sweeper, context);
        drop(state);
        drop(before);
        Poll::Pending
    }

    /// Ends the waits whose deadline has passed.
    pub(crate) fn expire(&self, now: Instant) {
        let mut wakers = Vec::new();
        let mut state = self.state.lock();
        let mut due = None;
        for slot in &mut state.slots {
            let Some(deadline) = slot.deadline else { continue };
            if deadline <= now {
                slot.deadline = None;
                slot.expired = true;
                wakers.extend(slot.waker.take());
            } else {
                due = Some(due.map_or(deadline, |due: Instant| due.min(deadline)));
            }
        }
        state.due = due;
        drop(state);
        wake(wakers);
    }

    /// How many slots are taken.
    #[cfg(test)]
    pub(crate) fn taken(&self) -> usize {
        self.state.lock().taken
    }
}

fn wake(wakers: impl IntoIterator<Item = Waker>) {
    wakers.into_iter().for_each(Waker::wake);
}

/// Keeps the waker of a task that is to wait, and gives back the one kept before, to be dropped without the lock.
fn keep(kept: &mut Option<Waker>, context: &Context<'_>) -> Option<Waker> {
    match kept {
        Some(waker) if waker.will_wake(context.waker()) => None,
        _ => kept.replace(context.waker().clone()),
    }
}

impl<R, E> State<R, E> {
    const FEWEST: usize = 16;

    fn slot(&mut self, number: u64) -> Option<&mut Slot<R, E>> {
        let slot = at(&mut self.slots, number)?;
        (slot.number == number && !matches!(slot.stage, Stage::Free)).then_some(slot)
    }

    /// Takes a slot; its number.
    fn take(&mut self, one_way: bool) -> u64 {
        if 4 * (self.taken + 1) > 3 * self.slots.len() {
            self.grow();
        }
        self.taken += 1;
        loop {
            let number = self.next;
            self.next += 1;
            if let Some(slot) = at(&mut self.slots, number)
                && matches!(slot.stage, Stage::Free)
            {
                *slot = Slot { number, stage: Stage::Over, one_way, ..Slot::free() };
                return number;
            }
        }
    }

    fn grow(&mut self) {
        let len = (2 * self.slots.len()).max(Self::FEWEST);
        let slots = mem::replace(&mut self.slots, (0..len).map(|_| Slot::free()).collect());
        for taken in slots.into_iter().filter(|slot| !matches!(slot.stage, Stage::Free)) {
            // Two numbers whose slots differed among half as many have different ones now.
            if let Some(slot) = at(&mut self.slots, taken.number) {
                *slot = taken;
            }
        }
    }

    /// Lets the call of a number wait; whoever has to know of its deadline.
    fn wait(&mut self, number: u64, deadline: Option<Instant>, ended: fn(bool) -> E) -> Option<Waker> {
        let closed = self.closed;
        let slot = self.slot(number)?;
        slot.stage = if closed { Stage::Answered(Err(ended(false))) } else { Stage::Queued };
        slot.deadline = deadline;
        slot.expired = false;
        let deadline = deadline.filter(|deadline| self.due.is_none_or(|due| *deadline < due))?;
        self.due = Some(deadline);
        self.sweeper.take()
    }

    /// Gives a slot back; what it held, to be dropped without the lock.
    fn free(&mut self, number: u64) -> Option<Slot<R, E>> {
        let held = mem::replace(self.slot(number)?, Slot::free());
        self.taken -= 1;
        Some(held)
    }
}

fn at<R, E>(slots: &mut [Slot<R, E>], number: u64) -> Option<&mut Slot<R, E>> {
    let mask = slots.len().wrapping_sub(1);
    #[expect(clippy::cast_possible_truncation, reason = "the low bits count")]
    slots.get_mut(number as usize & mask)
}

impl<R, E> Slot<R, E> {
    fn free() -> Self {
        Self { number: 0, stage: Stage::Free, one_way: false, deadline: None, expired: false, waker: None }
    }
}

/// A call's place in the table.
#[derive(Debug)]
pub(crate) struct Entered<'a, R, E> {
    pub(crate) number: u64,
    table: &'a Arc<Slots<R, E>>,
}

impl<R, E> Entered<'_, R, E> {
    /// The answer; none at the deadline.
    pub(crate) fn poll_answer(&self, context: &Context<'_>) -> Poll<Option<Answer<R, E>>> {
        let mut state = self.table.state.lock();
        let Some(slot) = state.slot(self.number) else { return self.lost() };
        match mem::replace(&mut slot.stage, Stage::Over) {
            Stage::Answered(answer) => {
                slot.deadline = None;
                Poll::Ready(Some(answer))
            }
            stage @ (Stage::Queued | Stage::Writing | Stage::Written) => {
                slot.stage = stage;
                if slot.expired {
                    return Poll::Ready(None);
                }
                let before = keep(&mut slot.waker, context);
                drop(state);
                drop(before);
                Poll::Pending
            }
            stage @ (Stage::Free | Stage::Over | Stage::GivenUp | Stage::Told(_)) => {
                slot.stage = stage;
                self.lost()
            }
        }
    }

    /// Whoever has ended the wait waits on.
    fn lost(&self) -> Poll<Option<Answer<R, E>>> {
        Poll::Ready(Some(Err((self.table.ended)(true))))
    }

    /// Enters the call anew, under its number, after it has failed, or to wait without the sweeper.
    pub(crate) fn renew(&mut self) {
        self.table.state.lock().wait(self.number, None, self.table.ended);
    }

    /// Gives the call up.
    pub(crate) fn leave(&self) -> Left<R, E> {
        let mut state = self.table.state.lock();
        let Some(slot) = state.slot(self.number) else { return Left::Ended(None) };
        slot.deadline = None;
        match mem::replace(&mut slot.stage, Stage::Over) {
            Stage::Queued => Left::NeverWritten,
            Stage::Written => Left::Written,
            Stage::Writing => {
                slot.stage = Stage::GivenUp;
                Left::Writing(WriteEnd { number: self.number, table: Arc::clone(self.table) })
            }
            Stage::Answered(answer) => Left::Ended(Some(answer)),
            Stage::Free | Stage::Over => Left::Ended(None),
            // Left before: whoever did so waits for the end of the write.
            stage @ (Stage::GivenUp | Stage::Told(_)) => {
                slot.stage = stage;
                Left::Ended(None)
            }
        }
    }
}

impl<R, E> Drop for Entered<'_, R, E> {
    fn drop(&mut self) {
        let mut state = self.table.state.lock();
        let given_up = |slot: &mut Slot<R, E>| matches!(slot.stage, Stage::GivenUp | Stage::Told(_));
        let held = if state.slot(self.number).is_some_and(given_up) { None } else { state.free(self.number) };
        drop(state);
        drop(held);
    }
}

/// The end of a write in the middle of which the call was given up.
#[derive(Debug)]
pub(crate) struct WriteEnd<R, E> {
    number: u64,
    table: Arc<Slots<R, E>>,
}

impl<R, E> WriteEnd<R, E> {
    /// How the write ended; none where the call was answered meanwhile.
    pub(crate) fn poll(&self, context: &Context<'_>) -> Poll<Option<Result<(), E>>> {
        let mut state = self.table.state.lock();
        let Some(slot) = state.slot(self.number) else { return Poll::Ready(None) };
        match &mut slot.stage {
            Stage::Told(told) => Poll::Ready(told.take()),
            _ => {
                let before = keep(&mut slot.waker, context);
                drop(state);
                drop(before);
                Poll::Pending
            }
        }
    }
}

impl<R, E> Drop for WriteEnd<R, E> {
    fn drop(&mut self) {
        let held = self.table.state.lock().free(self.number);
        drop(held);
    }
}
