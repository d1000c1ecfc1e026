//! The queue of a subscriber. Each subscriber has its own, so that a slow one does not hold up the others.

use std::any::Any;
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;

use crate::lag::Lag;

/// A message of a subscribed channel, or a report that messages were lost.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Delivery {
    /// A published message.
    Message(Bytes),
    /// The connection was lost and is back. Messages in between are lost.
    Gap {
        /// The time from when the loss was noticed until messages came again.
        lasted: Duration,
    },
    /// The subscriber was too slow: this many messages are lost.
    Lagged(u64),
}

/// The deliveries of a subscription. Dropping this ends the subscription.
pub struct Deliveries {
    // Declared, and so dropped, before the guard, which looks whether somebody is left.
    receiver: Receiver,
    _guard: Box<dyn Any + Send + Sync>,
}

impl Deliveries {
    /// A sender and the deliveries that it feeds. `guard` is dropped together with the deliveries.
    pub fn channel(guard: impl Any + Send + Sync) -> (DeliverySender, Self) {
        let queue = Arc::new(Mutex::new(Queue::default()));
        (DeliverySender { queue: Arc::clone(&queue) }, Self { receiver: Receiver { queue }, _guard: Box::new(guard) })
    }

    /// Sets how much may wait. The bound applies at once, also to deliveries that wait already.
    pub(crate) fn set_lag(&self, lag: Lag) {
        let mut queue = self.receiver.queue.lock();
        queue.lag = lag;
        queue.fit();
    }

    /// The next delivery; `None` if no more will come. Dropping the future loses nothing. This is for a broker that wraps another
    /// broker. A client reads a [`Subscription`](crate::Subscription).
    pub async fn next(&mut self) -> Option<Delivery> {
        std::future::poll_fn(|context| self.poll_next(context)).await
    }

    /// The next delivery; `None` if no more will come.
    pub(crate) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Delivery>> {
        let mut queue = self.receiver.queue.lock();
        let next = queue.next();
        if next.is_none() && queue.open {
            queue.waker = Some(context.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(next)
    }
}

impl fmt::Debug for Deliveries {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Deliveries").finish_non_exhaustive()
    }
}

/// Delivers to one subscriber. When it is dropped, the deliveries end.
#[derive(Debug)]
pub struct DeliverySender {
    queue: Arc<Mutex<Queue>>,
}

impl DeliverySender {
    /// Queues a delivery without waiting. Returns false if the subscriber is gone; it does not come back.
    pub fn send(&self, delivery: Delivery) -> bool {
        let mut queue = self.queue.lock();
        if !queue.open {
            return false;
        }
        queue.take(delivery);
        let waker = queue.waker.take();
        drop(queue);
        if let Some(waker) = waker {
            waker.wake();
        }
        true
    }

    /// Whether the subscriber still listens.
    pub fn is_open(&self) -> bool {
        self.queue.lock().open
    }
}

impl Drop for DeliverySender {
    fn drop(&mut self) {
        let mut queue = self.queue.lock();
        queue.open = false;
        let waker = queue.waker.take();
        drop(queue);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

struct Receiver {
    queue: Arc<Mutex<Queue>>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let mut queue = self.queue.lock();
        queue.open = false;
        queue.held.clear();
    }
}

#[derive(Debug)]
struct Queue {
    lag: Lag,
    held: VecDeque<Delivery>,
    /// The size of the held messages.
    bytes: usize,
    /// How many messages were lost since the last report.
    missed: u64,
    /// The total length of the gaps that were lost.
    missed_gap: Option<Duration>,
    /// The subscription ends because too much came. Nothing more is queued.
    overrun: bool,
    /// False if either end is gone, or if the subscription ended because it was too slow.
    open: bool,
    waker: Option<Waker>,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            lag: Lag::default(),
            held: VecDeque::new(),
            bytes: 0,
            missed: 0,
            missed_gap: None,
            overrun: false,
            open: true,
            waker: None,
        }
    }
}

impl Queue {
    fn take(&mut self, delivery: Delivery) {
        if self.overrun {
            self.lose(&delivery);
            return;
        }
        self.bytes += size(&delivery);
        self.held.push_back(delivery);
        self.fit();
    }

    fn fit(&mut self) {
        while !self.lag.allows(self.held.len(), self.bytes) {
            self.overrun |= self.lag.ends();
            let lost = if self.overrun { self.held.pop_back() } else { self.held.pop_front() };
            if let Some(lost) = lost {
                self.bytes -= size(&lost);
                self.lose(&lost);
            }
        }
    }

    fn lose(&mut self, delivery: &Delivery) {
        match delivery {
            Delivery::Message(_) => self.missed += 1,
            Delivery::Gap { lasted } => *self.missed_gap.get_or_insert_default() += *lasted,
            Delivery::Lagged(count) => self.missed += count,
        }
    }

    fn next(&mut self) -> Option<Delivery> {
        // What was lost comes before what is held, or behind it where the subscription ends so.
        if !self.overrun || self.held.is_empty() {
            if let Some(lasted) = self.missed_gap.take() {
                return Some(Delivery::Gap { lasted });
            }
            if self.overrun {
                self.open = false;
            }
            if self.missed > 0 {
                return Some(Delivery::Lagged(std::mem::take(&mut self.missed)));
            }
        }
        let next = self.held.pop_front()?;
        self.bytes -= size(&next);
        Some(next)
    }
}

fn size(delivery: &Delivery) -> usize {
    match delivery {
        Delivery::Message(message) => message.len(),
        Delivery::Gap { .. } | Delivery::Lagged(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use futures::future::poll_fn;

    use super::*;

    fn message(number: u8, len: usize) -> Delivery {
        Delivery::Message(vec![number; len].into())
    }

    async fn read(deliveries: &mut Deliveries) -> Option<Delivery> {
        poll_fn(|context| deliveries.poll_next(context)).await
    }

    #[tokio::test]
    async fn the_oldest_are_dropped_by_number_and_by_bytes_and_their_count_is_told() {
        let (sender, mut deliveries) = Deliveries::channel(());
        deliveries.set_lag(Lag::drop_oldest(3).bytes(100));
        for number in 0..5 {
            assert!(sender.send(message(number, 1)));
        }
        assert_eq!(read(&mut deliveries).await, Some(Delivery::Lagged(2)));
        assert_eq!(read(&mut deliveries).await, Some(message(2, 1)));
        sender.send(message(5, 99));
        assert_eq!(read(&mut deliveries).await, Some(Delivery::Lagged(1)));
        assert_eq!(read(&mut deliveries).await, Some(message(4, 1)));
        // Larger than all the room: it waits alone.
        sender.send(message(6, 1000));
        assert_eq!(read(&mut deliveries).await, Some(Delivery::Lagged(1)));
        assert_eq!(read(&mut deliveries).await, Some(message(6, 1000)));
        assert_eq!(deliveries.receiver.queue.lock().bytes, 0);
    }

    #[tokio::test]
    async fn a_subscription_that_ends_when_it_is_too_slow_gives_what_fits_the_error_and_nothing_more() {
        let (sender, mut deliveries) = Deliveries::channel(());
        deliveries.set_lag(Lag::error(2));
        for number in 0..5 {
            assert!(sender.send(message(number, 1)));
        }
        assert_eq!(read(&mut deliveries).await, Some(message(0, 1)));
        assert!(sender.send(message(5, 1)));
        assert_eq!(read(&mut deliveries).await, Some(message(1, 1)));
        assert_eq!(read(&mut deliveries).await, Some(Delivery::Lagged(4)));
        assert!(!sender.send(message(6, 1)));
        assert_eq!(read(&mut deliveries).await, None);
        assert_eq!(read(&mut deliveries).await, None);
    }

    #[tokio::test]
    async fn a_gap_among_what_was_lost_is_told_too() {
        let (sender, mut deliveries) = Deliveries::channel(());
        deliveries.set_lag(Lag::drop_oldest(1));
        let gap = |seconds| Delivery::Gap { lasted: Duration::from_secs(seconds) };
        sender.send(gap(1));
        sender.send(message(1, 1));
        sender.send(gap(2));
        sender.send(message(2, 1));
        assert_eq!(read(&mut deliveries).await, Some(gap(3)));
        assert_eq!(read(&mut deliveries).await, Some(Delivery::Lagged(1)));
        assert_eq!(read(&mut deliveries).await, Some(message(2, 1)));
    }

    #[tokio::test]
    async fn a_smaller_bound_holds_for_what_waits_already() {
        let (sender, mut deliveries) = Deliveries::channel(());
        for number in 0..5 {
            sender.send(message(number, 1));
        }
        deliveries.set_lag(Lag::drop_oldest(1));
        assert_eq!(read(&mut deliveries).await, Some(Delivery::Lagged(4)));
        assert_eq!(read(&mut deliveries).await, Some(message(4, 1)));
    }

    #[tokio::test]
    async fn each_end_sees_that_the_other_is_gone() {
        let (sender, mut deliveries) = Deliveries::channel(());
        sender.send(message(1, 1));
        let reading = tokio::spawn(async move { (read(&mut deliveries).await, read(&mut deliveries).await) });
        tokio::task::yield_now().await;
        drop(sender);
        assert_eq!(reading.await.unwrap(), (Some(message(1, 1)), None));
        let (sender, deliveries) = Deliveries::channel(());
        drop(deliveries);
        assert!(!sender.is_open() && !sender.send(message(1, 1)));
    }
}
