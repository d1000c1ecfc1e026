//! Replies that cannot be written, for a while: no more requests are taken than can be answered, and all that were taken are answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use redis::aio::MultiplexedConnection;
use redis::{AsyncCommands, AsyncConnectionConfig};
use rmpv::Value;
use tokio::sync::watch;
use zbus::broker::{self, BoxFuture, Broker, BrokerError, Deliveries, Popper, Write};
use zbus::{Client, RejectionKind, Server, UntypedObject};
use zbus_tests::{RedisServer, log};

const WORKERS: u32 = 4;

/// The workers, and the replies that are on their way to the broker.
const MOST_TAKEN: u64 = WORKERS as u64 + 64;

const CALLS: u64 = 2000;

/// The test's own way to Redis.
async fn admin(redis: &RedisServer) -> MultiplexedConnection {
    // The calls of these tests keep a busy machine longer than the half second that is usual.
    let config = AsyncConnectionConfig::new().set_response_timeout(Some(Duration::from_secs(30)));
    let client = redis::Client::open(redis.address()).unwrap();
    client.get_multiplexed_async_connection_with_config(&config).await.unwrap()
}

fn counting(entered: &Arc<AtomicU64>) -> UntypedObject {
    let entered = Arc::clone(entered);
    UntypedObject::new("counter").method("Count", move || {
        entered.fetch_add(1, Ordering::SeqCst);
        async {}
    })
}

/// So many calls, which wait in the queue until there is a server.
fn begin(client: &Client) -> Vec<tokio::task::JoinHandle<Result<(), zbus::Error>>> {
    let calls = (0..CALLS).map(|_| {
        let client = client.clone();
        tokio::spawn(async move {
            client.request("counters", "counter", "Count", ()).timeout(Duration::from_secs(60)).await.map(drop)
        })
    });
    calls.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_redis_has_no_memory_no_more_requests_are_taken_than_can_be_answered() {
    let redis = RedisServer::start();
    let mut connection = admin(&redis).await;
    let client = Client::connect(&redis.address()).await.unwrap();
    let calls = begin(&client);
    while connection.llen::<_, u64>("counters.counter").await.unwrap() < CALLS {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let set = async |connection: &mut MultiplexedConnection, bytes: &str| {
        let config = redis::cmd("CONFIG").arg("SET").arg("maxmemory").arg(bytes).to_owned();
        config.query_async::<()>(connection).await.unwrap();
    };
    set(&mut connection, "1").await;
    let entered = Arc::default();
    let server = Server::new("counters").workers(WORKERS).register(counting(&entered)).unwrap();
    let server = server.start(&redis.address()).await.unwrap();
    while entered.load(Ordering::SeqCst) < MOST_TAKEN {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // Long enough to take all of them, were nothing in the way.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(entered.load(Ordering::SeqCst), MOST_TAKEN);
    assert_eq!(connection.llen::<_, u64>("counters.counter").await.unwrap(), CALLS - MOST_TAKEN);
    set(&mut connection, "0").await;
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(entered.load(Ordering::SeqCst), CALLS);
    server.shutdown().await;
}

/// A broker whose writes stall while its gate is closed, as on a connection whose other end does not read.
#[derive(Debug)]
struct Stalling {
    broker: Arc<dyn Broker>,
    open: watch::Receiver<bool>,
}

impl Broker for Stalling {
    fn write(&self, batch: Vec<Write>) -> BoxFuture<'_, Vec<Result<(), BrokerError>>> {
        let mut open = self.open.clone();
        Box::pin(async move {
            open.wait_for(|open| *open).await.unwrap();
            self.broker.write(batch).await
        })
    }

    fn popper(&self) -> BoxFuture<'_, Result<Box<dyn Popper>, BrokerError>> {
        self.broker.popper()
    }

    fn subscribe(&self, channel: &str) -> BoxFuture<'_, Result<Deliveries, BrokerError>> {
        self.broker.subscribe(channel)
    }

    fn withdraw(&self, list: &str, message: Bytes) -> BoxFuture<'_, Result<bool, BrokerError>> {
        self.broker.withdraw(list, message)
    }

    fn now(&self) -> BoxFuture<'_, Result<i64, BrokerError>> {
        self.broker.now()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_writes_stall_no_more_requests_are_taken_than_can_be_answered() {
    let redis = RedisServer::start();
    let client = Client::connect(&redis.address()).await.unwrap();
    let calls = begin(&client);
    let (gate, open) = watch::channel(false);
    let broker = broker::connect(&redis.address()).await.unwrap();
    let entered = Arc::default();
    let server = Server::new("counters").workers(WORKERS).register(counting(&entered)).unwrap();
    let server = server.start_with(Arc::new(Stalling { broker, open })).await.unwrap();
    while entered.load(Ordering::SeqCst) < MOST_TAKEN {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(entered.load(Ordering::SeqCst), MOST_TAKEN);
    gate.send(true).unwrap();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    server.shutdown().await;
}

/// A request as Go's clients send it, for a method without parameters.
fn request(method: &str, reply_to: &str) -> Vec<u8> {
    let object = Value::Map(vec![("Name".into(), "counter".into()), ("Version".into(), "".into())]);
    let parts = vec![
        ("ID".into(), "id".into()),
        ("Inputs".into(), Value::Array(Vec::new())),
        ("Object".into(), object),
        ("ReplyTo".into(), reply_to.into()),
        ("Method".into(), method.into()),
    ];
    let mut message = Vec::new();
    rmpv::encode::write_value(&mut message, &Value::Map(parts)).unwrap();
    message
}

const QUEUE: &str = "counters.counter";

fn reply_list(number: usize) -> String {
    format!("7f1d3b0a-3c55-4b0e-9a51-{number:012}")
}

#[tokio::test]
async fn replies_that_the_broker_refuses_are_tried_again_and_hold_up_no_others() {
    log::listen();
    let redis = RedisServer::start();
    let mut connection = admin(&redis).await;
    let client = Client::connect(&redis.address()).await.unwrap();
    let entered = Arc::default();
    let server = Server::new("counters").workers(WORKERS).register(counting(&entered)).unwrap();
    let server = server.start(&redis.address()).await.unwrap();
    // More than are taken and unanswered, if those held their workers.
    let lists: Vec<_> = (0..200).map(reply_list).collect();
    for list in &lists {
        let _: () = connection.set(list, "no list").await.unwrap();
        let _: i64 = connection.rpush(QUEUE, request("Count", list)).await.unwrap();
    }
    for _ in 0..20 {
        client.request("counters", "counter", "Count", ()).await.unwrap();
    }
    assert_eq!(entered.load(Ordering::SeqCst), 220);
    for list in &lists {
        let _: () = connection.del(list).await.unwrap();
    }
    for list in &lists {
        let _: (String, Vec<u8>) = connection.blpop(list, 20.0).await.unwrap();
    }
    let lines = log::lines("the broker refuses replies");
    assert!((1..=3).contains(&lines.len()), "{lines:?}");
    server.shutdown().await;
}

#[tokio::test]
async fn each_refusal_is_logged_with_its_reason_once_a_kind() {
    log::listen();
    let redis = RedisServer::start();
    let mut connection = admin(&redis).await;
    let client = Client::connect(&redis.address()).await.unwrap();
    let server = Server::new("counters").register(counting(&Arc::default())).unwrap();
    let server = server.start(&redis.address()).await.unwrap();
    for _ in 0..50 {
        let _: i64 = connection.rpush(QUEUE, request("Missing", &reply_list(0))).await.unwrap();
        let unknown = client.request("counters", "counter", "Missing", ()).await.unwrap_err();
        assert!(matches!(unknown, zbus::Error::Rejected { kind: RejectionKind::UnknownMethod, .. }), "{unknown}");
        client.request("counters", "counter", "Count", (1,)).await.unwrap_err();
    }
    for (kind, reason) in [("unknown_method", "no method `Missing`"), ("bad_arguments", "takes 0 arguments")] {
        let lines: Vec<_> = log::lines("a call has no result").into_iter().filter(|line| line.contains(kind)).collect();
        assert!((1..=3).contains(&lines.len()) && lines.iter().all(|line| line.contains(reason)), "{lines:?}");
    }
    server.shutdown().await;
}

#[tokio::test]
async fn events_that_are_not_published_fill_no_log_and_a_line_says_that_they_are_again() {
    log::listen();
    let mut redis = RedisServer::start();
    let event = zbus::untyped::Event::new();
    let object = UntypedObject::new("source").event("Event", &event);
    let server = Server::new("sources").register(object).unwrap().start(&redis.address()).await.unwrap();
    let publishing = tokio::spawn(async move {
        loop {
            event.publish(&1_u64).await;
            tokio::task::yield_now().await;
        }
    });
    redis.kill();
    tokio::time::sleep(Duration::from_secs(1)).await;
    redis.restart();
    let again = async {
        while log::lines("events are published again").is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), again).await.unwrap();
    let lines = log::lines("events are not published");
    assert!((1..=5).contains(&lines.len()), "{} lines", lines.len());
    publishing.abort();
    server.shutdown().await;
}
