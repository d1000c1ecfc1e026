//! What carries the bus: lists that processes push to and pop from, and channels that they publish to.
//!
//! A [`Broker`] moves bytes; what they mean is the wire's concern. Redis and Valkey (`redis://` and the like) and the broker inside the
//! process (`memory://`) are here, and [`connect`] gives them as a `Broker`. A bus is carried over anything else by implementing the
//! trait: [`ClientBuilder::connect_with`](crate::client::ClientBuilder::connect_with) and
//! [`Server::start_with`](crate::Server::start_with) take any. `examples/custom-broker` carries it over unix sockets, without Redis.
//!
//! # What a broker promises
//! - **Lists** are queues. A message comes out once, to one pop, in the order in which it was written. A list is there from its first
//!   message to its last; one that was written with a time is gone, with what it holds, that long after its newest message. Names are any
//!   text.
//! - **Channels** keep nothing: a message reaches those who listen when it is published. What a subscriber misses it is told
//!   ([`Delivery`]).
//! - **Errors** say whether something may have been done ([`BrokerErrorKind`]): a caller's
//!   [`Error::may_have_run`](crate::Error::may_have_run) is as true as that.
//! - **Time**: nothing but a pop waits for long, and a pop ends soon after it is told to. What has no connection comes back by itself,
//!   or with the next use: nothing above tries more than to use it again.
//!
//! [`Broker`] gains methods only with a default implementation, so that an implementation goes on compiling; [`Write`] may gain
//! variants, to be answered with [`BrokerErrorKind::Refused`] where they are not known.
//!
//! One that wraps another has only what it changes to say. This one tells what is written:
//!
//! ```
//! use std::sync::Arc;
//! use bytes::Bytes;
//! use zbus::broker::{self, BoxFuture, Broker, BrokerError, Deliveries, Popper, Write};
//!
//! #[derive(Debug)]
//! struct Told(Arc<dyn Broker>);
//!
//! impl Broker for Told {
//!     fn write(&self, batch: Vec<Write>) -> BoxFuture<'_, Vec<Result<(), BrokerError>>> {
//!         for write in &batch {
//!             match write {
//!                 Write::Push { list, message, .. } => println!("{} bytes to {list}", message.len()),
//!                 Write::Publish { channel, message } => println!("{} bytes on {channel}", message.len()),
//!                 _ => {}
//!             }
//!         }
//!         self.0.write(batch)
//!     }
//!
//!     fn popper(&self) -> BoxFuture<'_, Result<Box<dyn Popper>, BrokerError>> {
//!         self.0.popper()
//!     }
//!
//!     fn subscribe(&self, channel: &str) -> BoxFuture<'_, Result<Deliveries, BrokerError>> {
//!         self.0.subscribe(channel)
//!     }
//!
//!     fn withdraw(&self, list: &str, message: Bytes) -> BoxFuture<'_, Result<bool, BrokerError>> {
//!         self.0.withdraw(list, message)
//!     }
//!
//!     fn now(&self) -> BoxFuture<'_, Result<i64, BrokerError>> {
//!         self.0.now()
//!     }
//!
//!     // And `announce`, `retract` and `announced`, for servers that are to be seen.
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let told = Arc::new(Told(broker::connect("memory://told").await?));
//! let object = zbus::UntypedObject::new("echo").method("Echo", |text: String| async move { text });
//! let server = zbus::Server::new("echoes").register(object)?.start_with(told.clone()).await?;
//! let client = zbus::Client::builder().connect_with(told).await?;
//! let echo: String = client.request("echoes", "echo", "Echo", ("hello",)).await?.get()?;
//! assert_eq!(echo, "hello");
//! # server.shutdown().await;
//! # Ok(())
//! # }
//! ```

mod address;
mod connect;
mod deliveries;
mod error;
pub(crate) mod memory;
#[cfg(feature = "redis")]
mod redis;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

#[cfg(all(feature = "redis", any(test, fuzzing)))]
pub(crate) use self::redis::{any_replies as any_redis_replies, endpoint as redis_endpoint};
pub use connect::connect;
pub(crate) use connect::connect_within;
pub use deliveries::{Deliveries, Delivery, DeliverySender};
pub use error::{BrokerError, BrokerErrorKind};

/// A boxed future of a broker: one a batch, none a call.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One thing to be written.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Write {
    /// Append a message to a list (Redis: `RPUSH`).
    Push {
        /// The list; it comes to be with its first message.
        list: Arc<str>,
        /// The message.
        message: Bytes,
        /// The list is gone this long after its newest such message (Redis: `EXPIRE`).
        expire: Option<Duration>,
    },
    /// The like for a list that holds fewer than `limit` messages; otherwise nothing is written, and it fails as
    /// [`BrokerErrorKind::Full`].
    PushBelow {
        /// The list.
        list: Arc<str>,
        /// The message.
        message: Bytes,
        /// How many messages the list may hold afterwards.
        limit: u32,
    },
    /// Hand a message to all who listen to a channel (Redis: `PUBLISH`).
    Publish {
        /// The channel.
        channel: Arc<str>,
        /// The message.
        message: Bytes,
    },
}

impl Write {
    pub(crate) fn message(&self) -> &Bytes {
        match self {
            Self::Push { message, .. } | Self::PushBelow { message, .. } | Self::Publish { message, .. } => message,
        }
    }
}

/// Whether two neighbours of a batch can be written as one.
fn same_list(left: &Write, right: &Write) -> bool {
    match (left, right) {
        (Write::Push { list: left, expire: first, .. }, Write::Push { list: right, expire: second, .. }) => {
            left == right && first == second
        }
        (Write::PushBelow { list: left, limit: first, .. }, Write::PushBelow { list: right, limit: second, .. }) => {
            left == right && first == second
        }
        _ => false,
    }
}

/// What a pop gave. Its `Default` is nothing.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Popped {
    /// Which of the lists asked for: its index.
    pub list: usize,
    /// The oldest messages of that list, oldest first; none where the pop was stopped or had waited long enough.
    pub messages: Vec<Bytes>,
}

/// How far from either end of a list a withdrawal looks: what it may cost the broker.
pub const WITHDRAWAL_DEPTH: usize = 256;

impl Popped {
    /// These messages, oldest first, of the list of this index.
    pub fn new(list: usize, messages: Vec<Bytes>) -> Self {
        Self { list, messages }
    }
}

/// Lists and channels, whoever keeps them.
pub trait Broker: Send + Sync + fmt::Debug + 'static {
    /// Writes a batch in order, in as few round trips as it takes. The results are those of the batch's entries, in order; one that
    /// fails does not keep the others back.
    ///
    /// Dropping the future leaves open how many were written.
    fn write(&self, batch: Vec<Write>) -> BoxFuture<'_, Vec<Result<(), BrokerError>>>;

    /// Something that pops, on a connection of its own.
    ///
    /// # Errors
    /// Where there is no such connection to be had.
    fn popper(&self) -> BoxFuture<'_, Result<Box<dyn Popper>, BrokerError>>;

    /// Listens to a channel. Subscribed when the future is ready; a lost connection comes back by itself, and is a
    /// [`Delivery::Gap`] then.
    ///
    /// # Errors
    /// Where the broker is out of reach or refuses.
    fn subscribe(&self, channel: &str) -> BoxFuture<'_, Result<Deliveries, BrokerError>>;

    /// Takes a message out of a list, if it is among the oldest or the newest [`WITHDRAWAL_DEPTH`]; true if it was.
    ///
    /// # Errors
    /// Where the broker is out of reach or refuses: it is open then whether the message was taken out.
    fn withdraw(&self, list: &str, message: Bytes) -> BoxFuture<'_, Result<bool, BrokerError>>;

    /// Takes messages out of a list: for each, in order, what [`Broker::withdraw`] says of it. Give them in the order in which they were
    /// written: the ones before a message are gone when it is looked for, so it is nearer to the head of the list.
    ///
    /// One by one unless this is implemented.
    ///
    /// # Errors
    /// Those of [`Broker::withdraw`]. Some of the messages may have been taken out.
    fn withdraw_each<'a>(
        &'a self,
        list: &'a str,
        messages: Vec<Bytes>,
    ) -> BoxFuture<'a, Result<Vec<bool>, BrokerError>> {
        Box::pin(async move {
            let mut withdrawn = Vec::with_capacity(messages.len());
            for message in messages {
                withdrawn.push(self.withdraw(list, message).await?);
            }
            Ok(withdrawn)
        })
    }

    /// The broker's clock: milliseconds since 1970. All who share the broker measure deadlines by it.
    ///
    /// # Errors
    /// Where the broker is out of reach.
    fn now(&self) -> BoxFuture<'_, Result<i64, BrokerError>>;

    /// Which run of the broker this is: another text each time that it starts, or that another takes its place. None where it does not
    /// tell, as is the case unless this is implemented.
    ///
    /// # Errors
    /// Where the broker is out of reach or refuses.
    fn run_id(&self) -> BoxFuture<'_, Result<Option<String>, BrokerError>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    /// Enters a member in a set, for `lasting` from now on, in the broker's clock; one that is in it lasts anew. All who share a set use
    /// one `lasting`: the whole set may be gone that long after its newest entry.
    ///
    /// # Errors
    /// Where the broker is out of reach, refuses, or keeps no such sets, as is the case unless this is implemented: then its servers
    /// are not seen, and nobody takes that for their absence.
    fn announce(&self, set: &str, member: &str, lasting: Duration) -> BoxFuture<'_, Result<(), BrokerError>> {
        let _ = (set, member, lasting);
        Box::pin(std::future::ready(Err(no_sets())))
    }

    /// Takes a member out of a set that it was entered in.
    ///
    /// # Errors
    /// Those of [`Broker::announce`].
    fn retract(&self, set: &str, member: &str) -> BoxFuture<'_, Result<(), BrokerError>> {
        let _ = (set, member);
        Box::pin(std::future::ready(Err(no_sets())))
    }

    /// The members of a set whose time has not passed: up to 1024 of them.
    ///
    /// # Errors
    /// Those of [`Broker::announce`].
    fn announced(&self, set: &str) -> BoxFuture<'_, Result<Vec<String>, BrokerError>> {
        let _ = set;
        Box::pin(std::future::ready(Err(no_sets())))
    }
}

fn no_sets() -> BrokerError {
    BrokerError::new(BrokerErrorKind::Refused, "this broker does not keep who is there")
}

/// Pops messages, one pop after the other.
pub trait Popper: Send {
    /// Takes up to `max` messages from the first of `lists` that has any; waits for one otherwise, some seconds at most.
    ///
    /// `stop` ends the waiting: what was taken by then comes back. The future must be driven to its end: dropping it may lose what
    /// was taken.
    ///
    /// # Errors
    /// Where the broker is out of reach or refuses. The next pop connects anew.
    fn pop<'a>(
        &'a mut self,
        lists: &'a [Arc<str>],
        max: usize,
        stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Popped, BrokerError>>;
}

/// The most members of a set that are told: a bound for what a stranger may have entered.
pub(crate) const MOST_ANNOUNCED: usize = 1024;
