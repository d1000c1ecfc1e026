//! The broker carries the bus: lists that processes push to and pop from, and channels that they publish to.
//!
//! A [`Broker`] moves bytes and does not interpret them. This module has a broker for Redis and Valkey (`redis://` and related schemes)
//! and one inside the process (`memory://`). [`connect`] returns either as a `Broker`. To carry the bus over anything else, implement the
//! trait: [`ClientBuilder::connect_with`](crate::client::ClientBuilder::connect_with) and
//! [`Server::start_with`](crate::Server::start_with) take any `Broker`. `examples/custom-broker` uses unix sockets, without Redis.
//!
//! # What a broker promises
//! - **Lists** are queues. A message comes out once, to one pop, in the order in which it was written. A list exists from its first
//!   message to its last. A list that was written with a time expires, with its messages, that long after its newest message. Names are
//!   any text.
//! - **Channels** store nothing: a message reaches the subscribers that listen when it is published. A subscriber that misses messages
//!   gets a report ([`Delivery`]).
//! - **Errors** say whether the operation may have been applied ([`BrokerErrorKind`]). A caller's
//!   [`Error::may_have_run`](crate::Error::may_have_run) relies on it.
//! - **Time**: only a pop waits for long, and a pop ends soon after it is stopped. A lost connection comes back by itself, or with the
//!   next use. The layers above do nothing but use it again.
//!
//! [`Broker`] gains methods only with a default implementation, so that existing implementations still compile. [`Write`] may gain
//! variants. Answer a variant that you do not know with [`BrokerErrorKind::Refused`].
//!
//! A broker that wraps another implements the methods that it changes and forwards the others. This one prints each write:
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

/// A boxed future of a broker. One is allocated for each batch, none for each call.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One entry of a batch.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Write {
    /// Append a message to a list (Redis: `RPUSH`).
    Push {
        /// The list. Its first message creates it.
        list: Arc<str>,
        /// The message.
        message: Bytes,
        /// The list expires this long after its newest such message (Redis: `EXPIRE`).
        expire: Option<Duration>,
    },
    /// Append a message to a list that holds fewer than `limit` messages. Otherwise nothing is written, and the entry fails with
    /// [`BrokerErrorKind::Full`].
    PushBelow {
        /// The list.
        list: Arc<str>,
        /// The message.
        message: Bytes,
        /// How many messages the list may hold afterwards.
        limit: u32,
    },
    /// Send a message to all subscribers of a channel (Redis: `PUBLISH`).
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

/// Whether two neighbouring entries of a batch can be written as one.
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

/// The result of a pop. Its `Default` is empty.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Popped {
    /// The index of the list that the messages are from.
    pub list: usize,
    /// The oldest messages of that list, oldest first. Empty if the pop was stopped or timed out.
    pub messages: Vec<Bytes>,
}

/// How far from either end of a list a withdrawal looks. It bounds the broker's work.
pub const WITHDRAWAL_DEPTH: usize = 256;

impl Popped {
    /// These messages, oldest first, of the list of this index.
    pub fn new(list: usize, messages: Vec<Bytes>) -> Self {
        Self { list, messages }
    }
}

/// A store of lists and channels.
pub trait Broker: Send + Sync + fmt::Debug + 'static {
    /// Writes a batch in order, in as few round trips as it takes. The results are those of the batch's entries, in order. An
    /// entry that fails does not hold back the others.
    ///
    /// If the future is dropped, any number of the entries may have been written.
    fn write(&self, batch: Vec<Write>) -> BoxFuture<'_, Vec<Result<(), BrokerError>>>;

    /// A popper with a connection of its own.
    ///
    /// # Errors
    /// If the connection cannot be made.
    fn popper(&self) -> BoxFuture<'_, Result<Box<dyn Popper>, BrokerError>>;

    /// Subscribes to a channel. The subscription is in place when the future is ready. A lost connection comes back by itself; the
    /// subscriber then gets a [`Delivery::Gap`].
    ///
    /// # Errors
    /// If the broker is unreachable or refuses.
    fn subscribe(&self, channel: &str) -> BoxFuture<'_, Result<Deliveries, BrokerError>>;

    /// Takes a message out of a list, if it is among the oldest or the newest [`WITHDRAWAL_DEPTH`]; true if it was.
    ///
    /// # Errors
    /// If the broker is unreachable or refuses. The message may or may not have been taken out.
    fn withdraw(&self, list: &str, message: Bytes) -> BoxFuture<'_, Result<bool, BrokerError>>;

    /// Takes messages out of a list: for each, in order, what [`Broker::withdraw`] says of it. Give them in the order in which they were
    /// written: the ones before a message are gone when it is looked for, so it is nearer to the head of the list.
    ///
    /// The default implementation takes them out one by one.
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
    /// If the broker is unreachable.
    fn now(&self) -> BoxFuture<'_, Result<i64, BrokerError>>;

    /// The id of this run of the broker. It changes each time that the broker starts or is replaced. `None` if the broker has no such
    /// id, which is the default.
    ///
    /// # Errors
    /// If the broker is unreachable or refuses.
    fn run_id(&self) -> BoxFuture<'_, Result<Option<String>, BrokerError>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    /// Adds a member to a set for `lasting` from now on, by the broker's clock. If it is a member already, its time starts anew. All
    /// users of a set use the same `lasting`: the whole set may expire that long after its newest entry.
    ///
    /// # Errors
    /// If the broker is unreachable, refuses, or keeps no such sets. The default implementation keeps none: clients then do not see its
    /// servers, and do not take that for their absence.
    fn announce(&self, set: &str, member: &str, lasting: Duration) -> BoxFuture<'_, Result<(), BrokerError>> {
        let _ = (set, member, lasting);
        Box::pin(std::future::ready(Err(no_sets())))
    }

    /// Removes a member from a set.
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

/// Pops messages, one pop at a time.
pub trait Popper: Send {
    /// Takes up to `max` messages from the first of `lists` that has any. If none has, waits some seconds at most.
    ///
    /// `stop` ends the wait; the messages taken by then are returned. Poll the future to completion: dropping it may lose those
    /// messages.
    ///
    /// # Errors
    /// If the broker is unreachable or refuses. The next pop connects anew.
    fn pop<'a>(
        &'a mut self,
        lists: &'a [Arc<str>],
        max: usize,
        stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Popped, BrokerError>>;
}

/// The most members of a set that are returned. It bounds what a foreign program may have added.
pub(crate) const MOST_ANNOUNCED: usize = 1024;
