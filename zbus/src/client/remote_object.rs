//! An object of another process: what stubs are made over.

use std::sync::Arc;
use std::time::Duration;

use serde_with::{DeserializeAs, SerializeAs};

use super::{CallOptions, Client};
use crate::ObjectId;
use crate::broker::Write;
use crate::error::Error;
use crate::stream::Subscription;
use crate::telemetry;
use crate::wire::{Destination, encode_as};

/// An object that some process serves under the name of a module. Cheap to clone.
#[derive(Clone, Debug)]
pub struct RemoteObject {
    pub(super) client: Client,
    pub(super) module: Arc<str>,
    pub(super) id: ObjectId,
    /// `module.object@version`: where requests go, and what errors call it.
    pub(super) queue: Arc<str>,
    pub(super) destination: Destination,
    /// The queue is gone this long after the newest request; none for never.
    pub(super) expiry: Option<Duration>,
    pub(super) options: CallOptions,
}

impl RemoteObject {
    /// The object of this id in a module. Nothing is sent: whether it is served shows with the first call.
    pub fn new(client: Client, module: impl Into<String>, id: ObjectId) -> Self {
        let module: Arc<str> = module.into().into();
        let queue = id.queue(&module).into();
        let destination = Destination::new(&id, &client.shared.inbox);
        let options = client.shared.settings.options.clone();
        Self { client, module, id, queue, destination, expiry: None, options }
    }

    /// The same object, with another time limit for each call.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        self.with_options(CallOptions::new().timeout(timeout))
    }

    /// The same object, whose calls may wait for ever.
    #[must_use]
    pub fn without_timeout(self) -> Self {
        self.with_options(CallOptions::new().without_timeout())
    }

    /// The same object, with other options for each call. What they do not set stays as it is.
    #[must_use]
    pub fn with_options(self, options: CallOptions) -> Self {
        let options = options.over(&self.options);
        Self { options, ..self }
    }

    /// Listens to the events of this name on the wire, from any publisher. Subscribed when this returns. Where the connection of
    /// the client's other subscriptions is lost, this waits until it is back.
    ///
    /// # Errors
    /// [`Error::Broker`] where the broker is out of reach or refuses.
    pub async fn subscribe<A, T>(&self, event: &str) -> Result<Subscription<T>, Error>
    where
        A: for<'de> DeserializeAs<'de, T>,
    {
        let channel = self.id.channel(&self.module, event);
        let deliveries = self.client.shared.broker.subscribe(&channel).await?;
        Ok(Subscription::new::<A>(self.client.clone(), deliveries))
    }

    /// Publishes an event in the object's name, and waits until the broker has it. Nobody may be listening.
    ///
    /// # Errors
    /// [`Error::Encode`] and [`Error::TooLarge`] where the event cannot travel, [`Error::Broker`] where the broker is out of reach or refuses.
    pub async fn publish<A, T>(&self, event: &str, value: &T) -> Result<(), Error>
    where
        A: SerializeAs<T> + ?Sized,
        T: ?Sized,
    {
        let mut message = Vec::new();
        encode_as::<A, T>(value, &mut message).map_err(|source| Error::Encode { what: event.to_owned(), source })?;
        let channel: Arc<str> = self.id.channel(&self.module, event).into();
        let message = self.client.fitting(event, message.into())?;
        self.client.write(Write::Publish { channel: Arc::clone(&channel), message }).await?;
        telemetry::event_published(&channel);
        Ok(())
    }
}
