//! Where calls wait: a slot each, from before the call is written until its caller has the answer or has given up.
//!
//! One mutex, and wakers. `tests/runtime/models` runs this file and those that it uses in every order in which threads may run. Nothing is woken or
//! dropped under the lock: a waker may be the last that holds a call.

use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;
use tokio::time::Instant;

use super::deadlines::{Deadlines, Due, Timed};
use super::table::Table;

/// What ends a wait.
pub(crate) type Answer<R, E> = Result<Answered<R>, E>;

#[derive(Debug)]
pub(crate) enum Answered<R> {
    Reply(R),
    /// The broker has a request that is not answered.
    Written,
}

#[derive(Debug)]
pub(crate) struct Slots<R, E> {
    state: Mutex<State<R, E>>,
    /// The error of calls that wait when no reply comes any more; the argument says whether the call may have been written.
    ended: fn(bool) -> E,
}

#[derive(Debug)]
struct State<R, E> {
    /// The ids on the wire are made of the numbers.
    calls: Table<Slot<R, E>>,
    deadlines: Deadlines,
    /// How many writes have begun.
    begun: u64,
    closed: bool,
    /// When the next deadline may pass.
    due: Option<Instant>,
    /// Wakes the task that waits for that.
    sweeper: Option<Waker>,
}

#[derive(Debug)]
struct Slot<R, E> {
    stage: Stage<R, E>,
    /// The position of its write among all.
    begun: u64,
    one_way: bool,
    expired: bool,
    due: Option<Due>,
    waker: Option<Waker>,
}

impl<R, E> Timed for Slot<R, E> {
    fn due(&mut self) -> &mut Option<Due> {
        &mut self.due
    }
}

#[derive(Debug)]
enum Stage<R, E> {
    /// Waits to be written.
    Queued,
    Writing,
    /// Waits for its reply.
    Written,
    Answered(Answer<R, E>),
    /// Given up in the middle of its write; the slot belongs to the [`WriteEnd`].
    GivenUp,
    /// How that write ended; none if the call was answered.
    WriteEnded(Option<Result<(), E>>),
}

/// How far a call had come when it was given up.
#[derive(Debug)]
pub(crate) enum Left<R, E> {
    /// It was answered or has failed: with this, unless its caller has it already.
    Ended(Option<Answer<R, E>>),
    /// It never will be.
    NeverWritten,
    Writing(WriteEnd<R, E>),
    /// With the position of its write among all.
    Written(u64),
}

/// How many calls expire under one lock.
const EXPIRED_AT_ONCE: usize = 256;

impl<R, E> Slots<R, E> {
    pub(crate) fn new(ended: fn(bool) -> E) -> Self {
        let (calls, deadlines) = (Table::new(), Deadlines::new());
        Self { state: Mutex::new(State { calls, deadlines, begun: 0, closed: false, due: None, sweeper: None }), ended }
    }

    /// Enters a call. Its wait ends at the deadline if a sweeper runs.
    pub(crate) fn enter(self: &Arc<Self>, one_way: bool, deadline: Option<Instant>) -> Entered<'_, R, E> {
        let mut state = self.state.lock();
        let slot = self.slot(one_way, state.closed);
        let number = state.calls.insert(slot);
        let sweeper = state.set_deadline(number, deadline);
        drop(state);
        wake(sweeper);
        Entered { number, one_way, holds_slot: true, slots: self }
    }

    fn slot(&self, one_way: bool, closed: bool) -> Slot<R, E> {
        let stage = if closed { Stage::Answered(Err((self.ended)(false))) } else { Stage::Queued };
        Slot { stage, begun: 0, one_way, expired: false, due: None, waker: None }
    }

    /// The writer takes calls up. Those whose callers have given up are taken out of the batch: they never leave the process.
    pub(crate) fn begin_each<T>(&self, batch: &mut Vec<T>, number: impl Fn(&T) -> Option<u64>) {
        let mut guard = self.state.lock();
        let state = &mut *guard;
        batch.retain(|write| match number(write).map(|number| state.calls.get_mut(number)) {
            Some(Some(Slot { stage: stage @ Stage::Queued, begun, .. })) => {
                *stage = Stage::Writing;
                state.begun += 1;
                *begun = state.begun;
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
            let Some(slot) = state.calls.get_mut(number) else { continue };
            slot.stage = match (&slot.stage, outcome) {
                (Stage::Writing, Ok(())) if !slot.one_way => {
                    slot.stage = Stage::Written;
                    continue;
                }
                (Stage::Writing, outcome) => Stage::Answered(outcome.map(|()| Answered::Written)),
                (Stage::GivenUp, outcome) => Stage::WriteEnded(Some(outcome)),
                // It was answered before its write had ended; it may even be queued again.
                _ => continue,
            };
            wakers.extend(slot.waker.take());
        }
        drop(state);
        wake(wakers);
    }

    /// Replies have come. Those that nobody waits for stay: duplicates, and those to callers that have given up.
    pub(crate) fn complete_each(&self, replies: &mut Vec<(u64, R)>) {
        let mut wakers = Vec::with_capacity(replies.len());
        let mut late = Vec::new();
        let mut state = self.state.lock();
        for (number, reply) in replies.drain(..) {
            match state.calls.get_mut(number) {
                Some(slot) if matches!(slot.stage, Stage::Queued | Stage::Writing | Stage::Written) => {
                    slot.stage = Stage::Answered(Ok(Answered::Reply(reply)));
                    wakers.extend(slot.waker.take());
                }
                Some(slot) if matches!(slot.stage, Stage::GivenUp) => {
                    slot.stage = Stage::WriteEnded(None);
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
        self.state.lock().calls.has_had(number)
    }

    /// No reply comes any more: ends the calls that wait for one, and those to come.
    pub(crate) fn close(&self) {
        let mut wakers = Vec::new();
        let mut state = self.state.lock();
        state.closed = true;
        wakers.extend(state.sweeper.take());
        for slot in state.calls.values_mut() {
            let stage = match &slot.stage {
                Stage::Queued => Stage::Answered(Err((self.ended)(false))),
                Stage::Writing | Stage::Written => Stage::Answered(Err((self.ended)(true))),
                Stage::GivenUp => Stage::WriteEnded(Some(Err((self.ended)(true)))),
                Stage::Answered(_) | Stage::WriteEnded(_) => continue,
            };
            slot.stage = stage;
            wakers.extend(slot.waker.take());
        }
        drop(state);
        wake(wakers);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.state.lock().closed
    }

    /// When the next deadline may pass: ready if that is another time than the one known, or, with none, if the table is closed.
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

    /// Ends waits whose deadline has passed; true if there may be more of them.
    pub(crate) fn expire(&self, now: Instant) -> bool {
        let mut wakers = Vec::new();
        let mut guard = self.state.lock();
        let state = &mut *guard;
        let mut expired = 0;
        while expired < EXPIRED_AT_ONCE
            && let Some(number) = state.deadlines.pop(&mut state.calls, now)
        {
            expired += 1;
            if let Some(slot) = state.calls.get_mut(number) {
                slot.expired = true;
                wakers.extend(slot.waker.take());
            }
        }
        state.due = state.deadlines.next();
        drop(guard);
        wake(wakers);
        expired == EXPIRED_AT_ONCE
    }

    /// Ready at the deadline of a call that waits.
    pub(crate) fn poll_expired(&self, number: u64, context: &Context<'_>) -> Poll<()> {
        let mut state = self.state.lock();
        match state.calls.get_mut(number) {
            Some(slot) if slot.expired => Poll::Ready(()),
            Some(slot) => {
                let before = keep(&mut slot.waker, context);
                drop(state);
                drop(before);
                Poll::Pending
            }
            None => Poll::Pending,
        }
    }

    /// How many calls are in here.
    #[cfg(test)]
    pub(crate) fn taken(&self) -> usize {
        self.state.lock().calls.len()
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
    /// Sets when the wait of a call ends; the sweeper, if it has to know.
    fn set_deadline(&mut self, number: u64, deadline: Option<Instant>) -> Option<Waker> {
        let first = self.deadlines.enter(&mut self.calls, number, deadline?)?;
        // The sweeper looks too early rather than being woken for every call.
        if self.due.is_some_and(|due| due <= first) {
            return None;
        }
        self.due = Some(first);
        self.sweeper.take()
    }

    /// Takes a call out; what its slot held, to be dropped without the lock.
    fn remove(&mut self, number: u64) -> Option<Slot<R, E>> {
        self.deadlines.leave(&mut self.calls, number);
        self.calls.remove(number)
    }
}

/// A call that was entered. Dropped, it is taken out.
#[derive(Debug)]
pub(crate) struct Entered<'a, R, E> {
    pub(crate) number: u64,
    one_way: bool,
    /// Until the caller has the answer, or has given up.
    holds_slot: bool,
    slots: &'a Arc<Slots<R, E>>,
}

impl<R, E> Entered<'_, R, E> {
    /// The answer; none at the deadline.
    pub(crate) fn poll_answer(&mut self, context: &Context<'_>) -> Poll<Option<Answer<R, E>>> {
        let mut state = self.slots.state.lock();
        let slot = if self.holds_slot { state.calls.get_mut(self.number) } else { None };
        match slot {
            Some(slot) if matches!(slot.stage, Stage::Answered(_)) => {
                let stage = mem::replace(&mut slot.stage, Stage::Written);
                let waker = slot.waker.take();
                state.remove(self.number);
                drop(state);
                drop(waker);
                self.holds_slot = false;
                match stage {
                    Stage::Answered(answer) => Poll::Ready(Some(answer)),
                    _ => self.polled_after_completion(),
                }
            }
            Some(slot) if slot.expired => Poll::Ready(None),
            Some(slot) => {
                let before = keep(&mut slot.waker, context);
                drop(state);
                drop(before);
                Poll::Pending
            }
            None => self.polled_after_completion(),
        }
    }

    fn polled_after_completion(&self) -> Poll<Option<Answer<R, E>>> {
        Poll::Ready(Some(Err((self.slots.ended)(true))))
    }

    /// Waits again under the same number, after the call has failed.
    pub(crate) fn renew(&mut self, deadline: Option<Instant>) {
        let mut state = self.slots.state.lock();
        let held = if self.holds_slot { state.remove(self.number) } else { None };
        let slot = self.slots.slot(self.one_way, state.closed);
        state.calls.insert_again(self.number, slot);
        let sweeper = state.set_deadline(self.number, deadline);
        drop(state);
        drop(held);
        wake(sweeper);
        self.holds_slot = true;
    }

    /// Gives the call up.
    pub(crate) fn leave(&mut self) -> Left<R, E> {
        if !mem::replace(&mut self.holds_slot, false) {
            return Left::Ended(None);
        }
        let mut state = self.slots.state.lock();
        if let Some(slot) = state.calls.get_mut(self.number)
            && matches!(slot.stage, Stage::Writing)
        {
            slot.stage = Stage::GivenUp;
            let (waker, begun) = (slot.waker.take(), slot.begun);
            let State { calls, deadlines, .. } = &mut *state;
            deadlines.leave(calls, self.number);
            drop(state);
            drop(waker);
            return Left::Writing(WriteEnd { number: self.number, begun, slots: Arc::clone(self.slots) });
        }
        let held = state.remove(self.number);
        drop(state);
        match held.map(|slot| (slot.stage, slot.begun)) {
            Some((Stage::Queued, _)) => Left::NeverWritten,
            Some((Stage::Written, begun)) => Left::Written(begun),
            Some((Stage::Answered(answer), _)) => Left::Ended(Some(answer)),
            _ => Left::Ended(None),
        }
    }
}

impl<R, E> Drop for Entered<'_, R, E> {
    fn drop(&mut self) {
        if self.holds_slot {
            let held = self.slots.state.lock().remove(self.number);
            drop(held);
        }
    }
}

/// The end of a write in the middle of which the call was given up.
#[derive(Debug)]
pub(crate) struct WriteEnd<R, E> {
    number: u64,
    /// The position of the write among all.
    pub(crate) begun: u64,
    slots: Arc<Slots<R, E>>,
}

impl<R, E> WriteEnd<R, E> {
    /// How the write ended; none if the call was answered meanwhile.
    pub(crate) fn poll(&self, context: &Context<'_>) -> Poll<Option<Result<(), E>>> {
        let mut state = self.slots.state.lock();
        let Some(slot) = state.calls.get_mut(self.number) else { return Poll::Ready(None) };
        match &mut slot.stage {
            Stage::WriteEnded(outcome) => Poll::Ready(outcome.take()),
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
        let held = self.slots.state.lock().remove(self.number);
        drop(held);
    }
}
