//! One call: its request, the attempts to have it answered, and what its reply holds.

mod attempts;
mod reply;
mod request;
mod retry;

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;

use self::attempts::Attempts;
pub use self::reply::Reply;
pub use self::request::Request;
use super::in_flight::{Answer, Answered};
use crate::error::Error;
use crate::telemetry::{self, Meter, Observed};

impl Request<'_> {
    /// Calls a method that does not throw, and waits for its `returns` values.
    ///
    /// While the broker is out of reach, or takes no writes for now, nothing is written, and the call is tried again until its
    /// deadline, with growing pauses, unless it is to [fail fast](crate::client::CallOptions::fail_fast). Once the request may have been written it is
    /// not written again, unless the call is [idempotent](Request::idempotent).
    ///
    /// At the deadline, and where the future is dropped, the call is given up. If it was not written it never is. If it waits in its
    /// queue, among the oldest or the newest 256 there, it is withdrawn. If a server runs it, the server drops it: at the deadline by
    /// itself, before that because it is told so. A request that waits between the others, or that is on its way from the queue to a
    /// worker, is dropped where it arrives.
    ///
    /// # Errors
    /// [`Error::Timeout`] at the deadline, or up to 500 ms later: it says what became of the request, and that is asked of the broker.
    /// [`Error::NoServer`] in its place where no server has shown itself, and none has taken the request.
    /// [`Error::Rejected`] where the server could not run the method, [`Error::Broker`] where the request could not be written,
    /// [`Error::Decode`] and [`Error::Generation`] where the reply is not what was expected. Where tries have failed until the
    /// deadline it is the error of the last, or of the last after which the method may have run.
    pub fn call(self, returns: usize) -> impl Future<Output = Result<Reply, Error>> + Send {
        self.replied(returns, false)
    }

    /// Calls a method that throws.
    ///
    /// # Errors
    /// Those of [`Request::call`], and [`Error::Remote`] with what the method has thrown.
    pub fn call_throwing(self, returns: usize) -> impl Future<Output = Result<Reply, Error>> + Send {
        self.replied(returns, true)
    }

    fn replied(self, returns: usize, throws: bool) -> impl Future<Output = Result<Reply, Error>> + Send {
        let mut call = Call::new(self, false);
        poll_fn(move |context| call.poll(context, |request, answered| Reply::read(request, answered, returns, throws)))
    }

    /// Calls a method of which no more is known than whether it throws, or not even that. The values are one document.
    pub(super) fn call_untyped(
        self,
        throws: Option<bool>,
    ) -> impl Future<Output = Result<Option<Bytes>, Error>> + Send {
        let mut call = Call::new(self, false);
        poll_fn(move |context| call.poll(context, |request, answered| reply::document(request, answered, throws)))
    }

    /// Sends a request that is not answered, and waits until the broker has it. It is tried again as a call is, and given up as one
    /// until the broker has it.
    ///
    /// # Errors
    /// [`Error::Broker`] if it could not be written, [`Error::Timeout`] if that took too long.
    pub fn send(self) -> impl Future<Output = Result<(), Error>> + Send {
        let mut call = Call::new(self, true);
        poll_fn(move |context| call.poll(context, |_, _| Ok(())))
    }
}

/// A call under way. Most calls end on the fast path, which allocates nothing and moves nothing; the slow path is boxed.
struct Call<'a> {
    request: Request<'a>,
    observed: Observed,
    meter: Option<Meter>,
    one_way: bool,
    state: State<'a>,
}

enum State<'a> {
    New,
    /// The fast path: sent, and without a timer of its own.
    Sent(Attempts<'a>),
    Slow(Pin<Box<dyn Future<Output = Result<Answered, Error>> + Send + 'a>>),
    Over,
}

/// Where a call leaves the fast path.
enum Slow {
    /// It has to wait before it can be sent.
    Unsent,
    /// There is another attempt after this.
    Failed(Answer),
    Expired,
}

impl<'a> Call<'a> {
    fn new(mut request: Request<'a>, one_way: bool) -> Self {
        let observed = request.take_observed();
        Self { request, observed, meter: None, one_way, state: State::New }
    }

    /// What comes of the call, as `read` reads it.
    fn poll<R>(
        &mut self,
        context: &mut Context<'_>,
        read: impl FnOnce(&Request<'a>, Answered) -> Result<R, Error>,
    ) -> Poll<Result<R, Error>> {
        let _span = self.observed.enter();
        if let State::New = self.state {
            self.meter = Some(Meter::client(&self.request.object().queue, self.request.method()));
        }
        let answered = ready!(self.state.poll(context, &mut self.request, self.one_way));
        self.state = State::Over;
        let outcome = answered.and_then(|answered| read(&self.request, answered));
        self.observed.ended_call(self.meter.take(), outcome.as_ref().map_or_else(outcome_of, |_| telemetry::OK));
        Poll::Ready(outcome)
    }
}

/// How a call failed, in one word for metrics and traces.
fn outcome_of(error: &Error) -> &'static str {
    match error {
        Error::Timeout { .. } => "timeout",
        Error::NoServer { .. } => "no_server",
        Error::Remote { .. } => "thrown",
        Error::Rejected { .. } => "rejected",
        Error::Encode { .. } | Error::TooLarge { .. } => "not_sent",
        Error::Decode { .. } | Error::Generation { .. } => "unreadable",
        Error::Broker(_) => "broker",
        Error::InAsync | Error::Thread(_) => "other",
    }
}

impl<'a> State<'a> {
    fn poll(
        &mut self,
        context: &mut Context<'_>,
        request: &mut Request<'a>,
        one_way: bool,
    ) -> Poll<Result<Answered, Error>> {
        if let Self::New = self {
            let attempts = Attempts::begin(request, one_way)?;
            let sent = attempts.try_send();
            *self = Self::Sent(attempts);
            if !sent {
                self.slow_down(Slow::Unsent);
            }
        }
        if let Self::Sent(attempts) = self {
            match ready!(attempts.poll_answer(context)) {
                Some(answer) if attempts.retries_after(&answer) => self.slow_down(Slow::Failed(answer)),
                Some(answer) => return Poll::Ready(attempts.end(answer)),
                None => self.slow_down(Slow::Expired),
            }
        }
        match self {
            Self::Slow(slow) => slow.as_mut().poll(context),
            // Polled after completion.
            _ => Poll::Pending,
        }
    }

    fn slow_down(&mut self, slow: Slow) {
        if let Self::Sent(mut attempts) = std::mem::replace(self, Self::Over) {
            *self = Self::Slow(Box::pin(async move {
                match slow {
                    Slow::Unsent => attempts.send().await,
                    Slow::Failed(answer) => attempts.retry(answer).await,
                    Slow::Expired => attempts.expire().await,
                }
            }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::RemoteObject;
    use crate::{Client, ObjectId};

    #[tokio::test]
    async fn a_call_that_waits_for_room_takes_little_memory() {
        let client = Client::connect("memory://call-sizes").await.unwrap();
        let object = RemoteObject::new(client, "m", ObjectId::new("o", ""));
        let mut attempts = Attempts::begin(&mut object.request("X"), false).unwrap();
        let (fast, slow) = (size_of::<Call<'_>>(), size_of_val(&attempts) + size_of_val(&attempts.send()));
        assert!(fast <= 400 && slow <= 1200, "{fast} and {slow} bytes");
    }
}
