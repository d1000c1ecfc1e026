//! The task that ends the waits whose deadline has passed: one timer for all calls of a client, as most are answered long before.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;

use tokio::time::{Instant, sleep_until};

use super::slots::Slots;

/// Starts the task, which ends when the table is closed: with the reader of the replies.
pub(crate) fn start<R: Send + 'static, E: Send + 'static>(slots: &Arc<Slots<R, E>>) {
    tokio::spawn(watch(Arc::clone(slots)));
}

async fn watch<R, E>(slots: Arc<Slots<R, E>>) {
    while let Some(mut due) = poll_fn(|context| slots.poll_due(None, context)).await {
        let mut sleep = pin!(sleep_until(due));
        loop {
            tokio::select! {
                biased;
                () = &mut sleep => break,
                earlier = poll_fn(|context| slots.poll_due(Some(due), context)) => match earlier {
                    None => return,
                    Some(earlier) => {
                        due = earlier;
                        sleep.as_mut().reset(due);
                    }
                },
            }
        }
        while slots.expire(Instant::now()) {
            // Many calls expire together: other tasks have their turn between them.
            tokio::task::yield_now().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::client::in_flight::slots::{Answer, Entered};

    async fn answer(call: &mut Entered<'_, (), bool>) -> Option<Answer<(), bool>> {
        poll_fn(|context| call.poll_answer(context)).await
    }

    #[tokio::test(start_paused = true)]
    async fn waits_end_at_their_deadlines_in_whatever_order_they_begin() {
        let slots = Arc::new(Slots::<(), bool>::new(|written| written));
        let sweeper = tokio::spawn(watch(Arc::clone(&slots)));
        let began = Instant::now();
        let after = |seconds| Some(began + Duration::from_secs(seconds));
        let [mut thirty, mut one, mut five, mut never] =
            [after(30), after(1), after(5), None].map(|at| slots.enter(false, at));
        let ended = async |call: &mut Entered<'_, (), bool>| {
            assert!(answer(call).await.is_none());
            began.elapsed().as_secs()
        };
        assert_eq!(tokio::join!(ended(&mut thirty), ended(&mut one), ended(&mut five)), (30, 1, 5));
        // One that is sooner than what the task waits for.
        let _later = slots.enter(false, after(100));
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(ended(&mut slots.enter(false, after(40))).await, 40);
        let closed = async {
            tokio::time::sleep(Duration::from_secs(1000)).await;
            slots.close();
        };
        let (end, ()) = tokio::join!(answer(&mut never), closed);
        assert!(matches!(end, Some(Err(false))));
        sweeper.await.unwrap();
    }

    #[tokio::test]
    async fn calls_that_expire_together_let_other_tasks_run_between_them() {
        const CALLS: usize = 10_000;
        let slots = Arc::new(Slots::<(), bool>::new(|written| written));
        let mut calls: Vec<_> = (0..CALLS).map(|_| slots.enter(false, Some(Instant::now()))).collect();
        let expired = |calls: &mut [Entered<'_, (), bool>]| {
            let context = std::task::Context::from_waker(std::task::Waker::noop());
            calls.iter_mut().filter_map(|call| call.poll_answer(&context).is_ready().then_some(())).count()
        };
        tokio::time::sleep(Duration::from_millis(5)).await;
        tokio::spawn(watch(Arc::clone(&slots)));
        let mut turns = 0;
        let mut seen = 0;
        while seen < CALLS {
            tokio::task::yield_now().await;
            let now = expired(&mut calls);
            assert!(now - seen <= 1024, "{} at once", now - seen);
            seen = now;
            turns += 1;
        }
        assert!(turns >= CALLS / 1024);
    }
}
