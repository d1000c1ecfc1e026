//! One call: its arguments, the wait for its reply, and the reply's values.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_with::{DeserializeAs, SerializeAs};

use super::exchange::Exchange;
use super::in_flight::{Answered, CallId};
use super::options::TimeLimit;
use super::{CallOptions, RemoteObject};
use crate::context::Context;
use crate::error::{Error, Fate};
use crate::telemetry::{Observed, TRACEPARENT};
use crate::wire::{
    Bins, Body, DecodeError, EncodeError, Generation, InvalidText, OutgoingRequest, Thrown, Values, decode_as,
};

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

impl<'a> Request<'a> {
    pub(super) fn new(object: &'a RemoteObject, method: &'a str) -> Self {
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

    /// The like with all its arguments.
    pub(super) fn encoded(self, arguments: Bins) -> Self {
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

    /// Calls a method that does not throw, and waits for its `returns` values.
    ///
    /// While the broker is out of reach, or takes no writes for now, nothing is written, and the call is tried again until its
    /// deadline, with growing pauses, unless it is to [fail fast](CallOptions::fail_fast). Once the request may have been written it is
    /// not written again, unless the call is [idempotent](Request::idempotent).
    ///
    /// At the deadline, and where the future is dropped, the call is given up. If it was not written it never is. If it waits in its
    /// queue, among the oldest or the newest 256 there, it is withdrawn. If a server runs it, the server drops it: at the deadline by
    /// itself, before that because it is told so. A request that waits between the others, or that is on its way from the queue to a
    /// worker, is dropped where it arrives.
    ///
    /// # Errors
    /// [`Error::Timeout`] at the deadline, or up to 500 ms later: it says what became of the request, and that is asked of the broker.
    /// [`Error::NoServer`] in its place where no server has shown itself, and none has taken the request.
    /// [`Error::Rejected`] where the server could not run the method, [`Error::Broker`] where the request could not be written,
    /// [`Error::Decode`] and [`Error::Generation`] where the reply is not what was expected. Where tries have failed until the
    /// deadline it is the error of the last, or of the last after which the method may have run.
    pub fn call(self, returns: usize) -> impl Future<Output = Result<Reply, Error>> + Send {
        self.replied(returns, false)
    }

    /// The like for a method that throws.
    ///
    /// # Errors
    /// Those of [`Request::call`], and [`Error::Remote`] with what the method has thrown.
    pub fn call_throwing(self, returns: usize) -> impl Future<Output = Result<Reply, Error>> + Send {
        self.replied(returns, true)
    }

    fn replied(self, returns: usize, throws: bool) -> impl Future<Output = Result<Reply, Error>> + Send {
        let mut exchange = Exchange::new(self, false);
        poll_fn(move |context| {
            exchange.poll(context, |request, answered| {
                let values = request.read(answered, |body| body.returns(returns, throws))?;
                Ok(Reply {
                    target: Arc::clone(&request.object.queue),
                    values,
                    text: request.object.client.invalid_text(),
                })
            })
        })
    }

    /// The like for a method of which no more is known than whether it throws, or not even that. The values are one document.
    pub(super) fn call_untyped(
        self,
        throws: Option<bool>,
    ) -> impl Future<Output = Result<Option<Bytes>, Error>> + Send {
        let mut exchange = Exchange::new(self, false);
        poll_fn(move |context| {
            exchange.poll(context, |request, answered| request.read(answered, |body| body.document(throws)))
        })
    }

    /// Sends a request that is not answered, and waits until the broker has it. It is tried again as a call is, and given up as one
    /// until the broker has it.
    ///
    /// # Errors
    /// [`Error::Broker`] where it could not be written, [`Error::Timeout`] where that took too long.
    pub fn send(self) -> impl Future<Output = Result<(), Error>> + Send {
        let mut exchange = Exchange::new(self, true);
        poll_fn(move |context| exchange.poll(context, |_, _| Ok(())))
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
            generation: shared.generation,
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
        self.given().limit.or(method).unwrap_or(self.object.client.shared.limit).duration()
    }

    fn target(&self) -> String {
        self.object.queue.to_string()
    }

    fn read<R>(&self, answered: Answered, read: impl FnOnce(Body) -> Read<R>) -> Result<R, Error> {
        let response = match answered {
            Answered::Reply(response) => response,
            // That ends a request alone that is not answered.
            Answered::Written => return Err(self.object.timed_out(self.limit().unwrap_or_default(), Fate::Unknown)),
        };
        let answered = match response.body {
            Body::One { .. } => Generation::One,
            Body::Zero { .. } => Generation::Zero,
        };
        let sent = self.object.client.shared.generation;
        if sent != Generation::Auto && sent != answered {
            return Err(Error::Generation { target: self.target(), sent, answered });
        }
        if let Some(rejection) = response.rejection {
            let (kind, message) = *rejection;
            return Err(Error::Rejected { target: self.target(), kind, message });
        }
        let depth = self.object.client.max_depth();
        match depth.check_body(&response.body).and_then(|()| read(response.body)) {
            Ok(Ok(values)) => Ok(values),
            Ok(Err(thrown)) => Err(thrown.into()),
            Err(source) => Err(Error::Decode { target: self.target(), source }),
        }
    }
}

/// What a reply holds: values, or what was thrown.
type Read<R> = Result<Result<R, Thrown>, DecodeError>;

/// The values that a method returned, to be read in order.
#[derive(Debug)]
pub struct Reply {
    target: Arc<str>,
    values: Values,
    text: InvalidText,
}

impl Reply {
    /// The next of the values.
    ///
    /// # Errors
    /// [`Error::Decode`] where it is of another type, or where there is none left.
    pub fn value<A, T>(&mut self) -> Result<T, Error>
    where
        A: for<'de> DeserializeAs<'de, T>,
    {
        let value = self.values.next().unwrap_or_default();
        let read = self.text.scope(|| decode_as::<A, T>(&value));
        read.map_err(|source| Error::Decode { target: self.target.to_string(), source })
    }
}
