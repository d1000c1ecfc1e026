//! A call under way: tried, answered, or given up and taken back from the broker.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::in_flight::{Answer, Entered, Left, ended};
use super::retry::{Retries, may_have_run};
use super::{RemoteObject, ReplyMode, Tag};
use crate::ObjectId;
use crate::broker::{Broker, BrokerError, BrokerErrorKind, Write};
use crate::error::Fate;
use crate::wire::encode;

/// How long after its deadline a call waits to be told what became of its request: a round trip, unless the broker is in trouble.
const TAKE_BACK_LIMIT: Duration = Duration::from_millis(250);

/// Dropped before its answer, it is taken back.
pub(super) struct Pending<'a> {
    object: &'a RemoteObject,
    entered: Entered,
    write: Write,
    replies: ReplyMode,
    retries: Retries,
    /// What came of the last try, where there will be another; or of an earlier one after which the method may have run.
    failed: Option<Answer>,
    /// How many earlier tries may have left a request in the queue.
    copies: usize,
}

impl<'a> Pending<'a> {
    pub(super) fn new(
        object: &'a RemoteObject,
        entered: Entered,
        write: Write,
        replies: ReplyMode,
        retries: Retries,
    ) -> Self {
        Self { object, entered, write, replies, retries, failed: None, copies: 0 }
    }

    /// What comes of it, in as many tries as it takes.
    pub(super) async fn answer(&mut self) -> Answer {
        let _list = match self.replies {
            ReplyMode::Inbox => None,
            ReplyMode::PerCall => {
                Some(self.object.client.shared.reply_lists.open(self.entered.id().to_string()).await?)
            }
        };
        let mut answer = self.attempt().await;
        while !self.object.client.shared.in_flight.is_closed()
            && let Some(delay) = self.retries.delay(&answer)
        {
            tracing::debug!(target = &*self.object.queue, ?delay, "a call is tried again");
            if answer.is_err() && may_have_run(&answer) {
                self.copies += 1;
            }
            if !self.failed.as_ref().is_some_and(may_have_run) || may_have_run(&answer) {
                self.failed = Some(answer);
            }
            // The request of a try that was lost may still be answered.
            self.entered.renew();
            answer = tokio::select! {
                biased;
                late = &mut self.entered.answered => late.unwrap_or_else(|_| Err(ended(true))),
                () = tokio::time::sleep(delay) => self.attempt().await,
            };
        }
        answer
    }

    async fn attempt(&mut self) -> Answer {
        let shared = &self.object.client.shared;
        if shared.outbox.send(Tag::Call(self.entered.number), self.write.clone()).await.is_err() {
            shared.in_flight.close();
            return Err(ended(false));
        }
        (&mut self.entered.answered).await.unwrap_or_else(|_| Err(ended(true)))
    }

    /// At the deadline: what became of the request, which is taken back, or what came of the call before. It may take a moment.
    pub(super) async fn expire(&mut self) -> Result<Fate, Answer> {
        let left = self.entered.leave();
        if let Ok(answer) = self.entered.answered.try_recv() {
            return Err(answer);
        }
        let unwritten = matches!(left, Left::NeverWritten | Left::Ended);
        if self.copies == 0 && unwritten {
            return self.failed.take().map_or(Ok(Fate::NeverWritten), Err);
        }
        let taken_back = self.object.client.shared.runtime.spawn(self.request().take_back(left));
        let taken_back = tokio::time::timeout(TAKE_BACK_LIMIT, taken_back).await;
        let fate = taken_back.ok().and_then(Result::ok).unwrap_or(Ok(Fate::Unknown));
        match (self.failed.take(), fate) {
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
            message: self.write.message().clone(),
            copies: self.copies,
        }
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        let left = self.entered.leave();
        if matches!(left, Left::Ended) || self.copies == 0 && matches!(left, Left::NeverWritten) {
            return;
        }
        let (request, id) = (self.request(), self.entered.id());
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
            Left::Writing(written) => match written.await {
                Ok(Err(error)) if error.kind() != BrokerErrorKind::Lost && self.copies == 0 => return Err(error),
                Ok(Err(error)) if error.kind() != BrokerErrorKind::Lost => 0,
                Ok(_) => 1,
                // It was answered meanwhile.
                Err(_) => return Ok(Fate::Unknown),
            },
            Left::Written | Left::Ended => 1,
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
