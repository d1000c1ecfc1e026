//! Who is there: what servers show of themselves, over the broker inside the process and over a real Redis.

use std::sync::{Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use zbus::client::{Instance, RemoteObject};
use zbus::server::{Call, Object, Rejection, Returns, RunningServer};
use zbus::{CallOptions, Client, Error, Failure, Fate, ObjectId, Server};
use zbus_tests::api::server::{CalculatorClient, CalculatorServer, UtilsClient, UtilsServer};
use zbus_tests::server::{Numbers, Tools};
use zbus_tests::{Generation, RedisServer, go_client};

const PROBE: ObjectId = ObjectId::from_static("probe", "1.0");
const SET: &str = "zbus.instances.probes";
const DEAD: &str = "7f1d3b0a-3c55-4b0e-9a51-0c9a4f3f6f52";

/// An object whose methods end in each of the ways that a server counts.
#[derive(Default)]
struct Probe {
    /// What `Block` waits for on its thread.
    blocked: Mutex<Option<mpsc::Receiver<()>>>,
}

impl Object for Probe {
    fn id(&self) -> ObjectId {
        PROBE
    }

    fn contract(&self) -> Option<&str> {
        Some("00112233445566778899aabbccddeeff")
    }

    async fn call(&self, call: Call) -> Result<Returns, Rejection> {
        let mut returns = call.returns();
        match call.method() {
            "Nothing" => {}
            "Fail" => returns.throws(Some(Failure::new("as asked"))),
            "Block" => {
                let blocked = self.blocked.lock().unwrap_or_else(PoisonError::into_inner).take();
                // An error says that the test has let go.
                let _ = blocked.unwrap().recv();
            }
            "Wait" => std::future::pending().await,
            _ => return Err(call.unknown_method()),
        }
        Ok(returns)
    }
}

fn server() -> Server {
    Server::new("probes").register(Probe::default()).unwrap()
}

async fn start(address: &str, workers: u32) -> RunningServer {
    server().workers(workers).version(format!("{workers}.0")).start(address).await.unwrap()
}

async fn client(address: &str) -> Client {
    Client::builder().timeout(Duration::from_secs(5)).connect(address).await.unwrap()
}

async fn call(client: &Client, method: &str) -> Result<(), Error> {
    RemoteObject::new(client.clone(), "probes", PROBE).request(method).call(0).await.map(drop)
}

async fn admin(redis: &RedisServer) -> redis::aio::MultiplexedConnection {
    redis::Client::open(redis.address()).unwrap().get_multiplexed_async_connection().await.unwrap()
}

async fn ask<T: redis::FromRedisValue>(connection: &redis::aio::MultiplexedConnection, command: &str) -> T {
    let mut words = command.split(' ');
    let mut asked = redis::cmd(words.next().unwrap());
    for word in words {
        asked.arg(word);
    }
    asked.query_async(&mut connection.clone()).await.unwrap()
}

/// Waits for something that has to happen soon.
async fn soon<F: Future<Output = bool>>(what: &str, mut happened: impl FnMut() -> F) {
    let asked = Instant::now();
    while !happened().await {
        assert!(asked.elapsed() < Duration::from_secs(5), "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Runs a test over both brokers.
async fn over_both<F: Future<Output = ()>>(name: &str, test: impl Fn(String) -> F) {
    test(format!("memory://{name}")).await;
    test(RedisServer::start().address()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_instance_of_a_module_tells_of_itself_and_a_stopped_one_is_gone_at_once() {
    over_both("instances", |address| async move {
        let client = client(&address).await;
        assert!(client.instances("probes").await.unwrap().is_empty());
        let (first, second, third) = futures::join!(start(&address, 1), start(&address, 2), start(&address, 3));
        let _other = Server::new("others").start(&address).await.unwrap();

        let instances = client.instances("probes").await.unwrap();
        let mut seen = Vec::new();
        for Instance { id, status, .. } in instances {
            let status = status.unwrap();
            assert_eq!(status.instance.as_deref(), Some(&*id));
            assert_eq!(status.contracts["probe@1.0"], "00112233445566778899aabbccddeeff");
            seen.push((status.workers.len(), status.version.unwrap()));
        }
        seen.sort();
        assert_eq!(seen, [(1, "1.0".to_owned()), (2, "2.0".to_owned()), (3, "3.0".to_owned())]);

        second.shutdown().await;
        assert_eq!(client.instances("probes").await.unwrap().len(), 2);
        drop(third);
        soon("a dropped server is still there", || async { client.instances("probes").await.unwrap().len() == 1 })
            .await;
        first.shutdown().await;
        assert!(client.instances("probes").await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_shows_itself_for_15_seconds_and_clears_away_those_that_are_past() {
    let redis = RedisServer::start();
    let admin = admin(&redis).await;
    ask::<i64>(&admin, &format!("ZADD {SET} 1000 {DEAD}")).await;
    let running = start(&redis.address(), 1).await;

    let members: Vec<(String, f64)> = ask(&admin, &format!("ZRANGE {SET} 0 -1 WITHSCORES")).await;
    let [(id, until)] = members.as_slice() else { panic!("{members:?}") };
    assert_ne!(id, DEAD);
    let (seconds, _): (u32, u32) = ask(&admin, "TIME").await;
    let left = until / 1000.0 - f64::from(seconds);
    assert!((13.0..=16.0).contains(&left), "{left}");
    let expiry: i64 = ask(&admin, &format!("PTTL {SET}")).await;
    assert!((13_000..=15_000).contains(&expiry), "{expiry}");

    running.shutdown().await;
    assert_eq!(ask::<i64>(&admin, &format!("EXISTS {SET}")).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_goes_on_showing_itself_for_as_long_as_it_runs() {
    let redis = RedisServer::start();
    let admin = admin(&redis).await;
    let running = start(&redis.address(), 1).await;
    let until = || async { ask::<Vec<(String, f64)>>(&admin, &format!("ZRANGE {SET} 0 -1 WITHSCORES")).await };
    let first = until().await;
    // It does so every 5 s.
    let asked = Instant::now();
    while until().await == first {
        assert!(asked.elapsed() < Duration::from_secs(8));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_instance_is_told_among_the_living_and_leaves_no_key() {
    let redis = RedisServer::start();
    let admin = admin(&redis).await;
    let running = start(&redis.address(), 1).await;
    for stranger in [DEAD, "probes", "*"] {
        ask::<i64>(&admin, &format!("ZADD {SET} 9999999999999 {stranger}")).await;
    }
    let client = client(&redis.address()).await;
    let list = format!("zbus.instance.probes.{DEAD}");
    let asked = Instant::now();
    let (instances, ()) = futures::join!(
        client.instances("probes"),
        // Also where the one who asks dies meanwhile.
        soon("a key would be left", || async { (1..=60).contains(&ask::<i64>(&admin, &format!("TTL {list}")).await) })
    );
    let instances = instances.unwrap();
    assert!(asked.elapsed() < Duration::from_secs(4), "{:?}", asked.elapsed());
    assert_eq!(instances.len(), 2);
    for Instance { id, status, .. } in instances {
        match status {
            Ok(status) => assert_eq!(status.instance, Some(id)),
            Err(error) => assert!(id == DEAD && matches!(error, Error::Timeout { .. }), "{id}: {error}"),
        }
    }
    soon("a key is left", || async { ask::<i64>(&admin, &format!("EXISTS {list}")).await == 0 }).await;
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_there_again_soon_after_the_broker_has_lost_everything() {
    let mut redis = RedisServer::start();
    let running = start(&redis.address(), 1).await;
    redis.restart();
    let admin = admin(&redis).await;
    let restarted = Instant::now();
    soon("the server is not there", || async { ask::<i64>(&admin, &format!("ZCARD {SET}")).await == 1 }).await;
    // Not by its turn, which comes every 5 s.
    assert!(restarted.elapsed() < Duration::from_millis(4500), "{:?}", restarted.elapsed());
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_may_not_show_itself_serves_all_the_same() {
    let redis = RedisServer::start();
    let admin = admin(&redis).await;
    ask::<()>(&admin, "ACL SETUSER anna reset on >secret ~* &* +@all -zadd -zrevrangebyscore -zrem").await;
    let address = redis.address().replace("redis://", "redis://anna:secret@");
    let started = Instant::now();
    let running = start(&address, 1).await;
    let client = client(&address).await;
    call(&client, "Nothing").await.unwrap();
    // Not seen is not the same as not there.
    let error = client.instances("probes").await.unwrap_err();
    assert!(matches!(error, Error::Broker(_)) && error.to_string().contains("refused"), "{error}");
    running.shutdown().await;
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_status_counts_how_requests_ended() {
    over_both("counters", |address| async move {
        let running = start(&address, 2).await;
        let client = client(&address).await;
        for _ in 0..3 {
            call(&client, "Nothing").await.unwrap();
        }
        let failed = RemoteObject::new(client.clone(), "probes", PROBE);
        assert!(matches!(failed.request("Fail").call_throwing(0).await.unwrap_err(), Error::Remote { .. }));
        call(&client, "Missing").await.unwrap_err();
        let counters = client.status("probes").await.unwrap().counters.unwrap();
        assert_eq!((counters.served, counters.failed, counters.rejected, counters.dropped), (3, 1, 1, 0));
        running.shutdown().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn the_status_is_answered_when_every_worker_is_busy_and_says_who_is_overdue() {
    over_both("busy", |address| async move {
        let (unblock, blocked) = mpsc::channel();
        let probe = Probe { blocked: Mutex::new(Some(blocked)) };
        let running = Server::new("probes").workers(2).register(probe).unwrap().start(&address).await.unwrap();
        let client = client(&address).await;
        let waiting = tokio::spawn({
            let client = client.clone();
            async move { call(&client, "Wait").await }
        });
        let blocking = RemoteObject::new(client.clone(), "probes", PROBE).with_timeout(Duration::from_millis(100));
        assert!(matches!(blocking.request("Block").call(0).await.unwrap_err(), Error::Timeout { .. }));

        let mut workers = client.status("probes").await.unwrap().workers;
        assert!(workers.iter().all(|worker| worker.state == "busy"), "{workers:?}");
        workers.sort_by_key(|worker| worker.overdue);
        assert_eq!([&*workers[0].action, &*workers[1].action], ["[probe@1.0].Wait()", "[probe@1.0].Block()"]);
        assert_eq!([workers[0].overdue, workers[1].overdue], [false, true]);
        let instances = client.instances("probes").await.unwrap();
        assert_eq!(instances[0].status.as_ref().unwrap().workers.len(), 2);

        drop(unblock);
        waiting.abort();
        drop(running);
    })
    .await;
}

/// The status that a Go client sees while a worker of ours is overdue: every optional key is on the wire then.
async fn a_go_client_reads_the_whole_status(generation: Generation) {
    let redis = RedisServer::start();
    let (unblock, blocked) = mpsc::channel();
    let running = Server::new("server")
        .workers(3)
        .version("1.2.3")
        .register(CalculatorServer::new(Numbers))
        .and_then(|server| server.register(UtilsServer::new(Tools { interval: Duration::from_millis(50) })))
        .and_then(|server| server.register(Probe { blocked: Mutex::new(Some(blocked)) }))
        .unwrap()
        .start(&redis.address())
        .await
        .unwrap();
    let client = client(&redis.address()).await;
    let blocking = RemoteObject::new(client.clone(), "server", PROBE).with_timeout(Duration::from_millis(100));
    blocking.request("Block").call(0).await.unwrap_err();
    let status = client.status("server").await.unwrap();
    assert!(status.instance.is_some() && status.version.is_some() && status.counters.is_some());
    assert!(status.workers.iter().any(|worker| worker.overdue));
    let ours = [("calculator@1.0", CalculatorClient::CONTRACT), ("utils@1.0", UtilsClient::CONTRACT)];
    assert!(ours.iter().all(|(object, contract)| status.contracts[*object] == *contract), "{:?}", status.contracts);
    assert_ne!(CalculatorClient::CONTRACT, UtilsClient::CONTRACT);

    let address = redis.go_address();
    let lines = tokio::task::spawn_blocking(move || go_client(generation, &address)).await.unwrap();
    let seen = &lines.iter().find(|line| line.get("status").is_some()).unwrap()["status"];
    let workers = seen["workers"].as_array().unwrap();
    let mut states: Vec<_> = workers.iter().map(|worker| worker["state"].as_str().unwrap()).collect();
    states.sort_unstable();
    assert_eq!(states, ["busy", "free", "free"], "{seen}");
    assert!(workers.iter().any(|worker| worker["action"] == "[probe@1.0].Block()"), "{seen}");
    assert_eq!(seen["objects"].as_array().unwrap().len(), 3);
    drop(unblock);
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_go_client_of_generation_1_reads_the_whole_status() {
    a_go_client_reads_the_whole_status(Generation::One).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_go_client_of_generation_0_reads_the_whole_status() {
    a_go_client_reads_the_whole_status(Generation::Zero).await;
}

fn is_no_server(error: &Error) -> bool {
    matches!(error, Error::NoServer { module, .. } if module == "probes") && !error.may_have_run()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_fails_fast_fails_at_once_where_no_server_is_there_and_only_there() {
    over_both("fail-fast", |address| async move {
        let client = client(&address).await;
        let object = RemoteObject::new(client, "probes", PROBE).with_options(CallOptions::new().fail_fast());
        let asked = Instant::now();
        let error = object.request("Nothing").call(0).await.unwrap_err();
        assert!(is_no_server(&error), "{error}");
        assert_eq!(
            error.to_string(),
            "probes.probe@1.0.Nothing was not called; no server of module `probes` has announced itself \
             (servers on Go and rbus never do)"
        );
        assert!(is_no_server(&object.request("Nothing").send().await.unwrap_err()));
        assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());

        // From the moment on that a server's start is done, until the moment that its shutdown begins.
        let running = start(&address, 1).await;
        object.request("Nothing").call(0).await.unwrap();
        object.request("Nothing").send().await.unwrap();
        running.shutdown().await;
        assert!(is_no_server(&object.request("Nothing").call(0).await.unwrap_err()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_fails_fast_is_made_where_nobody_may_know_who_is_there() {
    let redis = RedisServer::start();
    let admin = admin(&redis).await;
    ask::<()>(&admin, "ACL SETUSER anna reset on >secret ~* &* +@all -zrevrangebyscore").await;
    let running = start(&redis.address(), 1).await;
    let client = client(&redis.address().replace("redis://", "redis://anna:secret@")).await;
    let object = RemoteObject::new(client, "probes", PROBE).with_options(CallOptions::new().fail_fast());
    object.request("Nothing").call(0).await.unwrap();
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_made_before_its_server_exists_waits_for_it() {
    over_both("before", |address| async move {
        let client = client(&address).await;
        let early = tokio::spawn(async move { call(&client, "Nothing").await });
        tokio::time::sleep(Duration::from_millis(200)).await;
        let running = start(&address, 1).await;
        early.await.unwrap().unwrap();
        running.shutdown().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_was_not_taken_until_its_deadline_says_whether_a_server_is_there() {
    over_both("not-taken", |address| async move {
        let client = client(&address).await;
        let object = RemoteObject::new(client.clone(), "probes", PROBE).with_timeout(Duration::from_millis(200));
        let error = object.request("Nothing").call(0).await.unwrap_err();
        assert!(is_no_server(&error), "{error}");
        assert_eq!(
            error.to_string(),
            "no reply from probes.probe@1.0.Nothing within 200ms; no server of module `probes` has announced itself \
             (servers on Go and rbus never do)"
        );

        // There is one, and it is busy: it is not its absence that is told.
        let running = start(&address, 1).await;
        let waiting = tokio::spawn({
            let client = client.clone();
            async move { call(&client, "Wait").await }
        });
        // The status is answered all the same.
        soon("nothing runs", || async { client.status("probes").await.unwrap().workers[0].state == "busy" }).await;
        let error = object.request("Nothing").call(0).await.unwrap_err();
        assert!(matches!(error, Error::Timeout { fate: Fate::Withdrawn, .. }) && !error.may_have_run(), "{error}");
        waiting.abort();
        drop(running);
    })
    .await;
}
