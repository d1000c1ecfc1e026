//! A call under way: tried, answered, or given up and taken back from the broker.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::in_flight::{Answer, CallId, Entered, Left, ended};
use super::retry::{Retried, Retries, may_have_run};
use super::{CallOptions, RemoteObject, ReplyMode, Tag};
use crate::ObjectId;
use crate::broker::{Broker, BrokerError, BrokerErrorKind, Write};
use crate::error::Fate;
use crate::wire::encode;

/// How long after its deadline a call waits to be told what became of its request: a round trip, unless the broker is in trouble.
const TAKE_BACK_LIMIT: Duration = Duration::from_millis(250);

/// Dropped before its answer, it is taken back.
pub(super) struct Pending<'a> {
    object: &'a RemoteObject,
    entered: Entered<'a>,
    message: Bytes,
    queue_limit: Option<u32>,
    replies: ReplyMode,
    idempotent: bool,
    pub(super) fails_fast: bool,
    answered: bool,
    /// Of the tries after the first, which most calls have not.
    tries: Option<Box<Tries>>,
}

#[derive(Default)]
struct Tries {
    /// What came of the last try, where there will be another; or of an earlier one after which the method may have run.
    failed: Option<Answer>,
    /// How many earlier tries may have left a request in the queue.
    copies: usize,
}

impl<'a> Pending<'a> {
    pub(super) fn new(
        object: &'a RemoteObject,
        entered: Entered<'a>,
        message: Bytes,
        options: &CallOptions,
        replies: ReplyMode,
        idempotent: bool,
    ) -> Self {
        let (queue_limit, fails_fast) = (options.queue_limit, options.fails_fast);
        Self { object, entered, message, queue_limit, replies, idempotent, fails_fast, answered: false, tries: None }
    }

    /// The answer to the first try; none at the deadline.
    pub(super) fn poll_answer(&self, context: &Context<'_>) -> Poll<Option<Answer>> {
        self.entered.poll_answer(context)
    }

    /// The call has its answer: nothing is to be taken back.
    pub(super) fn end(&mut self) {
        self.answered = true;
    }

    /// What comes of it until its deadline, in as many tries as it takes, after a first one that ended so, if there was one; none where
    /// the deadline has passed.
    pub(super) async fn tried(&mut self, first: Option<Answer>, deadline: Option<Instant>) -> Option<Answer> {
        // The timer here is enough.
        self.entered.renew();
        let answer = self.try_on(first);
        let answer = match deadline {
            None => Some(answer.await),
            Some(deadline) => tokio::time::timeout_at(deadline, answer).await.ok(),
        };
        self.answered = answer.is_some();
        answer
    }

    async fn try_on(&mut self, first: Option<Answer>) -> Answer {
        let _list = match self.replies {
            ReplyMode::Inbox => None,
            ReplyMode::PerCall => Some(self.object.client.shared.reply_lists.open(self.id().to_string()).await?),
        };
        let mut answer = match first {
            Some(answer) => answer,
            None => self.attempt().await,
        };
        let mut retries = Retries::new(self.retried());
        while !self.object.client.shared.in_flight.slots.is_closed()
            && let Some(delay) = retries.delay(&answer)
        {
            tracing::debug!(target = &*self.object.queue, ?delay, "a call is tried again");
            let tries = self.tries.get_or_insert_default();
            if answer.is_err() && may_have_run(&answer) {
                tries.copies += 1;
            }
            if !tries.failed.as_ref().is_some_and(may_have_run) || may_have_run(&answer) {
                tries.failed = Some(answer);
            }
            // The request of a try that was lost may still be answered.
            self.entered.renew();
            answer = tokio::select! {
                biased;
                late = self.waited() => late,
                () = tokio::time::sleep(delay) => self.attempt().await,
            };
        }
        answer
    }

    async fn attempt(&self) -> Answer {
        let shared = &self.object.client.shared;
        if shared.outbox.send(Tag::Call(self.entered.number), self.write()).await.is_err() {
            shared.in_flight.slots.close();
            return Err(ended(false));
        }
        self.waited().await
    }

    /// The answer, where a timer is set that the table knows nothing of.
    async fn waited(&self) -> Answer {
        poll_fn(|context| self.entered.poll_answer(context)).await.unwrap_or_else(|| Err(ended(true)))
    }

    pub(super) fn write(&self) -> Write {
        let (list, message, expire) = (Arc::clone(&self.object.queue), self.message.clone(), self.object.expiry);
        match self.queue_limit {
            Some(limit) if expire.is_none() => Write::PushBelow { list, message, limit },
            _ => Write::Push { list, message, expire },
        }
    }

    pub(super) fn retried(&self) -> Retried {
        Retried { idempotent: self.idempotent, waits: !self.fails_fast }
    }

    fn id(&self) -> CallId {
        self.object.client.shared.in_flight.id(self.entered.number)
    }

    fn copies(&self) -> usize {
        self.tries.as_ref().map_or(0, |tries| tries.copies)
    }

    /// At the deadline: what became of the request, which is taken back, or what came of the call before. It may take a moment.
    pub(super) async fn expire(&mut self) -> Result<Fate, Answer> {
        let left = match self.entered.leave() {
            Left::Ended(Some(answer)) => return Err(answer),
            left => left,
        };
        let unwritten = matches!(left, Left::NeverWritten | Left::Ended(_));
        let mut failed = self.tries.as_mut().and_then(|tries| tries.failed.take());
        if self.copies() == 0 && unwritten {
            return failed.map_or(Ok(Fate::NeverWritten), Err);
        }
        let taken_back = self.object.client.shared.runtime.spawn(self.request().take_back(left));
        let taken_back = tokio::time::timeout(TAKE_BACK_LIMIT, taken_back).await;
        let fate = taken_back.ok().and_then(Result::ok).unwrap_or(Ok(Fate::Unknown));
        match (failed.take(), fate) {
            // A try before this one may have run the method.
            (Some(failed), Ok(_)) if !unwritten && may_have_run(&failed) => Ok(Fate::Unknown),
            (Some(failed), _) if unwritten || may_have_run(&failed) => Err(failed),
            (_, Ok(fate)) => Ok(fate),
            (_, Err(error)) => Err(Err(error)),
        }
    }

    fn request(&self) -> Written {
        Written {
            broker: Arc::clone(&self.object.client.shared.broker),
            queue: Arc::clone(&self.object.queue),
            message: self.message.clone(),
            copies: self.copies(),
        }
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        if self.answered {
            return;
        }
        let left = self.entered.leave();
        if matches!(left, Left::Ended(_)) || self.copies() == 0 && matches!(left, Left::NeverWritten) {
            return;
        }
        let (request, id) = (self.request(), self.id());
        let channel = ObjectId::STATUS.channel(&self.object.module, "Cancel");
        self.object.client.shared.runtime.spawn(async move {
            let broker = Arc::clone(&request.broker);
            if matches!(request.take_back(left).await, Ok(Fate::Unknown)) {
                cancel(&*broker, channel, &id.to_string()).await;
            }
        });
    }
}

/// A request that may be in its queue.
struct Written {
    broker: Arc<dyn Broker>,
    queue: Arc<str>,
    message: Bytes,
    copies: usize,
}

impl Written {
    /// Takes it out of the queue: what became of it, or why it was not written.
    async fn take_back(self, left: Left) -> Result<Fate, BrokerError> {
        // Until the write has ended, a withdrawal could overtake it.
        let newest = match left {
            Left::NeverWritten => 0,
            Left::Writing(written) => match poll_fn(|context| written.poll(context)).await {
                Some(Err(error)) if error.kind() != BrokerErrorKind::Lost && self.copies == 0 => return Err(error),
                Some(Err(error)) if error.kind() != BrokerErrorKind::Lost => 0,
                Some(_) => 1,
                // It was answered meanwhile.
                None => return Ok(Fate::Unknown),
            },
            Left::Written | Left::Ended(_) => 1,
        };
        let copies = self.copies + newest;
        if copies == 0 {
            return Ok(Fate::NeverWritten);
        }
        for _ in 0..copies {
            match self.broker.withdraw(&self.queue, self.message.clone()).await {
                Ok(true) => {}
                Ok(false) => return Ok(Fate::Unknown),
                Err(error) => {
                    // The deadline that the request carries ends it.
                    tracing::debug!(%error, "a call that was given up is not withdrawn");
                    return Ok(Fate::Unknown);
                }
            }
        }
        Ok(Fate::Withdrawn)
    }
}

/// Tells the servers of the module that nobody waits for a call any more.
async fn cancel(broker: &dyn Broker, channel: String, id: &str) {
    let mut message = Vec::new();
    // A text can always be encoded.
    if encode(id, &mut message).is_err() {
        return;
    }
    let publish = Write::Publish { channel: channel.into(), message: message.into() };
    for outcome in broker.write(vec![publish]).await {
        if let Err(error) = outcome {
            tracing::debug!(%error, "a call that was given up runs on to its deadline");
        }
    }
}
