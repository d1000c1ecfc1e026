//! Counters, gauges and histograms, through the facade `metrics`. Without the feature of that name there are none, and nothing is
//! computed for them.

#[cfg(feature = "metrics")]
pub(crate) use self::on::{Meter, dropped, event_published, events_missed};

#[cfg(not(feature = "metrics"))]
pub(crate) use self::off::{Meter, dropped, event_published, events_missed};

#[cfg(all(feature = "metrics", feature = "redis"))]
pub(crate) use self::on::reconnected;

#[cfg(all(not(feature = "metrics"), feature = "redis"))]
pub(crate) use self::off::reconnected;

#[cfg(feature = "metrics")]
mod on {
    use std::sync::Arc;
    use std::time::Instant;

    use metrics::{counter, gauge, histogram};

    use crate::telemetry::UNKNOWN_METHOD;

    /// The names of one end's metrics.
    struct Names {
        calls: &'static str,
        seconds: &'static str,
        in_flight: &'static str,
    }

    const CLIENT: Names = Names {
        calls: "zbus_client_calls_total",
        seconds: "zbus_client_call_seconds",
        in_flight: "zbus_client_calls_in_flight",
    };

    const SERVER: Names = Names {
        calls: "zbus_server_calls_total",
        seconds: "zbus_server_call_seconds",
        in_flight: "zbus_server_calls_in_flight",
    };

    /// A call under way. Dropped before its end, it was given up.
    pub(crate) struct Meter {
        names: &'static Names,
        object: Arc<str>,
        method: Arc<str>,
        began: Instant,
        outcome: &'static str,
    }

    impl Meter {
        pub(crate) fn client(object: &Arc<str>, method: &str) -> Self {
            Self::begin(&CLIENT, object, method)
        }

        pub(crate) fn server(object: &Arc<str>, method: &str) -> Self {
            Self::begin(&SERVER, object, method)
        }

        fn begin(names: &'static Names, object: &Arc<str>, method: &str) -> Self {
            gauge!(names.in_flight, "object" => Arc::clone(object)).increment(1);
            let (object, method) = (Arc::clone(object), method.into());
            Self { names, object, method, began: Instant::now(), outcome: "given_up" }
        }

        pub(crate) fn end(mut self, outcome: &'static str) {
            self.outcome = outcome;
        }
    }

    impl Drop for Meter {
        fn drop(&mut self) {
            let Self { names, object, method, began, outcome } = self;
            if *outcome == UNKNOWN_METHOD {
                *method = "".into();
            }
            let (object, method) = (|| Arc::clone(object), || Arc::clone(method));
            gauge!(names.in_flight, "object" => object()).decrement(1);
            counter!(names.calls, "object" => object(), "method" => method(), "outcome" => *outcome).increment(1);
            histogram!(names.seconds, "object" => object(), "method" => method()).record(began.elapsed());
        }
    }

    /// A message was dropped, for this reason.
    pub(crate) fn dropped(reason: &'static str) {
        counter!("zbus_messages_dropped_total", "reason" => reason).increment(1);
    }

    /// An event was handed to the broker.
    pub(crate) fn event_published(channel: &Arc<str>) {
        counter!("zbus_events_published_total", "channel" => Arc::clone(channel)).increment(1);
    }

    /// A subscriber was told that it has not got events: by being slow, so many, or by a gap, an unknown number that counts as one.
    pub(crate) fn events_missed(reason: &'static str, count: u64) {
        counter!("zbus_events_missed_total", "reason" => reason).increment(count);
    }

    /// A connection of this use was lost, and is made again.
    #[cfg(feature = "redis")]
    pub(crate) fn reconnected(connection: &'static str) {
        counter!("zbus_reconnects_total", "connection" => connection).increment(1);
    }
}

#[cfg(not(feature = "metrics"))]
mod off {
    use std::sync::Arc;

    pub(crate) struct Meter;

    impl Meter {
        pub(crate) fn client(_object: &Arc<str>, _method: &str) -> Self {
            Self
        }

        pub(crate) fn server(_object: &Arc<str>, _method: &str) -> Self {
            Self
        }

        #[expect(clippy::unused_self, reason = "as with the feature")]
        pub(crate) fn end(self, _outcome: &'static str) {}
    }

    pub(crate) fn dropped(_reason: &'static str) {}

    pub(crate) fn event_published(_channel: &Arc<str>) {}

    pub(crate) fn events_missed(_reason: &'static str, _count: u64) {}

    #[cfg(feature = "redis")]
    pub(crate) fn reconnected(_connection: &'static str) {}
}
