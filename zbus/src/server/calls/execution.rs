//! The execution of a call: its method is driven to its end, or until the call is given up, and the call is answered.

use std::any::Any;
use std::fmt;
use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Poll, ready};
use std::time::Duration;

use futures::FutureExt;

use crate::context::{CallState, Context};
use crate::error::RejectionKind;
use crate::server::object::panic_text;
use crate::server::replies::ReplyTo;
use crate::server::state::State;
use crate::server::workers::{Busy, Unwritten};
use crate::server::{Rejection, Returns};
use crate::telemetry::{self, Observed};

/// A call that a worker runs.
pub(crate) struct Execution {
    pub(crate) state: Arc<State>,
    pub(crate) call: Arc<CallState>,
    pub(crate) observed: Observed,
    /// `module.object@version`.
    pub(crate) queue: Arc<str>,
    pub(crate) worker: Busy,
    /// None for a one-way call.
    pub(crate) reply_to: Option<ReplyTo>,
    /// The server's limit, if it comes before the deadline, or there is none.
    pub(crate) own_limit: Option<Duration>,
}

/// Why a call is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum GivenUp {
    /// By its caller.
    Cancelled,
    AtDeadline,
    /// By the server, which stops.
    Stopped,
}

/// How a method ends, a panic included.
type Ended = Result<Result<Returns, Rejection>, Box<dyn Any + Send>>;

impl Execution {
    /// The method as the current task's call. A panic of the method ends the call alone.
    pub(crate) fn guarded<F>(&self, method: F) -> impl Future<Output = Ended> + use<F>
    where
        F: Future<Output = Result<Returns, Rejection>>,
    {
        Context::from(Arc::clone(&self.call)).scope(AssertUnwindSafe(method).catch_unwind())
    }

    /// Runs the method to its end, or until it is given up, and answers.
    pub(crate) async fn finish(self, method: Pin<&mut Option<impl Future<Output = Ended>>>) {
        let Self { state, call, observed, queue, worker, reply_to, own_limit } = self;
        let counters = &state.counters;
        if state.cancellations.was_given_up(call.id()) {
            counters.dropped.add_one();
            return tracing::debug!("dropped a request that its caller has given up");
        }
        let ended = pin!(run(&call, &state, method));
        let answer = match observed.run_method(&queue, call.method(), ended, outcome_of).await {
            Ok(outcome) => Some(outcome),
            // No caller waits for it.
            Err(GivenUp::Cancelled) => None,
            Err(GivenUp::AtDeadline) => {
                let name = Name(&call);
                let message = match own_limit {
                    Some(limit) => format!("{name} did not end in {limit:?}, which is the server's limit for a call"),
                    None => format!("{name} did not end before its deadline"),
                };
                Some(Err(Rejection::new(RejectionKind::Expired, message)))
            }
            Err(GivenUp::Stopped) => {
                let message = format!("the server stopped before {} ended", Name(&call));
                Some(Err(Rejection::new(RejectionKind::Stopping, message)))
            }
        };
        let thrown = matches!(&answer, Some(Ok(returns)) if returns.has_thrown());
        let answer = answer.map(|outcome| outcome.and_then(|returns| returns.encode(state.limits.message_size)));
        match &answer {
            Some(Ok(_)) if thrown => counters.failed.add_one(),
            Some(Ok(_)) => counters.served.add_one(),
            Some(Err(_)) => counters.rejected.add_one(),
            None => counters.dropped.add_one(),
        }
        // Free for the next call while the reply is on its way. What is not written counts, so that a server takes no more than it can
        // answer.
        match (answer, reply_to) {
            (Some(Ok(message)), Some(reply_to)) => reply_to.send(&state.outbox, message, worker.replies()).await,
            // In memory of its own: what is rare shall not make every call's future larger.
            (Some(Err(rejection)), reply_to) => {
                let id = call.id();
                Box::pin(reject(reply_to, id, &state, &rejection, worker.replies())).await;
            }
            (Some(Ok(_)), None) | (None, _) => drop(worker),
        }
    }
}

/// Says why a call has no result: to its caller, and in the log.
pub(crate) async fn reject(
    reply_to: Option<ReplyTo>,
    id: &str,
    state: &State,
    rejection: &Rejection,
    unwritten: Unwritten,
) {
    state.refusals.note(rejection);
    if let Some(reply_to) = reply_to {
        reply_to.reject(id, &state.outbox, rejection, unwritten).await;
    }
}

/// Drives a method, which is dropped when this is ready.
async fn run(
    call: &Arc<CallState>,
    state: &State,
    mut method: Pin<&mut Option<impl Future<Output = Ended>>>,
) -> Result<Result<Returns, Rejection>, GivenUp> {
    let outcome = drive(call, state, method.as_mut()).await;
    method.set(None);
    outcome
}

async fn drive(
    call: &Arc<CallState>,
    state: &State,
    mut method: Pin<&mut Option<impl Future<Output = Ended>>>,
) -> Result<Result<Returns, Rejection>, GivenUp> {
    let mut ended = poll_fn(|context| match method.as_mut().as_pin_mut() {
        Some(method) => method.poll(context),
        None => Poll::Pending,
    });
    let mut watch = None;
    let given_up = poll_fn(|context| {
        if let Poll::Ready(outcome) = ended.poll_unpin(context) {
            return Poll::Ready(Err(outcome));
        }
        // A method that is ready at once costs no timer, and no place among those that can be given up.
        let watch = watch.get_or_insert_with(|| Box::pin(given_up(call, state)));
        Poll::Ready(Ok(ready!(watch.as_mut().poll(context))))
    });
    let given_up = match given_up.await {
        Ok(given_up) => given_up,
        Err(outcome) => return Ok(settle(call, outcome)),
    };
    // For what the method has spawned, or for the method itself if it runs on.
    call.give_up();
    if call.runs_to_end() && given_up != GivenUp::Stopped {
        tokio::select! {
            outcome = &mut ended => drop(settle(call, outcome)),
            () = state.abort.cancelled() => {}
        }
    }
    Err(given_up)
}

/// Waits until a call is given up.
async fn given_up(call: &Arc<CallState>, state: &State) -> GivenUp {
    let Some(_entered) = state.cancellations.enter(call) else { return GivenUp::Cancelled };
    let deadline = async {
        match call.deadline {
            Some(deadline) => tokio::time::sleep_until(deadline).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        () = call.given_up() => GivenUp::Cancelled,
        () = deadline => GivenUp::AtDeadline,
        () = state.abort.cancelled() => GivenUp::Stopped,
    }
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
        Err(Rejection::new(RejectionKind::Panicked, format!("{} panicked: {text}", Name(call))))
    })
}

/// What a method is called in errors.
struct Name<'a>(&'a CallState);

impl fmt::Display for Name<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.0.object, self.0.method())
    }
}
