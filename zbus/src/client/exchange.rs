//! A call under way, as a future that is small and is not copied about: most calls end in it, and what few need is boxed.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::Instant;

use super::call::Request;
use super::in_flight::{Answer, Answered};
use super::pending::Pending;
use super::{RemoteObject, ReplyMode, Tag};
use crate::error::{Error, Fate};
use crate::telemetry::{Meter, Observed};

pub(super) struct Exchange<'a> {
    request: Request<'a>,
    observed: Observed,
    meter: Option<Meter>,
    one_way: bool,
    /// When the call ends, and how often the broker was seen to be another one when it began.
    terms: Terms<'a>,
    stage: Stage<'a>,
}

#[derive(Clone, Copy)]
struct Terms<'a> {
    object: &'a RemoteObject,
    limit: Option<Duration>,
    deadline: Option<Instant>,
    restarts: u64,
    /// Whether a reply is waited for in the inbox.
    inbox: bool,
}

enum Stage<'a> {
    New,
    /// Sent, without a timer of its own.
    Waiting(Pending<'a>),
    Late(Pin<Box<dyn Future<Output = Result<Answered, Error>> + Send + 'a>>),
    Over,
}

/// Where a call is that does not end at once.
enum Late {
    /// It is still to be sent.
    Unsent,
    /// It may be tried again after this.
    Failed(Answer),
    Expired,
}

impl<'a> Exchange<'a> {
    pub(super) fn new(mut request: Request<'a>, one_way: bool) -> Self {
        let observed = request.take_observed();
        let terms = Terms { object: request.object(), limit: None, deadline: None, restarts: 0, inbox: false };
        Self { request, observed, meter: None, one_way, terms, stage: Stage::New }
    }

    /// What comes of the call, as `read` reads it.
    pub(super) fn poll<R>(
        &mut self,
        context: &mut Context<'_>,
        read: impl FnOnce(&Request<'a>, Answered) -> Result<R, Error>,
    ) -> Poll<Result<R, Error>> {
        let Self { request, observed, meter, one_way, terms, stage } = self;
        let _span = observed.enter();
        if let Stage::New = stage {
            *meter = Some(Meter::client(&terms.object.queue, request.method()));
        }
        let answered = ready!(stage.poll(context, request, terms, *one_way));
        *stage = Stage::Over;
        let outcome = answered.and_then(|answered| read(request, answered));
        observed.ended_call(meter.take(), outcome.as_ref().err());
        Poll::Ready(outcome)
    }
}

impl<'a> Stage<'a> {
    fn poll(
        &mut self,
        context: &mut Context<'_>,
        request: &mut Request<'a>,
        terms: &mut Terms<'a>,
        one_way: bool,
    ) -> Poll<Result<Answered, Error>> {
        if let Self::New = self {
            *self = Self::begin(request, terms, one_way)?;
        }
        if let Self::Waiting(pending) = self {
            let late = match ready!(pending.poll_answer(context)) {
                Some(answer) if !pending.retried().after(&answer) => {
                    pending.end();
                    return Poll::Ready(answer.map_err(|error| terms.object.not_written(error)));
                }
                Some(answer) => Late::Failed(answer),
                None => Late::Expired,
            };
            if let Self::Waiting(pending) = std::mem::replace(self, Self::Over) {
                *self = Self::Late(Box::pin(terms.end(pending, late)));
            }
        }
        match self {
            Self::Late(late) => late.as_mut().poll(context),
            // Nobody asks again after the end.
            _ => Poll::Pending,
        }
    }

    fn begin(request: &mut Request<'a>, terms: &mut Terms<'a>, one_way: bool) -> Result<Self, Error> {
        let shared = &terms.object.client.shared;
        let options = request.given();
        terms.limit = request.limit();
        terms.deadline = terms.limit.and_then(|limit| Instant::now().checked_add(limit));
        terms.restarts = shared.restarts.seen();
        let replies = if one_way { ReplyMode::Inbox } else { options.replies() };
        terms.inbox = !one_way && replies == ReplyMode::Inbox;
        let at_once = !options.fails_fast && replies == ReplyMode::Inbox;
        let entered = shared.in_flight.slots.enter(one_way, terms.deadline.filter(|_| at_once));
        let message = request.encode(shared.in_flight.id(entered.number), one_way)?;
        let tag = Tag::Call(entered.number);
        let pending = Pending::new(terms.object, entered, message, request.given(), replies, request.is_idempotent());
        Ok(if at_once && shared.outbox.try_send(tag, pending.write()) {
            Self::Waiting(pending)
        } else {
            Self::Late(Box::pin(terms.end(pending, Late::Unsent)))
        })
    }
}

impl<'a> Terms<'a> {
    /// Sees the call to its end, with timers of its own.
    fn end(self, mut pending: Pending<'a>, late: Late) -> impl Future<Output = Result<Answered, Error>> + Send + 'a {
        let Self { object, limit, deadline, restarts, inbox } = self;
        let after = limit.unwrap_or_default();
        async move {
            let answer = match late {
                Late::Expired => None,
                Late::Failed(answer) => pending.tried(Some(answer), deadline).await,
                Late::Unsent => {
                    if pending.fails_fast {
                        object.require_server(deadline, after).await?;
                    }
                    pending.tried(None, deadline).await
                }
            };
            let answer = match answer {
                Some(answer) => answer,
                None => match pending.expire().await {
                    Ok(fate) => {
                        let error = object.timed_out(after, fate);
                        return Err(object.unanswered(after, fate, inbox, restarts, error).await);
                    }
                    Err(failed) => failed,
                },
            };
            answer.map_err(|error| object.not_written(error))
        }
    }
}

impl RemoteObject {
    pub(super) fn timed_out(&self, after: Duration, fate: Fate) -> Error {
        Error::Timeout { target: self.queue.to_string(), after, fate }
    }
}
