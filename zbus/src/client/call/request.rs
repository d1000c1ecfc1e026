//! What is asked for: an object's method, its arguments, and how long its caller waits.

use std::time::Duration;

use bytes::Bytes;
use serde_with::SerializeAs;

use crate::client::in_flight::CallId;
use crate::client::options::TimeLimit;
use crate::client::{CallOptions, RemoteObject};
use crate::context::Context;
use crate::error::Error;
use crate::telemetry::{Observed, TRACEPARENT};
use crate::wire::{Bins, EncodeError, OutgoingRequest};

/// A call to be made.
#[derive(Debug)]
#[must_use = "nothing is sent before `call`, `call_throwing` or `send`"]
pub struct Request<'a> {
    object: &'a RemoteObject,
    method: &'a str,
    arguments: Bins,
    /// Where they are others than the object's.
    own: Option<Box<CallOptions>>,
    /// What the schema says of the method.
    method_limit: Option<Duration>,
    idempotent: bool,
    observed: Observed,
}

impl RemoteObject {
    /// A call to be made, of the method of this name on the wire.
    pub fn request<'a>(&'a self, method: &'a str) -> Request<'a> {
        Request::new(self, method)
    }

    /// How errors call a method: `module.object@version.Method`.
    pub(super) fn target(&self, method: &str) -> String {
        if method.is_empty() { self.queue.to_string() } else { format!("{}.{method}", self.queue) }
    }
}

impl<'a> Request<'a> {
    fn new(object: &'a RemoteObject, method: &'a str) -> Self {
        let context = Context::current();
        let given = object.options.entries().get(TRACEPARENT).map(String::as_str);
        let parent = context.metadata().get(TRACEPARENT).map(String::as_str);
        let (observed, traceparent) = Observed::call(&object.queue, method, given, parent);
        let own = match (given, traceparent) {
            (None, Some(traceparent)) => Some(object.options.clone().metadata(TRACEPARENT, traceparent).into()),
            _ => None,
        };
        Self { object, method, arguments: Bins::default(), own, method_limit: None, idempotent: false, observed }
    }

    /// Adds the next argument; its name is for errors alone.
    ///
    /// # Errors
    /// [`Error::Encode`] where the value cannot travel.
    pub fn argument<A, T>(&mut self, name: &str, value: &T) -> Result<(), Error>
    where
        A: SerializeAs<T> + ?Sized,
        T: ?Sized,
    {
        self.arguments.push::<A, T>(value).map_err(|source| Error::Encode { what: name.to_owned(), source })
    }

    /// A request with all its arguments.
    pub(crate) fn encoded(self, arguments: Bins) -> Self {
        Self { arguments, ..self }
    }

    /// The time limit of this call, in place of the object's.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.options(CallOptions::new().timeout(timeout))
    }

    /// The method's own time limit: in place of the client's, where neither the object nor the call has one.
    pub fn method_timeout(self, limit: Duration) -> Self {
        Self { method_limit: Some(limit), ..self }
    }

    /// Options of this call; what they do not say stays as the object has it.
    pub fn options(self, options: CallOptions) -> Self {
        let own = Some(options.over(self.given()).into());
        Self { own, ..self }
    }

    pub(super) fn given(&self) -> &CallOptions {
        self.own.as_deref().unwrap_or(&self.object.options)
    }

    /// Says that running the method twice is as good as once: what a schema's `@idempotent` is made of. Such a call is tried again, until
    /// its deadline and with growing pauses, also where the connection to the broker was lost under way, where the server stopped
    /// before the method ended ([`RejectionKind::Stopping`](crate::RejectionKind::Stopping)), and where it had no room
    /// ([`RejectionKind::Overloaded`](crate::RejectionKind::Overloaded)).
    ///
    /// All tries have one id and one deadline; the first answer that comes ends the call. Silence is no reason for a try: whether a
    /// server has died or is slow cannot be told, and a slow one shall not get more to do.
    pub fn idempotent(self) -> Self {
        Self { idempotent: true, ..self }
    }

    pub(super) fn object(&self) -> &'a RemoteObject {
        self.object
    }

    pub(super) fn method(&self) -> &'a str {
        self.method
    }

    pub(super) fn is_idempotent(&self) -> bool {
        self.idempotent
    }

    pub(super) fn take_observed(&mut self) -> Observed {
        std::mem::take(&mut self.observed)
    }

    /// The request as it travels. Its arguments are gone then.
    pub(super) fn encode(&mut self, id: CallId, one_way: bool) -> Result<Bytes, Error> {
        let arguments = std::mem::take(&mut self.arguments);
        let mut text = [0; CallId::LENGTH];
        let shared = &self.object.client.shared;
        let metadata = self.given().metadata_bytes();
        if metadata > CallOptions::MAX_METADATA_BYTES {
            let source = EncodeError::new(format!("{metadata} bytes, of at most {}", CallOptions::MAX_METADATA_BYTES));
            return Err(Error::Encode { what: "metadata".to_owned(), source });
        }
        let limit = self.limit().and_then(|limit| i64::try_from(limit.as_millis()).ok());
        let request = OutgoingRequest {
            generation: shared.settings.generation,
            id: id.write(&mut text),
            destination: &self.object.destination,
            method: self.method,
            arguments: &arguments,
            deadline: limit.map(|limit| shared.clock.now().saturating_add(limit)),
            metadata: self.given().entries(),
            one_way,
        };
        let message = request.encode().map_err(|source| Error::Encode { what: self.method.to_owned(), source })?;
        self.object.client.fitting(self.method, message)
    }

    /// None where the call may wait for ever.
    pub(super) fn limit(&self) -> Option<Duration> {
        let method = self.method_limit.map(TimeLimit::After);
        self.given().limit.or(method).unwrap_or(self.object.client.shared.settings.limit).duration()
    }

    pub(super) fn target(&self) -> String {
        self.object.target(self.method)
    }
}
