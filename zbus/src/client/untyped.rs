//! Calls without a stub: the names, arguments and result types are the caller's own.

use std::fmt;
use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_with::Same;

use super::{CallOptions, Client, RemoteObject};
use crate::ObjectId;
use crate::broker::BoxFuture;
use crate::error::Error;
use crate::stream::Subscription;
use crate::types::Value;
use crate::untyped::Variadic;
use crate::wire::{Bins, Document, InvalidText, decode_document};

impl Client {
    /// A call of a method that no schema describes; sent when it is awaited. All names are those on the wire.
    ///
    /// The arguments are a tuple: `()` for none, `(1.0,)` for one. A [`Variadic`] may be its last, or stand alone.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let object = zbus::UntypedObject::new("calculator@1.0")
    /// #     .method("DivMod", |a: i64, b: i64| async move { (a / b, a % b) });
    /// # let server = zbus::Server::new("calc").register(object)?.start("memory://request-docs").await?;
    /// # let client = zbus::Client::connect("memory://request-docs").await?;
    /// let reply = client.request("calc", "calculator@1.0", "DivMod", (17, 5)).await?;
    /// let (quotient, remainder): (i64, i64) = reply.get()?;
    /// # assert_eq!((quotient, remainder), (3, 2));
    /// # server.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn request(
        &self,
        module: impl Into<String>,
        object: impl Into<ObjectId>,
        method: impl Into<String>,
        arguments: impl RequestArguments,
    ) -> UntypedRequest {
        let mut encoded = Encoded::default();
        let arguments = arguments.encode(&mut encoded).map(|()| encoded.0);
        let object = RemoteObject::new(self.clone(), module, object.into());
        UntypedRequest { object, method: method.into(), arguments, throws: None }
    }

    /// Listens to events that no schema describes: as [`Value`]s (`Subscription<Value>`), or as what they are known to be. Subscribed
    /// when this returns.
    ///
    /// ```
    /// # use futures::StreamExt;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let client = zbus::Client::connect("memory://subscribe-docs").await?;
    /// let mut results = client.subscribe::<f64>("calc", "calculator@1.0", "Results").await?;
    /// client.publish("calc", "calculator@1.0", "Results", &2.5).await?;
    /// assert_eq!(results.next().await.unwrap()?, 2.5);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Broker`] where the broker is out of reach or refuses.
    pub async fn subscribe<T: DeserializeOwned>(
        &self,
        module: impl Into<String>,
        object: impl Into<ObjectId>,
        event: &str,
    ) -> Result<Subscription<T>, Error> {
        RemoteObject::new(self.clone(), module, object.into()).subscribe::<Same, T>(event).await
    }

    /// Publishes an event that no schema describes, and waits until the broker has it. Nobody may be listening.
    ///
    /// # Errors
    /// [`Error::Encode`] where the event cannot travel, [`Error::Broker`] where the broker is out of reach or refuses.
    pub async fn publish<T: Serialize + ?Sized>(
        &self,
        module: impl Into<String>,
        object: impl Into<ObjectId>,
        event: &str,
        value: &T,
    ) -> Result<(), Error> {
        RemoteObject::new(self.clone(), module, object.into()).publish::<Same, T>(event, value).await
    }
}

/// A call of a method that no schema describes, made by [`Client::request`]: awaited, it gives what the method returned.
///
/// Dropping the future that awaits it gives the call up, as [`Request::call`](super::Request::call) says.
#[must_use = "nothing is sent before this is awaited, or sent by `send`"]
pub struct UntypedRequest {
    object: RemoteObject,
    method: String,
    arguments: Result<Bins, Error>,
    throws: Option<bool>,
}

impl UntypedRequest {
    /// The time limit of this call, in place of the client's.
    pub fn timeout(self, limit: Duration) -> Self {
        self.options(CallOptions::new().timeout(limit))
    }

    /// Options of this call; what they do not say is as the client has it.
    pub fn options(self, options: CallOptions) -> Self {
        Self { object: self.object.with_options(options), ..self }
    }

    /// Says whether the method may fail by its own will: `throws` in a schema, a last result `error` in Go.
    ///
    /// Only a reply of generation 0 of the wire needs to be told: there, what was thrown is one element more. Not told, a last element
    /// that is a map of `Message` counts as thrown, and a nil behind other elements says that nothing was. So a method that does
    /// not throw, and whose last of several values may be nil, or whose value is such a map, is read wrongly unless this is set.
    pub fn throws(self, throws: bool) -> Self {
        Self { throws: Some(throws), ..self }
    }

    /// Sends the request without waiting for an answer, only until the broker has it. Servers of this library do not answer; the answer
    /// of others is dropped.
    ///
    /// # Errors
    /// [`Error::Encode`] where an argument cannot travel, [`Error::Broker`] where the request could not be written,
    /// [`Error::Timeout`] where that took too long.
    pub async fn send(self) -> Result<(), Error> {
        self.object.request(&self.method).encoded(self.arguments?).send().await
    }
}

/// The errors are [`Error::Encode`] where an argument cannot travel, [`Error::Remote`] with what the method has thrown, and those of
/// [`Request::call`](super::Request::call).
impl IntoFuture for UntypedRequest {
    type Output = Result<Returned, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let request = self.object.request(&self.method).encoded(self.arguments?);
            let document = request.call_untyped(self.throws).await?;
            Ok(Returned { target: self.object.queue, document, text: self.object.client.invalid_text() })
        })
    }
}

impl fmt::Debug for UntypedRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let target = format_args!("{}.{}", self.object.queue, self.method);
        formatter.debug_struct("UntypedRequest").field("target", &target).finish_non_exhaustive()
    }
}

/// What a method returned that no schema describes.
#[derive(Clone, Debug)]
pub struct Returned {
    target: Arc<str>,
    document: Option<Bytes>,
    text: InvalidText,
}

impl Returned {
    /// The value, as the type asked for; several as a tuple, or as a list. A method that returns nothing gives `()`, or whatever a nil
    /// is read as.
    ///
    /// # Errors
    /// [`Error::Decode`] where it is of another type. So is, for every type but `()`, a reply that holds nothing at all: Go sends that
    /// for a method that returns nothing, but also when it could not encode a result.
    pub fn get<T: DeserializeOwned>(&self) -> Result<T, Error> {
        self.text
            .scope(|| decode_document(self.document.as_deref()))
            .map_err(|source| Error::Decode { target: self.target.to_string(), source })
    }

    /// What the method returned as a [`Value`]; several values are an array.
    ///
    /// # Errors
    /// Those of [`Returned::get`].
    pub fn value(&self) -> Result<Value, Error> {
        self.get()
    }

    /// The value as it came, for programs with a codec of their own; several are an array. Nil where the reply holds nothing at all.
    ///
    /// # Errors
    /// [`Error::Decode`] where the bytes are not one whole value.
    pub fn document(&self) -> Result<Document, Error> {
        let Some(bytes) = &self.document else { return Ok(Document::default()) };
        Document::new(bytes.clone()).map_err(|source| Error::Decode { target: self.target.to_string(), source })
    }

    /// True where the reply holds nothing at all, not even a nil.
    pub fn is_empty(&self) -> bool {
        self.document.is_none()
    }
}

/// What [`Client::request`] takes for arguments: a tuple of up to 12 values, or a [`Variadic`] alone.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tuple of arguments",
    label = "not the arguments of a request",
    note = "arguments are a tuple of up to 12 values that implement `Serialize`: `(1.0, \"text\")`, `(value,)` for one, `()` for none; \
            a `zbus::untyped::Variadic` may be the last of them, or stand alone"
)]
pub trait RequestArguments: sealed::Encode {}

mod sealed {
    use crate::error::Error;
    use crate::wire::Bins;

    /// Arguments on their way.
    #[derive(Debug, Default)]
    pub struct Encoded(pub(super) Bins);

    pub trait Encode {
        fn encode(self, arguments: &mut Encoded) -> Result<(), Error>;
    }

    /// The last argument: one value, or those of a variadic parameter.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be the argument of a request",
        note = "an argument implements `Serialize`, or is the last and a `zbus::untyped::Variadic` of what does"
    )]
    pub trait LastArgument {
        fn encode_last(&self, arguments: &mut Encoded) -> Result<(), Error>;
    }
}

use sealed::{Encode, Encoded, LastArgument};

fn encode_one<T: Serialize + ?Sized>(value: &T, arguments: &mut Encoded) -> Result<(), Error> {
    let position = arguments.0.count() + 1;
    arguments.0.push::<Same, T>(value).map_err(|source| Error::Encode { what: format!("argument {position}"), source })
}

impl<T: Serialize> LastArgument for T {
    fn encode_last(&self, arguments: &mut Encoded) -> Result<(), Error> {
        encode_one(self, arguments)
    }
}

impl<T: Serialize> LastArgument for Variadic<T> {
    fn encode_last(&self, arguments: &mut Encoded) -> Result<(), Error> {
        self.0.iter().try_for_each(|value| encode_one(value, arguments))
    }
}

impl RequestArguments for () {}

impl Encode for () {
    fn encode(self, _arguments: &mut Encoded) -> Result<(), Error> {
        Ok(())
    }
}

impl<T: Serialize> RequestArguments for Variadic<T> {}

impl<T: Serialize> Encode for Variadic<T> {
    fn encode(self, arguments: &mut Encoded) -> Result<(), Error> {
        self.encode_last(arguments)
    }
}

macro_rules! tuples {
    ($([$($first:ident)*] $last:ident;)*) => {
        $(
            impl<$($first: Serialize,)* $last: LastArgument> RequestArguments for ($($first,)* $last,) {}

            impl<$($first: Serialize,)* $last: LastArgument> Encode for ($($first,)* $last,) {
                #[allow(non_snake_case, reason = "a value is named as its type")]
                fn encode(self, arguments: &mut Encoded) -> Result<(), Error> {
                    let ($($first,)* $last,) = self;
                    $(encode_one(&$first, arguments)?;)*
                    $last.encode_last(arguments)
                }
            }
        )*
    };
}

tuples! {
    [] A;
    [A] B;
    [A B] C;
    [A B C] D;
    [A B C D] E;
    [A B C D E] F;
    [A B C D E F] G;
    [A B C D E F G] H;
    [A B C D E F G H] I;
    [A B C D E F G H I] J;
    [A B C D E F G H I J] K;
    [A B C D E F G H I J K] L;
}
