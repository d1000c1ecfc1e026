//! The calling side: a connection to the bus, and what is called and subscribed over it.

mod call;
mod exchange;
mod in_flight;
mod instances;
mod options;
mod pending;
mod remote_object;
mod replies;
mod restarts;
mod retry;
mod unanswered;
mod untyped;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::oneshot;
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

pub use self::call::{Reply, Request};
use self::in_flight::{InFlight, ended, sweeper};
pub use self::instances::Instance;
pub use self::options::CallOptions;
use self::options::TimeLimit;
pub use self::remote_object::RemoteObject;
pub use self::replies::ReplyMode;
use self::replies::{Replies, ReplyLists, inbox};
use self::restarts::Restarts;
pub use self::untyped::{RequestArguments, Returned, UntypedRequest};
use crate::ObjectId;
use crate::broker::{self, Broker, BrokerError, Write};
use crate::clock::Clock;
use crate::error::Error;
use crate::outbox::{Outbox, Tracker, Waiting};
use crate::status::Status;
use crate::wire::{DEFAULT_MAX_MESSAGE_SIZE, Depth, Generation, InvalidText, MOST_MESSAGE_SIZE};

/// The time limit of a call where nobody says otherwise.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// A client of the bus. Cheap to clone; all clones share their connections, which close with the last of them.
///
/// Stubs that the compiler generated are made over a client, and are the usual way to call.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

struct Shared {
    broker: Arc<dyn Broker>,
    outbox: Outbox<Tag>,
    in_flight: InFlight,
    inbox: Arc<str>,
    reply_lists: ReplyLists,
    clock: Clock,
    restarts: Arc<Restarts>,
    /// Of each call where nobody says otherwise.
    limit: TimeLimit,
    /// Beside the time limit, which gives way to that of a method.
    options: CallOptions,
    generation: Generation,
    /// In bytes.
    max_message_size: usize,
    max_depth: Depth,
    invalid_text: InvalidText,
    /// Withdraws the calls that were given up, from wherever they are dropped.
    runtime: tokio::runtime::Handle,
    /// Cancelled when the last clone is gone.
    closed: CancellationToken,
    _stop: DropGuard,
}

impl Client {
    /// Connects to the broker at an address: `redis://host:port`, `rediss://…`, `unix:///path`, Go's `tcp://host:port`, or
    /// `memory://name`, a broker inside this process.
    ///
    /// # Errors
    /// [`Error::Broker`] where the address is none, or its broker refuses (it is a Redis Cluster, the password is wrong), is not ready
    /// yet, or is out of reach: after 5 s at most it is of the kind [`Unreachable`](crate::broker::BrokerErrorKind::Unreachable),
    /// unless the client is to [wait for the broker](ClientBuilder::wait_for_broker).
    pub async fn connect(address: &str) -> Result<Self, Error> {
        Self::builder().connect(address).await
    }

    /// A client of which something is to be set.
    pub fn builder() -> ClientBuilder {
        ClientBuilder {
            limit: TimeLimit::After(DEFAULT_TIMEOUT),
            wait: Duration::ZERO,
            options: CallOptions::new(),
            generation: Generation::One,
            max_message_size: DEFAULT_MAX_MESSAGE_SIZE,
            max_depth: Depth::default(),
            invalid_text: InvalidText::default(),
        }
    }

    /// What one of the servers of a module tells of itself, also while all its workers are busy. Where several serve the module it is
    /// open which one answers: [`Client::instances`] asks each.
    ///
    /// # Errors
    /// Those of a call.
    pub async fn status(&self, module: &str) -> Result<Status, Error> {
        instances::status_of(&RemoteObject::new(self.clone(), module, ObjectId::STATUS)).await
    }

    /// The message, if it is not larger than this client sends.
    fn fitting(&self, what: &str, message: Bytes) -> Result<Bytes, Error> {
        let (size, limit) = (message.len(), self.shared.max_message_size);
        if size > limit { Err(Error::TooLarge { what: what.to_owned(), size, limit }) } else { Ok(message) }
    }

    pub(crate) fn max_depth(&self) -> Depth {
        self.shared.max_depth
    }

    pub(crate) fn invalid_text(&self) -> InvalidText {
        self.shared.invalid_text
    }

    /// Cancelled when the last clone of the client is gone.
    pub(crate) fn closed(&self) -> CancellationToken {
        self.shared.closed.clone()
    }

    /// Writes once, and waits until it is written.
    async fn write(&self, write: Write) -> Result<(), Error> {
        let (done, written) = oneshot::channel();
        self.shared.outbox.send(Tag::Write(done), write).await.map_err(|_| ended(false))?;
        Ok(written.await.map_err(|_| ended(true))??)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Client").field("broker", &self.shared.broker).finish_non_exhaustive()
    }
}

/// Settings of a [`Client`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ClientBuilder {
    limit: TimeLimit,
    wait: Duration,
    options: CallOptions,
    generation: Generation,
    max_message_size: usize,
    max_depth: Depth,
    invalid_text: InvalidText,
}

impl ClientBuilder {
    /// The time limit of each call, from the call to its answer; 30 s unless set. A stub may have one of its own.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { limit: TimeLimit::After(timeout), ..self }
    }

    /// Lets calls wait for ever where their stubs do not say otherwise.
    pub fn without_timeout(self) -> Self {
        Self { limit: TimeLimit::Never, ..self }
    }

    /// How many requests may wait for an object's servers: see [`CallOptions::queue_limit`].
    pub fn queue_limit(self, requests: u32) -> Self {
        Self { options: self.options.queue_limit(requests), ..self }
    }

    /// Something that every method called may know, under a name: see [`CallOptions::metadata`].
    pub fn metadata(self, key: impl Into<String>, value: impl Into<String>) -> Self {
        Self { options: self.options.metadata(key, value), ..self }
    }

    /// The generation of the wire that the called servers speak; [`Generation::One`] unless set.
    pub fn generation(self, generation: Generation) -> Self {
        Self { generation, ..self }
    }

    /// How large a message may be, in bytes: 64 MiB unless set, and at most 512 MiB, which is what Redis takes. A larger request or
    /// event is an [`Error::TooLarge`] and is not written; a larger reply is not read, and its call is
    /// [`ReplyTooLarge`](crate::RejectionKind::ReplyTooLarge).
    pub fn max_message_size(self, bytes: usize) -> Self {
        Self { max_message_size: bytes.min(MOST_MESSAGE_SIZE), ..self }
    }

    /// How many lists and maps a value in a reply or an event may have within one another: 1 to 128, which is also what is read unless this is set; what is
    /// outside is taken as the nearest. More would not be safe for the stack of every thread. A reply with a deeper one is an [`Error::Decode`],
    /// an event a [`StreamError::Decode`](crate::StreamError::Decode).
    /// With a lower limit each value is looked through once more.
    pub fn max_depth(self, levels: usize) -> Self {
        Self { max_depth: Depth::new(levels), ..self }
    }

    /// What happens to a text in a reply or an event that is not UTF-8: it is an [`Error::Decode`] or a
    /// [`StreamError::Decode`](crate::StreamError::Decode), unless set otherwise.
    pub fn invalid_text(self, choice: InvalidText) -> Self {
        Self { invalid_text: choice, ..self }
    }

    /// How long a broker that is out of reach, or not ready yet, is waited for: not at all unless set, `Duration::MAX` for ever. A broker
    /// that is lost later is waited for in any case.
    pub fn wait_for_broker(self, limit: Duration) -> Self {
        Self { wait: limit, ..self }
    }

    /// Where calls wait for their replies; [`ReplyMode::Inbox`] unless set. Servers on rbus need [`ReplyMode::PerCall`].
    pub fn reply_mode(self, reply_mode: ReplyMode) -> Self {
        Self { options: self.options.reply_mode(reply_mode), ..self }
    }

    /// Connects as [`Client::connect`] does.
    ///
    /// # Errors
    /// Those of [`Client::connect`].
    pub async fn connect(self, address: &str) -> Result<Client, Error> {
        let broker = broker::connect_within(address, self.wait).await?;
        self.connect_with(broker).await
    }

    /// Connects over a broker of one's own, or one that is shared.
    ///
    /// # Errors
    /// [`Error::Broker`] where the broker is out of reach.
    pub async fn connect_with(self, broker: Arc<dyn Broker>) -> Result<Client, Error> {
        let stop = CancellationToken::new();
        // What runs by then ends again where the rest cannot be started, or where this is given up.
        let stopped_with_client = stop.clone().drop_guard();
        let id = Uuid::new_v4();
        let inbox: Arc<str> = format!("zbus.inbox.{id}").into();
        let in_flight = InFlight::new(id);
        let clock = Clock::start(Arc::clone(&broker), stop.clone()).await?;
        let restarts = Restarts::watch(Arc::clone(&broker)).await;
        let replies = Arc::new(Replies::new(in_flight.clone(), self.generation, self.max_message_size));
        // The writer ends by itself when the last clone of the client is gone.
        let (outbox, _) = Outbox::start(Arc::clone(&broker), ClientTracker { in_flight: in_flight.clone() });
        let gatherer = outbox.gatherer();
        inbox::start(&*broker, Arc::clone(&inbox), Arc::clone(&replies), Arc::clone(&restarts), stop.clone(), gatherer)
            .await?;
        let reply_lists = ReplyLists::new(Arc::clone(&broker), replies, stop.clone());
        if self.options.replies() == ReplyMode::PerCall {
            reply_lists.start().await?;
        }
        // The reader's end is that of this task too.
        tokio::spawn(sweeper::watch(Arc::clone(&in_flight.slots)));
        Ok(Client {
            shared: Arc::new(Shared {
                broker,
                outbox,
                in_flight,
                inbox,
                reply_lists,
                clock,
                restarts,
                limit: self.limit,
                options: self.options,
                generation: self.generation,
                max_message_size: self.max_message_size,
                max_depth: self.max_depth,
                invalid_text: self.invalid_text,
                runtime: tokio::runtime::Handle::current(),
                closed: stop,
                _stop: stopped_with_client,
            }),
        })
    }
}

/// What a client writes.
enum Tag {
    /// The call of this number.
    Call(u64),
    /// Something without an answer: its sender waits until it is written.
    Write(oneshot::Sender<Result<(), BrokerError>>),
}

impl Tag {
    fn number(&self) -> Option<u64> {
        match self {
            Self::Call(number) => Some(*number),
            Self::Write(_) => None,
        }
    }
}

struct ClientTracker {
    in_flight: InFlight,
}

impl Tracker for ClientTracker {
    type Tag = Tag;

    fn begin(&self, batch: &mut Vec<Waiting<Tag>>) {
        batch.retain(|waiting| !matches!(&waiting.tag, Tag::Write(done) if done.is_closed()));
        self.in_flight.slots.begin_each(batch, |waiting| waiting.tag.number());
    }

    /// Whether a request is written again is for its call to say.
    fn end(&self, batch: &mut Vec<Waiting<Tag>>, outcomes: Vec<Result<(), BrokerError>>) {
        let mut calls = Vec::with_capacity(batch.len());
        for (waiting, outcome) in batch.drain(..).zip(outcomes) {
            match waiting.tag {
                Tag::Call(number) => calls.push((number, outcome)),
                // Its sender may have stopped waiting.
                Tag::Write(done) => _ = done.send(outcome),
            }
        }
        self.in_flight.slots.end_each(calls.into_iter());
    }
}
