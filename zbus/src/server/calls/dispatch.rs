//! From a message to the execution of a call: the request is read, its object found, a worker taken.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use tokio::time::Instant;

use super::execution::{Execution, reject};
use super::objects::{Objects, Served};
use super::spawn::Spawner;
use crate::ObjectId;
use crate::context::CallState;
use crate::drops::{Beginning, Reason};
use crate::error::RejectionKind;
use crate::server::replies::ReplyTo;
use crate::server::state::State;
use crate::server::workers::{Free, Work, overdue_after};
use crate::server::{Call, Rejection};
use crate::telemetry::{Observed, TRACEPARENT};
use crate::wire::{Generation, Request, reply_address};

/// Hands requests to workers, for one task that takes them.
pub(crate) struct Dispatcher {
    state: Arc<State>,
    objects: Arc<Objects>,
    /// The workers that the requests came for.
    pool: usize,
    /// One for each object.
    spawners: Vec<Box<dyn Spawner>>,
    /// The last call's, for the next if nothing else holds it any more: then that needs no memory of its own.
    spare: Option<Arc<CallState>>,
}

/// When a batch of messages came.
#[derive(Clone, Copy)]
pub(crate) struct Arrival {
    /// By the broker's clock, in milliseconds.
    broker: i64,
    instant: Instant,
    wall: SystemTime,
}

impl Dispatcher {
    pub(crate) fn new(state: Arc<State>, objects: Arc<Objects>, pool: usize) -> Self {
        let spawners = objects.all().map(|served| Arc::clone(&served.object).spawner(state.scheduling)).collect();
        Self { state, objects, pool, spawners, spare: None }
    }

    /// Of messages that have just come.
    pub(crate) fn arrival(&self) -> Arrival {
        Arrival { broker: self.state.clock.now(), instant: Instant::now(), wall: SystemTime::now() }
    }

    /// Hands a message to a worker, or answers why not.
    pub(crate) async fn dispatch(&mut self, message: Bytes, arrival: Arrival, free: &mut Free) {
        let state = &self.state;
        let Read { mut request, reply_to, deadline, own_limit, due } = match read(state, &message, arrival) {
            Ok(read) => read,
            Err(Unread::Dropped(reason, detail)) => {
                state.counters.dropped.add_one();
                return state.drops.note(reason, detail);
            }
            Err(Unread::Rejected(reply_to, id, rejection)) => {
                state.counters.rejected.add_one();
                let Some(unwritten) = free.take_reply() else { return };
                return reply_to.reject(&id, &state.outbox, &rejection, unwritten).await;
            }
        };
        let (index, id, queue) = match served(&self.objects, &request, self.pool) {
            Ok((index, id, served)) => (index, id, &served.queue),
            Err(message) => {
                state.counters.rejected.add_one();
                let rejection = Rejection::new(RejectionKind::UnknownObject, message);
                let Some(unwritten) = free.take_reply() else { return };
                return reject(reply_to, request.id, state, &rejection, unwritten).await;
            }
        };
        // There is one for each object.
        let Some(spawner) = self.spawners.get_mut(index) else { return };
        let arguments = std::mem::take(&mut request.arguments);
        let call = CallState::in_place_of(self.spare.take(), Arc::clone(id), request, deadline);
        self.spare = Some(Arc::clone(&call));
        // There is one, as no more was popped than was reserved.
        let Some(worker) = free.take_one(Work::new(Arc::clone(&call), arrival.wall, due)) else { return };
        let traceparent = call.metadata.get(TRACEPARENT).map(String::as_str);
        let observed = Observed::handle(queue, call.method(), call.id(), traceparent);
        let execution = Execution {
            state: Arc::clone(state),
            call: Arc::clone(&call),
            observed,
            queue: Arc::clone(queue),
            worker: worker.clone(),
            reply_to,
            own_limit,
        };
        spawner.spawn(Call::new(call, arguments.share(message).reading(state.limits.invalid_text), worker), execution);
    }
}

/// The object that a request is for, if it came for the workers of that.
fn served<'a>(
    objects: &'a Objects,
    request: &Request<'_>,
    pool: usize,
) -> Result<(usize, &'a Arc<ObjectId>, &'a Served), String> {
    let id = || ObjectId::new(request.object, request.version);
    match objects.find(request.object, request.version) {
        Some(found) if found.2.pool == pool => Ok(found),
        // Otherwise the name in a message, and not its queue, would say whose workers run it.
        Some(_) => Err(format!("a request for `{}` came in the queue of another object", id())),
        None => Err(format!("the module does not serve `{}`", id())),
    }
}

fn read<'a>(state: &State, message: &'a Bytes, arrival: Arrival) -> Result<Read<'a>, Unread> {
    if message.len() > state.limits.message_size {
        let (size, most) = (message.len(), state.limits.message_size);
        let detail = format!("the request is {size} bytes, more than the {most} that this server reads");
        return Err(refuse(state, message, Reason::TooLarge, detail));
    }
    let request = match Request::decode(message) {
        Ok(request) => request,
        Err(error) => return Err(refuse(state, message, Reason::Malformed, error.to_string())),
    };
    let now = Instant::now();
    let awaited = request.deadline.and_then(|deadline| arrival.at(deadline));
    if awaited.is_some_and(|awaited| awaited <= now) {
        return Err(Unread::Dropped(Reason::Expired, format!("the deadline of {} has passed", request.id)));
    }
    let own = own_limit(state, now, awaited);
    let deadline = own.map(|(_, end)| end).or(awaited);
    let due = if deadline.is_none() && request.deadline.is_none() { overdue_after(now) } else { deadline };
    let reply_to = if request.one_way {
        None
    } else {
        let reply_to = ReplyTo::new(request.generation, request.reply_to, awaited, &state.reply_lists);
        let dropped = || Unread::Dropped(Reason::ForeignReplyTo, Beginning(request.reply_to).to_string());
        Some(reply_to.ok_or_else(dropped)?)
    };
    let mut arguments = request.arguments.iter(message);
    if let Err(error) = arguments.try_for_each(|argument| state.limits.depth.check(argument)) {
        let detail = format!("an argument is not read: {error}");
        return Err(refuse_to(state, reply_to, request.id, Reason::TooDeep, detail));
    }
    Ok(Read { request, reply_to, deadline, own_limit: own.map(|(limit, _)| limit), due })
}

/// The server's limit for a call that begins now, and its end, if that comes before the call's deadline.
fn own_limit(state: &State, now: Instant, awaited: Option<Instant>) -> Option<(Duration, Instant)> {
    let limit = state.limits.call_time?;
    let end = now.checked_add(limit)?;
    awaited.is_none_or(|awaited| end < awaited).then_some((limit, end))
}

/// Answers the sender of a message that is not read, if the message says where to.
fn refuse(state: &State, message: &Bytes, reason: Reason, detail: String) -> Unread {
    let reply_to = reply_address(message)
        .and_then(|(id, list)| Some((ReplyTo::new(Generation::One, &list, None, &state.reply_lists)?, id)));
    match reply_to {
        None => Unread::Dropped(reason, detail),
        Some((reply_to, id)) => refuse_to(state, Some(reply_to), &id, reason, detail),
    }
}

/// [`refuse`] for a sender that is known. The caller of a one-way call waits for no answer.
fn refuse_to(state: &State, reply_to: Option<ReplyTo>, id: &str, reason: Reason, detail: String) -> Unread {
    let Some(reply_to) = reply_to else { return Unread::Dropped(reason, detail) };
    state.drops.note(reason, &detail);
    Unread::Rejected(reply_to, id.to_owned(), Rejection::new(RejectionKind::BadArguments, detail))
}

impl Arrival {
    /// A point in time of the broker by this machine's clock; none if that is beyond the clock. A point in the past is the arrival itself.
    fn at(self, deadline: i64) -> Option<Instant> {
        let left = u64::try_from(deadline.saturating_sub(self.broker)).unwrap_or(0);
        self.instant.checked_add(Duration::from_millis(left))
    }
}

/// A message that was read.
struct Read<'a> {
    request: Request<'a>,
    /// None for a one-way call.
    reply_to: Option<ReplyTo>,
    /// None if it has none, or if that is beyond the clock.
    deadline: Option<Instant>,
    /// The server's limit, if it comes before the deadline, or there is no deadline.
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
