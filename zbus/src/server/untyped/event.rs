//! Events that are published by hand.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use parking_lot::Mutex;
use serde::Serialize;

use crate::server::object::Publisher;
use crate::wire::{EncodeError, encode};

/// Publishes an event of an [`UntypedObject`](super::UntypedObject), from anywhere. All clones publish the same.
pub struct Event<T: ?Sized> {
    publishers: Arc<Publishers>,
    events: PhantomData<fn(&T)>,
}

/// One for each server that serves the event.
#[derive(Debug, Default)]
struct Publishers(Mutex<Vec<Publisher>>);

impl<T: Serialize + ?Sized> Event<T> {
    /// An event, to be added to an object by [`UntypedObject::event`](super::UntypedObject::event).
    pub fn new() -> Self {
        Self { publishers: Arc::default(), events: PhantomData }
    }

    /// Publishes to all subscribers. Waits while 4096 events and replies of the server wait to be written. An event that cannot travel, or
    /// that the broker does not take, is dropped and logged. Before the object's server has started, and after it was asked to stop,
    /// nothing is published.
    pub fn publish(&self, event: &T) -> impl Future<Output = ()> + Send + use<T> {
        let publishers = self.publishers.0.lock().clone();
        // Encoded before the future, so that the event need not be shared between threads. There is one publisher as a rule.
        let messages: Vec<_> = publishers.into_iter().map(|publisher| (encoded(event), publisher)).collect();
        async move {
            for (message, publisher) in messages {
                publisher.send(message).await;
            }
        }
    }
}

fn encoded<T: Serialize + ?Sized>(event: &T) -> Result<Vec<u8>, EncodeError> {
    let mut message = Vec::new();
    encode(event, &mut message).map(|()| message)
}

impl<T: ?Sized> Event<T> {
    /// Publishes through this, too, for as long as the future lives: the server's writer lives as long as its publishers.
    pub(super) fn serve(&self, publisher: Publisher) -> impl Future<Output = ()> + Send + use<T> {
        let served = Served::new(Arc::clone(&self.publishers), publisher);
        async move {
            let _served = served;
            std::future::pending::<()>().await;
        }
    }
}

struct Served {
    publishers: Arc<Publishers>,
    publisher: Publisher,
}

impl Served {
    fn new(publishers: Arc<Publishers>, publisher: Publisher) -> Self {
        publishers.0.lock().push(publisher.clone());
        Self { publishers, publisher }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.publishers.0.lock().retain(|publisher| !publisher.is(&self.publisher));
    }
}

impl<T: Serialize + ?Sized> Default for Event<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: ?Sized> Clone for Event<T> {
    fn clone(&self) -> Self {
        Self { publishers: Arc::clone(&self.publishers), events: PhantomData }
    }
}

impl<T: ?Sized> fmt::Debug for Event<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Event").finish_non_exhaustive()
    }
}
