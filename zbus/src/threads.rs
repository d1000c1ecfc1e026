//! How tasks run on multi-threaded runtimes.

use std::future::poll_fn;
use std::task::{Poll, Waker};

use tokio::runtime::{Handle, RuntimeFlavor};

/// Whether the runtime that this runs on has several.
pub(crate) fn has_threads() -> bool {
    Handle::current().runtime_flavor() != RuntimeFlavor::CurrentThread
}

/// Lets what was woken or begun so far run before this task, and another thread go on with this task where this one is kept.
///
/// A task that this one has begun, or woken, is the next that this thread runs: one that blocks would keep this thread, and where no
/// other was woken nobody would look for input meanwhile. A task that is woken while it runs is offered to the others, unlike one that
/// it begins, and unlike one that yields.
pub(crate) async fn offer_to_other_threads() {
    let mut offered = false;
    poll_fn(|context| {
        if std::mem::replace(&mut offered, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Wakes a task so that any thread of the runtime can run it.
///
/// Tokio keeps the task that a thread wakes last for that thread, to be run next; no other thread takes it from there. If the task that
/// runs now goes on to block its thread (a method that computes, say), the one that it woke waits just as long. So an empty task takes
/// that place, which moves the woken task to the queue that other threads take from, and has one of them look there.
///
/// What ends or waits right after it has woken another needs none of this.
pub(crate) fn wake_for_any_thread(waker: Waker) {
    waker.wake();
    // A thread that runs no task, as that of `block_on`, puts what it wakes where every thread looks.
    if tokio::task::try_id().is_some() && has_threads() {
        tokio::spawn(std::future::ready(()));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_task_that_is_woken_by_one_that_then_blocks_its_thread_runs_on_another() {
        for _ in 0..20 {
            let (sleeps, asleep) = oneshot::channel();
            let (ran, runs) = mpsc::channel();
            tokio::spawn(async move {
                let mut woken = Some(sleeps);
                poll_fn(|context| match woken.take() {
                    Some(sleeps) => {
                        sleeps.send(context.waker().clone()).unwrap();
                        Poll::Pending
                    }
                    None => Poll::Ready(()),
                })
                .await;
                ran.send(()).unwrap();
            });
            let blocking = tokio::spawn(async move {
                wake_for_any_thread(asleep.await.unwrap());
                runs.recv_timeout(Duration::from_secs(20))
            });
            blocking.await.unwrap().expect("the woken task waits for the thread of the one that woke it");
        }
    }
}
