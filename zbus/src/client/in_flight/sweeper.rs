//! The task that ends the waits whose deadline has passed: one timer for all calls of a client, as most are answered long before.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::slots::Slots;

/// How far apart two looks at the deadlines are at least: each is a walk over all calls.
const GAP: Duration = Duration::from_millis(2);

/// Until the table is closed.
pub(crate) async fn watch<R, E>(slots: Arc<Slots<R, E>>) {
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
        slots.expire(Instant::now());
        tokio::time::sleep(GAP).await;
    }
}

#[cfg(test)]
mod tests {
    use super::super::slots::{Answer, Entered};
    use super::*;

    async fn answer(call: &Entered<'_, (), bool>) -> Option<Answer<(), bool>> {
        poll_fn(|context| call.poll_answer(context)).await
    }

    #[tokio::test(start_paused = true)]
    async fn waits_end_at_their_deadlines_in_whatever_order_they_begin() {
        let slots = Arc::new(Slots::<(), bool>::new(|written| written));
        let sweeper = tokio::spawn(watch(Arc::clone(&slots)));
        let began = Instant::now();
        let after = |seconds| Some(began + Duration::from_secs(seconds));
        let [thirty, one, five, never] = [after(30), after(1), after(5), None].map(|at| slots.enter(false, at));
        let ended = async |call| {
            assert!(answer(call).await.is_none());
            began.elapsed().as_secs()
        };
        assert_eq!(tokio::join!(ended(&thirty), ended(&one), ended(&five)), (30, 1, 5));
        // One that is sooner than what the task waits for.
        let _later = slots.enter(false, after(100));
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(ended(&slots.enter(false, after(40))).await, 40);
        let closed = async {
            tokio::time::sleep(Duration::from_secs(1000)).await;
            slots.close();
        };
        let (end, ()) = tokio::join!(answer(&never), closed);
        assert!(matches!(end, Some(Err(false))));
        sweeper.await.unwrap();
    }
}
