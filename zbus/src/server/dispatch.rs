//! From a message to its reply: the request is read, its object found, the method run by a worker.

use std::any::Any;
use std::fmt;
use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::context::{CallState, Context};
use super::events::panic_text;
use super::object::{Call, Object, Returns};
use super::rejection::Rejection;
use super::reply::{Inboxes, ReplyTo, Sent};
use super::running::{Entered, Running};
use super::workers::{Busy, Workers};
use crate::ObjectId;
use crate::clock::Clock;
use crate::drops::{Beginning, Drops, Reason};
use crate::error::RejectionKind;
use crate::outbox::Outbox;
use crate::telemetry::{self, Observed, TRACEPARENT};
use crate::wire::{Generation, Request, reply_address};

/// An object of whatever type. The type is forgotten where a call becomes a task, so that this costs no allocation of its own.
pub(super) trait AnyObject: Send + Sync {
    fn run(self: Arc<Self>, call: Call, run: Run);
}

impl<O: Object> AnyObject for O {
    fn run(self: Arc<Self>, call: Call, run: Run) {
        tokio::spawn(async move {
            // The future is made in there too, since making it may panic.
            let method = run.guarded(async move { self.call(call).await });
            // It may be large, and is moved no more: each layer over it that takes it by value would have room for it twice.
            run.finish(pin!(Some(method))).await;
        });
    }
}

/// An object and the pool of workers that runs its methods.
pub(super) struct Served {
    pub(super) object: Arc<dyn AnyObject>,
    pub(super) pool: usize,
    /// `module.object@version`.
    pub(super) queue: Arc<str>,
}

/// All that a message needs on its way.
pub(super) struct Dispatcher {
    /// By their ids.
    pub(super) objects: Vec<(ObjectId, Served)>,
    pub(super) workers: Arc<Workers>,
    pub(super) outbox: Outbox<Sent>,
    pub(super) clock: Clock,
    /// Ends the calls that run.
    pub(super) abort: CancellationToken,
    pub(super) running: Arc<Running>,
    pub(super) drops: Arc<Drops>,
    pub(super) inboxes: Inboxes,
    /// In bytes.
    pub(super) max_message_size: usize,
}

impl Dispatcher {
    /// Hands a message, which came for a pool of workers, to one of them, or answers why not.
    pub(super) async fn dispatch(&self, message: Bytes, pool: usize, permit: OwnedSemaphorePermit) {
        let Read { mut request, reply_to, limit, deadline } = match self.read(&message) {
            Ok(read) => read,
            Err(Unread::Dropped(reason, detail)) => {
                self.workers.counters.dropped.add_one();
                return self.drops.note(reason, detail);
            }
            Err(Unread::Rejected(reply_to, id, rejection)) => {
                self.workers.counters.rejected.add_one();
                return reply_to.reject(&id, &self.outbox, &rejection).await;
            }
        };
        let (id, Served { object, queue, .. }) = match self.served(&request, pool) {
            Ok(served) => served,
            Err(message) => {
                self.workers.counters.rejected.add_one();
                let rejection = Rejection::new(RejectionKind::UnknownObject, message);
                return reject(reply_to, request.id, &self.outbox, &rejection).await;
            }
        };
        let arguments = std::mem::take(&mut request.arguments);
        let state = Arc::new(CallState::new(id.clone(), request, deadline));
        let Some(entered) = self.running.enter(state) else {
            self.workers.counters.dropped.add_one();
            return tracing::debug!("dropped a request that its caller has given up");
        };
        let state = &entered.call;
        let traceparent = state.metadata.get(TRACEPARENT).map(String::as_str);
        let observed = Observed::handle(queue, state.method(), state.id(), traceparent);
        let worker = Arc::new(self.workers.busy(Arc::clone(state), limit, permit));
        let call = Call::new(Arc::clone(state), arguments.share(message), Arc::clone(&worker));
        let (outbox, abort, max_message_size) = (self.outbox.clone(), self.abort.clone(), self.max_message_size);
        let queue = Arc::clone(queue);
        Arc::clone(object)
            .run(call, Run { entered, observed, queue, worker, reply_to, outbox, abort, max_message_size });
    }

    /// The object that a request is for, if it came for the workers of that.
    fn served(&self, request: &Request<'_>, pool: usize) -> Result<&(ObjectId, Served), String> {
        let wanted = (request.object, request.version);
        let found = self.objects.binary_search_by(|(id, _)| (id.name(), id.version()).cmp(&wanted));
        let id = || ObjectId::new(request.object, request.version);
        match found.ok().and_then(|found| self.objects.get(found)) {
            Some(served) if served.1.pool == pool => Ok(served),
            // Otherwise the name in a message, and not its queue, would say whose workers run it.
            Some(_) => Err(format!("a request for `{}` came in the queue of another object", id())),
            None => Err(format!("the module does not serve `{}`", id())),
        }
    }

    fn read<'a>(&self, message: &'a Bytes) -> Result<Read<'a>, Unread> {
        if message.len() > self.max_message_size {
            let (size, most) = (message.len(), self.max_message_size);
            let detail = format!("the request is {size} bytes, more than the {most} that this server reads");
            return Err(self.refuse(message, Reason::TooLarge, detail));
        }
        let request = match Request::decode(message) {
            Ok(request) => request,
            Err(error) => return Err(self.refuse(message, Reason::Malformed, error.to_string())),
        };
        let limit = request.deadline.map(|deadline| self.clock.until(deadline));
        if limit.is_some_and(|limit| limit.is_zero()) {
            return Err(Unread::Dropped(Reason::Expired, format!("the deadline of {} has passed", request.id)));
        }
        let deadline = limit.and_then(|limit| Instant::now().checked_add(limit));
        let reply_to = if request.one_way {
            None
        } else {
            let reply_to = ReplyTo::new(request.generation, request.reply_to, deadline, &self.inboxes);
            let dropped = || Unread::Dropped(Reason::ForeignReplyTo, Beginning(request.reply_to).to_string());
            Some(reply_to.ok_or_else(dropped)?)
        };
        Ok(Read { request, reply_to, limit, deadline })
    }

    /// Tells whoever sent a message that it is not read, if it says who that is.
    fn refuse(&self, message: &Bytes, reason: Reason, detail: String) -> Unread {
        let reply_to = reply_address(message)
            .and_then(|(id, list)| Some((ReplyTo::new(Generation::One, &list, None, &self.inboxes)?, id)));
        match reply_to {
            None => Unread::Dropped(reason, detail),
            Some((reply_to, id)) => {
                self.drops.note(reason, &detail);
                Unread::Rejected(reply_to, id, Rejection::new(RejectionKind::BadArguments, detail))
            }
        }
    }
}

/// A message that was read.
struct Read<'a> {
    request: Request<'a>,
    /// None for a call that is not answered.
    reply_to: Option<ReplyTo>,
    /// From now.
    limit: Option<Duration>,
    deadline: Option<Instant>,
}

/// A message that no worker gets.
enum Unread {
    Dropped(Reason, String),
    /// To the sender of a request of this id.
    Rejected(ReplyTo, String, Rejection),
}

/// Says why a call has no result: to its caller, or to our log where nobody waits for an answer.
async fn reject(reply_to: Option<ReplyTo>, id: &str, outbox: &Outbox<Sent>, rejection: &Rejection) {
    match reply_to {
        Some(reply_to) => reply_to.reject(id, outbox, rejection).await,
        None => tracing::warn!(reason = rejection.message, "a one-way call failed"),
    }
}

/// A worker on its way with a call.
pub(super) struct Run {
    entered: Entered,
    observed: Observed,
    queue: Arc<str>,
    worker: Arc<Busy>,
    /// None for a call that is not answered.
    reply_to: Option<ReplyTo>,
    outbox: Outbox<Sent>,
    abort: CancellationToken,
    max_message_size: usize,
}

/// Why a method is not waited for any longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum GivenUp {
    /// By its caller.
    Cancelled,
    AtDeadline,
    /// By the server, which stops.
    Stopped,
}

/// What a method ends with, a panic among it.
type Ended = Result<Result<Returns, Rejection>, Box<dyn Any + Send>>;

impl Run {
    /// The method as the current task's call, which ends with it where it panics.
    fn guarded<F>(&self, method: F) -> impl Future<Output = Ended> + use<F>
    where
        F: Future<Output = Result<Returns, Rejection>>,
    {
        Context::from(Arc::clone(&self.entered.call)).scope(AssertUnwindSafe(method).catch_unwind())
    }

    /// Runs the method to its end, or until it is given up, and answers.
    async fn finish(self, method: Pin<&mut Option<impl Future<Output = Ended>>>) {
        let Self { entered, observed, queue, worker, reply_to, outbox, abort, max_message_size } = self;
        let ended = run(&entered.call, &abort, method);
        let answer = match observed.run_method(&queue, entered.call.method(), ended, outcome_of).await {
            Ok(outcome) => Some(outcome),
            // Nobody waits for it.
            Err(GivenUp::Cancelled) => None,
            Err(GivenUp::AtDeadline) => {
                let message = format!("{} did not end before its deadline", Name(&entered.call));
                Some(Err(Rejection::new(RejectionKind::Expired, message)))
            }
            Err(GivenUp::Stopped) => {
                let message = format!("the server stopped before {} ended", Name(&entered.call));
                Some(Err(Rejection::new(RejectionKind::Stopping, message)))
            }
        };
        let thrown = matches!(&answer, Some(Ok(returns)) if returns.has_thrown());
        let id = entered.call.id();
        let answer = answer.map(|outcome| outcome.and_then(|returns| returns.encode(id, max_message_size)));
        let counters = worker.counters();
        match &answer {
            Some(Ok(_)) if thrown => counters.failed.add_one(),
            Some(Ok(_)) => counters.served.add_one(),
            Some(Err(_)) => counters.rejected.add_one(),
            None => counters.dropped.add_one(),
        }
        if let Some(outcome) = answer {
            match (outcome, reply_to) {
                (Ok(message), Some(reply_to)) => reply_to.send(&outbox, message).await,
                (Ok(_), None) => {}
                (Err(rejection), reply_to) => reject(reply_to, id, &outbox, &rejection).await,
            }
        }
        // Busy until the reply is on its way, so that a server takes no more than it can answer.
        drop(worker);
    }
}

/// Drives a method, which is dropped when this is ready.
async fn run(
    call: &CallState,
    abort: &CancellationToken,
    mut method: Pin<&mut Option<impl Future<Output = Ended>>>,
) -> Result<Result<Returns, Rejection>, GivenUp> {
    let outcome = drive(call, abort, method.as_mut()).await;
    method.set(None);
    outcome
}

async fn drive(
    call: &CallState,
    abort: &CancellationToken,
    mut method: Pin<&mut Option<impl Future<Output = Ended>>>,
) -> Result<Result<Returns, Rejection>, GivenUp> {
    let mut ended = poll_fn(|context| match method.as_mut().as_pin_mut() {
        Some(method) => method.poll(context),
        None => Poll::Pending,
    });
    let deadline = async {
        match call.deadline {
            Some(deadline) => tokio::time::sleep_until(deadline).await,
            None => std::future::pending().await,
        }
    };
    let given_up = tokio::select! {
        // A method that is ready at once costs no timer.
        biased;
        outcome = &mut ended => return Ok(settle(call, outcome)),
        () = call.given_up() => GivenUp::Cancelled,
        () = deadline => GivenUp::AtDeadline,
        () = abort.cancelled() => GivenUp::Stopped,
    };
    // For what the method has spawned, or for the method itself where it runs on.
    call.give_up();
    if call.runs_to_end() && given_up != GivenUp::Stopped {
        tokio::select! {
            outcome = &mut ended => drop(settle(call, outcome)),
            () = abort.cancelled() => {}
        }
    }
    Err(given_up)
}

/// How a method ended, in one word.
fn outcome_of(outcome: &Result<Result<Returns, Rejection>, GivenUp>) -> &'static str {
    match outcome {
        Ok(Ok(returns)) if returns.has_thrown() => "thrown",
        Ok(Ok(_)) => telemetry::OK,
        Ok(Err(rejection)) if rejection.kind == RejectionKind::Panicked => "panicked",
        Ok(Err(rejection)) if rejection.kind == RejectionKind::UnknownMethod => telemetry::UNKNOWN_METHOD,
        Ok(Err(_)) => "rejected",
        Err(GivenUp::Cancelled) => "given_up",
        Err(GivenUp::AtDeadline) => "timeout",
        Err(GivenUp::Stopped) => "stopped",
    }
}

/// What came of a method that ended by itself.
fn settle(call: &CallState, outcome: Ended) -> Result<Returns, Rejection> {
    outcome.unwrap_or_else(|panic| {
        let text = panic_text(&*panic);
        let name = Name(call);
        tracing::error!(method = %name, panic = text, "a method panicked");
        Err(Rejection::new(RejectionKind::Panicked, format!("{name} panicked: {text}")))
    })
}

/// What a method is called in errors.
struct Name<'a>(&'a CallState);

impl fmt::Display for Name<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.0.object, self.0.method())
    }
}
