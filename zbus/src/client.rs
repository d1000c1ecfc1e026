//! The calling side: a connection to the bus, and what is called and subscribed over it.

mod builder;
mod call;
mod in_flight;
mod instances;
mod options;
mod remote_object;
mod replies;
mod restarts;
mod shared;
mod untyped;
mod withdrawals;
mod writes;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

pub use self::builder::ClientBuilder;
pub use self::call::{Reply, Request};
use self::in_flight::ended;
pub use self::instances::Instance;
pub use self::options::CallOptions;
pub use self::remote_object::RemoteObject;
pub use self::replies::ReplyMode;
use self::shared::Shared;
pub use self::untyped::{RequestArguments, Returned, UntypedRequest};
use self::writes::Tag;
use crate::ObjectId;
use crate::broker::Write;
use crate::error::Error;
use crate::status::Status;
use crate::wire::{Depth, InvalidText};

/// A client of the bus. Cheap to clone; all clones share their connections, which close with the last of them.
///
/// Stubs that the compiler generated are made over a client, and are the usual way to call.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

impl Client {
    /// Connects to the broker at an address: `redis://host:port`, `rediss://…`, `unix:///path`, Go's `tcp://host:port`, or
    /// `memory://name`, a broker inside this process.
    ///
    /// # Errors
    /// [`Error::Broker`] where the address is none, or its broker refuses (it is a Redis Cluster, the password is wrong), is not ready
    /// yet, or is out of reach: after 5 s at most it is of the kind [`Unreachable`](crate::broker::BrokerErrorKind::Unreachable),
    /// unless the client is to [wait for the broker](ClientBuilder::wait_for_broker).
    pub async fn connect(address: &str) -> Result<Self, Error> {
        Self::builder().connect(address).await
    }

    /// A client of which something is to be set.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// What one of the servers of a module tells of itself, also while all its workers are busy. Where several serve the module it is
    /// open which one answers: [`Client::instances`] asks each.
    ///
    /// # Errors
    /// Those of a call.
    pub async fn status(&self, module: &str) -> Result<Status, Error> {
        instances::status_of(&RemoteObject::new(self.clone(), module, ObjectId::STATUS)).await
    }

    /// The message, if it is not larger than this client sends.
    fn fitting(&self, what: &str, message: Bytes) -> Result<Bytes, Error> {
        let (size, limit) = (message.len(), self.shared.settings.max_message_size);
        if size > limit { Err(Error::TooLarge { what: what.to_owned(), size, limit }) } else { Ok(message) }
    }

    pub(crate) fn max_depth(&self) -> Depth {
        self.shared.settings.max_depth
    }

    pub(crate) fn invalid_text(&self) -> InvalidText {
        self.shared.settings.invalid_text
    }

    /// Cancelled when the last clone of the client is gone.
    pub(crate) fn closed(&self) -> CancellationToken {
        self.shared.closed.clone()
    }

    /// Writes once, and waits until it is written.
    async fn write(&self, write: Write) -> Result<(), Error> {
        let (done, written) = oneshot::channel();
        self.shared.outbox.send(Tag::Write(done), write).await.map_err(|_| ended(false))?;
        Ok(written.await.map_err(|_| ended(true))??)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Client").field("broker", &self.shared.broker).finish_non_exhaustive()
    }
}
