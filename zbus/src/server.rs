//! The serving side: a process under the name of a module, and the objects that it serves.

mod calls;
mod intake;
mod lifecycle;
mod object;
mod rejection;
mod replies;
mod state;
mod untyped;
mod workers;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use self::calls::{AnyObject, Registered};
pub use self::lifecycle::RunningServer;
use self::lifecycle::{Plan, StopSignals};
use self::object::Blocking;
pub use self::object::{Arguments, Call, Object, ObjectOptions, Publisher, Returns, Streams};
pub use self::rejection::Rejection;
use self::state::Limits;
pub use self::untyped::{
    Event, Function, LastParameter, MethodFuture, MethodName, Parameter, Parameters, ThrowingFuture, UntypedObject,
};
use crate::ObjectId;
use crate::broker::{self, Broker};
pub use crate::context::Context;
use crate::error::Error;
use crate::wire::{DEFAULT_MAX_MESSAGE_SIZE, Depth, InvalidText, MOST_MESSAGE_SIZE};

/// How many calls run at once by default.
const DEFAULT_WORKERS: u32 = 16;

/// The status tells of each of them, in one message.
const MOST_WORKERS: u32 = 1 << 16;

/// How long calls may go on by default after the server was asked to stop.
const DEFAULT_DRAIN: Duration = Duration::from_secs(30);

/// A server of a module: register its objects, then serve.
#[must_use = "a server does nothing before it serves"]
pub struct Server {
    module: String,
    workers: u32,
    drain: Duration,
    wait: Duration,
    any_module: bool,
    version: Option<String>,
    contracts: BTreeMap<String, String>,
    limits: Limits,
    objects: HashMap<ObjectId, Registered>,
    streams: Vec<(ObjectId, Streams)>,
}

impl Server {
    /// A server of this module: the name that callers know.
    pub fn new(module: impl Into<String>) -> Self {
        Self {
            module: module.into(),
            workers: DEFAULT_WORKERS,
            drain: DEFAULT_DRAIN,
            wait: Duration::ZERO,
            any_module: false,
            version: None,
            contracts: BTreeMap::new(),
            limits: Limits {
                call_time: None,
                message_size: DEFAULT_MAX_MESSAGE_SIZE,
                depth: Depth::default(),
                invalid_text: InvalidText::default(),
            },
            objects: HashMap::new(),
            streams: Vec::new(),
        }
    }

    /// How many calls run at once, and so how many are taken from the broker: 1 to 65,536, 16 unless set. A number outside is taken as
    /// the nearest. Other calls wait in the broker, for this or another server of the module. While more than 64 replies are not written,
    /// because the broker is slow or takes none, each of them keeps one worker from the next call.
    pub fn workers(self, workers: u32) -> Self {
        Self { workers: workers.clamp(1, MOST_WORKERS), ..self }
    }

    /// How long the calls that run may go on after the server was asked to stop: 30 s unless set. Calls that have not ended then are
    /// cut off, and answered as [`Stopping`](crate::RejectionKind::Stopping).
    pub fn drain(self, limit: Duration) -> Self {
        Self { drain: limit, ..self }
    }

    /// How long a call may run, from when it is taken, whatever its caller's deadline: no limit unless set. Calls from Go's zbus and
    /// rbus have no deadline, nor have those of this library that wait for ever. Without this limit they run for as long as their methods
    /// do. At the limit the call ends as at its deadline, and its caller gets [`Expired`](crate::RejectionKind::Expired).
    /// `@uninterruptible` methods run to their end.
    pub fn max_call_time(self, limit: Duration) -> Self {
        Self { limits: Limits { call_time: Some(limit), ..self.limits }, ..self }
    }

    /// How large a message may be, in bytes: 64 MiB unless set, and at most 512 MiB, which is what Redis takes. A larger request is
    /// refused, a larger reply is [`ReplyTooLarge`](crate::RejectionKind::ReplyTooLarge), a larger event is logged and dropped.
    pub fn max_message_size(self, bytes: usize) -> Self {
        Self { limits: Limits { message_size: bytes.min(MOST_MESSAGE_SIZE), ..self.limits }, ..self }
    }

    /// The maximum nesting depth of lists and maps in an argument: 1 to 128, 128 unless set. A number outside is taken as the nearest.
    /// More would not be safe for the stack of every thread. A request with a deeper argument is refused as
    /// [`BadArguments`](crate::RejectionKind::BadArguments). With a limit below 128 each argument is scanned once more.
    pub fn max_depth(self, levels: usize) -> Self {
        Self { limits: Limits { depth: Depth::new(levels), ..self.limits }, ..self }
    }

    /// What happens to a text in an argument that is not UTF-8: the request is refused as
    /// [`BadArguments`](crate::RejectionKind::BadArguments), unless set otherwise. Go's servers take any bytes.
    pub fn invalid_text(self, choice: InvalidText) -> Self {
        Self { limits: Limits { invalid_text: choice, ..self.limits }, ..self }
    }

    /// How long to wait at the start for a broker that is out of reach or not ready yet: not at all unless set, for ever with
    /// `Duration::MAX`. The server always waits for a broker that it loses later.
    pub fn wait_for_broker(self, limit: Duration) -> Self {
        Self { wait: limit, ..self }
    }

    /// Allows objects whose schema names another module.
    pub fn any_module(self) -> Self {
        Self { any_module: true, ..self }
    }

    /// The version of the program, for [`Status::version`](crate::status::Status::version): usually
    /// `env!("CARGO_PKG_VERSION")`.
    pub fn version(self, version: impl Into<String>) -> Self {
        Self { version: Some(version.into()), ..self }
    }

    /// Adds an object.
    ///
    /// # Errors
    /// An object of this name and version is registered already, is that of the status (`zbus@1.0`), belongs to another module, or cannot
    /// be served.
    pub fn register<O: Object>(self, object: O) -> Result<Self, RegisterError> {
        self.register_with(object, ObjectOptions::new())
    }

    /// Adds an object that is served in another way than the others: with workers of its own, or on threads for methods that block.
    ///
    /// # Errors
    /// Those of [`Server::register`].
    #[expect(clippy::needless_pass_by_value, reason = "options to come may not be `Copy`")]
    pub fn register_with<O: Object>(mut self, object: O, options: ObjectOptions) -> Result<Self, RegisterError> {
        let id = object.id();
        if id == ObjectId::STATUS {
            return Err(RegisterError::Reserved);
        }
        if let Some(fault) = object.fault() {
            return Err(RegisterError::Faulty { id, fault: fault.to_owned() });
        }
        if let Some(module) = object.module()
            && module != self.module
            && !self.any_module
        {
            return Err(RegisterError::OtherModule { id, module: module.to_owned(), server: self.module });
        }
        if self.objects.contains_key(&id) {
            return Err(RegisterError::Twice { id });
        }
        let mut streams = Streams::default();
        object.streams(&mut streams);
        if let Some(contract) = object.contract() {
            self.contracts.insert(id.to_string(), contract.to_owned());
        }
        self.streams.push((id.clone(), streams));
        let ObjectOptions { workers, blocking } = options;
        let object: Arc<dyn AnyObject> = if blocking { Arc::new(Blocking(Arc::new(object))) } else { Arc::new(object) };
        let workers = workers.map(|workers| workers.clamp(1, MOST_WORKERS));
        self.objects.insert(id, Registered { object, workers });
        Ok(self)
    }

    /// Serves at the broker of an address (see [`Client::connect`](crate::Client::connect)) until Ctrl-C or `SIGTERM`, then drains:
    /// no more is taken, what runs ends, all is answered. Another Ctrl-C or `SIGTERM` ends that at once: what still runs is cut off,
    /// and its callers get [`Stopping`](crate::RejectionKind::Stopping). This takes 1 s at most.
    ///
    /// A method that blocks its thread cannot be cut off. This returns nevertheless, but a tokio runtime that is dropped, as
    /// `#[tokio::main]` does at the end of `main`, waits for its threads. To end the process at once, leave such a thread behind:
    ///
    /// ```no_run
    /// # use zbus::{Server, UntypedObject};
    /// fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let runtime = tokio::runtime::Runtime::new()?;
    ///     let object = UntypedObject::new("calculator").method("Add", |a: f64, b: f64| async move { a + b });
    ///     let served = runtime.block_on(Server::new("calc").register(object)?.serve("redis://127.0.0.1:6379"));
    ///     runtime.shutdown_background();
    ///     Ok(served?)
    /// }
    /// ```
    ///
    /// With `#[tokio::main]`, [`std::process::exit`] as the last line does the same.
    ///
    /// These signals do not end the process by themselves any more once this was called, nor after it has returned: tokio keeps
    /// listening to them. A program that goes on then listens itself (`tokio::signal`), or uses [`Server::serve_until`], which leaves
    /// the signals alone.
    ///
    /// # Errors
    /// [`Error::Broker`] if the broker is out of reach at the start (see [`Server::wait_for_broker`]). The server waits for a broker that
    /// it loses later.
    pub async fn serve(self, address: &str) -> Result<(), Error> {
        let mut signals = StopSignals::new();
        let Some(broker) = connect_unless(address, self.wait, signals.next()).await? else { return Ok(()) };
        let mut running = self.start_with(broker).await?;
        signals.next().await;
        tokio::select! {
            () = running.drain() => {}
            () = signals.next() => running.end_at_once().await,
        }
        Ok(())
    }

    /// Serves until a future is ready, then drains as [`Server::serve`] does.
    ///
    /// # Errors
    /// Those of [`Server::serve`].
    pub async fn serve_until(self, address: &str, stop: impl Future<Output = ()>) -> Result<(), Error> {
        let mut stop = std::pin::pin!(stop);
        let Some(broker) = connect_unless(address, self.wait, &mut stop).await? else { return Ok(()) };
        let mut running = self.start_with(broker).await?;
        stop.await;
        running.drain().await;
        Ok(())
    }

    /// Serves in the background.
    ///
    /// # Errors
    /// Those of [`Server::serve`].
    pub async fn start(self, address: &str) -> Result<RunningServer, Error> {
        let broker = broker::connect_within(address, self.wait).await?;
        self.start_with(broker).await
    }

    /// Serves in the background, over a [`Broker`] of your own, or one that is shared.
    ///
    /// # Errors
    /// [`Error::Broker`] if the broker is out of reach.
    pub async fn start_with(self, broker: Arc<dyn Broker>) -> Result<RunningServer, Error> {
        let plan = Plan {
            module: self.module,
            objects: self.objects,
            streams: self.streams,
            workers: self.workers,
            drain: self.drain,
            version: self.version,
            contracts: self.contracts,
            limits: self.limits,
        };
        lifecycle::start(plan, broker).await
    }
}

/// None if the stop comes first: a broker that is waited for may never come. The rest of the start is not raced with the stop: by then
/// calls may have been taken, which are to be answered.
async fn connect_unless(
    address: &str,
    wait: Duration,
    stop: impl Future<Output = ()>,
) -> Result<Option<Arc<dyn Broker>>, Error> {
    tokio::select! {
        broker = broker::connect_within(address, wait) => Ok(Some(broker?)),
        () = stop => Ok(None),
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Server")
            .field("module", &self.module)
            .field("workers", &self.workers)
            .field("objects", &self.objects.keys())
            .finish_non_exhaustive()
    }
}

/// Why an object is not registered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// `zbus@1.0` answers for the server itself.
    #[error("`zbus@1.0` is the server's own object: give yours another name")]
    Reserved,
    /// The server has such an object.
    #[error("`{id}` is registered already")]
    Twice {
        /// The object.
        id: ObjectId,
    },
    /// The object cannot be served as it is.
    #[error("`{id}` cannot be served: {fault}")]
    Faulty {
        /// The object.
        id: ObjectId,
        /// What is wrong with it.
        fault: String,
    },
    /// Callers look for the object in another module.
    #[error(
        "`{id}` belongs to the module `{module}`, not to `{server}`, where its callers would not find it: name the server so, or allow \
         it with `any_module`"
    )]
    OtherModule {
        /// The object.
        id: ObjectId,
        /// What its schema says.
        module: String,
        /// What the server is called.
        server: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent<T: Send>(future: T) -> T {
        future
    }

    /// A task of a multi-threaded runtime can serve.
    #[tokio::test]
    async fn what_serves_can_be_sent_between_threads() {
        let server = || Server::new("sent");
        drop(sent(server().serve("memory://sent")));
        drop(sent(server().serve_until("memory://sent", std::future::ready(()))));
        drop(sent(server().start_with(broker::memory::open("sent"))));
        sent(sent(server().start("memory://sent")).await.unwrap().shutdown()).await;
    }
}
