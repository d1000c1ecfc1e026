//! The streams of objects, and what publishes their events.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use futures::{FutureExt, Stream, StreamExt};
use serde_with::SerializeAs;

use crate::broker::{BoxFuture, Write};
use crate::log_limit::LogLimit;
use crate::outbox::Outbox;
use crate::server::replies::Sent;
use crate::telemetry;
use crate::wire::{EncodeError, encode_as};

/// Runs a stream until it ends.
pub(crate) type Start = Box<dyn FnOnce(Publisher) -> BoxFuture<'static, ()> + Send>;

/// The streams of an object, to be started with the server.
#[derive(Default)]
pub struct Streams {
    streams: Vec<(String, Start)>,
}

impl Streams {
    /// Adds a stream: its name on the wire, and what publishes its events until there are no more.
    pub fn add<F, R>(&mut self, name: impl Into<String>, run: F)
    where
        F: FnOnce(Publisher) -> R + Send + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        self.streams.push((name.into(), Box::new(|publisher| run(publisher).boxed())));
    }

    /// Each with its name.
    pub(crate) fn into_each(self) -> impl Iterator<Item = (String, Start)> {
        self.streams.into_iter()
    }
}

impl fmt::Debug for Streams {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.streams.iter().map(|(name, _)| name)).finish()
    }
}

/// What a panic says.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("something that is no text")
}

/// Publishes the events of one stream.
#[derive(Clone, Debug)]
pub struct Publisher {
    channel: Arc<str>,
    outbox: Outbox<Sent>,
    max_message_size: usize,
    /// Limits the lines about events that cannot travel.
    refused: Arc<LogLimit>,
}

impl Publisher {
    pub(crate) fn new(channel: Arc<str>, outbox: Outbox<Sent>, max_message_size: usize) -> Self {
        Self { channel, outbox, max_message_size, refused: Arc::default() }
    }

    /// Whether the other publishes the same stream for the same server.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.channel, &other.channel)
    }

    /// Publishes all events of a stream, until it ends or the server stops. While the broker takes fewer than the stream has, as when
    /// it is away, the stream is not read: no more than 4096 events and replies wait in a server, and 64 MiB of large ones.
    pub async fn forward<A, T, S>(self, stream: S)
    where
        A: SerializeAs<T> + ?Sized,
        S: Stream<Item = T> + Send,
        T: Send,
    {
        let mut stream = std::pin::pin!(stream);
        while let Some(event) = stream.next().await {
            self.publish::<A, T>(&event).await;
        }
    }

    /// Publishes one event: waits until there is room for it among what the server is about to write, 4096 events and replies, and 64 MiB
    /// of large ones. An event that cannot travel, is too large, or is not taken by the broker, is dropped and logged, one line every 10 s
    /// at most.
    pub fn publish<A, T>(&self, event: &T) -> impl Future<Output = ()> + Send
    where
        A: SerializeAs<T> + ?Sized,
        T: ?Sized,
    {
        // Encoded before the future, so that the event need not be shared between threads.
        let mut message = Vec::new();
        let encoded = encode_as::<A, T>(event, &mut message);
        self.send(encoded.map(|()| message))
    }

    pub(crate) async fn send(&self, message: Result<Vec<u8>, EncodeError>) {
        let message = match message {
            Ok(message) if message.len() <= self.max_message_size => message,
            Ok(message) => {
                let (size, most) = (message.len(), self.max_message_size);
                return self.refuse(format_args!("it is {size} bytes, more than the {most} that this server sends"));
            }
            Err(error) => return self.refuse(format_args!("it cannot be encoded: {error}")),
        };
        let write = Write::Publish { channel: Arc::clone(&self.channel), message: message.into() };
        telemetry::event_published(&self.channel);
        // The writer has ended: the runtime is going down.
        let _ = self.outbox.send_and_go_on(Sent::Event, write).await;
    }

    fn refuse(&self, reason: fmt::Arguments<'_>) {
        if let Some(unsaid) = self.refused.due() {
            tracing::error!(stream = %self.channel, %reason, unsaid, "an event is not published");
        }
    }
}
