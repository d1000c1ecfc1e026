//! What goes wrong between the parts: a broker that dies, freezes or refuses, methods that misbehave, callers that give up.

use std::future::Future;
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use futures::StreamExt;
use serde_with::Same;
use tokio::sync::Notify;
use zbus::client::RemoteObject;
use zbus::server::{Call, Object, Rejection, Returns, RunningServer};
use zbus::{Client, Error, ObjectId, RejectionKind, Server, StreamError};
use zbus_tests::RedisServer;

const PROBE: ObjectId = ObjectId::from_static("probe", "1.0");
const QUEUE: &str = "probes.probe@1.0";

/// An object whose methods end when the test says so.
#[derive(Default)]
struct Probe {
    begun: Notify,
    finish: Notify,
    /// Blocks the thread of `Block` until its other end is dropped.
    blocked: Mutex<Option<mpsc::Receiver<()>>>,
}

impl Object for Probe {
    fn id(&self) -> ObjectId {
        PROBE
    }

    fn call(&self, call: Call) -> impl Future<Output = Result<Returns, Rejection>> + Send {
        assert!(call.method() != "Eager", "before there is a future");
        async move {
            let mut returns = call.returns();
            match call.method() {
                "Echo" => {
                    let bytes = call.arguments(1)?.next::<serde_with::Bytes, Vec<u8>>("bytes")?;
                    returns.value::<serde_with::Bytes, Vec<u8>>(&bytes)?;
                }
                "Large" => returns.value::<serde_with::Bytes, Vec<u8>>(&vec![0; 2 << 20])?,
                "Wait" => {
                    self.begun.notify_one();
                    self.finish.notified().await;
                }
                "Block" => {
                    self.begun.notify_one();
                    let blocked = self.blocked.lock().unwrap().take();
                    if let Some(blocked) = blocked {
                        let _ = blocked.recv();
                    }
                }
                _ => return Err(call.unknown_method()),
            }
            Ok(returns)
        }
    }
}

struct Bus {
    probe: Arc<Probe>,
    server: RunningServer,
    object: RemoteObject,
}

impl Bus {
    async fn start(address: &str) -> Self {
        let probe = Arc::new(Probe::default());
        let server = Server::new("probes").workers(4).drain(Duration::from_millis(100));
        let server = server.register(Arc::clone(&probe)).unwrap().start(address).await.unwrap();
        let client = Client::builder().timeout(Duration::from_secs(10)).connect(address).await.unwrap();
        let object = RemoteObject::new(client, "probes", PROBE);
        Self { probe, server, object }
    }
}

async fn echo(object: &RemoteObject, bytes: Vec<u8>) -> Result<Vec<u8>, Error> {
    let mut request = object.request("Echo");
    request.argument::<serde_with::Bytes, Vec<u8>>("bytes", &bytes)?;
    request.call(1).await?.value::<serde_with::Bytes, Vec<u8>>()
}

/// A call in a task of its own; it has begun when this returns.
async fn begin(bus: &Bus, method: &'static str) -> tokio::task::JoinHandle<Result<(), Error>> {
    let object = bus.object.clone();
    let call = tokio::spawn(async move { object.request(method).call(0).await.map(drop) });
    bus.probe.begun.notified().await;
    call
}

/// The test's own way to Redis.
async fn admin(redis: &RedisServer) -> redis::aio::MultiplexedConnection {
    redis::Client::open(redis.address()).unwrap().get_multiplexed_async_connection().await.unwrap()
}

async fn ask<T: redis::FromRedisValue>(connection: &mut redis::aio::MultiplexedConnection, command: &str) -> T {
    let mut words = command.split(' ');
    let mut asked = redis::cmd(words.next().unwrap());
    for word in words {
        asked.arg(word);
    }
    asked.query_async(connection).await.unwrap()
}

/// Waits for something that has to happen soon.
async fn soon<F: Future<Output = bool>>(what: &str, mut happened: impl FnMut() -> F) {
    let asked = Instant::now();
    while !happened().await {
        assert!(asked.elapsed() < Duration::from_secs(5), "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Waits until nobody but the test is connected.
async fn all_connections_close(connection: &mut redis::aio::MultiplexedConnection) {
    soon("connections are left", || {
        let mut connection = connection.clone();
        async move { ask::<String>(&mut connection, "CLIENT LIST").await.lines().count() == 1 }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn client_server_and_subscription_survive_the_death_of_the_broker() {
    let mut redis = RedisServer::start();
    let bus = Bus::start(&redis.address()).await;
    let mut events = bus.object.subscribe::<Same, u64>("Count").await.unwrap();
    assert_eq!(echo(&bus.object, vec![1]).await.unwrap(), [1]);
    let killed = Instant::now();
    redis.kill();
    let error = echo(&bus.object.clone().with_timeout(Duration::from_millis(500)), vec![2]).await.unwrap_err();
    assert!(matches!(error, Error::Broker(_)), "{error}");
    let away = Duration::from_millis(300);
    tokio::time::sleep(away).await;
    redis.restart();
    let error = events.next().await.unwrap().unwrap_err();
    assert!(matches!(error, StreamError::Gap { lasted } if lasted >= away && lasted <= killed.elapsed()), "{error}");
    bus.object.publish::<Same, u64>("Count", &7).await.unwrap();
    assert_eq!(events.next().await.unwrap().unwrap(), 7);
    assert_eq!(echo(&bus.object, vec![3]).await.unwrap(), [3]);
    bus.server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_an_outage_pops_wait_as_long_as_before() {
    let mut redis = RedisServer::start();
    let bus = Bus::start(&redis.address()).await;
    redis.kill();
    // Until every attempt to come back has failed.
    tokio::time::sleep(Duration::from_secs(2)).await;
    redis.restart();
    soon("the server is not back", || async { echo(&bus.object, vec![1]).await.is_ok() }).await;

    let monitor = redis::Client::open(redis.address()).unwrap().get_async_monitor().await.unwrap();
    let mut seen = monitor.into_on_message::<String>();
    let mut waits = Vec::new();
    for _ in 0..6 {
        echo(&bus.object, vec![2]).await.unwrap();
    }
    while waits.len() < 6 {
        let line = tokio::time::timeout(Duration::from_secs(5), seen.next()).await.unwrap().unwrap();
        // `BLPOP` has it behind the keys.
        let wait = match (line.split_once("\"BLMPOP\" "), line.split_once("\"BLPOP\" ")) {
            (Some((_, arguments)), _) => arguments.split(' ').next(),
            (_, Some((_, arguments))) => arguments.split(' ').next_back(),
            _ => None,
        };
        waits.extend(wait.map(str::to_owned));
    }
    assert!(waits.iter().all(|wait| wait.trim_matches('"').parse() == Ok(5.0)), "{waits:?}");
    bus.server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_that_cannot_be_written_while_the_server_stops_is_written_when_the_broker_is_back() {
    let mut redis = RedisServer::start();
    let bus = Bus::start(&redis.address()).await;
    let call = begin(&bus, "Wait").await;
    redis.kill();
    bus.probe.finish.notify_one();
    let stopping = tokio::spawn(bus.server.shutdown());
    tokio::time::sleep(Duration::from_secs(2)).await;
    redis.restart();
    stopping.await.unwrap();
    call.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_ends_when_the_runtime_of_its_client_does() {
    for address in ["memory://runtime-ended", &RedisServer::start().address()] {
        let other = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let connecting = address.to_owned();
        let client = other.spawn(async move { Client::builder().without_timeout().connect(&connecting).await });
        let object = RemoteObject::new(client.await.unwrap().unwrap(), "nobody", PROBE);
        let call = tokio::spawn({
            let object = object.clone();
            async move { echo(&object, vec![1]).await }
        });
        // Until it is written.
        tokio::time::sleep(Duration::from_millis(100)).await;
        other.shutdown_background();
        let error = tokio::time::timeout(Duration::from_secs(3), call).await.expect("the call hangs").unwrap();
        let error = error.unwrap_err();
        assert!(error.may_have_run(), "{error}");
        let error = tokio::time::timeout(Duration::from_secs(3), echo(&object, vec![2])).await.expect("a later call");
        assert!(!error.unwrap_err().may_have_run());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_or_client_that_cannot_start_leaves_nothing_behind() {
    let redis = RedisServer::start();
    let mut connection = admin(&redis).await;
    // One for writing, one for status requests: the next, for requests, is refused. A client needs two.
    ask::<()>(&mut connection, "CONFIG SET maxclients 3").await;
    let server = Server::new("probes").register(Arc::new(Probe::default())).unwrap();
    server.start(&redis.address()).await.unwrap_err();
    all_connections_close(&mut connection).await;
    ask::<()>(&mut connection, "CONFIG SET maxclients 2").await;
    Client::connect(&redis.address()).await.unwrap_err();
    all_connections_close(&mut connection).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_dropped_closes_its_connections() {
    let redis = RedisServer::start();
    let mut connection = admin(&redis).await;
    let bus = Bus::start(&redis.address()).await;
    let events = bus.object.subscribe::<Same, u64>("Count").await.unwrap();
    let call = begin(&bus, "Wait").await;
    drop(bus);
    let error = call.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Rejected { kind: RejectionKind::Stopping, .. }), "{error}");
    drop(events);
    all_connections_close(&mut connection).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_method_that_blocks_its_thread_does_not_keep_a_server_from_stopping() {
    let bus = Bus::start("memory://blocks").await;
    let (unblock, blocked) = mpsc::channel();
    *bus.probe.blocked.lock().unwrap() = Some(blocked);
    let call = begin(&bus, "Block").await;
    let outcome = tokio::time::timeout(Duration::from_secs(8), bus.server.shutdown()).await;
    drop(unblock);
    outcome.expect("the shutdown waits for ever");
    let _ = call.await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_broker_does_not_keep_a_server_from_stopping() {
    let mut redis = RedisServer::start();
    let bus = Bus::start(&redis.address()).await;
    redis.freeze();
    let asked = Instant::now();
    bus.server.shutdown().await;
    assert!(asked.elapsed() < Duration::from_secs(8), "{:?}", asked.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_method_that_panics_before_there_is_a_future_is_answered() {
    let bus = Bus::start("memory://eager").await;
    let error = bus.object.request("Eager").timeout(Duration::from_secs(2)).call(0).await.unwrap_err();
    assert!(matches!(error, Error::Rejected { kind: RejectionKind::Panicked, .. }), "{error}");
    bus.server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_without_some_rights_is_served_with_what_is_left() {
    let redis = RedisServer::start();
    let mut connection = admin(&redis).await;
    for missing in ["-client|unblock", "-blmpop", "-blmpop -lpop", "-eval -evalsha", "-info"] {
        ask::<()>(&mut connection, &format!("ACL SETUSER anna reset on >secret ~* &* +@all {missing}")).await;
        let address = redis.address().replace("redis://", "redis://anna:secret@");
        let bus = Bus::start(&address).await;
        let echoes = futures::future::join_all((0..20_u8).map(|number| echo(&bus.object, vec![number]))).await;
        for (number, echoed) in (0..20_u8).zip(echoes) {
            assert_eq!(echoed.unwrap_or_else(|error| panic!("{missing}: {error}")), [number]);
        }
        let asked = Instant::now();
        bus.server.shutdown().await;
        assert!(asked.elapsed() < Duration::from_secs(2), "{missing}: {:?}", asked.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_of_another_type_is_tried_in_peace_until_it_is_a_list_again() {
    let redis = RedisServer::start();
    let mut connection = admin(&redis).await;
    ask::<()>(&mut connection, &format!("SET {QUEUE} text")).await;
    let bus = Bus::start(&redis.address()).await;
    let error = echo(&bus.object, vec![1]).await.unwrap_err();
    assert!(matches!(&error, Error::Broker(_)) && !error.may_have_run(), "{error}");
    tokio::time::sleep(Duration::from_millis(500)).await;
    let stats: String = ask(&mut connection, "INFO commandstats").await;
    let is_pop = |line: &&str| line.starts_with("cmdstat_blmpop") || line.starts_with("cmdstat_blpop");
    let pops = stats.lines().find(is_pop).unwrap();
    let calls: u64 = pops.split(['=', ',']).nth(1).unwrap().parse().unwrap();
    assert!(calls < 20, "{pops}");
    ask::<i64>(&mut connection, &format!("DEL {QUEUE}")).await;
    assert_eq!(echo(&bus.object, vec![2]).await.unwrap(), [2]);
    bus.server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_that_are_given_up_leave_nothing_in_the_queue() {
    let redis = RedisServer::start();
    let mut connection = admin(&redis).await;
    let client = Client::connect(&redis.address()).await.unwrap();
    let object = RemoteObject::new(client, "probes", PROBE);
    let mut calls: futures::stream::FuturesUnordered<_> =
        (0..200_u8).map(|number| Box::pin(echo(&object, vec![number]))).collect();
    assert!(tokio::time::timeout(Duration::from_millis(200), calls.next()).await.is_err());
    assert_eq!(ask::<i64>(&mut connection, &format!("LLEN {QUEUE}")).await, 200);
    drop(calls);
    soon("requests are left", || {
        let mut connection = connection.clone();
        async move { ask::<i64>(&mut connection, &format!("LLEN {QUEUE}")).await == 0 }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn time_limits_may_be_nothing_or_beyond_all_clocks() {
    for address in ["memory://limits", &RedisServer::start().address()] {
        let bus = Bus::start(address).await;
        let error = bus.object.request("Wait").timeout(Duration::ZERO).call(0).await.unwrap_err();
        assert!(matches!(error, Error::Timeout { .. }), "{error}");
        for limit in [Duration::MAX, Duration::from_secs(u64::MAX / 1000), Duration::from_millis(i64::MAX as u64)] {
            let error = bus.object.request("Missing").timeout(limit).call(0).await.unwrap_err();
            assert!(matches!(error, Error::Rejected { kind: RejectionKind::UnknownMethod, .. }), "{error}");
            bus.object.request("Missing").timeout(limit).send().await.unwrap();
        }
        bus.server.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_payloads_and_a_thousand_calls_at_once_arrive_whole() {
    for address in ["memory://large", &RedisServer::start().address()] {
        let bus = Bus::start(address).await;
        let large = vec![7; 10 << 20];
        assert!(echo(&bus.object, large.clone()).await.unwrap() == large);
        let calls = (0..1000_u32).map(|number| echo(&bus.object, number.to_be_bytes().into()));
        for (number, echoed) in (0..1000_u32).zip(futures::future::join_all(calls).await) {
            assert_eq!(echoed.unwrap(), number.to_be_bytes());
        }
        bus.server.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_large_for_the_broker_hurts_no_other_call() {
    let redis = RedisServer::start();
    let mut connection = admin(&redis).await;
    let bus = Bus::start(&redis.address()).await;
    ask::<()>(&mut connection, "CONFIG SET proto-max-bulk-len 1mb").await;
    let large = bus.object.request("Large").timeout(Duration::from_secs(1)).call(1);
    let others = async {
        for number in 0..20 {
            assert_eq!(echo(&bus.object, vec![number]).await.unwrap(), [number]);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let (large, ()) = futures::join!(large, others);
    assert!(matches!(large.unwrap_err(), Error::Timeout { .. }));
    bus.server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_broker_keeps_no_subscriber_waiting() {
    let mut redis = RedisServer::start();
    let bus = Bus::start(&redis.address()).await;
    let mut events = bus.object.subscribe::<Same, u64>("Count").await.unwrap();
    redis.freeze();
    let other = bus.object.subscribe::<Same, u64>("Other");
    let error = tokio::time::timeout(Duration::from_secs(15), other).await.expect("it waits for ever").unwrap_err();
    assert!(matches!(error, Error::Broker(_)), "{error}");
    redis.thaw();
    bus.object.publish::<Same, u64>("Count", &7).await.unwrap();
    assert_eq!(events.next().await.unwrap().unwrap(), 7);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_waits_for_a_broker_that_takes_no_writes_for_a_while() {
    let redis = RedisServer::start();
    let mut connection = admin(&redis).await;
    let bus = Bus::start(&redis.address()).await;
    let call = begin(&bus, "Wait").await;
    ask::<()>(&mut connection, "CONFIG SET maxmemory 1").await;
    let error = echo(&bus.object.clone().with_timeout(Duration::from_millis(300)), vec![1]).await.unwrap_err();
    assert!(matches!(error, Error::Broker(_)) && !error.may_have_run(), "{error}");
    bus.probe.finish.notify_one();
    tokio::time::sleep(Duration::from_millis(300)).await;
    ask::<()>(&mut connection, "CONFIG SET maxmemory 0").await;
    call.await.unwrap().unwrap();
    bus.server.shutdown().await;
}
