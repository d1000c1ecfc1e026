//! The table of a client's calls: replies, deadlines, ends of writes, callers who give up and the end of the connection, all at once.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use loom::future::block_on;
use loom::thread;
use tokio::time::Instant;

use crate::deadlines::TICK_MILLISECONDS;
use crate::slots::{Answer, Answered, Entered, Left, Slots};

type Calls = Slots<&'static str, bool>;

fn calls() -> Arc<Calls> {
    Arc::new(Slots::new(|written| written))
}

/// A deadline passes so much too late at most.
const A_TICK: Duration = Duration::from_millis(TICK_MILLISECONDS);

/// Runs it in every order in which a thread is interrupted three times at most: nearly all, in seconds.
fn model(run: impl Fn() + Sync + Send + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(run);
}

/// Loom takes a caller that is never woken for a deadlock.
fn answer(call: &mut Entered<'_, &'static str, bool>) -> Option<Answer<&'static str, bool>> {
    block_on(poll_fn(|context| call.poll_answer(context)))
}

fn begin(calls: &Calls, number: u64) -> bool {
    let mut batch = vec![number];
    calls.begin_each(&mut batch, |number| Some(*number));
    !batch.is_empty()
}

/// The writer takes the call up and writes it.
fn write(calls: &Calls, number: u64, outcome: Result<(), bool>) -> bool {
    let begun = begin(calls, number);
    if begun {
        calls.end_each(std::iter::once((number, outcome)));
    }
    begun
}

fn reply(calls: &Calls, number: u64, text: &'static str) -> bool {
    let mut replies = vec![(number, text)];
    calls.complete_each(&mut replies);
    replies.is_empty()
}

#[test]
fn of_two_replies_one_is_the_answer_and_its_caller_is_woken() {
    model(|| {
        let calls = calls();
        let mut call = calls.enter(false, None);
        let number = call.number;
        let replies = ["one", "other"].map(|text| {
            let calls = Arc::clone(&calls);
            thread::spawn(move || reply(&calls, number, text))
        });
        let got = answer(&mut call);
        let [one, other] = replies.map(|reply| reply.join().unwrap());
        assert!(one != other);
        let expected = if one { "one" } else { "other" };
        assert!(matches!(got, Some(Ok(Answered::Reply(text))) if text == expected));
        drop(call);
        assert_eq!(calls.taken(), 0);
    });
}

#[test]
fn at_its_deadline_a_call_has_its_reply_or_has_ended_without_one() {
    model(|| {
        let calls = calls();
        let now = Instant::now();
        let mut call = calls.enter(false, Some(now));
        let number = call.number;
        let replying = {
            let calls = Arc::clone(&calls);
            thread::spawn(move || {
                let begun = begin(&calls, number);
                let taken = reply(&calls, number, "reply");
                assert!(begun || !taken);
                taken
            })
        };
        let sweeper = {
            let calls = Arc::clone(&calls);
            thread::spawn(move || calls.expire(now + A_TICK))
        };
        let got = match answer(&mut call) {
            Some(answer) => {
                assert!(matches!(answer, Ok(Answered::Reply("reply"))));
                true
            }
            None => matches!(call.leave(), Left::Ended(Some(Ok(Answered::Reply("reply"))))),
        };
        sweeper.join().unwrap();
        // A reply that was taken reaches the caller.
        assert_eq!(replying.join().unwrap(), got);
        drop(call);
        assert_eq!(calls.taken(), 0);
    });
}

#[test]
fn who_gives_up_in_the_middle_of_a_write_is_told_of_its_end() {
    for (outcome, replies) in [(Ok(()), true), (Ok(()), false), (Err(true), true), (Err(true), false)] {
        model(move || {
            let calls = calls();
            let mut call = calls.enter(false, None);
            let number = call.number;
            let writer = {
                let calls = Arc::clone(&calls);
                thread::spawn(move || write(&calls, number, outcome))
            };
            let replying = {
                let calls = Arc::clone(&calls);
                thread::spawn(move || replies && reply(&calls, number, "reply"))
            };
            let left = call.leave();
            drop(call);
            let told = match left {
                Left::Writing(end) => Some(block_on(poll_fn(|context| end.poll(context)))),
                // It is not written once that was said.
                Left::NeverWritten => {
                    assert!(!writer.join().unwrap() && !replying.join().unwrap());
                    return assert_eq!(calls.taken(), 0);
                }
                Left::Written(_) => {
                    assert!(outcome.is_ok());
                    None
                }
                Left::Ended(Some(Ok(Answered::Reply(_)))) => {
                    assert!(replying.join().unwrap());
                    writer.join().unwrap();
                    return assert_eq!(calls.taken(), 0);
                }
                Left::Ended(ended) => {
                    assert!(matches!(ended, Some(Err(true))) && outcome.is_err());
                    None
                }
            };
            // Where there are replies, that it was answered meanwhile is another end of the wait.
            assert!(told.is_none_or(|told| told == Some(outcome) || replies && told.is_none()));
            assert!(writer.join().unwrap() && !replying.join().unwrap());
            assert_eq!(calls.taken(), 0);
        });
    }
}

#[test]
fn where_the_connection_ends_every_call_ends_and_says_whether_it_was_written() {
    model(|| {
        let calls = calls();
        let mut call = calls.enter(false, None);
        let number = call.number;
        let writer = {
            let calls = Arc::clone(&calls);
            thread::spawn(move || (begin(&calls, number), reply(&calls, number, "reply")))
        };
        let closing = {
            let calls = Arc::clone(&calls);
            thread::spawn(move || calls.close())
        };
        let got = answer(&mut call);
        let (begun, taken) = writer.join().unwrap();
        closing.join().unwrap();
        match got {
            Some(Ok(Answered::Reply(_))) => assert!(taken),
            Some(Err(written)) => assert!(written == begun && !taken),
            other => panic!("{other:?}"),
        }
        // Those to come end, too.
        assert!(matches!(answer(&mut calls.enter(false, None)), Some(Err(false))));
        drop(call);
        assert_eq!(calls.taken(), 0);
    });
}

#[test]
fn a_call_that_is_dropped_leaves_no_slot_and_takes_no_answer() {
    model(|| {
        let calls = calls();
        let number = {
            let call = calls.enter(false, None);
            call.number
        };
        let call = calls.enter(false, None);
        let writer = {
            let (calls, other) = (Arc::clone(&calls), call.number);
            thread::spawn(move || {
                assert!(!begin(&calls, number) && !reply(&calls, number, "late"));
                write(&calls, other, Ok(()));
                reply(&calls, other, "reply");
            })
        };
        let other = {
            let calls = Arc::clone(&calls);
            thread::spawn(move || drop(calls.enter(true, None)))
        };
        drop(call);
        writer.join().unwrap();
        other.join().unwrap();
        assert_eq!(calls.taken(), 0);
    });
}

#[test]
fn a_deadline_that_is_sooner_than_the_others_is_seen() {
    model(|| {
        let calls = calls();
        let now = Instant::now();
        let later = now + Duration::from_secs(1);
        let slow = calls.enter(false, Some(later));
        let sweeper = {
            let calls = Arc::clone(&calls);
            thread::spawn(move || {
                let mut due = None;
                while due.is_none_or(|due| due >= later) {
                    due = block_on(poll_fn(|context| calls.poll_due(due, context)));
                }
                assert!(!calls.expire(now + A_TICK));
                let due = block_on(poll_fn(|context| calls.poll_due(None, context)));
                assert!(due.is_some_and(|due| (later..=later + A_TICK).contains(&due)));
            })
        };
        let mut call = calls.enter(false, Some(now));
        assert!(answer(&mut call).is_none());
        sweeper.join().unwrap();
        drop((call, slow));
        assert_eq!(calls.taken(), 0);
    });
}
