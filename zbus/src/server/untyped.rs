//! Objects without a schema: methods, streams and events added by name, each a closure.

mod event;
mod function;
mod parameters;
mod returned;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::Arc;

use futures::{FutureExt, Stream};
use serde::Serialize;
use serde_with::Same;

pub use self::event::Event;
use self::function::{Closure, Method};
pub use self::function::{Function, MethodFuture, MethodName, ThrowingFuture};
pub use self::parameters::{LastParameter, Parameter, Parameters};
use super::object::{Call, Object, Publisher, Returns, Streams};
use super::rejection::Rejection;
use crate::ObjectId;
use crate::broker::BoxFuture;

/// Runs a stream until it ends, for each server that serves the object.
type Run = Arc<dyn Fn(Publisher) -> BoxFuture<'static, ()> + Send + Sync>;

/// An object whose methods are closures: what a schema's trait and its generated server do, for names that the program says itself.
///
/// ```
/// use futures::StreamExt;
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use zbus::untyped::Event;
/// use zbus::{Client, Failure, Server, UntypedObject};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let count = Arc::new(AtomicU64::new(0)); // state is what the closures capture
/// let counted = Event::new();
/// let counter = UntypedObject::new("counter@1.0")
///     .event("Counted", &counted)
///     .method(("Add", ["step"]), {
///         let count = Arc::clone(&count);
///         move |step: u64| {
///             let (count, counted) = (Arc::clone(&count), counted.clone());
///             async move {
///                 let sum = count.fetch_add(step, Ordering::Relaxed) + step;
///                 counted.publish(&sum).await;
///                 sum
///             }
///         }
///     })
///     .throwing("Halve", |number: u64| async move {
///         if number % 2 == 0 { Ok(number / 2) } else { Err(Failure::new("odd")) }
///     });
/// let server = Server::new("counters").register(counter)?.start("memory://counter-docs").await?;
///
/// let client = Client::connect("memory://counter-docs").await?;
/// let mut events = client.subscribe::<u64>("counters", "counter@1.0", "Counted").await?;
/// let sum: u64 = client.request("counters", "counter@1.0", "Add", (2,)).await?.get()?;
/// assert_eq!((sum, events.next().await.unwrap()?), (2, 2));
///
/// let error = client.request("counters", "counter@1.0", "Add", ("two",)).await.unwrap_err();
/// assert!(error.to_string().contains("the argument `step` is not what it should be"));
/// # server.shutdown().await;
/// # Ok(())
/// # }
/// ```
///
/// # Methods
/// A closure takes 0 to 8 parameters, each of a type that implements `Deserialize`, or as the last a
/// [`Variadic`](crate::untyped::Variadic); a call with fewer or more arguments is refused. It returns a future that is `Send`, dropped
/// at the call's deadline as [`Object::call`] says. A `()` is no returned value, a tuple (or an array of fixed length) is as many as it
/// has elements, anything else that implements `Serialize` is one.
///
/// A method whose callers do not wait (`oneway` in a schema) is one that returns `()`: the caller says that it does not wait.
#[must_use = "an object does nothing before a server has it"]
pub struct UntypedObject {
    id: ObjectId,
    methods: HashMap<String, Box<dyn Method>>,
    streams: Vec<(String, Run)>,
    /// The first thing that is wrong with it.
    fault: Option<String>,
}

impl UntypedObject {
    /// An object of this name and version (`calculator@1.0`), without anything.
    pub fn new(id: impl Into<ObjectId>) -> Self {
        let id = id.into();
        let fault = (!is_valid(&id)).then(|| {
            format!(
                "`{id}` is not the name of an object: letters, digits, `_` and `-`, and behind an `@` the version, of those and `.` and `+`"
            )
        });
        Self { id, methods: HashMap::new(), streams: Vec::new(), fault }
    }

    /// Adds a method. Its name is that on the wire; with names for its parameters, `("Add", ["a", "b"])`, errors say those in place of
    /// `#1` and `#2`.
    pub fn method<F, P>(self, name: impl MethodName<P>, function: F) -> Self
    where
        F: Function<P>,
        P: Parameters,
        F::Output: MethodFuture,
    {
        self.add(name, function, returned::write::<<F::Output as Future>::Output>)
    }

    /// Adds a method that may fail by its own will, `throws` in a schema: its future gives a `Result` whose error becomes a
    /// [`Failure`](crate::Failure). Beside an error the caller gets the `Default` of the value, or of each, as Go's callers need.
    pub fn throwing<F, P>(self, name: impl MethodName<P>, function: F) -> Self
    where
        F: Function<P>,
        P: Parameters,
        F::Output: ThrowingFuture,
    {
        self.add(name, function, |result, returns| {
            let (value, failure) = <F::Output as ThrowingFuture>::split(result);
            returned::write(value, returns)?;
            returns.throws(failure);
            Ok(())
        })
    }

    fn add<F, P>(
        mut self,
        name: impl MethodName<P>,
        function: F,
        write: fn(<F::Output as Future>::Output, &mut Returns) -> Result<(), Rejection>,
    ) -> Self
    where
        F: Function<P>,
        P: Parameters,
        F::Output: Future + Send + 'static,
    {
        let (name, labels) = name.split();
        if name.is_empty() {
            self.fault.get_or_insert_with(|| "a method has no name".to_owned());
        }
        match self.methods.entry(name) {
            Entry::Occupied(twice) => {
                let fault = format!("the method `{}` was added twice", twice.key());
                self.fault.get_or_insert(fault);
            }
            Entry::Vacant(entry) => _ = entry.insert(Box::new(Closure::new(function, labels, write))),
        }
        self
    }

    /// Adds a stream: what `make` gives is published, from the server's start until it ends.
    pub fn stream<F, S>(self, name: impl Into<String>, make: F) -> Self
    where
        F: Fn() -> S + Send + Sync + 'static,
        S: Stream<Item: Serialize + Send> + Send + 'static,
    {
        let run = move |publisher: Publisher| publisher.forward::<Same, S::Item, S>(make()).boxed();
        self.publishes(name.into(), Arc::new(run))
    }

    /// Adds an event that is published by hand, from wherever a clone of the [`Event`] is.
    pub fn event<T: Serialize + ?Sized + 'static>(self, name: impl Into<String>, event: &Event<T>) -> Self {
        let event = event.clone();
        self.publishes(name.into(), Arc::new(move |publisher| event.serve(publisher).boxed()))
    }

    fn publishes(mut self, name: String, run: Run) -> Self {
        if name.is_empty() {
            self.fault.get_or_insert_with(|| "an event has no name".to_owned());
        }
        if self.streams.iter().any(|(other, _)| *other == name) {
            self.fault.get_or_insert_with(|| format!("the event `{name}` was added twice"));
        }
        self.streams.push((name, run));
        self
    }
}

/// As a schema's objects are named.
fn is_valid(id: &ObjectId) -> bool {
    let (name, version) = (id.name(), id.version());
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-".contains(letter))
        && version.chars().all(|letter| letter.is_ascii_alphanumeric() || "._+-".contains(letter))
}

impl Object for UntypedObject {
    fn id(&self) -> ObjectId {
        self.id.clone()
    }

    fn fault(&self) -> Option<&str> {
        self.fault.as_deref()
    }

    async fn call(&self, call: Call) -> Result<Returns, Rejection> {
        match self.methods.get(call.method()) {
            Some(method) => method.run(call).await,
            None => Err(call.unknown_method()),
        }
    }

    fn streams(&self, streams: &mut Streams) {
        for (name, run) in &self.streams {
            let run = Arc::clone(run);
            streams.add(name, move |publisher| run(publisher));
        }
    }
}

impl fmt::Debug for UntypedObject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let streams: Vec<_> = self.streams.iter().map(|(name, _)| name).collect();
        formatter
            .debug_struct("UntypedObject")
            .field("id", &self.id)
            .field("methods", &self.methods.keys())
            .field("streams", &streams)
            .finish_non_exhaustive()
    }
}
