//! The serving side: a process under the name of a module, and the objects that it serves.

mod cancellations;
mod context;
mod counters;
mod dispatch;
mod events;
mod intake;
mod object;
mod presence;
mod rejection;
mod reply;
mod running;
mod untyped;
mod workers;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use self::cancellations::Cancellations;
pub use self::context::Context;
use self::dispatch::{AnyObject, Dispatcher};
pub use self::events::{Publisher, Streams};
use self::intake::{Intake, StatusSource};
pub use self::object::{Arguments, Call, Object, Returns};
use self::presence::Presence;
pub use self::rejection::Rejection;
use self::reply::ReplyTracker;
use self::running::Running;
pub use self::untyped::{
    Event, Function, LastParameter, MethodFuture, MethodName, Parameter, Parameters, ThrowingFuture, UntypedObject,
};
use self::workers::Workers;
use crate::ObjectId;
use crate::broker::{self, Broker};
use crate::clock::Clock;
use crate::error::Error;
use crate::object_id;
use crate::outbox::Outbox;
use crate::status::{ObjectStatus, Status};

/// How many calls run at once where nobody says otherwise.
const DEFAULT_WORKERS: u32 = 16;

/// The status tells of each of them, in one message.
const MOST_WORKERS: u32 = 1 << 16;

/// How long calls may go on after the server was told to stop, where nobody says otherwise.
const DEFAULT_DRAIN: Duration = Duration::from_secs(30);

/// What may take this long after the calls have ended or were cut off: the last replies, and what can be neither ended nor cut off.
const FLUSH: Duration = Duration::from_secs(5);

/// A server of a module: register its objects, then serve.
#[must_use = "a server does nothing before it serves"]
pub struct Server {
    module: String,
    workers: u32,
    drain: Duration,
    any_module: bool,
    version: Option<String>,
    contracts: BTreeMap<String, String>,
    objects: HashMap<ObjectId, Arc<dyn AnyObject>>,
    streams: Vec<(ObjectId, Streams)>,
}

impl Server {
    /// A server of this module: the name that callers know.
    pub fn new(module: impl Into<String>) -> Self {
        Self {
            module: module.into(),
            workers: DEFAULT_WORKERS,
            drain: DEFAULT_DRAIN,
            any_module: false,
            version: None,
            contracts: BTreeMap::new(),
            objects: HashMap::new(),
            streams: Vec::new(),
        }
    }

    /// How many calls run at once, and so how many are taken from the broker: 1 to 65,536, 16 unless set; what is outside is taken as
    /// the nearest. Others wait in the broker, for this or another server of the module.
    pub fn workers(self, workers: u32) -> Self {
        Self { workers: workers.clamp(1, MOST_WORKERS), ..self }
    }

    /// How long the calls that run may go on after the server was told to stop: 30 s unless set. Those that are not done then are
    /// answered as cut off.
    pub fn drain(self, limit: Duration) -> Self {
        Self { drain: limit, ..self }
    }

    /// Lets objects be registered whose schema names another module.
    pub fn any_module(self) -> Self {
        Self { any_module: true, ..self }
    }

    /// What [`Status::version`](crate::status::Status::version) tells: the version of the program, usually
    /// `env!("CARGO_PKG_VERSION")`.
    pub fn version(self, version: impl Into<String>) -> Self {
        Self { version: Some(version.into()), ..self }
    }

    /// Serves an object, too.
    ///
    /// # Errors
    /// Where an object of this name and version is registered already, is that of the status (`zbus@1.0`), is another module's, or says
    /// itself that it cannot be served.
    pub fn register<O: Object>(mut self, object: O) -> Result<Self, RegisterError> {
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
        self.objects.insert(id, Arc::new(object));
        Ok(self)
    }

    /// Serves at the broker of an address (see [`Client::connect`](crate::Client::connect)) until Ctrl-C or `SIGTERM`, then drains:
    /// no more is taken, what runs ends, all is answered.
    ///
    /// # Errors
    /// [`Error::Broker`] where the broker is out of reach at the start. Later it is waited for.
    pub async fn serve(self, address: &str) -> Result<(), Error> {
        self.serve_until(address, stop_signal()).await
    }

    /// The like, until a future is ready.
    ///
    /// # Errors
    /// Those of [`Server::serve`].
    pub async fn serve_until(self, address: &str, stop: impl Future<Output = ()>) -> Result<(), Error> {
        let running = self.start(address).await?;
        stop.await;
        running.shutdown().await;
        Ok(())
    }

    /// Serves in the background.
    ///
    /// # Errors
    /// Those of [`Server::serve`].
    pub async fn start(self, address: &str) -> Result<RunningServer, Error> {
        self.start_with(broker::connect(address).await?).await
    }

    /// Serves in the background, over a broker of one's own, or one that is shared.
    ///
    /// # Errors
    /// [`Error::Broker`] where the broker is out of reach.
    pub async fn start_with(self, broker: Arc<dyn Broker>) -> Result<RunningServer, Error> {
        let stop = CancellationToken::new();
        // What runs by then ends again where the rest cannot be started, or where the start is given up.
        let unfinished = stop.clone().drop_guard();
        let abort = CancellationToken::new();
        let tasks = TaskTracker::new();
        let clock = Clock::start(Arc::clone(&broker), stop.clone()).await?;
        let workers = Workers::new(self.workers);
        let running = Arc::new(Running::default());
        let listening = CancellationToken::new();
        let listens = listening.clone().drop_guard();
        let (outbox, writer) = Outbox::start(Arc::clone(&broker), ReplyTracker);

        let instance: Arc<str> = Uuid::new_v4().to_string().into();
        let status = StatusSource {
            constant: Status {
                objects: self.objects.keys().map(ObjectStatus::from).collect(),
                instance: Some(instance.to_string()),
                version: self.version,
                contracts: self.contracts,
                ..Status::default()
            },
            workers: Arc::clone(&workers),
            outbox: outbox.clone(),
        };
        let lost = Arc::new(Notify::new());
        let intake = async |lists| {
            let popper = broker.popper().await?;
            Ok::<_, Error>(Intake { popper, lists, lost: Arc::clone(&lost), stop: stop.clone() })
        };
        let status_lists = [ObjectId::STATUS.queue(&self.module), object_id::instance_queue(&self.module, &instance)];
        let status_requests = intake(status_lists.map(Arc::from).into()).await?;
        tasks.spawn(status_requests.status_requests(status));

        for (object, streams) in self.streams {
            streams.start(&object, &self.module, &outbox, &tasks, &stop).await;
        }

        let lists: Vec<Arc<str>> = self.objects.keys().map(|id| id.queue(&self.module).into()).collect();
        let dispatcher = Arc::new(Dispatcher {
            objects: self.objects,
            workers: Arc::clone(&workers),
            outbox: outbox.clone(),
            clock,
            abort: abort.clone(),
            running: Arc::clone(&running),
        });
        if !lists.is_empty() {
            let requests = intake(lists).await?;
            let channel = ObjectId::STATUS.channel(&self.module, "Cancel");
            let cancellations = Cancellations { broker: Arc::clone(&broker), channel, running };
            let subscribed = cancellations.subscribe().await;
            // Beyond `stop`: while the server drains, calls are given up too.
            tokio::spawn(cancellations.listen(subscribed, listening.child_token()));
            tasks.spawn(requests.requests(dispatcher));
        }
        let set = object_id::instances(&self.module);
        let presence =
            Presence { broker: Arc::clone(&broker), set, instance, lost: Arc::clone(&lost), stop: stop.clone() };
        presence.start(&tasks).await;
        tasks.close();
        tracing::info!(module = self.module, "serving");
        Ok(RunningServer {
            stop: unfinished.disarm(),
            abort,
            tasks,
            workers,
            writer,
            drain: self.drain,
            _listens: listens,
        })
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

/// A server at work. Dropped, it stops without waiting for anything.
#[derive(Debug)]
#[must_use = "a server stops when this is dropped"]
pub struct RunningServer {
    stop: CancellationToken,
    abort: CancellationToken,
    tasks: TaskTracker,
    workers: Arc<Workers>,
    writer: JoinHandle<()>,
    drain: Duration,
    /// To what callers give up.
    _listens: DropGuard,
}

impl RunningServer {
    /// Drains: no more is taken from the broker, what runs ends within the limit of [`Server::drain`] or is cut off, and all is
    /// answered. Streams end at once. It takes 5 s more than that limit at most: a broker that answers no more, or a method that
    /// blocks its thread, is not waited for any longer.
    ///
    /// Dropping the future leaves the rest undone.
    pub async fn shutdown(mut self) {
        self.stop.cancel();
        // Nothing is taken any more, and nothing runs.
        let idle = async || {
            self.tasks.wait().await;
            self.workers.all_free().await;
        };
        if tokio::time::timeout(self.drain, idle()).await.is_err() {
            tracing::warn!("calls are cut off that did not end in time");
            self.abort.cancel();
        }
        let written = async {
            idle().await;
            // The writer ends when all replies are written: those who could send any are gone.
            (&mut self.writer).await
        };
        if tokio::time::timeout(FLUSH, written).await.is_err() {
            tracing::warn!("the last replies could not be written, or a method blocks its thread");
            self.writer.abort();
        }
    }
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        self.stop.cancel();
        self.abort.cancel();
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

/// Ctrl-C, or on Unix `SIGTERM`.
async fn stop_signal() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            // Without a handler the default one ends the process.
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => _ = signal.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}
