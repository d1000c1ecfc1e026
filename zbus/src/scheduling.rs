//! How the tasks of a runtime share its threads, decided once where a client or a server starts.

use std::future::poll_fn;
use std::task::{Poll, Waker};

use tokio::runtime::{Handle, RuntimeFlavor};

/// The kind of the runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheduling {
    /// All tasks run on one thread, in turn.
    CurrentThread,
    /// Several threads take tasks from each other.
    MultiThreaded,
}

impl Scheduling {
    /// That of the runtime which this is called on.
    pub(crate) fn current() -> Self {
        match Handle::current().runtime_flavor() {
            RuntimeFlavor::CurrentThread => Self::CurrentThread,
            _ => Self::MultiThreaded,
        }
    }

    /// Lets other tasks run, those first that this one has begun or woken.
    ///
    /// On several threads, a task that this one has begun, or woken, is the next that this thread runs, and may block it. So this task is
    /// woken while it runs, which offers it to other threads; a task that yields is not.
    pub(crate) async fn give_way(self) {
        if self == Self::CurrentThread {
            return tokio::task::yield_now().await;
        }
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

    /// Wakes a task of this runtime so that any of its threads can run it.
    ///
    /// Tokio keeps the task that a thread wakes last for that thread, to be run next; no other thread takes it from there. If the task
    /// that runs now goes on to block its thread (a method that computes, say), the one that it woke waits just as long. So an empty
    /// task takes that place, which moves the woken task to the queue that other threads take from, and has one of them look there.
    ///
    /// A task that ends or waits right after it has woken another needs none of this.
    pub(crate) fn wake_for_any_thread(self, waker: Waker) {
        waker.wake();
        // A thread that runs no task, as that of `block_on`, puts what it wakes where every thread looks.
        if self == Self::MultiThreaded && tokio::task::try_id().is_some() {
            tokio::spawn(std::future::ready(()));
        }
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
                Scheduling::current().wake_for_any_thread(asleep.await.unwrap());
                runs.recv_timeout(Duration::from_secs(20))
            });
            blocking.await.unwrap().expect("the woken task waits for the thread of the one that woke it");
        }
    }
}
