//! From a message to its reply: the request is read, its object found, the method run by a worker.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

use super::events::panic_text;
use super::object::{Call, Object, Returns};
use super::rejection::Rejection;
use super::reply::{ReplyTo, Sent};
use super::workers::{Busy, Workers};
use crate::ObjectId;
use crate::clock::Clock;
use crate::error::RejectionKind;
use crate::outbox::Outbox;
use crate::wire::{Generation, Request, reply_address};

/// An object of whatever type. The type is forgotten where a call becomes a task, so that this costs no allocation of its own.
pub(super) trait AnyObject: Send + Sync {
    fn run(self: Arc<Self>, call: Call, run: Run);
}

impl<O: Object> AnyObject for O {
    fn run(self: Arc<Self>, call: Call, run: Run) {
        tokio::spawn(async move {
            let name = format!("{}.{}", call.request().object, call.method());
            // The future is made in there too, since making it may panic.
            run.finish(&name, async { self.call(call).await }).await;
        });
    }
}

/// All that a message needs on its way.
pub(super) struct Dispatcher {
    pub(super) objects: HashMap<ObjectId, Arc<dyn AnyObject>>,
    pub(super) workers: Arc<Workers>,
    pub(super) outbox: Outbox<Sent>,
    pub(super) clock: Clock,
    /// Ends the calls that run.
    pub(super) abort: CancellationToken,
}

impl Dispatcher {
    /// Hands a message to a worker, or answers why not.
    pub(super) async fn dispatch(&self, message: &Bytes, permit: OwnedSemaphorePermit) {
        let (request, reply_to, limit) = match self.read(message) {
            Ok(read) => read,
            Err(Unread::Dropped(reason)) => {
                self.workers.counters.dropped.add_one();
                return tracing::warn!(reason, "dropped a request");
            }
            Err(Unread::Rejected(reply_to, rejection)) => {
                self.workers.counters.rejected.add_one();
                return reply_to.reject(&self.outbox, &rejection).await;
            }
        };
        let Some(object) = self.objects.get(&request.object) else {
            self.workers.counters.rejected.add_one();
            let message = format!("the module does not serve `{}`", request.object);
            return reject(reply_to, &self.outbox, &Rejection::new(RejectionKind::UnknownObject, message)).await;
        };
        let worker = self.workers.busy(&request.object, &request.method, limit, permit);
        let run = Run { worker, reply_to, outbox: self.outbox.clone(), limit, abort: self.abort.clone() };
        Arc::clone(object).run(Call::new(request), run);
    }

    fn read(&self, message: &Bytes) -> Result<(Request, Option<ReplyTo>, Option<Duration>), Unread> {
        let request = match Request::decode(message) {
            Ok(request) => request,
            Err(error) => {
                let reply_to = reply_address(message)
                    .and_then(|(id, list)| ReplyTo::new(id, Generation::One, &list, None))
                    .ok_or_else(|| Unread::Dropped(error.to_string()))?;
                return Err(Unread::Rejected(reply_to, Rejection::new(RejectionKind::BadArguments, error.to_string())));
            }
        };
        let limit = request.deadline.map(|deadline| self.clock.until(deadline));
        if limit.is_some_and(|limit| limit.is_zero()) {
            return Err(Unread::Dropped(format!("the deadline of {} has passed", request.id)));
        }
        let reply_to = if request.one_way {
            None
        } else {
            let reply_to = ReplyTo::new(request.id.clone(), request.generation, &request.reply_to, limit);
            Some(reply_to.ok_or_else(|| {
                Unread::Dropped(format!("`{}` is not the name of a reply list", request.reply_to.escape_debug()))
            })?)
        };
        Ok((request, reply_to, limit))
    }
}

/// A message that no worker gets.
enum Unread {
    Dropped(String),
    Rejected(ReplyTo, Rejection),
}

/// Says why a call has no result: to its caller, or to our log where nobody waits for an answer.
async fn reject(reply_to: Option<ReplyTo>, outbox: &Outbox<Sent>, rejection: &Rejection) {
    match reply_to {
        Some(reply_to) => reply_to.reject(outbox, rejection).await,
        None => tracing::warn!(reason = rejection.message, "a one-way call failed"),
    }
}

/// A worker on its way with a call.
pub(super) struct Run {
    worker: Busy,
    /// None for a call that is not answered.
    reply_to: Option<ReplyTo>,
    outbox: Outbox<Sent>,
    limit: Option<Duration>,
    abort: CancellationToken,
}

impl Run {
    /// Runs the method to its end, its deadline, or the server's, and answers.
    async fn finish(self, name: &str, method: impl Future<Output = Result<Returns, Rejection>>) {
        let Self { worker, reply_to, outbox, limit, abort } = self;
        let deadline = async {
            match limit {
                Some(limit) => tokio::time::sleep(limit).await,
                None => std::future::pending().await,
            }
        };
        let outcome = tokio::select! {
            outcome = AssertUnwindSafe(method).catch_unwind() => outcome.unwrap_or_else(|panic| {
                let text = panic_text(&*panic);
                tracing::error!(method = name, panic = text, "a method panicked");
                Err(Rejection::new(RejectionKind::Panicked, format!("{name} panicked: {text}")))
            }),
            () = deadline => Err(Rejection::new(RejectionKind::Expired, format!("{name} did not end before its deadline"))),
            () = abort.cancelled() => Err(Rejection::new(RejectionKind::Stopping, format!("the server stopped before {name} ended"))),
        };
        let counters = worker.counters();
        match &outcome {
            Ok(returns) if returns.has_thrown() => counters.failed.add_one(),
            Ok(_) => counters.served.add_one(),
            Err(_) => counters.rejected.add_one(),
        }
        let id = reply_to.as_ref().map_or("", |reply_to| &reply_to.id);
        match (outcome.and_then(|returns| returns.encode(id)), reply_to) {
            (Ok(message), Some(reply_to)) => reply_to.send(&outbox, message).await,
            (Ok(_), None) => {}
            (Err(rejection), reply_to) => reject(reply_to, &outbox, &rejection).await,
        }
        // Busy until the reply is on its way, so that a server takes no more than it can answer.
        drop(worker);
    }
}
