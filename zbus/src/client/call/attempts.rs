//! The attempts to have one request answered: it is written, waited for, perhaps written again, and taken back if it is given up.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::request::Request;
use super::retry::{Retried, Retries, may_have_run};
use crate::broker::{BrokerError, BrokerErrorKind, Write};
use crate::client::in_flight::{Answer, Answered, CallId, Entered, Left, ended};
use crate::client::withdrawals::{Caller, Ending, GivenUp, Sequel, no_server};
use crate::client::writes::Tag;
use crate::client::{RemoteObject, ReplyMode};
use crate::error::{Error, Fate, RejectionKind};

/// How long after its deadline a call waits to learn what became of its request: a few round trips, unless the broker is in trouble.
const AFTERTHOUGHT: Duration = Duration::from_millis(250);

/// Dropped before its answer, the request is taken back.
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of the caller's, and they combine freely")]
pub(super) struct Attempts<'a> {
    object: &'a RemoteObject,
    method: &'a str,
    entered: Entered<'a>,
    message: Bytes,
    limit: Option<Duration>,
    deadline: Option<Instant>,
    /// How often the broker had been restarted when the call began.
    restarts: u64,
    queue_limit: Option<u32>,
    replies: ReplyMode,
    one_way: bool,
    idempotent: bool,
    fails_fast: bool,
    /// Nothing is to be taken back.
    is_over: bool,
    /// Most calls need no second attempt.
    earlier: Option<Box<Earlier>>,
}

/// The attempts before the last.
#[derive(Default)]
struct Earlier {
    /// How the last of them ended, or one before it after which the method may have run.
    failed: Option<Answer>,
    /// How many of them may have left a request in the queue.
    copies: usize,
}

impl<'a> Attempts<'a> {
    /// Enters the call and encodes its request. The table of the calls in flight watches the deadline.
    pub(super) fn begin(request: &mut Request<'a>, one_way: bool) -> Result<Self, Error> {
        let object = request.object();
        let shared = &object.client.shared;
        let limit = request.limit();
        let deadline = limit.and_then(|limit| Instant::now().checked_add(limit));
        let entered = shared.in_flight.slots.enter(one_way, deadline);
        let message = request.encode(shared.in_flight.id(entered.number), one_way)?;
        let options = request.given();
        Ok(Self {
            object,
            method: request.method(),
            entered,
            message,
            limit,
            deadline,
            restarts: shared.restarts.seen(),
            queue_limit: options.queue_limit,
            replies: if one_way { ReplyMode::Inbox } else { options.replies() },
            one_way,
            idempotent: request.is_idempotent(),
            fails_fast: options.fails_fast,
            is_over: false,
            earlier: None,
        })
    }

    /// Sends the first attempt, if that takes no waiting; otherwise nothing is sent.
    pub(super) fn try_send(&self) -> bool {
        let waits = self.fails_fast || self.replies == ReplyMode::PerCall;
        !waits && self.object.client.shared.outbox.try_send(Tag::Call(self.entered.number), self.write())
    }

    /// The answer to the first attempt; none at the deadline.
    pub(super) fn poll_answer(&mut self, context: &Context<'_>) -> Poll<Option<Answer>> {
        self.entered.poll_answer(context)
    }

    /// Whether there is another attempt after this answer.
    pub(super) fn retries_after(&self, answer: &Answer) -> bool {
        self.retried().after(answer)
    }

    fn retried(&self) -> Retried {
        Retried { idempotent: self.idempotent, waits: !self.fails_fast }
    }

    /// The call ends with this answer.
    pub(super) fn end(&mut self, answer: Answer) -> Result<Answered, Error> {
        self.is_over = true;
        answer.map_err(|error| self.not_written(error))
    }

    /// Makes the first attempt, after waiting for what it needs, and those that follow.
    pub(super) async fn send(&mut self) -> Result<Answered, Error> {
        if self.fails_fast {
            Box::pin(self.require_server()).await?;
        }
        self.run(None).await
    }

    /// Makes the attempts that follow the first, which has failed so.
    pub(super) async fn retry(&mut self, failed: Answer) -> Result<Answered, Error> {
        self.run(Some(failed)).await
    }

    async fn run(&mut self, first: Option<Answer>) -> Result<Answered, Error> {
        if first.is_some() {
            self.entered.renew(self.deadline);
        }
        // No timer of its own: thousands of calls may wait for room together, and expire together.
        let (slots, number) = (&self.object.client.shared.in_flight.slots, self.entered.number);
        let answer = {
            let mut attempts = pin!(self.attempts(first));
            poll_fn(|context| match attempts.as_mut().poll(context) {
                Poll::Ready(answer) => Poll::Ready(Some(answer)),
                Poll::Pending => slots.poll_expired(number, context).map(|()| None),
            })
            .await
        };
        match answer {
            Some(answer) => self.end(answer),
            None => Box::pin(self.expire()).await,
        }
    }

    async fn attempts(&mut self, first: Option<Answer>) -> Answer {
        let _list = match self.replies {
            ReplyMode::Inbox => None,
            ReplyMode::PerCall => {
                Some(Box::pin(self.object.client.shared.reply_lists.open(self.id().to_string())).await?)
            }
        };
        let answer = match first {
            Some(answer) => answer,
            None => self.attempt().await,
        };
        // Thousands of calls may wait for room together: what few of them need takes no memory in the others.
        if self.retries_after(&answer) { Box::pin(self.further_attempts(answer)).await } else { answer }
    }

    /// Retries for as long as it may help.
    async fn further_attempts(&mut self, mut answer: Answer) -> Answer {
        let mut retries = Retries::new(self.retried());
        while !self.object.client.shared.in_flight.slots.is_closed()
            && let Some(delay) = retries.delay(&answer)
        {
            tracing::debug!(target = &*self.object.queue, ?delay, "retrying a call");
            let earlier = self.earlier.get_or_insert_default();
            if answer.is_err() && may_have_run(&answer) {
                earlier.copies += 1;
            }
            if !earlier.failed.as_ref().is_some_and(may_have_run) || may_have_run(&answer) {
                earlier.failed = Some(answer);
            }
            // The request of an attempt that was lost may still be answered.
            self.entered.renew(self.deadline);
            answer = tokio::select! {
                biased;
                late = wait(&mut self.entered) => late,
                () = tokio::time::sleep(delay) => self.attempt().await,
            };
        }
        answer
    }

    async fn attempt(&mut self) -> Answer {
        let shared = &self.object.client.shared;
        if shared.outbox.send(Tag::Call(self.entered.number), self.write()).await.is_err() {
            shared.in_flight.slots.close();
            return Err(ended(false));
        }
        wait(&mut self.entered).await
    }

    fn write(&self) -> Write {
        let (list, message, expire) = (Arc::clone(&self.object.queue), self.message.clone(), self.object.expiry);
        match self.queue_limit {
            Some(limit) if expire.is_none() => Write::PushBelow { list, message, limit },
            _ => Write::Push { list, message, expire },
        }
    }

    fn id(&self) -> CallId {
        self.object.client.shared.in_flight.id(self.entered.number)
    }

    /// For a call that is to fail at once if no server is there.
    async fn require_server(&self) -> Result<(), Error> {
        let missing = no_server(&*self.object.client.shared.broker, &self.object.module);
        let missing = match self.deadline {
            None => missing.await,
            Some(deadline) => {
                tokio::time::timeout_at(deadline, missing).await.map_err(|_| self.timed_out(Fate::NeverWritten))?
            }
        };
        if missing { Err(self.no_server(None)) } else { Ok(()) }
    }

    /// At the deadline: takes the request back, and finds out what became of it, or what came of an attempt before.
    pub(super) async fn expire(&mut self) -> Result<Answered, Error> {
        self.is_over = true;
        let left = match self.entered.leave() {
            Left::Ended(Some(answer)) => return self.end(answer),
            left => left,
        };
        let unwritten = matches!(left, Left::NeverWritten | Left::Ended(None));
        let (failed, copies) = self.earlier.take().map_or((None, 0), |earlier| (earlier.failed, earlier.copies));
        let may_have_run = failed.as_ref().is_some_and(may_have_run);
        // Nothing that can be found out now is better than that.
        let failed = match failed {
            Some(failed) if unwritten => {
                if copies > 0 {
                    self.take_back(left, copies, Sequel::Nothing);
                }
                return self.end(failed);
            }
            failed => failed,
        };
        let by_inbox = !self.one_way && self.replies == ReplyMode::Inbox;
        let caller = Caller { restarts: self.restarts, by_inbox, may_have_run };
        let (told, ending) = oneshot::channel();
        let fate = if unwritten && copies == 0 { Fate::NeverWritten } else { Fate::Unknown };
        self.take_back(left, copies, Sequel::Tell(caller, told));
        match (failed, self.learn(ending).await) {
            (Some(failed), Some(Ending::NotWritten(_))) if may_have_run => self.end(failed),
            (_, Some(Ending::NotWritten(error))) => Err(self.not_written(error)),
            (_, Some(Ending::Restarted)) => Err(self.restarted()),
            (_, Some(Ending::NoServer(Fate::Unknown))) => Err(self.timed_out(Fate::Unseen)),
            (_, Some(Ending::NoServer(_))) => Err(self.no_server(self.limit)),
            (_, Some(Ending::Unanswered(fate))) => Err(self.timed_out(fate)),
            (_, None) => Err(self.timed_out(fate)),
        }
    }

    /// Waits for an ending, but not for long. All calls of a client share the timer, as thousands may expire together.
    async fn learn(&self, mut ending: oneshot::Receiver<Ending>) -> Option<Ending> {
        let until = Instant::now().checked_add(AFTERTHOUGHT);
        let until = self.deadline.and_then(|deadline| deadline.checked_add(AFTERTHOUGHT)).or(until);
        let mut timer = self.object.client.shared.in_flight.slots.enter(false, until);
        poll_fn(|context| {
            if let Poll::Ready(ending) = std::pin::Pin::new(&mut ending).poll(context) {
                return Poll::Ready(ending.ok());
            }
            timer.poll_answer(context).map(|_| None)
        })
        .await
    }

    fn take_back(&self, left: Left, copies: usize, sequel: Sequel) {
        self.object.client.shared.withdrawals.push(GivenUp {
            number: self.entered.number,
            module: Arc::clone(&self.object.module),
            queue: Arc::clone(&self.object.queue),
            message: self.message.clone(),
            copies,
            left,
            sequel,
        });
    }

    fn not_written(&self, error: BrokerError) -> Error {
        if error.kind() == BrokerErrorKind::Full {
            let (target, kind) = (self.target(), RejectionKind::Overloaded);
            return Error::Rejected { target, kind, message: error.to_string() };
        }
        error.into()
    }

    fn timed_out(&self, fate: Fate) -> Error {
        Error::Timeout { target: self.target(), after: self.limit.unwrap_or_default(), fate }
    }

    fn no_server(&self, after: Option<Duration>) -> Error {
        Error::NoServer { target: self.target(), module: self.object.module.to_string(), after }
    }

    fn restarted(&self) -> Error {
        let message = format!(
            "no reply from {} within {:?}; the broker was restarted meanwhile, and the request or its reply may be lost with it",
            self.target(),
            self.limit.unwrap_or_default()
        );
        BrokerError::new(BrokerErrorKind::Restarted, message).into()
    }

    fn target(&self) -> String {
        self.object.target(self.method)
    }
}

/// The answer; the caller looks for the deadline itself.
async fn wait(entered: &mut Entered<'_>) -> Answer {
    poll_fn(|context| match entered.poll_answer(context) {
        Poll::Ready(Some(answer)) => Poll::Ready(answer),
        Poll::Ready(None) | Poll::Pending => Poll::Pending,
    })
    .await
}

impl Drop for Attempts<'_> {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let left = self.entered.leave();
        let copies = self.earlier.as_ref().map_or(0, |earlier| earlier.copies);
        if matches!(left, Left::Ended(_)) || copies == 0 && matches!(left, Left::NeverWritten) {
            return;
        }
        self.take_back(left, copies, Sequel::Cancel(self.id()));
    }
}
