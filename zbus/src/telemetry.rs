//! What calls tell of themselves while they run: spans for `tracing`, numbers for `metrics`. `docs/observability.md` lists both.

mod meters;
mod trace;

use std::pin::Pin;
use std::sync::Arc;

use tracing::field::Empty;
use tracing::span::Entered;
use tracing::{Instrument, Level, Span};

pub(crate) use self::meters::Meter;
#[cfg(feature = "redis")]
pub(crate) use self::meters::reconnected;
pub(crate) use self::meters::{dropped, event_published, events_missed};
pub(crate) use self::trace::TRACEPARENT;
use self::trace::TraceParent;

/// A call that is observed, at one of its ends.
#[derive(Debug)]
pub(crate) struct Observed {
    span: Span,
}

impl Default for Observed {
    /// There is no subscriber.
    fn default() -> Self {
        Self { span: Span::none() }
    }
}

impl Observed {
    /// A call that a client is about to make, and what is to travel with it as `traceparent`. `given` is the one that the program gives
    /// it, and `parent` that of the call which the program serves. `queue` is `module.object@version`.
    pub(crate) fn call(queue: &str, method: &str, given: Option<&str>, parent: Option<&str>) -> (Self, Option<String>) {
        // Without a subscriber the span's fields are not even evaluated.
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
        (Self { span }, traceparent)
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
        Self { span }
    }

    /// Until the guard is dropped, what happens is the call's.
    pub(crate) fn enter(&self) -> Option<Entered<'_>> {
        // A span without a subscriber costs all the same.
        (!self.span.is_none()).then(|| self.span.enter())
    }

    /// A client's call has ended. `word` says in one how.
    pub(crate) fn ended_call(&self, meter: Option<Meter>, word: &'static str) {
        self.ended(word);
        if let Some(meter) = meter {
            meter.end(word);
        }
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
        // Without a subscriber there is nothing to enter.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_nobody_listens_a_trace_is_passed_on_and_none_is_begun() {
        const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let call = |given, parent| Observed::call("calc.calculator@1.0", "Add", given, parent).1;
        assert_eq!(call(None, None), None);
        assert_eq!(call(None, Some(PARENT)).as_deref(), Some(PARENT));
        assert_eq!(call(None, Some("nonsense")), None);
        assert_eq!(call(Some("given"), Some(PARENT)).as_deref(), Some("given"));
    }
}
