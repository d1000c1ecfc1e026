//! What carries the bus: lists that processes push to and pop from, and channels that they publish to.
//!
//! A [`Broker`] moves bytes; what they mean is the wire's concern.

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

pub(crate) use connect::connect;
pub use deliveries::{Deliveries, Delivery, DeliverySender};
pub use error::{BrokerError, BrokerErrorKind};

/// A boxed future of a broker: one a batch, none a call.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One thing to be written.
#[derive(Clone, Debug)]
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

/// What a pop gave.
#[derive(Clone, Debug, Default)]
pub struct Popped {
    /// Which of the lists asked for: its index.
    pub list: usize,
    /// The oldest messages of that list, oldest first; none where the pop was stopped or had waited long enough.
    pub messages: Vec<Bytes>,
}

/// Lists and channels, whoever keeps them.
pub trait Broker: Send + Sync + fmt::Debug + 'static {
    /// Writes a batch in order, as few round trips as it takes. The results are those of the batch's entries, in order; one that
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

    /// Takes a message out of a list, if it is among the oldest 256; true if it was.
    ///
    /// # Errors
    /// Where the broker is out of reach or refuses: it is open then whether the message was taken out.
    fn withdraw(&self, list: &str, message: Bytes) -> BoxFuture<'_, Result<bool, BrokerError>>;

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
