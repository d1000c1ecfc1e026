//! Writes that travel with a pop which is about to be sent anyway: then both are one trip to the broker, and wake it once.
//!
//! Who takes a batch of messages mostly causes as many writes at once (a caller's next call, a server's replies), and asks for more
//! messages. So a pop lets the others run before it goes out, and takes along what they write meanwhile.

use bytes::BytesMut;
use parking_lot::Mutex;
use redis::{RedisError, RedisResult};
use tokio::sync::oneshot;

use super::link::Link;
use super::resp::Reply;

/// Larger writes travel alone: a pop is not to wait for them.
const LARGEST: usize = 32 << 10;

/// Commands, and who waits for their replies.
pub(super) struct Passenger {
    /// None once they are on their way.
    commands: Option<BytesMut>,
    replies: usize,
    /// None once it is told.
    done: Option<oneshot::Sender<Arrival>>,
}

/// What came of a passenger. Where there is none, its commands may have been done or not.
#[derive(Debug)]
pub(super) enum Arrival {
    Replies(RedisResult<Vec<Reply>>),
    /// The pop did not go out, and neither did the commands: here they are.
    LeftBehind(BytesMut),
}

impl Passenger {
    pub(super) fn fail(self, error: &RedisError) {
        self.tell(Arrival::Replies(Err(error.clone())));
    }

    fn tell(mut self, arrival: Arrival) {
        if let Some(done) = self.done.take() {
            // Who wrote may wait no more.
            let _ = done.send(arrival);
        }
    }
}

impl Drop for Passenger {
    fn drop(&mut self) {
        if let (Some(done), Some(commands)) = (self.done.take(), self.commands.take()) {
            let _ = done.send(Arrival::LeftBehind(commands));
        }
    }
}

/// Where passengers meet pops.
#[derive(Default)]
pub(super) struct Platform {
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    /// How many pops are about to go out.
    boarding: usize,
    passengers: Vec<Passenger>,
}

impl Platform {
    /// Sends commands along with a pop; gives them back where none is about to go out.
    pub(super) fn board(&self, commands: BytesMut, replies: usize) -> Result<oneshot::Receiver<Arrival>, BytesMut> {
        if commands.len() > LARGEST {
            return Err(commands);
        }
        let mut waiting = self.waiting.lock();
        if waiting.boarding == 0 {
            return Err(commands);
        }
        let (done, answer) = oneshot::channel();
        waiting.passengers.push(Passenger { commands: Some(commands), replies, done: Some(done) });
        Ok(answer)
    }

    /// Lets the other tasks run, and takes along what they write meanwhile.
    pub(super) async fn passengers(&self) -> Vec<Passenger> {
        let boarding = Boarding::new(self);
        // Those that were woken by what the last pop gave, then the writer that they woke.
        turn().await;
        turn().await;
        if self.waiting.lock().passengers.is_empty() {
            // The future that the runtime was started with has its turn when no task is ready.
            tokio::task::yield_now().await;
            turn().await;
        }
        boarding.close()
    }
}

/// Ends with the boarding, also where the pop does not go out at all.
struct Boarding<'a> {
    platform: &'a Platform,
    closed: bool,
}

impl<'a> Boarding<'a> {
    fn new(platform: &'a Platform) -> Self {
        platform.waiting.lock().boarding += 1;
        Self { platform, closed: false }
    }

    fn close(mut self) -> Vec<Passenger> {
        self.closed = true;
        let mut waiting = self.platform.waiting.lock();
        // At once with the last look: nobody may board in between, and be left behind.
        waiting.boarding = waiting.boarding.saturating_sub(1);
        std::mem::take(&mut waiting.passengers)
    }
}

impl Drop for Boarding<'_> {
    fn drop(&mut self) {
        if self.closed {
            return;
        }
        let left_behind = {
            let mut waiting = self.platform.waiting.lock();
            waiting.boarding = waiting.boarding.saturating_sub(1);
            if waiting.boarding == 0 { std::mem::take(&mut waiting.passengers) } else { Vec::new() }
        };
        drop(left_behind);
    }
}

/// Behind the tasks that are ready now, unlike `yield_now`, which lets the runtime look for input first.
async fn turn() {
    let mut waited = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut waited, true) {
            return std::task::Poll::Ready(());
        }
        context.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}

/// Adds the passengers' commands to what goes out.
pub(super) fn carry(link: &mut Link, passengers: &mut [Passenger]) {
    for passenger in passengers {
        if let Some(commands) = passenger.commands.take() {
            link.add(commands);
        }
    }
}

/// Tells the passengers what came of their commands.
pub(super) async fn arrive(link: &mut Link, passengers: Vec<Passenger>) -> RedisResult<()> {
    let mut passengers = passengers.into_iter();
    while let Some(passenger) = passengers.next() {
        let replies = link.receive_each(passenger.replies).await;
        let failed = replies.as_ref().err().cloned();
        passenger.tell(Arrival::Replies(replies));
        if let Some(error) = failed {
            for passenger in passengers {
                passenger.fail(&error);
            }
            return Err(error);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures::FutureExt;

    use super::*;

    fn commands() -> BytesMut {
        BytesMut::from("*1\r\n$4\r\nPING\r\n")
    }

    #[tokio::test]
    async fn a_passenger_whose_pop_does_not_go_out_is_left_behind_with_its_commands() {
        let platform = Platform::default();
        assert!(platform.board(commands(), 1).is_err(), "no pop is about to go out");
        let mut pop = Box::pin(platform.passengers());
        assert!(pop.as_mut().now_or_never().is_none());
        let arrival = platform.board(commands(), 1).unwrap();
        drop(pop);
        assert!(matches!(arrival.await, Ok(Arrival::LeftBehind(left)) if left == commands()));
        assert!(platform.board(commands(), 1).is_err(), "no pop is about to go out any more");
    }

    #[tokio::test]
    async fn a_passenger_that_is_not_yet_carried_is_left_behind_by_its_pop() {
        let platform = Platform::default();
        let mut pop = Box::pin(platform.passengers());
        assert!(pop.as_mut().now_or_never().is_none());
        let arrival = platform.board(commands(), 1).unwrap();
        drop(pop.await);
        assert!(matches!(arrival.await, Ok(Arrival::LeftBehind(_))));
    }

    #[tokio::test]
    async fn passengers_of_a_pop_that_is_given_up_go_with_the_other_one() {
        let platform = Platform::default();
        let mut given_up = Box::pin(platform.passengers());
        let mut goes_out = Box::pin(platform.passengers());
        assert!(given_up.as_mut().now_or_never().is_none() && goes_out.as_mut().now_or_never().is_none());
        let mut arrival = platform.board(commands(), 1).unwrap();
        drop(given_up);
        assert!(arrival.try_recv().is_err(), "it still waits");
        assert_eq!(goes_out.await.len(), 1);
        let nobody = platform.passengers();
        assert!(nobody.await.is_empty(), "a pop without anybody goes out");
    }

    #[tokio::test]
    async fn what_is_large_travels_alone() {
        let platform = Platform::default();
        let mut pop = Box::pin(platform.passengers());
        assert!(pop.as_mut().now_or_never().is_none());
        let large = BytesMut::zeroed(LARGEST + 1);
        assert_eq!(platform.board(large, 1).unwrap_err().len(), LARGEST + 1);
        assert!(platform.board(BytesMut::zeroed(LARGEST), 1).is_ok());
        assert_eq!(pop.await.len(), 1);
    }

    #[test]
    fn nobody_is_lost_between_the_last_look_and_the_departure() {
        const WRITES: usize = 20_000;
        let platform = Arc::new(Platform::default());
        let writer = std::thread::spawn({
            let platform = Arc::clone(&platform);
            move || {
                let mut left_behind = 0;
                for _ in 0..WRITES {
                    let Ok(mut arrival) = platform.board(commands(), 1) else { continue };
                    // Nobody drops a pop here: whoever boards is carried.
                    left_behind += usize::from(loop {
                        match arrival.try_recv() {
                            Ok(Arrival::Replies(_)) => break false,
                            Err(oneshot::error::TryRecvError::Empty) => std::hint::spin_loop(),
                            _ => break true,
                        }
                    });
                }
                left_behind
            }
        });
        while !writer.is_finished() {
            for passenger in Boarding::new(&platform).close() {
                passenger.tell(Arrival::Replies(Ok(Vec::new())));
            }
        }
        assert_eq!(writer.join().unwrap(), 0);
    }
}
