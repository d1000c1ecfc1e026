//! Processes start and stop in any order: a broker that is not there yet, one that is not ready, one that never answers, and servers
//! that come and go under load.

use std::collections::HashSet;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures::StreamExt;
use serde_with::Same;
use zbus::broker::BrokerErrorKind;
use zbus::client::RemoteObject;
use zbus::server::{Call, Object, Rejection, Returns, RunningServer};
use zbus::{Client, Error, ObjectId, Server};
use zbus_tests::RedisServer;

const ECHO: ObjectId = ObjectId::from_static("echo", "1.0");
const PATIENCE: Duration = Duration::from_secs(10);

/// Remembers what it was asked.
#[derive(Default)]
struct Echo {
    seen: Mutex<Vec<u64>>,
}

impl Object for Echo {
    fn id(&self) -> ObjectId {
        ECHO
    }

    async fn call(&self, call: Call) -> Result<Returns, Rejection> {
        let number = call.arguments(1)?.next::<Same, u64>("number")?;
        self.seen.lock().unwrap().push(number);
        tokio::time::sleep(Duration::from_millis(number % 3)).await;
        let mut returns = call.returns();
        returns.value::<Same, u64>(&number)?;
        Ok(returns)
    }
}

fn server() -> Server {
    Server::new("echoes").register(Echo::default()).unwrap()
}

async fn echo(client: &Client, number: u64) -> Result<u64, Error> {
    let object = RemoteObject::new(client.clone(), "echoes", ECHO);
    let mut request = object.request("Echo");
    request.argument::<Same, u64>("number", &number)?;
    request.call(1).await?.value::<Same, u64>()
}

fn kind(error: &Error) -> Option<BrokerErrorKind> {
    match error {
        Error::Broker(error) => Some(error.kind()),
        _ => None,
    }
}

/// What a client and a server say of an address where there is no broker, and that both say it in time.
async fn both_say(address: &str, expected: BrokerErrorKind, named: &str, limit: Duration) {
    let asked = Instant::now();
    let (client, server) = futures::join!(Client::connect(address), server().start(address));
    assert!(asked.elapsed() < limit, "{:?}", asked.elapsed());
    for error in [client.unwrap_err(), server.unwrap_err()] {
        assert_eq!(kind(&error), Some(expected), "{error}");
        assert!(error.to_string().contains(named), "{error}");
        assert!(!error.may_have_run());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_down_at_the_start_is_reported_at_once_with_its_address() {
    let mut redis = RedisServer::start();
    redis.kill();
    let place = format!("no broker at 127.0.0.1:{}", redis.port());
    both_say(&redis.address(), BrokerErrorKind::Unreachable, &place, Duration::from_secs(3)).await;
    both_say(&redis.unix_address(), BrokerErrorKind::Unreachable, "redis.sock", Duration::from_secs(3)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_down_at_the_start_is_waited_for_by_those_who_say_so() {
    let mut redis = RedisServer::start();
    redis.kill();
    let address = redis.address();
    let starting = tokio::spawn({
        let address = address.clone();
        async move { server().wait_for_broker(PATIENCE).start(&address).await }
    });
    let connecting = tokio::spawn(async move { Client::builder().wait_for_broker(PATIENCE).connect(&address).await });
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert!(!starting.is_finished() && !connecting.is_finished());
    redis.restart();
    let (running, client) = (starting.await.unwrap().unwrap(), connecting.await.unwrap().unwrap());
    assert_eq!(echo(&client, 1).await.unwrap(), 1);
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_is_waited_for_no_longer_than_said_and_not_where_waiting_does_not_help() {
    let mut redis = RedisServer::start();
    let wrong = redis.address().replace("redis://", "redis://nobody:secret@");
    let asked = Instant::now();
    let error = Client::builder().wait_for_broker(PATIENCE).connect(&wrong).await.unwrap_err();
    assert_eq!(kind(&error), Some(BrokerErrorKind::Refused), "{error}");
    let error = Client::builder().wait_for_broker(PATIENCE).connect("amqp://127.0.0.1").await.unwrap_err();
    assert_eq!(kind(&error), Some(BrokerErrorKind::Address), "{error}");

    redis.kill();
    let limit = Duration::from_millis(300);
    let error = Client::builder().wait_for_broker(limit).connect(&redis.address()).await.unwrap_err();
    assert_eq!(kind(&error), Some(BrokerErrorKind::Unreachable), "{error}");
    assert!(error.to_string().ends_with("it was waited for 300ms"), "{error}");

    // A server that is told to stop meanwhile stops.
    let stop = tokio::time::sleep(limit);
    server().wait_for_broker(Duration::MAX).serve_until(&redis.address(), stop).await.unwrap();
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_takes_connections_and_never_answers_is_out_of_reach_in_time() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let place = listener.local_addr().unwrap().to_string();
    both_say(&format!("redis://{place}"), BrokerErrorKind::Unreachable, &place, Duration::from_secs(8)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_without_an_address_is_out_of_reach() {
    let address = "redis://no-such-host.invalid:6379";
    both_say(address, BrokerErrorKind::Unreachable, "no-such-host.invalid:6379", Duration::from_secs(8)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_loads_its_data_is_not_ready_yet() {
    let mut redis = RedisServer::start();
    let fill = "for i = 1, 2000 do redis.call('SET', 'key:' .. i, i) end";
    let admin = redis::Client::open(redis.address()).unwrap();
    let mut connection = admin.get_multiplexed_async_connection().await.unwrap();
    redis::cmd("EVAL").arg(fill).arg(0).exec_async(&mut connection).await.unwrap();
    redis::cmd("SAVE").exec_async(&mut connection).await.unwrap();
    redis.restart_loading(Duration::from_millis(1));

    both_say(&redis.address(), BrokerErrorKind::Unready, "loading the dataset", Duration::from_secs(2)).await;
    let address = redis.address();
    let running = server().wait_for_broker(PATIENCE).start(&address).await.unwrap();
    let client = Client::builder().wait_for_broker(PATIENCE).connect(&address).await.unwrap();
    assert_eq!(echo(&client, 2).await.unwrap(), 2);
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_takes_no_more_connections_is_waited_for() {
    let redis = RedisServer::start();
    let admin = redis::Client::open(redis.address()).unwrap();
    let mut connection = admin.get_multiplexed_async_connection().await.unwrap();
    let mut limit = async |clients: u32| {
        let mut set = redis::cmd("CONFIG");
        set.arg("SET").arg("maxclients").arg(clients).exec_async(&mut connection).await.unwrap();
    };
    let (tcp, unix) = (redis.address(), redis.unix_address());
    // None but that of this test, and one more: a client needs two.
    for (clients, address) in [(1, &tcp), (1, &unix), (2, &tcp), (2, &unix)].repeat(3) {
        limit(clients).await;
        let error = Client::connect(address).await.unwrap_err();
        let told = error.to_string();
        // Redis' own words may be lost with the connection, which it closes at once.
        match kind(&error) {
            Some(BrokerErrorKind::Unready | BrokerErrorKind::Unreachable) => {}
            kind => panic!("{kind:?}: {told}"),
        }
        assert!(told.contains("maxclients") || told.contains("max number of clients"), "{told}");
    }
    limit(1).await;
    let address = redis.address();
    let waiting = tokio::spawn(async move {
        let running = server().wait_for_broker(PATIENCE).start(&address).await?;
        let client = Client::builder().wait_for_broker(PATIENCE).connect(&address).await?;
        let answer = echo(&client, 3).await;
        running.shutdown().await;
        answer
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!waiting.is_finished());
    limit(100).await;
    assert_eq!(waiting.await.unwrap().unwrap(), 3);
}

/// The state of the sockets that are connected to a port of this machine, as Linux tells it.
#[cfg(target_os = "linux")]
fn timers_of_connections_to(port: u16) -> Vec<String> {
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let remote = format!("0100007F:{port:04X}");
    let rows = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    // Columns: number, local, remote, state, queues, timer.
    rows.filter(|row| row[2] == remote && row[3] == "01").map(|row| row[5][..2].to_owned()).collect()
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_connection_is_probed_so_that_one_whose_other_end_is_gone_is_found_out() {
    let redis = RedisServer::start();
    let client = Client::connect(&redis.address()).await.unwrap();
    let object = RemoteObject::new(client.clone(), "echoes", ECHO);
    let _events = object.subscribe::<Same, u64>("Count").await.unwrap();
    let asked = Instant::now();
    // One writes, one pops, one listens: 02 is the timer that probes an idle connection, others come and go with traffic.
    loop {
        let timers = timers_of_connections_to(redis.port());
        if timers == ["02"; 3] {
            return;
        }
        assert!(asked.elapsed() < Duration::from_secs(3), "{timers:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Servers come and go while calls are made: whatever was taken is answered, the rest is there for the next.
async fn nothing_is_lost_while_servers_come_and_go(address: &str) {
    let service = Arc::new(Echo::default());
    let start = async || -> RunningServer {
        let server = Server::new("echoes").workers(8).register(Arc::clone(&service)).unwrap();
        server.start(address).await.unwrap()
    };
    let client = Client::connect(address).await.unwrap();
    let (done, next) = (AtomicBool::new(false), AtomicU64::new(0));
    let calls = async {
        let numbers =
            std::iter::from_fn(|| (!done.load(Ordering::Relaxed)).then(|| next.fetch_add(1, Ordering::Relaxed)));
        futures::stream::iter(numbers)
            .map(async |number| assert_eq!(echo(&client, number).await.unwrap(), number))
            .buffer_unordered(64)
            .collect::<()>()
            .await;
    };
    let servers = async {
        let mut last = start().await;
        for round in 0..30 {
            tokio::time::sleep(Duration::from_millis(5 + round % 7)).await;
            // Sometimes nobody is there for a while.
            if round % 3 == 0 {
                last.shutdown().await;
                last = start().await;
            } else {
                let (next, ()) = futures::join!(start(), last.shutdown());
                last = next;
            }
        }
        done.store(true, Ordering::Relaxed);
        last
    };
    let ((), last) = futures::join!(calls, servers);
    last.shutdown().await;
    let asked = next.load(Ordering::Relaxed);
    let seen = service.seen.lock().unwrap();
    assert!(asked > 500, "{asked}");
    assert_eq!(seen.len() as u64, asked, "a call ran twice, or not at all");
    assert_eq!(seen.iter().collect::<HashSet<_>>().len() as u64, asked);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_call_is_answered_once_while_servers_come_and_go_over_redis() {
    nothing_is_lost_while_servers_come_and_go(&RedisServer::start().address()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_call_is_answered_once_while_servers_come_and_go_in_memory() {
    nothing_is_lost_while_servers_come_and_go("memory://come-and-go").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_whose_request_is_lost_with_a_restarted_broker_says_so_and_those_after_it_do_not() {
    let mut redis = RedisServer::start();
    let client = Client::builder().timeout(Duration::from_secs(2)).connect(&redis.address()).await.unwrap();
    let call = tokio::spawn({
        let client = client.clone();
        async move { echo(&client, 1).await }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    redis.restart();
    let error = call.await.unwrap().unwrap_err();
    assert_eq!(kind(&error), Some(BrokerErrorKind::Restarted), "{error}");
    assert!(error.may_have_run(), "it was written");
    assert_eq!(
        error.to_string(),
        "no reply from echoes.echo@1.0.Echo within 2s; the broker was restarted meanwhile, and the request or its reply may be lost with it"
    );

    let object = RemoteObject::new(client.clone(), "echoes", ECHO).with_timeout(Duration::from_millis(300));
    let error = object.request("Echo").call(1).await.unwrap_err();
    assert_eq!(kind(&error), None, "{error}");
    // And the client goes on.
    let running = server().start(&redis.address()).await.unwrap();
    assert_eq!(echo(&client, 2).await.unwrap(), 2);
    running.shutdown().await;
}
