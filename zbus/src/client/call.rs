//! One call: its arguments, the wait for its reply, and the reply's values.

use std::sync::Arc;
use std::time::Duration;
use std::vec;

use bytes::Bytes;
use serde_with::{DeserializeAs, SerializeAs};
use tokio::time::Instant;

use super::in_flight::{Entered, ended};
use super::options::TimeLimit;
use super::{CallOptions, RemoteObject, ReplyMode, Tag};
use crate::broker::Write;
use crate::error::Error;
use crate::wire::{Bins, Body, DecodeError, EncodeError, Generation, OutgoingRequest, Response, Thrown, decode_as};

/// A call to be made.
#[derive(Debug)]
#[must_use = "nothing is sent before `call`, `call_throwing` or `send`"]
pub struct Request<'a> {
    object: &'a RemoteObject,
    method: &'a str,
    arguments: Bins,
    options: CallOptions,
    /// What the schema says of the method.
    method_limit: Option<Duration>,
}

impl<'a> Request<'a> {
    pub(super) fn new(object: &'a RemoteObject, method: &'a str) -> Self {
        Self { object, method, arguments: Bins::default(), options: object.options.clone(), method_limit: None }
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
        let options = options.over(&self.options);
        Self { options, ..self }
    }

    /// Calls a method that does not throw, and waits for its `returns` values.
    ///
    /// Dropping the future gives the call up: it is withdrawn if no server has taken it yet, and no more than 255 others wait before
    /// it. Otherwise a server drops it once its deadline has passed.
    ///
    /// # Errors
    /// [`Error::Timeout`] at the deadline, [`Error::NoServer`] where no server has shown itself by then, [`Error::Rejected`] where the server could not run the method, [`Error::Broker`] where the
    /// request could not be written, [`Error::Decode`] and [`Error::Generation`] where the reply is not what was expected.
    pub async fn call(self, returns: usize) -> Result<Reply, Error> {
        self.exchange(|body| body.returns(returns, false)).await.map(|values| self.reply(values))
    }

    /// The like for a method that throws.
    ///
    /// # Errors
    /// Those of [`Request::call`], and [`Error::Remote`] with what the method has thrown.
    pub async fn call_throwing(self, returns: usize) -> Result<Reply, Error> {
        self.exchange(|body| body.returns(returns, true)).await.map(|values| self.reply(values))
    }

    /// The like for a method of which no more is known than whether it throws, or not even that. The values are one document.
    pub(super) async fn call_untyped(self, throws: Option<bool>) -> Result<Option<Bytes>, Error> {
        self.exchange(|body| body.document(throws)).await
    }

    /// Sends a request that is not answered, and waits until the broker has it.
    ///
    /// # Errors
    /// [`Error::Broker`] where it could not be written, [`Error::Timeout`] where that took too long.
    pub async fn send(self) -> Result<(), Error> {
        if self.options.fails_fast {
            self.require_server(self.deadline()).await?;
        }
        let id = self.object.client.shared.in_flight.enter().id();
        let message = self.encode(&id, true)?;
        let write = self.object.client.write(self.write(message));
        let written = match self.limit() {
            None => write.await,
            Some(limit) => tokio::time::timeout(limit, write).await.unwrap_or_else(|_| Err(self.timed_out(true))),
        };
        written.map_err(|error| match error {
            Error::Broker(error) => self.object.not_written(error),
            error => error,
        })
    }

    async fn exchange<R>(&self, read: impl FnOnce(Body) -> Read<R>) -> Result<R, Error> {
        let deadline = self.deadline();
        if self.options.fails_fast {
            self.require_server(deadline).await?;
        }
        let entered = self.object.client.shared.in_flight.enter();
        let message = self.encode(&entered.id(), false)?;
        let mut pending = Pending { object: self.object, entered, message };
        let answered = pending.exchange(self.write(pending.message.clone()), self.options.replies());
        let answer = match deadline {
            None => answered.await,
            Some(deadline) => match tokio::time::timeout_at(deadline, answered).await {
                Ok(answer) => answer,
                Err(_) => {
                    let written = pending.give_up();
                    let error = self.timed_out(written);
                    if written {
                        return Err(error);
                    }
                    return Err(self.object.unanswered(self.limit().unwrap_or_default(), error).await);
                }
            },
        };
        self.read(answer?, read)
    }

    fn encode(&self, id: &str, one_way: bool) -> Result<Bytes, Error> {
        let shared = &self.object.client.shared;
        let metadata = self.options.metadata_bytes();
        if metadata > CallOptions::MAX_METADATA_BYTES {
            let source = EncodeError::new(format!("{metadata} bytes, of at most {}", CallOptions::MAX_METADATA_BYTES));
            return Err(Error::Encode { what: "metadata".to_owned(), source });
        }
        let limit = self.limit().and_then(|limit| i64::try_from(limit.as_millis()).ok());
        let request = OutgoingRequest {
            generation: shared.generation,
            id,
            reply_to: &shared.inbox,
            object: &self.object.id,
            method: self.method,
            arguments: &self.arguments,
            deadline: limit.map(|limit| shared.clock.now().saturating_add(limit)),
            metadata: self.options.entries(),
            one_way,
        };
        let message = request.encode().map_err(|source| Error::Encode { what: self.method.to_owned(), source })?;
        self.object.client.fitting(self.method, message)
    }

    fn write(&self, message: Bytes) -> Write {
        let (list, expire) = (Arc::clone(&self.object.queue), self.object.expiry);
        match self.options.queue_limit {
            Some(limit) if expire.is_none() => Write::PushBelow { list, message, limit },
            _ => Write::Push { list, message, expire },
        }
    }

    fn timed_out(&self, written: bool) -> Error {
        Error::Timeout { target: self.target(), after: self.limit().unwrap_or_default(), written }
    }

    /// The end of a call that begins now.
    fn deadline(&self) -> Option<Instant> {
        self.limit().and_then(|limit| Instant::now().checked_add(limit))
    }

    async fn require_server(&self, deadline: Option<Instant>) -> Result<(), Error> {
        self.object.require_server(deadline, self.limit().unwrap_or_default()).await
    }

    /// None where the call may wait for ever.
    fn limit(&self) -> Option<Duration> {
        let method = self.method_limit.map(TimeLimit::After);
        self.options.limit.or(method).unwrap_or(self.object.client.shared.limit).duration()
    }

    fn target(&self) -> String {
        self.object.queue.to_string()
    }

    fn reply(&self, values: Vec<Bytes>) -> Reply {
        Reply { target: Arc::clone(&self.object.queue), values: values.into_iter() }
    }

    fn read<R>(&self, response: Response, read: impl FnOnce(Body) -> Read<R>) -> Result<R, Error> {
        let answered = match response.body {
            Body::One { .. } => Generation::One,
            Body::Zero { .. } => Generation::Zero,
        };
        let sent = self.object.client.shared.generation;
        if sent != Generation::Auto && sent != answered {
            return Err(Error::Generation { target: self.target(), sent, answered });
        }
        if let Some((kind, message)) = response.rejection {
            return Err(Error::Rejected { target: self.target(), kind, message });
        }
        match read(response.body) {
            Ok(Ok(values)) => Ok(values),
            Ok(Err(thrown)) => Err(thrown.into()),
            Err(source) => Err(Error::Decode { target: self.target(), source }),
        }
    }
}

/// What a reply holds: values, or what was thrown.
type Read<R> = Result<Result<R, Thrown>, DecodeError>;

/// A call under way. Dropped before its answer, it is withdrawn.
struct Pending<'a> {
    object: &'a RemoteObject,
    entered: Entered,
    message: Bytes,
}

impl Pending<'_> {
    async fn exchange(&mut self, write: Write, replies: ReplyMode) -> Result<Response, Error> {
        let tag = Tag::Call(self.entered.number);
        let shared = &self.object.client.shared;
        let _list = match replies {
            ReplyMode::Inbox => None,
            ReplyMode::PerCall => Some(shared.reply_lists.open(self.entered.id()).await?),
        };
        shared.outbox.send(tag, write).await.map_err(|_| ended(false))?;
        match (&mut self.entered.answered).await {
            Ok(answer) => answer.map_err(|error| self.object.not_written(error)),
            Err(_) => Err(ended(true).into()),
        }
    }

    /// Whether the request was, or may have been, written.
    fn give_up(&self) -> bool {
        let written = self.entered.leave();
        if written == Some(true) {
            let broker = Arc::clone(&self.object.client.shared.broker);
            let (queue, message) = (Arc::clone(&self.object.queue), self.message.clone());
            self.object.client.shared.runtime.spawn(async move {
                // Where this fails, the deadline that the request carries ends it.
                if let Err(error) = broker.withdraw(&queue, message).await {
                    tracing::debug!(%error, "a call that was given up is not withdrawn");
                }
            });
        }
        written.unwrap_or(true)
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        self.give_up();
    }
}

/// The values that a method returned, to be read in order.
#[derive(Debug)]
pub struct Reply {
    target: Arc<str>,
    values: vec::IntoIter<Bytes>,
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
        decode_as::<A, T>(&value).map_err(|source| Error::Decode { target: self.target.to_string(), source })
    }
}
