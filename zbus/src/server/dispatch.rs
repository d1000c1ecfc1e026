//! From a message to its reply: the request is read, its object found, the method run by a worker.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::object::Call;
use super::refusals::Refusals;
use super::rejection::Rejection;
use super::reply::{Inboxes, ReplyTo, Sent};
use super::run::{Run, reject};
use super::runner::{AnyObject, Runner};
use super::running::Running;
use super::workers::{Free, Work, Workers, overdue_after};
use crate::ObjectId;
use crate::clock::Clock;
use crate::context::CallState;
use crate::drops::{Beginning, Drops, Reason};
use crate::error::RejectionKind;
use crate::outbox::Outbox;
use crate::telemetry::{Observed, TRACEPARENT};
use crate::wire::{Depth, Generation, InvalidText, Request, reply_address};

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
    pub(super) objects: Vec<(Arc<ObjectId>, Served)>,
    pub(super) workers: Arc<Workers>,
    pub(super) outbox: Outbox<Sent>,
    pub(super) clock: Clock,
    /// Ends the calls that run.
    pub(super) abort: CancellationToken,
    pub(super) running: Arc<Running>,
    pub(super) drops: Arc<Drops>,
    pub(super) refusals: Refusals,
    pub(super) inboxes: Inboxes,
    pub(super) max_call_time: Option<Duration>,
    /// In bytes.
    pub(super) max_message_size: usize,
    pub(super) max_depth: Depth,
    pub(super) invalid_text: InvalidText,
}

/// What a task that takes requests keeps from one to the next.
pub(super) struct Kept {
    /// Where the calls of each of the objects run.
    runners: Vec<Box<dyn Runner>>,
    /// The last call's, for the next if nobody has it any more: then that needs no memory of its own.
    state: Option<Arc<CallState>>,
}

/// When a batch of messages came, and for which pool of workers.
#[derive(Clone, Copy)]
pub(super) struct Arrival {
    pool: usize,
    /// By the broker's clock, in milliseconds.
    broker: i64,
    instant: Instant,
    wall: SystemTime,
}

impl Dispatcher {
    /// For one task that takes requests, on the current runtime.
    pub(super) fn kept(&self) -> Kept {
        let runners = self.objects.iter().map(|(_, served)| Arc::clone(&served.object).runner()).collect();
        Kept { runners, state: None }
    }

    /// Of messages that have just come.
    pub(super) fn arrival(&self, pool: usize) -> Arrival {
        Arrival { pool, broker: self.clock.now(), instant: Instant::now(), wall: SystemTime::now() }
    }

    /// Hands a message to a worker of the pool that it came for, or answers why not.
    pub(super) async fn dispatch(self: &Arc<Self>, message: Bytes, arrival: Arrival, free: &mut Free, kept: &mut Kept) {
        let Read { mut request, reply_to, deadline, own_limit, due } = match self.read(&message, arrival) {
            Ok(read) => read,
            Err(Unread::Dropped(reason, detail)) => {
                self.workers.counters.dropped.add_one();
                return self.drops.note(reason, detail);
            }
            Err(Unread::Rejected(reply_to, id, rejection)) => {
                self.workers.counters.rejected.add_one();
                let Some(unwritten) = free.take_reply() else { return };
                return reply_to.reject(&id, &self.outbox, &rejection, unwritten).await;
            }
        };
        let (id, queue, runner) = match self.served(&request, arrival.pool) {
            Ok((index, id, served)) => (id, &served.queue, kept.runners.get_mut(index)),
            Err(message) => {
                self.workers.counters.rejected.add_one();
                let rejection = Rejection::new(RejectionKind::UnknownObject, message);
                let Some(unwritten) = free.take_reply() else { return };
                return reject(reply_to, request.id, self, &rejection, unwritten).await;
            }
        };
        // There is one for each object.
        let Some(runner) = runner else { return };
        let arguments = std::mem::take(&mut request.arguments);
        let call = CallState::in_place_of(kept.state.take(), Arc::clone(id), request, deadline);
        kept.state = Some(Arc::clone(&call));
        // There is one, as no more was popped than was reserved.
        let Some(worker) = free.take_one(Work::new(Arc::clone(&call), arrival.wall, due)) else { return };
        let traceparent = call.metadata.get(TRACEPARENT).map(String::as_str);
        let observed = Observed::handle(queue, call.method(), call.id(), traceparent);
        let run = Run {
            dispatcher: Arc::clone(self),
            call: Arc::clone(&call),
            observed,
            queue: Arc::clone(queue),
            worker: worker.clone(),
            reply_to,
            own_limit,
        };
        runner.run(Call::new(call, arguments.share(message).reading(self.invalid_text), worker), run);
    }

    /// The object that a request is for, if it came for the workers of that, and its place.
    fn served(&self, request: &Request<'_>, pool: usize) -> Result<(usize, &Arc<ObjectId>, &Served), String> {
        let wanted = (request.object, request.version);
        let found = self.objects.binary_search_by(|(id, _)| (id.name(), id.version()).cmp(&wanted)).ok();
        let id = || ObjectId::new(request.object, request.version);
        match found.and_then(|found| Some((found, self.objects.get(found)?))) {
            Some((found, (id, served))) if served.pool == pool => Ok((found, id, served)),
            // Otherwise the name in a message, and not its queue, would say whose workers run it.
            Some(_) => Err(format!("a request for `{}` came in the queue of another object", id())),
            None => Err(format!("the module does not serve `{}`", id())),
        }
    }

    fn read<'a>(&self, message: &'a Bytes, arrival: Arrival) -> Result<Read<'a>, Unread> {
        if message.len() > self.max_message_size {
            let (size, most) = (message.len(), self.max_message_size);
            let detail = format!("the request is {size} bytes, more than the {most} that this server reads");
            return Err(self.refuse(message, Reason::TooLarge, detail));
        }
        let request = match Request::decode(message) {
            Ok(request) => request,
            Err(error) => return Err(self.refuse(message, Reason::Malformed, error.to_string())),
        };
        let now = Instant::now();
        let awaited = request.deadline.and_then(|deadline| arrival.at(deadline));
        if awaited.is_some_and(|awaited| awaited <= now) {
            return Err(Unread::Dropped(Reason::Expired, format!("the deadline of {} has passed", request.id)));
        }
        let own = self.own_limit(now, awaited);
        let deadline = own.map(|(_, end)| end).or(awaited);
        let due = if deadline.is_none() && request.deadline.is_none() { overdue_after(now) } else { deadline };
        let reply_to = if request.one_way {
            None
        } else {
            let reply_to = ReplyTo::new(request.generation, request.reply_to, awaited, &self.inboxes);
            let dropped = || Unread::Dropped(Reason::ForeignReplyTo, Beginning(request.reply_to).to_string());
            Some(reply_to.ok_or_else(dropped)?)
        };
        let mut arguments = request.arguments.iter(message);
        if let Err(error) = arguments.try_for_each(|argument| self.max_depth.check(argument)) {
            let detail = format!("an argument is not read: {error}");
            return Err(self.refuse_to(reply_to, request.id, Reason::TooDeep, detail));
        }
        Ok(Read { request, reply_to, deadline, own_limit: own.map(|(limit, _)| limit), due })
    }

    /// The server's limit for a call that begins now, and its end, where that comes before the call's deadline.
    fn own_limit(&self, now: Instant, awaited: Option<Instant>) -> Option<(Duration, Instant)> {
        let limit = self.max_call_time?;
        let end = now.checked_add(limit)?;
        awaited.is_none_or(|awaited| end < awaited).then_some((limit, end))
    }

    /// Tells whoever sent a message that it is not read, if it says who that is.
    fn refuse(&self, message: &Bytes, reason: Reason, detail: String) -> Unread {
        let reply_to = reply_address(message)
            .and_then(|(id, list)| Some((ReplyTo::new(Generation::One, &list, None, &self.inboxes)?, id)));
        match reply_to {
            None => Unread::Dropped(reason, detail),
            Some((reply_to, id)) => self.refuse_to(Some(reply_to), &id, reason, detail),
        }
    }

    /// The like where that is known; none waits for an answer to a call that is not answered.
    fn refuse_to(&self, reply_to: Option<ReplyTo>, id: &str, reason: Reason, detail: String) -> Unread {
        let Some(reply_to) = reply_to else { return Unread::Dropped(reason, detail) };
        self.drops.note(reason, &detail);
        Unread::Rejected(reply_to, id.to_owned(), Rejection::new(RejectionKind::BadArguments, detail))
    }
}

impl Arrival {
    /// A point in time of the broker by our clock; none where that is beyond it. One that was past already is the arrival itself.
    fn at(self, deadline: i64) -> Option<Instant> {
        let left = u64::try_from(deadline.saturating_sub(self.broker)).unwrap_or(0);
        self.instant.checked_add(Duration::from_millis(left))
    }
}

/// A message that was read.
struct Read<'a> {
    request: Request<'a>,
    /// None for a call that is not answered.
    reply_to: Option<ReplyTo>,
    /// None where it has none, or that is beyond the clock.
    deadline: Option<Instant>,
    /// The server's, where that comes before the deadline, or there is none.
    own_limit: Option<Duration>,
    /// When its worker is overdue.
    due: Option<Instant>,
}

/// A message that no worker gets.
enum Unread {
    Dropped(Reason, String),
    /// To the sender of a request of this id.
    Rejected(ReplyTo, String, Rejection),
}
