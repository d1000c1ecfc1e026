//! Subscriptions and their events.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures::Stream;
use serde_with::DeserializeAs;

use crate::Client;
use crate::broker::{Deliveries, Delivery};
use crate::lag::Lag;
use crate::telemetry;
use crate::types::Value;
use crate::wire::{DecodeError, decode_as};

/// The events of a stream, from the moment of subscription until this is dropped.
///
/// An `Err` does not end the subscription; only `None` does. `None` comes after [`StreamError::Lagged`] if the subscription is set to
/// end then, and when the runtime that the client was connected in ends. Unread events wait, within the bounds of a [`Lag`].
#[must_use = "a subscription ends when it is dropped"]
pub struct Subscription<T = Value> {
    deliveries: Deliveries,
    /// Keeps the connection open.
    client: Client,
    decode: fn(&[u8]) -> Result<T, DecodeError>,
}

impl<T> Subscription<T> {
    pub(crate) fn new<A>(client: Client, deliveries: Deliveries) -> Self
    where
        A: for<'de> DeserializeAs<'de, T>,
    {
        Self { deliveries, client, decode: |bytes| decode_as::<A, T>(bytes) }
    }

    /// Sets how far this subscriber may fall behind. This replaces the schema's setting. It applies at once, also to the events that
    /// have come since the subscription.
    pub fn with_lag(self, lag: Lag) -> Self {
        self.deliveries.set_lag(lag);
        self
    }
}

impl<T> Stream for Subscription<T> {
    type Item = Result<T, StreamError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(ready!(self.deliveries.poll_next(context)).map(|delivery| match delivery {
            Delivery::Message(message) => {
                let fits = self.client.max_depth().check(&message);
                let text = self.client.invalid_text();
                fits.and_then(|()| text.scope(|| (self.decode)(&message))).map_err(StreamError::Decode)
            }
            Delivery::Gap { lasted } => {
                telemetry::events_missed("gap", 1);
                Err(StreamError::Gap { lasted })
            }
            Delivery::Lagged(missed) => {
                telemetry::events_missed("lagged", missed);
                Err(StreamError::Lagged { missed })
            }
        }))
    }
}

impl<T> fmt::Debug for Subscription<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Subscription").finish_non_exhaustive()
    }
}

/// Why a subscriber missed events, or cannot get them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StreamError {
    /// The connection was lost and is back. Events that were published in between are lost.
    #[error("the connection was lost for {lasted:?}; the events in between are lost")]
    Gap {
        /// The time from when the loss was noticed until the subscription was back. If a connection breaks silently, the client
        /// notices late, and earlier events are lost too.
        lasted: Duration,
    },
    /// The subscriber was too slow for what its [`Lag`] allows.
    #[error("the subscriber is too slow: {missed} events are lost; read faster, or set a larger `Lag`")]
    Lagged {
        /// How many events are lost.
        missed: u64,
    },
    /// No event came within the time that a blocking subscriber waits.
    #[error("no event in {0:?}")]
    Elapsed(Duration),
    /// A blocking subscriber was used inside an async runtime. It would block the runtime's tasks.
    #[error(
        "waiting for events inside an async runtime would hold it up: use the subscription of a `zbus::Client` there"
    )]
    InAsync,
    /// An event is not what the schema says.
    #[error("an event cannot be decoded: {0}")]
    Decode(DecodeError),
}
