//! The serving side: a process under the name of a module, and the objects that it serves.

mod allotment;
mod blocking;
mod cancellations;
mod counters;
mod dispatch;
mod events;
mod intake;
mod object;
mod options;
mod pool;
mod portion;
mod presence;
mod refusals;
mod rejection;
mod reply;
mod run;
mod runner;
mod running;
mod signals;
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

use self::allotment::{Allotment, Registered};
use self::blocking::Blocking;
use self::cancellations::Cancellations;
use self::dispatch::Dispatcher;
pub use self::events::{Publisher, Streams};
use self::intake::{Intake, StatusSource};
pub use self::object::{Arguments, Call, Object, Returns};
pub use self::options::ObjectOptions;
use self::presence::Presence;
use self::refusals::Refusals;
pub use self::rejection::Rejection;
use self::reply::{Inboxes, ReplyTracker};
use self::runner::AnyObject;
use self::running::Running;
use self::signals::StopSignals;
pub use self::untyped::{
    Event, Function, LastParameter, MethodFuture, MethodName, Parameter, Parameters, ThrowingFuture, UntypedObject,
};
use self::workers::Workers;
use crate::ObjectId;
use crate::broker::{self, Broker};
use crate::clock::Clock;
pub use crate::context::Context;
use crate::drops::Drops;
use crate::error::Error;
use crate::log_limit::Outage;
use crate::object_id;
use crate::outbox::Outbox;
use crate::status::{ObjectStatus, Status};
use crate::wire::{DEFAULT_MAX_MESSAGE_SIZE, Depth, InvalidText, MOST_MESSAGE_SIZE};

/// How many calls run at once where nobody says otherwise.
const DEFAULT_WORKERS: u32 = 16;

/// The status tells of each of them, in one message.
const MOST_WORKERS: u32 = 1 << 16;

/// How long calls may go on after the server was told to stop, where nobody says otherwise.
const DEFAULT_DRAIN: Duration = Duration::from_secs(30);

/// What may take this long after the calls have ended or were cut off: the last replies, and what can be neither ended nor cut off.
const FLUSH: Duration = Duration::from_secs(5);

/// What may take this long if the server was asked twice to stop.
const LAST_WORDS: Duration = Duration::from_secs(1);

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
    max_call_time: Option<Duration>,
    max_message_size: usize,
    max_depth: Depth,
    invalid_text: InvalidText,
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
            max_call_time: None,
            max_message_size: DEFAULT_MAX_MESSAGE_SIZE,
            max_depth: Depth::default(),
            invalid_text: InvalidText::default(),
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

    /// How long a call may run, from when it is taken, whatever its caller says: no limit unless set. Callers on Go's zbus and on rbus
    /// say no deadline, nor do those of this library that wait for ever; without this their calls run for as long as they do. At the
    /// limit the call ends as at its deadline, and its caller is told that it has [`Expired`](crate::RejectionKind::Expired).
    /// `@uninterruptible` methods run to their end.
    pub fn max_call_time(self, limit: Duration) -> Self {
        Self { max_call_time: Some(limit), ..self }
    }

    /// How large a message may be, in bytes: 64 MiB unless set, and at most 512 MiB, which is what Redis takes. A larger request is
    /// refused, a larger reply is [`ReplyTooLarge`](crate::RejectionKind::ReplyTooLarge), a larger event is logged and dropped.
    pub fn max_message_size(self, bytes: usize) -> Self {
        Self { max_message_size: bytes.min(MOST_MESSAGE_SIZE), ..self }
    }

    /// How many lists and maps an argument may have within one another: 1 to 128, which is also what is read unless this is set; what is
    /// outside is taken as the nearest. More would not be safe for the stack of every thread. A request with a deeper one is refused as
    /// [`BadArguments`](crate::RejectionKind::BadArguments).
    /// With a lower limit each value is looked through once more.
    pub fn max_depth(self, levels: usize) -> Self {
        Self { max_depth: Depth::new(levels), ..self }
    }

    /// What happens to a text in an argument that is not UTF-8: the request is refused as
    /// [`BadArguments`](crate::RejectionKind::BadArguments), unless set otherwise. Go's servers take any bytes.
    pub fn invalid_text(self, choice: InvalidText) -> Self {
        Self { invalid_text: choice, ..self }
    }

    /// How long a broker that is out of reach at the start, or not ready yet, is waited for: not at all unless set, `Duration::MAX` for
    /// ever. A broker that is lost later is waited for in any case.
    pub fn wait_for_broker(self, limit: Duration) -> Self {
        Self { wait: limit, ..self }
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
    pub fn register<O: Object>(self, object: O) -> Result<Self, RegisterError> {
        self.register_with(object, ObjectOptions::new())
    }

    /// The like for an object that is to be served in another way than the others: with workers of its own, or on threads for methods
    /// that block.
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
    /// [`Error::Broker`] where the broker is out of reach at the start (see [`Server::wait_for_broker`]). Later it is waited for.
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
        let Allotment { workers, queues, objects } = Allotment::new(self.objects, self.workers, &self.module);
        let drops = Arc::new(Drops::default());
        let running = Arc::new(Running::default());
        let listening = CancellationToken::new();
        let listens = listening.clone().drop_guard();
        let (outbox, writer) = Outbox::start(Arc::clone(&broker), ReplyTracker::default());

        let instance: Arc<str> = Uuid::new_v4().to_string().into();
        let status = StatusSource {
            constant: Status {
                objects: objects.iter().map(|(id, _)| ObjectStatus::from(&**id)).collect(),
                instance: Some(instance.to_string()),
                version: self.version,
                contracts: self.contracts,
                ..Status::default()
            },
            workers: Arc::clone(&workers),
            outbox: outbox.clone(),
            drops: Arc::clone(&drops),
            inboxes: Inboxes::default(),
        };
        let lost = Arc::new(Notify::new());
        let intake = async |lists| {
            let popper = broker.popper().await?;
            Ok::<_, Error>(Intake {
                popper,
                lists,
                lost: Arc::clone(&lost),
                stop: stop.clone(),
                outage: Outage::default(),
            })
        };
        let status_lists = [ObjectId::STATUS.queue(&self.module), object_id::instance_queue(&self.module, &instance)];
        let status_requests = intake(status_lists.map(Arc::from).into()).await?;
        tasks.spawn(status_requests.status_requests(status));

        for (object, streams) in self.streams {
            streams.start(&object, &self.module, &outbox, &tasks, &stop, self.max_message_size).await;
        }

        let dispatcher = Arc::new(Dispatcher {
            objects,
            workers: Arc::clone(&workers),
            outbox: outbox.clone(),
            clock,
            abort: abort.clone(),
            running: Arc::clone(&running),
            drops,
            refusals: Refusals::default(),
            inboxes: Inboxes::default(),
            max_call_time: self.max_call_time,
            max_message_size: self.max_message_size,
            max_depth: self.max_depth,
            invalid_text: self.invalid_text,
        });
        if queues.iter().any(|lists| !lists.is_empty()) {
            let channel = ObjectId::STATUS.channel(&self.module, "Cancel");
            let cancellations =
                Cancellations { broker: Arc::clone(&broker), channel, running, outage: Outage::default() };
            let subscribed = cancellations.subscribe().await;
            // Beyond `stop`: while the server drains, calls are given up too.
            tokio::spawn(cancellations.listen(subscribed, listening.child_token()));
        }
        let set = object_id::instances(&self.module);
        let presence = Presence {
            broker: Arc::clone(&broker),
            set,
            instance,
            lost: Arc::clone(&lost),
            stop: stop.clone(),
            outage: Outage::default(),
        };
        presence.start(&tasks).await;
        // Last: what is taken from here on is answered, whatever comes.
        for (pool, lists) in queues.into_iter().enumerate().filter(|(_, lists)| !lists.is_empty()) {
            let requests = intake(lists).await?;
            tasks.spawn(requests.requests(Arc::clone(&dispatcher), pool));
        }
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
        self.drain().await;
    }

    async fn drain(&mut self) {
        self.stop.cancel();
        if tokio::time::timeout(self.drain, self.idle()).await.is_err() {
            tracing::warn!("calls are cut off that did not end in time");
            self.abort.cancel();
        }
        self.flush(FLUSH).await;
    }

    async fn end_at_once(&mut self) {
        tracing::warn!("calls are cut off: the server was asked twice to stop");
        self.abort.cancel();
        self.flush(LAST_WORDS).await;
    }

    /// Nothing is taken any more, and nothing runs.
    async fn idle(&self) {
        self.tasks.wait().await;
        self.workers.all_free().await;
    }

    async fn flush(&mut self, limit: Duration) {
        let mut idle = false;
        let written = async {
            self.idle().await;
            idle = true;
            // The writer ends when all replies are written, as all that could send one are gone.
            (&mut self.writer).await
        };
        if tokio::time::timeout(limit, written).await.is_ok() {
            return;
        }
        if idle {
            tracing::warn!("the server ends without its last replies: the broker did not take them in {limit:?}");
        } else {
            tracing::warn!(
                "the server ends while a method blocks its thread: dropping the runtime waits for it, `Runtime::shutdown_background` and \
                 `std::process::exit` do not"
            );
        }
        self.writer.abort();
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
