//! What calls tell of themselves while they run: spans for `tracing`, numbers for `metrics`. `docs/observability.md` lists both.

mod meters;
mod trace;

use std::pin::Pin;
use std::sync::Arc;

use tracing::field::Empty;
use tracing::{Instrument, Level, Span};

use self::meters::Meter;
#[cfg(feature = "redis")]
pub(crate) use self::meters::reconnected;
pub(crate) use self::meters::{dropped, event_published, events_missed};
pub(crate) use self::trace::TRACEPARENT;
use self::trace::TraceParent;
use crate::error::Error;

/// A call that is observed, at one of its ends.
#[derive(Debug)]
pub(crate) struct Observed {
    span: Span,
    traceparent: Option<String>,
}

impl Observed {
    /// A call that a client is about to make. `given` is the `traceparent` that the program gives it, and `parent` that of the call
    /// which the program serves. `queue` is `module.object@version`.
    pub(crate) fn call(queue: &str, method: &str, given: Option<&str>, parent: Option<&str>) -> Self {
        // Nobody may listen at all: then the span's fields are not even looked at.
        let span = if tracing::level_enabled!(Level::INFO) {
            tracing::info_span!(
                "zbus.call",
                otel.kind = "client",
                rpc.system.name = "zbus",
                rpc.method = %format_args!("{queue}/{method}"),
                traceparent = Empty,
                "error.type" = Empty,
            )
        } else {
            Span::none()
        };
        let parent = parent.and_then(TraceParent::parse);
        let traceparent = match (parent, span.is_disabled()) {
            // Passed on as it came: there is no span that could stand between.
            (Some(parent), true) => Some(parent),
            (Some(parent), false) => Some(parent.child()),
            (None, false) => Some(TraceParent::root()),
            (None, true) => None,
        };
        let made = || traceparent.map(|traceparent| traceparent.to_string());
        let traceparent = given.map(str::to_owned).or_else(made);
        if let Some(traceparent) = &traceparent {
            span.record("traceparent", &**traceparent);
        }
        Self { span, traceparent }
    }

    /// A call that a server is about to run.
    pub(crate) fn handle(queue: &str, method: &str, id: &str, traceparent: Option<&str>) -> Self {
        let span = tracing::info_span!(
            "zbus.handle",
            otel.kind = "server",
            rpc.system.name = "zbus",
            rpc.method = %format_args!("{queue}/{method}"),
            messaging.message.id = id,
            traceparent,
            "error.type" = Empty,
        );
        Self { span, traceparent: None }
    }

    /// What is to travel with the call.
    pub(crate) fn traceparent(&self) -> Option<&str> {
        self.traceparent.as_deref()
    }

    /// Runs a client's call within the span.
    pub(crate) async fn run_call<T>(
        &self,
        queue: &Arc<str>,
        method: &str,
        call: Pin<&mut impl Future<Output = Result<T, Error>>>,
    ) -> Result<T, Error> {
        let meter = Meter::client(queue, method);
        // A span that nobody listens to costs at each turn all the same.
        let outcome = if self.span.is_none() { call.await } else { call.instrument(self.span.clone()).await };
        let word = outcome.as_ref().map_or_else(outcome_of, |_| OK);
        self.ended(word);
        meter.end(word);
        outcome
    }

    /// Runs a server's method within the span. `word` says in one how it ended.
    pub(crate) async fn run_method<T>(
        &self,
        queue: &Arc<str>,
        method: &str,
        run: Pin<&mut impl Future<Output = T>>,
        word: impl FnOnce(&T) -> &'static str,
    ) -> T {
        let meter = Meter::server(queue, method);
        // Where nobody listens there is nothing to enter.
        let outcome = if self.span.is_disabled() { run.await } else { run.instrument(self.span.clone()).await };
        let word = word(&outcome);
        self.ended(word);
        meter.end(word);
        outcome
    }

    fn ended(&self, word: &'static str) {
        if word != OK {
            self.span.record("error.type", word);
        }
    }
}

/// The outcome of a call that gives its values.
pub(crate) const OK: &str = "ok";

/// That of a method that the object does not have. Its name, which is the caller's invention, labels no metric.
pub(crate) const UNKNOWN_METHOD: &str = "unknown_method";

/// How a call ended, in one word.
fn outcome_of(error: &Error) -> &'static str {
    match error {
        Error::Timeout { .. } => "timeout",
        Error::NoServer { .. } => "no_server",
        Error::Remote { .. } => "thrown",
        Error::Rejected { .. } => "rejected",
        Error::Encode { .. } | Error::TooLarge { .. } => "not_sent",
        Error::Decode { .. } | Error::Generation { .. } => "unreadable",
        Error::Broker(_) => "broker",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_nobody_listens_a_trace_is_passed_on_and_none_is_begun() {
        const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let call = |given, parent| Observed::call("calc.calculator@1.0", "Add", given, parent).traceparent;
        assert_eq!(call(None, None), None);
        assert_eq!(call(None, Some(PARENT)).as_deref(), Some(PARENT));
        assert_eq!(call(None, Some("nonsense")), None);
        assert_eq!(call(Some("given"), Some(PARENT)).as_deref(), Some("given"));
    }
}
