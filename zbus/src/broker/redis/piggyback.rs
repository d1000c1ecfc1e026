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
    commands: BytesMut,
    replies: usize,
    done: oneshot::Sender<RedisResult<Vec<Reply>>>,
}

impl Passenger {
    pub(super) fn fail(self, error: &RedisError) {
        // Who wrote may wait no more.
        let _ = self.done.send(Err(error.clone()));
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
    /// Sends commands along with a pop; gives them back where none is about to go out. Once they have left, they are lost with the
    /// pop's connection: then there is no answer.
    pub(super) fn board(
        &self,
        commands: BytesMut,
        replies: usize,
    ) -> Result<oneshot::Receiver<RedisResult<Vec<Reply>>>, BytesMut> {
        if commands.len() > LARGEST {
            return Err(commands);
        }
        let mut waiting = self.waiting.lock();
        if waiting.boarding == 0 {
            return Err(commands);
        }
        let (done, answer) = oneshot::channel();
        waiting.passengers.push(Passenger { commands, replies, done });
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

/// Ends the boarding, also where the pop does not go out at all.
struct Boarding<'a>(&'a Platform);

impl<'a> Boarding<'a> {
    fn new(platform: &'a Platform) -> Self {
        platform.waiting.lock().boarding += 1;
        Self(platform)
    }

    fn close(self) -> Vec<Passenger> {
        std::mem::take(&mut self.0.waiting.lock().passengers)
    }
}

impl Drop for Boarding<'_> {
    fn drop(&mut self) {
        let left_behind = {
            let mut waiting = self.0.waiting.lock();
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
        link.add(std::mem::take(&mut passenger.commands));
    }
}

/// Tells the passengers what came of their commands.
pub(super) async fn arrive(link: &mut Link, passengers: Vec<Passenger>) -> RedisResult<()> {
    let mut passengers = passengers.into_iter();
    while let Some(passenger) = passengers.next() {
        let replies = link.receive_each(passenger.replies).await;
        let failed = replies.as_ref().err().cloned();
        // Who wrote may wait no more.
        let _ = passenger.done.send(replies);
        if let Some(error) = failed {
            for passenger in passengers {
                passenger.fail(&error);
            }
            return Err(error);
        }
    }
    Ok(())
}
