//! Events, as those who listen get them.

use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::Stream;
use serde_with::DeserializeAs;
use tokio_stream::wrappers::BroadcastStream;
use tokio_stream::wrappers::errors::BroadcastStreamRecvError;

use crate::Client;
use crate::broker::{Deliveries, Delivery};
use crate::wire::{DecodeError, decode_as};

/// The events of a stream, from the moment of subscription until this is dropped. An `Err` does not end it.
#[must_use = "a subscription ends when it is dropped"]
pub struct Subscription<T> {
    // Declared, and so dropped, before the guard, which looks whether somebody is left.
    deliveries: BroadcastStream<Delivery>,
    _guard: Box<dyn Any + Send + Sync>,
    /// Keeps the connection.
    _client: Client,
    decode: fn(&[u8]) -> Result<T, DecodeError>,
}

impl<T> Subscription<T> {
    pub(crate) fn new<A>(client: Client, deliveries: Deliveries) -> Self
    where
        A: for<'de> DeserializeAs<'de, T>,
    {
        Self {
            deliveries: BroadcastStream::new(deliveries.receiver),
            _guard: deliveries.guard,
            _client: client,
            decode: |bytes| decode_as::<A, T>(bytes),
        }
    }
}

impl<T> Stream for Subscription<T> {
    type Item = Result<T, StreamError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(Some(match ready!(Pin::new(&mut self.deliveries).poll_next(context)) {
            Some(Ok(Delivery::Message(message))) => (self.decode)(&message).map_err(StreamError::Decode),
            Some(Ok(Delivery::Gap)) => Err(StreamError::Gap),
            Some(Err(BroadcastStreamRecvError::Lagged(count))) => Err(StreamError::Lagged(count)),
            None => return Poll::Ready(None),
        }))
    }
}

impl<T> fmt::Debug for Subscription<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Subscription").finish_non_exhaustive()
    }
}

/// Events that a subscriber has not got.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StreamError {
    /// The connection was lost and is back; what was published in between is lost.
    #[error("the connection was lost: events in between are lost")]
    Gap,
    /// The subscriber was too slow; this many of the oldest events were dropped.
    #[error("too slow: {0} events were dropped")]
    Lagged(u64),
    /// An event is not what the schema says.
    #[error("an event cannot be decoded: {0}")]
    Decode(#[source] DecodeError),
}
