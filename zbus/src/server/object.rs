//! What a server serves: objects, as the compiler generates them from a schema or a program builds them itself.

mod blocking;
mod events;
mod options;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use serde_with::{DeserializeAs, SerializeAs};

pub(super) use self::blocking::Blocking;
pub(super) use self::events::panic_text;
pub use self::events::{Publisher, Streams};
pub use self::options::ObjectOptions;
use super::rejection::Rejection;
use super::workers::Busy;
use crate::ObjectId;
use crate::context::{CallState, Context};
use crate::error::RejectionKind;
use crate::failure::Failure;
use crate::wire::{Document, Elements, ElementsIter, OutgoingResponse};

/// An object that a [`Server`](crate::Server) serves. The compiler generates an implementation over each object's trait.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an object that a server serves",
    label = "not an object",
    note = "what implements the trait of a schema's object is served within its generated server: \
            `.register(CalculatorServer::new(service))`"
)]
pub trait Object: Send + Sync + 'static {
    /// Its name and version on the bus.
    fn id(&self) -> ObjectId;

    /// The module that its schema names; none for an object that any module may serve.
    fn module(&self) -> Option<&str> {
        None
    }

    /// The hash of its contract, which its status tells; none for an object that comes from no schema.
    fn contract(&self) -> Option<&str> {
        None
    }

    /// Why the object cannot be served: asked when it is registered, and told as [`RegisterError::Faulty`](super::RegisterError::Faulty).
    fn fault(&self) -> Option<&str> {
        None
    }

    /// Runs a method. The future is dropped where the call is given up: see [`Context`].
    ///
    /// # Errors
    /// What keeps the method from being run, or its values from travelling. What the method itself throws is part of the returns.
    fn call(&self, call: Call) -> impl Future<Output = Result<Returns, Rejection>> + Send;

    /// Adds the object's streams, each to be started once, when the server starts.
    fn streams(&self, streams: &mut Streams) {
        let _ = streams;
    }
}

/// An object that other parts of the program hold too.
impl<O: Object> Object for Arc<O> {
    fn id(&self) -> ObjectId {
        O::id(self)
    }

    fn module(&self) -> Option<&str> {
        O::module(self)
    }

    fn contract(&self) -> Option<&str> {
        O::contract(self)
    }

    fn fault(&self) -> Option<&str> {
        O::fault(self)
    }

    fn call(&self, call: Call) -> impl Future<Output = Result<Returns, Rejection>> + Send {
        O::call(self, call)
    }

    fn streams(&self, streams: &mut Streams) {
        O::streams(self, streams);
    }
}

/// A call of a method.
#[derive(Debug)]
pub struct Call {
    state: Arc<CallState>,
    arguments: Elements,
    /// The worker that runs it.
    worker: Busy,
}

impl Call {
    pub(crate) fn new(state: Arc<CallState>, arguments: Elements, worker: Busy) -> Self {
        Self { state, arguments, worker }
    }

    /// The worker, which is busy for as long as this is held.
    pub(crate) fn worker(&self) -> Busy {
        self.worker.clone()
    }

    /// What the method may know of its call. It is [`Context::current`] while [`Object::call`] runs.
    pub fn context(&self) -> Context {
        Arc::clone(&self.state).into()
    }

    /// Keeps the method from being dropped at its deadline, or when its caller gives it up: it runs to its end, and its answer is
    /// discarded then. Only a server that stops, and has waited for it as long as [`Server::drain`](crate::Server::drain) says, still
    /// drops it. What a schema's `@uninterruptible` is made of: to be called before the first `.await`.
    pub fn run_to_end(&self) {
        self.state.run_to_end();
    }

    /// The name of the method on the wire.
    pub fn method(&self) -> &str {
        self.state.method()
    }

    /// What the caller says about itself and its call, `traceparent` among it. Empty from Go and rbus.
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.state.metadata
    }

    /// The arguments, if there are `count` of them.
    ///
    /// # Errors
    /// [`RejectionKind::BadArguments`] if there are fewer or more.
    pub fn arguments(&self, count: usize) -> Result<Arguments<'_>, Rejection> {
        let given = self.arguments.len();
        if given == count {
            Ok(Arguments { arguments: self.arguments.iter() })
        } else {
            Err(self.wrong_count(&count.to_string()))
        }
    }

    /// The arguments, if there are at least `count` of them: of a method whose last parameter takes any number.
    ///
    /// # Errors
    /// [`RejectionKind::BadArguments`] if there are fewer.
    pub fn variadic_arguments(&self, count: usize) -> Result<Arguments<'_>, Rejection> {
        if self.arguments.len() < count {
            return Err(self.wrong_count(&format!("at least {count}")));
        }
        Ok(Arguments { arguments: self.arguments.iter() })
    }

    /// The arguments as they came, each a `MessagePack` document of its own: for a language binding, which has its own codec.
    ///
    /// They are as deep and as large as the server allows, but need not be `MessagePack`: a caller may send anything.
    pub fn encoded_arguments(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.arguments.iter()
    }

    fn wrong_count(&self, expected: &str) -> Rejection {
        let arguments = if matches!(expected, "1" | "at least 1") { "argument" } else { "arguments" };
        let given = match self.arguments.len() {
            1 => "1 was".to_owned(),
            given => format!("{given} were"),
        };
        let message = format!("`{}` takes {expected} {arguments}, {given} given", self.state.method());
        Rejection::new(RejectionKind::BadArguments, message)
    }

    /// Values to be returned, none yet.
    pub fn returns(&self) -> Returns {
        Returns { response: OutgoingResponse::new(self.state.generation, self.state.id()) }
    }

    /// Checks that the method had a body of its own: [`not_implemented`](crate::codegen::not_implemented) was not called. For generated
    /// code, once the method has run.
    ///
    /// # Errors
    /// [`RejectionKind::UnknownMethod`] if the server has not implemented the method.
    #[doc(hidden)]
    pub fn implemented(&self) -> Result<(), Rejection> {
        if self.state.is_not_implemented() {
            let (object, method) = (&self.state.object, self.state.method());
            let message = format!("`{method}` of `{object}` is not implemented by this server");
            return Err(Rejection::new(RejectionKind::UnknownMethod, message));
        }
        Ok(())
    }

    /// The rejection of a method that the object does not have.
    pub fn unknown_method(&self) -> Rejection {
        Rejection::new(
            RejectionKind::UnknownMethod,
            format!("`{}` has no method `{}`", self.state.object, self.state.method()),
        )
    }
}

/// The arguments of a call, to be read in order.
#[derive(Debug)]
pub struct Arguments<'a> {
    arguments: ElementsIter<'a>,
}

impl Arguments<'_> {
    /// The next argument; its name is for errors alone.
    ///
    /// # Errors
    /// [`RejectionKind::BadArguments`] if it is of another type, or if there is none left.
    pub fn next<A, T>(&mut self, name: &str) -> Result<T, Rejection>
    where
        A: for<'de> DeserializeAs<'de, T>,
    {
        let read = self
            .arguments
            .read_next::<A, T>()
            .ok_or_else(|| Rejection::new(RejectionKind::BadArguments, format!("the argument `{name}` is missing")))?;
        read.map_err(|error| {
            Rejection::new(
                RejectionKind::BadArguments,
                format!("the argument `{name}` is not what it should be: {error}"),
            )
        })
    }

    /// The next argument as it came, for programs with a codec of their own.
    ///
    /// # Errors
    /// [`RejectionKind::BadArguments`] where it is not one whole value, or where there is none left.
    pub fn next_document(&mut self, name: &str) -> Result<Document, Rejection> {
        let rejection = |why: String| Rejection::new(RejectionKind::BadArguments, why);
        let argument = self.arguments.next().ok_or_else(|| rejection(format!("the argument `{name}` is missing")))?;
        Document::new(argument.to_vec())
            .map_err(|error| rejection(format!("the argument `{name}` is not what it should be: {error}")))
    }

    /// All that are left.
    ///
    /// # Errors
    /// [`RejectionKind::BadArguments`] where one is of another type.
    pub fn rest<A, T>(&mut self, name: &str) -> Result<Vec<T>, Rejection>
    where
        A: for<'de> DeserializeAs<'de, T>,
    {
        let mut rest = Vec::with_capacity(self.arguments.len());
        while self.arguments.len() > 0 {
            rest.push(self.next::<A, T>(name)?);
        }
        Ok(rest)
    }
}

/// The values that a method returns, and what it has thrown.
#[derive(Debug)]
pub struct Returns {
    response: OutgoingResponse,
}

impl Returns {
    /// Adds the next value. Beside what was thrown it is the type's zero value: Go's callers read it first.
    ///
    /// # Errors
    /// [`RejectionKind::BadReply`] if it cannot travel.
    pub fn value<A, T>(&mut self, value: &T) -> Result<(), Rejection>
    where
        A: SerializeAs<T> + ?Sized,
        T: ?Sized,
    {
        self.response.value::<A, T>(value).map_err(|error| {
            Rejection::new(RejectionKind::BadReply, format!("a returned value cannot be encoded: {error}"))
        })
    }

    /// Adds the next value from its encoded form, which is written as it is: for a language binding, which has its own codec.
    ///
    /// # Errors
    /// [`RejectionKind::BadReply`] if it is not one `MessagePack` document, or nests deeper than 128 lists and maps.
    pub fn encoded(&mut self, document: &[u8]) -> Result<(), Rejection> {
        self.response.encoded(document).map_err(|error| {
            Rejection::new(RejectionKind::BadReply, format!("a returned value is not one encoded document: {error}"))
        })
    }

    /// Says what a method that throws has thrown, or that it has not. Once for each such method, after the values.
    pub fn throws(&mut self, failure: Option<Failure>) {
        self.response.throws(failure);
    }

    pub(crate) fn has_thrown(&self) -> bool {
        self.response.has_thrown()
    }

    pub(crate) fn encode(self, max_size: usize) -> Result<Bytes, Rejection> {
        let too_large = |why: String| Rejection::new(RejectionKind::ReplyTooLarge, why);
        let message =
            self.response.encode().map_err(|error| too_large(format!("the reply cannot be encoded: {error}")))?;
        if message.len() > max_size {
            let size = message.len();
            return Err(too_large(format!(
                "the reply is {size} bytes, more than the {max_size} that this server sends"
            )));
        }
        Ok(message)
    }
}

#[cfg(test)]
mod tests {
    use serde_with::Same;

    use super::*;
    use crate::client::RemoteObject;
    use crate::{Client, Generation, Server};

    /// Gives back its arguments as they came, as a language binding with its own codec would.
    struct Mirror;

    impl Object for Mirror {
        fn id(&self) -> ObjectId {
            ObjectId::from_static("mirror", "1.0")
        }

        async fn call(&self, call: Call) -> Result<Returns, Rejection> {
            let mut returns = call.returns();
            if call.method() == "Broken" {
                for document in [&b""[..], b"\xc3\xc3", b"\x92\xc3", b"\xc1", &[0x91; 200]] {
                    let rejection = returns.encoded(document).unwrap_err();
                    assert_eq!(rejection.kind, RejectionKind::BadReply, "{document:x?}");
                }
            }
            for argument in call.encoded_arguments() {
                returns.encoded(argument)?;
            }
            Ok(returns)
        }
    }

    #[tokio::test]
    async fn encoded_arguments_and_values_pass_as_they_are() {
        let server = Server::new("mirrors").register(Mirror).unwrap().start("memory://mirror").await.unwrap();
        for generation in [Generation::Zero, Generation::One] {
            let client = Client::builder().generation(generation).connect("memory://mirror").await.unwrap();
            let object = RemoteObject::new(client, "mirrors", Mirror.id());
            for method in ["Whole", "Broken"] {
                let mut request = object.request(method);
                request.argument::<Same, _>("number", &7_u8).unwrap();
                request.argument::<Same, _>("texts", &["a", "b"]).unwrap();
                let mut reply = request.call(2).await.unwrap();
                assert_eq!(reply.value::<Same, u8>().unwrap(), 7);
                assert_eq!(reply.value::<Same, Vec<String>>().unwrap(), ["a", "b"]);
            }
        }
        server.shutdown().await;
    }
}
