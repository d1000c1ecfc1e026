//! Busy polling: who expects the next message soon looks for it again and again for a short while, before it sleeps.
//!
//! To wake a sleeping processor takes 10 to 50 µs, on virtual machines often more than all the work of a call; and with few calls in
//! flight client, server and Redis wait for each other in turn. Between two looks everybody else has their turn: the tasks of this
//! runtime, and whatever other process wants the processor.

use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use futures::poll;

use crate::scheduling::Scheduling;

/// How long is looked for a message. One that is under way comes in this time even where the other end sleeps.
const LIMIT: Duration = Duration::from_micros(200);

/// One who slept, and not for longer, might as well have looked.
const SHORT: Duration = Duration::from_micros(300);

/// Where so many messages come at once nobody sleeps for long anyway, and what looking takes is missed elsewhere.
const MANY: usize = 12;

/// After looking in vain, one short wait is slept through, after doing so again three, and so on up to as many. Each message that is found
/// takes one off: it is worth its price where there are several for each look in vain.
const MOST_SLEPT: u32 = 63;

/// Who gives way for as long gives way to one who computes. Woken from a sleep it would have been served sooner.
const KEPT_OFF: Duration = Duration::from_millis(1);

/// Then nothing is looked for in this time; where it is so again soon after, for twice as long, and so on up to [`LONGEST_PAUSE`].
const PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// For one who waits for messages again and again. On runtimes of several threads it does nothing: there another thread sleeps until
/// there is input, which no looking around here would spare.
#[derive(Debug)]
pub(crate) struct BusyPoll {
    /// None where it is not to be done.
    habit: Option<Habit>,
}

impl BusyPoll {
    /// On the current runtime.
    pub(crate) fn new(wanted: bool) -> Self {
        Self {
            habit: (wanted && Scheduling::current() == Scheduling::CurrentThread).then(|| Habit::new(Instant::now())),
        }
    }

    /// Waits for the next message. Dropping the future drops `message` with it, and nothing is learned.
    pub(crate) async fn wait<T>(&mut self, message: impl Future<Output = T>) -> T {
        let Some(habit) = &mut self.habit else { return message.await };
        let mut message = pin!(message);
        let began = Instant::now();
        if !habit.looks(began) {
            let message = message.await;
            habit.slept(began.elapsed());
            return message;
        }
        let mut now = began;
        while now.duration_since(began) < LIMIT {
            if let Poll::Ready(message) = poll!(message.as_mut()) {
                habit.found();
                return message;
            }
            tokio::task::yield_now().await;
            let gave_way = Instant::now();
            std::thread::yield_now();
            now = Instant::now();
            if now.duration_since(gave_way) > KEPT_OFF {
                habit.kept_off(now);
                return message.await;
            }
        }
        habit.looked_in_vain();
        message.await
    }

    /// So many messages came at once.
    pub(crate) fn came(&mut self, messages: usize) {
        if let Some(habit) = &mut self.habit {
            habit.messages = usize::midpoint(habit.messages, messages);
        }
    }
}

/// What was learned from the waits so far.
#[derive(Debug)]
struct Habit {
    /// The last wait was short.
    short: bool,
    /// How many messages come at once, of late.
    messages: usize,
    /// How many short waits are still to be slept through.
    to_sleep: u32,
    /// How many it will be after looking in vain once more.
    penalty: u32,
    /// Nothing is looked for before this.
    resumes: Instant,
    pause: Duration,
}

impl Habit {
    fn new(now: Instant) -> Self {
        Self { short: false, messages: 1, to_sleep: 0, penalty: 1, resumes: now, pause: PAUSE }
    }

    /// Whether to look for the next message.
    fn looks(&self, now: Instant) -> bool {
        self.short && self.messages < MANY && self.to_sleep == 0 && now >= self.resumes
    }

    fn found(&mut self) {
        self.penalty = (self.penalty - 1).max(1);
    }

    fn looked_in_vain(&mut self) {
        self.short = false;
        self.to_sleep = self.penalty;
        self.penalty = (2 * self.penalty + 1).min(MOST_SLEPT);
    }

    fn slept(&mut self, time: Duration) {
        self.short = time <= SHORT;
        if self.short {
            self.to_sleep = self.to_sleep.saturating_sub(1);
        }
    }

    fn kept_off(&mut self, now: Instant) {
        let again = now.duration_since(self.resumes) < 10 * self.pause;
        self.pause = if again { (2 * self.pause).min(LONGEST_PAUSE) } else { PAUSE };
        self.resumes = now + self.pause;
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use tokio::time::timeout;

    use super::*;

    const MICROSECOND: Duration = Duration::from_micros(1);

    /// A message that another task brings, without waking who waits for it: who sleeps hardly looks, and does not see it.
    async fn unannounced() {
        let there = Arc::new(AtomicBool::new(false));
        let comes = Arc::clone(&there);
        tokio::spawn(async move { comes.store(true, Ordering::Relaxed) });
        let mut looks = 0;
        poll_fn(|_| {
            looks += 1;
            if there.load(Ordering::Relaxed) && looks > 4 { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    async fn sees_the_unannounced(busy_poll: &mut BusyPoll) -> bool {
        timeout(Duration::from_millis(2), busy_poll.wait(unannounced())).await.is_ok()
    }

    /// Something that takes no time, many times: each may take long in a noisy moment.
    async fn wait_shortly(busy_poll: &mut BusyPoll) {
        for _ in 0..100 {
            busy_poll.wait(async {}).await;
        }
    }

    #[tokio::test]
    async fn who_expects_a_message_looks_for_it_and_lets_other_tasks_run_meanwhile() {
        let mut busy_poll = BusyPoll::new(true);
        let mut seen = false;
        for _ in 0..100 {
            wait_shortly(&mut busy_poll).await;
            seen |= sees_the_unannounced(&mut busy_poll).await;
            if seen {
                break;
            }
            // It was kept off the processor.
            tokio::time::sleep(PAUSE).await;
        }
        assert!(seen);
    }

    #[tokio::test]
    async fn who_expects_none_sleeps() {
        assert!(!sees_the_unannounced(&mut BusyPoll::new(true)).await);
    }

    #[tokio::test]
    async fn who_is_not_to_look_sleeps() {
        let mut busy_poll = BusyPoll::new(false);
        wait_shortly(&mut busy_poll).await;
        assert!(!sees_the_unannounced(&mut busy_poll).await);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn on_several_threads_nobody_looks() {
        let mut busy_poll = BusyPoll::new(true);
        wait_shortly(&mut busy_poll).await;
        assert!(!sees_the_unannounced(&mut busy_poll).await);
    }

    #[test]
    fn a_message_is_looked_for_after_a_short_wait_and_not_after_a_long_one() {
        let now = Instant::now();
        let mut habit = Habit::new(now);
        assert!(!habit.looks(now));
        habit.slept(SHORT);
        assert!(habit.looks(now));
        habit.found();
        assert!(habit.looks(now));
        habit.slept(SHORT + MICROSECOND);
        assert!(!habit.looks(now));
    }

    #[test]
    fn looking_in_vain_again_and_again_gets_rare() {
        let now = Instant::now();
        let mut habit = Habit::new(now);
        let mut looked = 0;
        // Each message comes just after the last look for it.
        for _ in 0..10_000 {
            if habit.looks(now) {
                looked += 1;
                habit.looked_in_vain();
            } else {
                habit.slept(LIMIT + MICROSECOND);
            }
        }
        assert!((1..10_000 / MOST_SLEPT + 10).contains(&looked), "{looked}");
    }

    #[test]
    fn it_is_worth_looking_where_messages_come_in_rows() {
        let now = Instant::now();
        for (row, expected) in [(2, 0..40), (10, 900..1001)] {
            let mut habit = Habit::new(now);
            let mut looked_in_vain = 0;
            for _ in 0..1000 {
                for _ in 1..row {
                    if habit.looks(now) { habit.found() } else { habit.slept(SHORT) }
                }
                if habit.looks(now) {
                    looked_in_vain += 1;
                    habit.looked_in_vain();
                } else {
                    habit.slept(Duration::from_millis(1));
                }
            }
            assert!(expected.contains(&looked_in_vain), "{row}: {looked_in_vain}");
        }
    }

    #[test]
    fn a_long_wait_brings_no_look_nearer() {
        let now = Instant::now();
        let mut habit = Habit::new(now);
        habit.slept(SHORT);
        habit.looked_in_vain();
        habit.slept(Duration::from_secs(1));
        assert_eq!(habit.to_sleep, 1);
    }

    #[test]
    fn who_is_kept_off_the_processor_pauses_longer_each_time_and_shortly_after_a_good_time() {
        let mut now = Instant::now();
        let mut habit = Habit::new(now);
        habit.slept(SHORT);
        let mut pauses = Vec::new();
        for _ in 0..7 {
            habit.kept_off(now);
            assert!(!habit.looks(now) && habit.looks(habit.resumes));
            pauses.push(habit.pause);
            now = habit.resumes + MICROSECOND;
        }
        assert_eq!(pauses[..3], [2 * PAUSE, 4 * PAUSE, 8 * PAUSE]);
        assert_eq!(pauses.last(), Some(&LONGEST_PAUSE));
        now += 10 * LONGEST_PAUSE;
        habit.kept_off(now);
        assert_eq!(habit.pause, PAUSE);
    }

    #[tokio::test]
    async fn where_many_come_at_once_nobody_looks_until_they_are_few_again() {
        let mut busy_poll = BusyPoll::new(true);
        wait_shortly(&mut busy_poll).await;
        let mut looks_after = |messages| {
            (0..10).for_each(|_| busy_poll.came(messages));
            let habit = busy_poll.habit.as_mut().unwrap();
            habit.slept(SHORT);
            habit.looks(habit.resumes)
        };
        assert_eq!([1, 2 * MANY, 1].map(&mut looks_after), [true, false, true]);
    }
}
