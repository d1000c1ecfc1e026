//! An account of numbered calls: how each has ended, how often its method has run, and whether the two fit.
//!
//! What is noted goes into a [`Book`]: the [`Ledger`] itself, or the [`Journal`] of a process that may be killed.

mod journal;
mod load;

use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

pub use journal::Journal;
pub use load::{LIMIT, Numbered, drive, make, object};

/// What is told of a numbered call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Note {
    /// It has begun.
    Called = 1,
    /// It has ended with the right answer.
    Answered = 2,
    /// It has failed, and says that its method has not run and will not.
    NeverRuns = 3,
    /// It has failed, and its method may have run.
    MayHaveRun = 4,
    /// Its caller has given it up, or is gone.
    GivenUp = 5,
    /// It has ended in a way that fits nothing that was done to it: a wrong answer, or an error of another kind.
    Unfit = 6,
    /// It has not ended long after its deadline.
    Hung = 7,
    /// Its method begins to run.
    Runs = 8,
}

impl Note {
    const ALL: [Self; 8] = [
        Self::Called,
        Self::Answered,
        Self::NeverRuns,
        Self::MayHaveRun,
        Self::GivenUp,
        Self::Unfit,
        Self::Hung,
        Self::Runs,
    ];

    fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|note| *note as u8 == code)
    }
}

/// Where notes go.
pub trait Book: Send + Sync + 'static {
    /// Takes a note; `detail` says more of one that does not fit.
    fn note(&self, number: u64, note: Note, detail: &str);
}

/// Whether running a call's method twice is allowed: one in eight.
pub fn is_idempotent(number: u64) -> bool {
    number % 8 == 3
}

/// What the method of a number returns.
pub fn answer(number: u64) -> u64 {
    number.wrapping_mul(3).wrapping_add(1)
}

/// How many details are kept.
const DETAILS: usize = 20;

/// All calls of a test.
#[derive(Debug)]
pub struct Ledger {
    calls: Box<[Entry]>,
    next: AtomicU64,
    details: Mutex<Vec<String>>,
}

#[derive(Debug)]
struct Entry {
    /// A [`Note`], or 0.
    end: AtomicU8,
    runs: AtomicU8,
}

impl Ledger {
    /// For calls of the numbers below `calls`.
    pub fn new(calls: u64) -> Self {
        // Written, so that the memory is there from the beginning.
        let entry = |_| Entry { end: AtomicU8::new(0), runs: AtomicU8::new(0) };
        Self { calls: (0..calls).map(entry).collect(), next: AtomicU64::new(0), details: Mutex::default() }
    }

    /// The number of the next call; none after the last.
    pub fn next(&self) -> Option<u64> {
        self.reserve(1)
    }

    /// The first of that many numbers, which another process takes; none where there are not as many left.
    pub fn reserve(&self, count: u64) -> Option<u64> {
        let most = self.calls.len() as u64;
        let take = |next: u64| (next + count <= most).then_some(next + count);
        self.next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).ok()
    }

    /// Enters what a process has noted. Of one that was `killed`, calls may have been left unended.
    pub fn enter(&self, journal: &Path, killed: bool) {
        for (number, note) in Journal::read(journal) {
            self.note(number, note, "noted by another process");
            let entry = &self.calls[usize::try_from(number).expect("a number of this ledger")];
            // Notes of one call are in order, so what is left is the last that is known.
            if killed && note == Note::Called {
                entry.end.store(Note::GivenUp as u8, Ordering::Relaxed);
            }
        }
    }

    /// Calls of these numbers that have not begun never will: they count as such, and must not run.
    pub fn leave_out(&self, numbers: Range<u64>) {
        let place = |number| usize::try_from(number).expect("a number of this ledger");
        for entry in &self.calls[place(numbers.start)..place(numbers.end)] {
            let _ = entry.end.compare_exchange(0, Note::NeverRuns as u8, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    /// What came of all calls, once nothing runs any more.
    pub fn account(&self) -> Account {
        let made = usize::try_from(self.next.load(Ordering::Relaxed)).expect("as many as there are");
        let mut account = Account { faults: self.details.lock().expect("nobody panics").clone(), ..Account::default() };
        for (number, entry) in (0..).zip(&self.calls[..made]) {
            let runs = u64::from(entry.runs.load(Ordering::Relaxed));
            let note = Note::from_code(entry.end.load(Ordering::Relaxed));
            account.calls += 1;
            account.runs += runs;
            let most = if is_idempotent(number) { u64::MAX } else { 1 };
            let fits = match note {
                Some(Note::Answered) => {
                    account.answered += 1;
                    (1..=most).contains(&runs)
                }
                Some(Note::NeverRuns) => {
                    account.never_run += 1;
                    runs == 0
                }
                Some(Note::MayHaveRun) => {
                    account.may_have_run += 1;
                    runs <= most
                }
                Some(Note::GivenUp) => {
                    account.given_up += 1;
                    runs <= most
                }
                // `Called`: it was made, and nobody knows what came of it.
                Some(Note::Called | Note::Unfit | Note::Hung | Note::Runs) | None => false,
            };
            if !fits && account.faults.len() < 2 * DETAILS {
                account.faults.push(format!("call {number}: {note:?}, run {runs} times"));
            }
        }
        account
    }
}

impl Book for Ledger {
    fn note(&self, number: u64, note: Note, detail: &str) {
        let entry = &self.calls[usize::try_from(number).expect("a number of this ledger")];
        if note == Note::Runs {
            // 255 is as bad as 2.
            let _ = entry.runs.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |runs| runs.checked_add(1));
            return;
        }
        entry.end.store(note as u8, Ordering::Relaxed);
        let mut details = self.details.lock().expect("nobody panics");
        if matches!(note, Note::Unfit | Note::Hung) && details.len() < DETAILS {
            details.push(format!("call {number}: {note:?}: {detail}"));
        }
    }
}

/// What came of the calls of a ledger.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// All that were made.
    pub calls: u64,
    /// How often methods have run.
    pub runs: u64,
    /// Calls that were answered.
    pub answered: u64,
    /// Calls that failed and said that they have not run.
    pub never_run: u64,
    /// Calls that failed and said that they may have run.
    pub may_have_run: u64,
    /// Calls that nobody waited for.
    pub given_up: u64,
    /// What does not fit: the first of it.
    pub faults: Vec<String>,
}

impl Account {
    /// Fails where a call is missing, has run too often, or has not ended as it should; prints what came of all others.
    pub fn check(&self, what: &str) {
        println!("{what}: {self}");
        assert!(self.faults.is_empty(), "{what}: {self}\n{}", self.faults.join("\n"));
    }
}

impl fmt::Display for Account {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { calls, runs, answered, never_run, may_have_run, given_up, .. } = self;
        write!(
            formatter,
            "{calls} calls: {answered} answered, {never_run} surely not run, {may_have_run} failed otherwise, {given_up} given up; \
             {runs} runs"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_found() {
        for (number, notes, fits) in [
            (0, &[Note::Called, Note::Runs, Note::Answered][..], true),
            (0, &[Note::Called, Note::Answered], false),
            (0, &[Note::Called, Note::Runs, Note::Runs, Note::Answered], false),
            (3, &[Note::Called, Note::Runs, Note::Runs, Note::Answered], true),
            (0, &[Note::Called, Note::NeverRuns], true),
            (0, &[Note::Called, Note::Runs, Note::NeverRuns], false),
            (3, &[Note::Called, Note::NeverRuns, Note::Runs], false),
            (0, &[Note::Called, Note::MayHaveRun], true),
            (0, &[Note::Called, Note::Runs, Note::MayHaveRun], true),
            (0, &[Note::Called, Note::Runs, Note::Runs, Note::GivenUp], false),
            (0, &[Note::Called, Note::Runs], false),
            (0, &[Note::Called, Note::Runs, Note::Hung], false),
            (0, &[Note::Called, Note::Unfit], false),
            (0, &[], false),
        ] {
            let ledger = Ledger::new(number + 1);
            ledger.reserve(number).unwrap();
            for made in 0..number {
                ledger.note(made, Note::NeverRuns, "");
            }
            assert_eq!(ledger.next(), Some(number));
            for note in notes {
                ledger.note(number, *note, "");
            }
            assert_eq!(ledger.account().faults.is_empty(), fits, "{notes:?}: {:?}", ledger.account());
        }
    }

    #[test]
    fn a_killed_process_may_leave_calls_unended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let journal = Journal::open(&path).unwrap();
        for (number, note) in [(0, Note::Called), (1, Note::Called), (0, Note::Runs), (0, Note::Answered)] {
            journal.note(number, note, "");
        }
        for (killed, faults) in [(false, 1), (true, 0)] {
            let ledger = Ledger::new(2);
            ledger.reserve(2).unwrap();
            ledger.enter(&path, killed);
            let account = ledger.account();
            assert_eq!((account.answered, account.faults.len()), (1, faults), "{account:?}");
        }
    }
}
