//! What calls tell of themselves: spans joined by a `traceparent`, and metrics.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::StreamExt;
use metrics::{Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use serde_with::Same;
use zbus::client::RemoteObject;
use zbus::server::{Call, Object, Rejection, Returns};
use zbus::{CallOptions, Client, Lag, ObjectId, Server};
use zbus_tests::{RedisServer, log};

const RELAY: ObjectId = ObjectId::from_static("relay", "1.0");

/// An object that calls itself.
struct Relay(RemoteObject);

impl Object for Relay {
    fn id(&self) -> ObjectId {
        RELAY
    }

    async fn call(&self, call: Call) -> Result<Returns, Rejection> {
        match call.method() {
            "Relay" => _ = self.0.request("End").call(0).await,
            "End" => {}
            _ => return Err(call.unknown_method()),
        }
        Ok(call.returns())
    }
}

/// The values of a field of the spans of a name that have ended, oldest first.
fn fields(name: &str, field: &str) -> Vec<String> {
    // The innermost span stands last.
    let own = |line: String| line.rsplit("zbus.").next()?.strip_prefix(name).map(str::to_owned);
    let value = |line: String| {
        let (_, rest) = line.split_once(&format!("{field}="))?;
        Some(rest.split([' ', '}']).next()?.trim_matches('"').to_owned())
    };
    log::lines(": close ").into_iter().filter_map(own).filter_map(value).collect()
}

/// Keeps numbers by name and labels.
#[derive(Default)]
struct Numbers(Mutex<BTreeMap<String, Arc<AtomicU64>>>);

impl Numbers {
    fn number(&self, key: &Key) -> Arc<AtomicU64> {
        let labels: Vec<_> = key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        let name = format!("{}{{{}}}", key.name(), labels.join(","));
        Arc::clone(self.0.lock().unwrap().entry(name).or_default())
    }

    fn get(&self, name: &str) -> u64 {
        let numbers = self.0.lock().unwrap();
        numbers.get(name).unwrap_or_else(|| panic!("no {name} in {:?}", numbers.keys())).load(Ordering::SeqCst)
    }
}

/// Counts what is recorded.
struct Recorded(Arc<AtomicU64>);

impl HistogramFn for Recorded {
    fn record(&self, value: f64) {
        assert!((0.0..10.0).contains(&value), "{value} s");
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Recorder for Numbers {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.number(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.number(key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(Arc::new(Recorded(self.number(key))))
    }
}

async fn relay(address: &str) -> (RemoteObject, zbus::server::RunningServer) {
    let client = Client::builder().timeout(Duration::from_secs(10)).connect(address).await.unwrap();
    let object = RemoteObject::new(client, "relays", RELAY);
    let server = Server::new("relays").register(Relay(object.clone())).unwrap().start(address).await.unwrap();
    (object, server)
}

// On one thread, whose spans and numbers they are.
#[tokio::test]
async fn a_call_is_seen_from_client_to_handler_in_spans_and_metrics_joined_by_its_traceparent() {
    log::listen();
    let numbers = Numbers::default();
    let _recording = metrics::set_default_local_recorder(&numbers);
    let redis = RedisServer::start();
    let (object, server) = relay(&redis.address()).await;
    object.request("Relay").call(0).await.unwrap();
    object.request("Missing").call(0).await.unwrap_err();
    server.shutdown().await;

    let methods = fields("handle", "rpc.method");
    assert_eq!(methods, ["End", "Relay", "Missing"].map(|method| format!("relays.relay@1.0/{method}")));
    assert_eq!(fields("call", "rpc.method"), methods);
    // Each handler's is its caller's, and the call that a handler makes is of the same trace.
    let traceparents = fields("handle", "traceparent");
    assert_eq!(fields("call", "traceparent"), traceparents);
    let trace = |at: usize| traceparents[at].split('-').nth(1).unwrap();
    assert_eq!(trace(0), trace(1));
    assert_ne!(trace(1), trace(2));
    assert_ne!(traceparents[0], traceparents[1]);
    assert_eq!(fields("call", "error.type"), ["rejected"]);
    assert_eq!(fields("handle", "error.type"), ["unknown_method"]);

    let object = "object=relays.relay@1.0";
    for end in ["client", "server"] {
        assert_eq!(numbers.get(&format!("zbus_{end}_calls_total{{{object},method=Relay,outcome=ok}}")), 1);
        assert_eq!(numbers.get(&format!("zbus_{end}_calls_total{{{object},method=End,outcome=ok}}")), 1);
        assert_eq!(numbers.get(&format!("zbus_{end}_call_seconds{{{object},method=Relay}}")), 1);
        assert_eq!(f64::from_bits(numbers.get(&format!("zbus_{end}_calls_in_flight{{{object}}}"))).to_bits(), 0);
    }
    assert_eq!(numbers.get(&format!("zbus_client_calls_total{{{object},method=Missing,outcome=rejected}}")), 1);
    // A caller's invention is no label.
    assert_eq!(numbers.get(&format!("zbus_server_calls_total{{{object},method=,outcome=unknown_method}}")), 1);
}

#[tokio::test]
async fn a_traceparent_of_the_program_goes_with_its_calls_and_theirs() {
    const GIVEN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    struct Seen(Arc<Mutex<Option<String>>>, RemoteObject);
    impl Object for Seen {
        fn id(&self) -> ObjectId {
            RELAY
        }

        async fn call(&self, call: Call) -> Result<Returns, Rejection> {
            if call.method() == "Relay" {
                _ = self.1.request("End").call(0).await;
            } else {
                *self.0.lock().unwrap() = call.metadata().get("traceparent").cloned();
            }
            Ok(call.returns())
        }
    }
    let address = "memory://given-trace";
    let object = RemoteObject::new(Client::connect(address).await.unwrap(), "relays", RELAY);
    let seen = Arc::default();
    let served = Seen(Arc::clone(&seen), object.clone());
    let server = Server::new("relays").register(served).unwrap().start(address).await.unwrap();
    let traced = object.with_options(CallOptions::new().metadata("traceparent", GIVEN));
    traced.request("End").call(0).await.unwrap();
    assert_eq!(seen.lock().unwrap().take().as_deref(), Some(GIVEN));
    // Of the call that its method makes it is the trace.
    traced.request("Relay").call(0).await.unwrap();
    assert_eq!(seen.lock().unwrap().take().unwrap()[..36], GIVEN[..36]);
    server.shutdown().await;
}

#[tokio::test]
async fn dropped_messages_lost_events_and_lost_connections_are_counted() {
    let numbers = Numbers::default();
    let _recording = metrics::set_default_local_recorder(&numbers);
    let mut redis = RedisServer::start();
    let (object, server) = relay(&redis.address()).await;
    let mut events = object.subscribe::<Same, u64>("Count").await.unwrap().with_lag(Lag::drop_oldest(1));
    let mut others = object.subscribe::<Same, u64>("Count").await.unwrap();
    for count in 0..4 {
        object.publish::<Same, u64>("Count", &count).await.unwrap();
    }
    for _ in 0..4 {
        others.next().await.unwrap().unwrap();
    }
    events.next().await.unwrap().unwrap_err();
    assert_eq!(numbers.get("zbus_events_published_total{channel=relays.relay@1.0.Count}"), 4);
    assert_eq!(numbers.get("zbus_events_missed_total{reason=lagged}"), 3);

    let client = redis::Client::open(redis.address()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let _: i64 = redis::cmd("RPUSH").arg("relays.relay@1.0").arg("junk").query_async(&mut connection).await.unwrap();
    object.request("End").call(0).await.unwrap();
    assert_eq!(numbers.get("zbus_messages_dropped_total{reason=malformed}"), 1);

    redis.kill();
    redis.restart();
    others.next().await.unwrap().unwrap_err();
    assert!(numbers.get("zbus_reconnects_total{connection=subscriptions}") >= 1);
    assert_eq!(numbers.get("zbus_events_missed_total{reason=gap}"), 1);
    let answered = async {
        while object.request("End").call(0).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), answered).await.expect("the server is not back");
    assert!(numbers.get("zbus_reconnects_total{connection=pops}") >= 1);
    server.shutdown().await;
}
