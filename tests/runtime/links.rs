//! The connections to Redis: slow ones, ones that are given up on, a broker whose place another takes, and what Redis itself limits.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::{FutureExt, StreamExt};
use serde_with::Same;
use zbus::broker::{BrokerErrorKind, Write};
use zbus::client::RemoteObject;
use zbus::server::{Call, Object, Rejection, Returns, RunningServer};
use zbus::{Client, Error, ObjectId, Server};
use zbus_tests::RedisServer;
use zbus_tests::proxy::{Mischief, Proxy};

const STORE: ObjectId = ObjectId::from_static("store", "1.0");

/// Remembers how often it ran for each number, and answers with as many bytes as it is asked for.
#[derive(Default)]
struct Store {
    ran: Mutex<HashMap<u64, u32>>,
}

impl Object for Store {
    fn id(&self) -> ObjectId {
        STORE
    }

    async fn call(&self, call: Call) -> Result<Returns, Rejection> {
        let mut arguments = call.arguments(3)?;
        let number = arguments.next::<Same, u64>("number")?;
        arguments.next::<serde_with::Bytes, Vec<u8>>("bytes")?;
        let size = arguments.next::<Same, u64>("size")?;
        *self.ran.lock().unwrap().entry(number).or_default() += 1;
        let mut returns = call.returns();
        returns.value::<serde_with::Bytes, Vec<u8>>(&vec![b'x'; usize::try_from(size).unwrap()])?;
        Ok(returns)
    }
}

async fn serve(address: &str) -> (Arc<Store>, RunningServer) {
    let store = Arc::new(Store::default());
    let server = Server::new("stores").drain(Duration::from_millis(100)).register(Arc::clone(&store)).unwrap();
    (store, server.start(address).await.unwrap())
}

async fn connect(address: &str) -> RemoteObject {
    let client = Client::builder().timeout(Duration::from_secs(30)).connect(address).await.unwrap();
    RemoteObject::new(client, "stores", STORE)
}

/// Sends so many bytes, and gets so many.
async fn swap(object: &RemoteObject, number: u64, bytes: usize, size: u64) -> Result<usize, Error> {
    let mut request = object.request("Swap");
    request.argument::<Same, u64>("number", &number)?;
    request.argument::<serde_with::Bytes, Vec<u8>>("bytes", &vec![b'x'; bytes])?;
    request.argument::<Same, u64>("size", &size)?;
    Ok(request.call(1).await?.value::<serde_with::Bytes, Vec<u8>>()?.len())
}

/// A figure of `INFO`.
async fn figure(redis: &RedisServer, name: &str) -> String {
    let info: String = redis::from_redis_value(redis.ask("INFO all").await.unwrap()).unwrap();
    let figure = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    figure.unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_messages_arrive_over_slow_connections_and_small_calls_are_answered_meanwhile() {
    const RATE: u32 = 1 << 20;
    let redis = RedisServer::start();
    let slow = Proxy::start(redis.port(), Mischief::Slow(RATE), 1).await;
    let (_, server) = serve(&redis.address()).await;
    // Each takes longer than a link may stand still.
    let (sends, gets) = (connect(&slow.address()).await, connect(&slow.address()).await);
    let small = async {
        for number in 0..20 {
            swap(&gets, number, 1, 1).await.unwrap();
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    };
    let size = 11 * RATE;
    let (sent, ()) = futures::join!(swap(&sends, 100, size as usize, 1), small);
    assert_eq!(sent.unwrap(), 1);
    assert_eq!(swap(&gets, 101, 1, u64::from(size)).await.unwrap(), size as usize);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn questions_that_are_given_up_cost_no_connection() {
    let redis = RedisServer::start();
    let (_, server) = serve(&redis.address()).await;
    let proxy = Proxy::start(redis.port(), Mischief::Delay(Duration::from_millis(20)), 1).await;
    let client = Client::connect(&proxy.address()).await.unwrap();
    let object = RemoteObject::new(client.clone(), "stores", STORE);
    swap(&object, 0, 1, 1).await.unwrap();
    let before = proxy.accepted();
    for number in 1..10 {
        assert!(client.instances("stores").now_or_never().is_none(), "it is given up when it is written");
        swap(&object, number, 1, 1).await.unwrap();
    }
    assert_eq!(proxy.accepted(), before);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_after_an_idle_time_asks_the_broker_nothing_first() {
    let redis = RedisServer::start();
    let (_, server) = serve(&redis.address()).await;
    let object = connect(&redis.address()).await;
    swap(&object, 0, 1, 1).await.unwrap();
    let before = figure(&redis, "cmdstat_ping").await;
    for number in 1..5 {
        tokio::time::sleep(Duration::from_millis(200)).await;
        swap(&object, number, 1, 1).await.unwrap();
    }
    assert_eq!(figure(&redis, "cmdstat_ping").await, before);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_of_a_clients_connection_loses_no_more_replies_than_a_pop_takes() {
    const CALLS: u64 = 600;
    let redis = RedisServer::start();
    let slow = Proxy::start(redis.port(), Mischief::Slow(400_000), 1).await;
    let (store, server) = serve(&redis.address()).await;
    let client = Client::builder().timeout(Duration::from_secs(10)).connect(&slow.address()).await.unwrap();
    let object = RemoteObject::new(client, "stores", STORE);
    let calls = futures::future::join_all((0..CALLS).map(|number| swap(&object, number, 1, 1000)));
    let cut = async {
        while store.ran.lock().unwrap().len() < 590 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        // The client's is the one that pops an inbox, from the proxy's side the last to be blocked or served.
        let clients: String = redis::from_redis_value(redis.ask("CLIENT LIST").await.unwrap()).unwrap();
        for line in clients.lines().filter(|line| line.contains("cmd=blmpop") || line.contains("cmd=lpop")) {
            let id = line.split(' ').find_map(|word| word.strip_prefix("id=")).unwrap();
            redis.ask(&format!("CLIENT KILL ID {id}")).await.unwrap();
        }
    };
    let (outcomes, ()) = futures::join!(calls, cut);
    let lost = outcomes.iter().filter(|outcome| outcome.is_err()).count();
    assert!(lost <= 128, "{lost}");
    server.shutdown().await;
}

/// A second server that keeps what the first has.
async fn replica_of(master: &RedisServer) -> RedisServer {
    let replica = RedisServer::start();
    replica.ask(&format!("REPLICAOF 127.0.0.1 {}", master.port())).await.unwrap();
    while figure(&replica, "master_link_status").await != "up" {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    replica
}

/// How many connections wait in a pop.
async fn pops(redis: &RedisServer) -> String {
    figure(redis, "blocked_clients").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_a_replica_is_promoted_calls_go_on_none_is_run_twice_and_the_old_master_is_left() {
    let old = RedisServer::start_with(&["--repl-diskless-sync-delay", "0"]);
    let new = replica_of(&old).await;
    let name = Proxy::start(old.port(), Mischief::None, 1).await;
    let (store, server) = serve(&name.address()).await;
    let object = connect(&name.address()).await;
    let mut events = object.subscribe::<Same, u64>("Count").await.unwrap();
    for number in 0..20 {
        swap(&object, number, 1, 1).await.unwrap();
    }
    old.ask("WAIT 1 1000").await.unwrap();
    // The new master first. The name leads to it from now on.
    new.ask("REPLICAOF NO ONE").await.unwrap();
    name.lead_to(new.port());
    old.ask(&format!("REPLICAOF 127.0.0.1 {}", new.port())).await.unwrap();
    for number in 20..60 {
        swap(&object, number, 1, 1).await.unwrap();
    }
    let ran = store.ran.lock().unwrap().clone();
    assert!(ran.len() == 60 && ran.values().all(|times| *times == 1), "{ran:?}");
    assert_eq!(pops(&old).await, "0");
    // Subscriptions have moved, too.
    let gap = events.next().await.unwrap();
    assert!(gap.is_err(), "{gap:?}");
    object.publish::<Same, u64>("Count", &7).await.unwrap();
    assert_eq!(events.next().await.unwrap().unwrap(), 7);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_server_pops_where_it_cannot_reply() {
    // Two masters behind one name, as after a failover in which the old one was not told.
    let (old, new) = (RedisServer::start(), RedisServer::start());
    let name = Proxy::start(old.port(), Mischief::None, 1).await;
    let (store, server) = serve(&name.address()).await;
    let idle: u32 = pops(&old).await.parse().unwrap();
    assert!(idle > 0);
    name.lead_to(new.port());
    // The pops lose their connections, and nothing else does.
    let blocked: String = redis::from_redis_value(old.ask("CLIENT LIST").await.unwrap()).unwrap();
    for line in blocked.lines().filter(|line| line.contains("cmd=blmpop")) {
        let id = line.split(' ').find_map(|word| word.strip_prefix("id=")).unwrap();
        old.ask(&format!("CLIENT KILL ID {id}")).await.unwrap();
    }
    // What is asked at the new one is answered there, and the old one is left.
    let object = connect(&name.address()).await;
    swap(&object, 1, 1, 1).await.unwrap();
    assert_eq!(store.ran.lock().unwrap().len(), 1);
    assert_eq!(pops(&old).await, "0");
    let clients: String = redis::from_redis_value(old.ask("CLIENT LIST").await.unwrap()).unwrap();
    assert_eq!(clients.lines().count(), 1, "{clients}");
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_redis_will_not_deliver_is_refused_and_interrupts_no_subscription() {
    let redis = RedisServer::start_with(&["--client-output-buffer-limit", "pubsub 1048576 0 0"]);
    let object = connect(&redis.address()).await;
    let mut events = object.subscribe::<serde_with::Bytes, Vec<u8>>("Blob").await.unwrap();
    for size in [1 << 20, 900 << 10] {
        let error = object.publish::<serde_with::Bytes, Vec<u8>>("Blob", &vec![0; size]).await.unwrap_err();
        assert!(matches!(&error, Error::Broker(error) if error.kind() == BrokerErrorKind::Refused), "{error}");
        assert!(error.to_string().contains("1048576 bytes"), "{error}");
    }
    // Just below, it arrives: nothing is refused that would.
    for size in [800 << 10, 1] {
        object.publish::<serde_with::Bytes, Vec<u8>>("Blob", &vec![0; size]).await.unwrap();
        assert_eq!(events.next().await.unwrap().unwrap().len(), size);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_expires_after_a_part_of_a_second_and_after_ages() {
    let redis = RedisServer::start();
    let broker = zbus::broker::connect(&redis.address()).await.unwrap();
    for expire in [Duration::from_millis(500), Duration::from_millis(1900), Duration::from_secs(2), Duration::MAX] {
        let write = Write::Push { list: "list".into(), message: "m".into(), expire: Some(expire) };
        broker.write(vec![write]).await.remove(0).unwrap();
        let left: i64 = redis::from_redis_value(redis.ask("PTTL list").await.unwrap()).unwrap();
        let left = u128::try_from(left).expect("it expires, and is not gone yet");
        assert!(left <= expire.as_millis() && left + 400 > expire.as_millis().min(2000), "{expire:?}: {left} ms");
        redis.ask("DEL list").await.unwrap();
    }
}
