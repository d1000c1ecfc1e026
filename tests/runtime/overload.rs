//! More than there is room or time for: slow subscribers, full queues, busy objects, methods that block, panic and overrun.

use std::future::Future;
use std::panic;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use futures::StreamExt;
use serde_with::Same;
use tokio::task::JoinHandle;
use zbus::client::RemoteObject;
use zbus::server::{Call, Object, ObjectOptions, Rejection, Returns};
use zbus::{CallOptions, Client, Error, Lag, ObjectId, RejectionKind, Server, StreamError};
use zbus_tests::RedisServer;

const NEWS: ObjectId = ObjectId::from_static("news", "1.0");

/// An object with nothing to say.
struct News;

impl Object for News {
    fn id(&self) -> ObjectId {
        NEWS
    }

    async fn call(&self, call: Call) -> Result<Returns, Rejection> {
        Ok(call.returns())
    }
}

/// Runs a test over both brokers.
async fn over_both<F: Future<Output = ()>>(name: &str, test: impl Fn(String) -> F) {
    test(format!("memory://{name}")).await;
    test(RedisServer::start().address()).await;
}

async fn client(address: &str) -> Client {
    Client::builder().timeout(Duration::from_secs(10)).connect(address).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_subscriber_loses_the_oldest_and_is_told_how_many_and_the_others_lose_nothing() {
    over_both("drop-oldest", |address| async move {
        let news = RemoteObject::new(client(&address).await, "news", NEWS);
        let mut slow = news.subscribe::<Same, u64>("Count").await.unwrap().with_lag(Lag::drop_oldest(10));
        let mut quick = news.subscribe::<Same, u64>("Count").await.unwrap();
        for count in 0..100_u64 {
            news.publish::<Same, u64>("Count", &count).await.unwrap();
        }
        for count in 0..100 {
            assert_eq!(quick.next().await.unwrap().unwrap(), count);
        }
        assert!(matches!(slow.next().await.unwrap().unwrap_err(), StreamError::Lagged { missed: 90 }));
        for count in 90..100 {
            assert_eq!(slow.next().await.unwrap().unwrap(), count);
        }
        // It goes on.
        news.publish::<Same, u64>("Count", &100).await.unwrap();
        assert_eq!(slow.next().await.unwrap().unwrap(), 100);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscription_that_must_miss_nothing_ends_with_an_error_where_it_does() {
    over_both("lag-error", |address| async move {
        let news = RemoteObject::new(client(&address).await, "news", NEWS);
        let mut strict = news.subscribe::<Same, u64>("Count").await.unwrap().with_lag(Lag::error(10));
        let mut quick = news.subscribe::<Same, u64>("Count").await.unwrap();
        for count in 0..100_u64 {
            news.publish::<Same, u64>("Count", &count).await.unwrap();
        }
        for count in 0..100 {
            assert_eq!(quick.next().await.unwrap().unwrap(), count);
        }
        for count in 0..10 {
            assert_eq!(strict.next().await.unwrap().unwrap(), count);
        }
        assert!(matches!(strict.next().await.unwrap().unwrap_err(), StreamError::Lagged { missed: 90 }));
        assert!(strict.next().await.is_none());
        // The connection goes on for the others.
        news.publish::<Same, u64>("Count", &100).await.unwrap();
        assert_eq!(quick.next().await.unwrap().unwrap(), 100);
        assert!(strict.next().await.is_none());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_events_are_bounded_by_their_bytes() {
    over_both("lag-bytes", |address| async move {
        let news = RemoteObject::new(client(&address).await, "news", NEWS);
        let lag = Lag::drop_oldest(1000).bytes(3 << 20);
        let mut slow = news.subscribe::<serde_with::Bytes, Vec<u8>>("Page").await.unwrap().with_lag(lag);
        let mut quick = news.subscribe::<serde_with::Bytes, Vec<u8>>("Page").await.unwrap();
        for number in 0..8 {
            news.publish::<serde_with::Bytes, Vec<u8>>("Page", &vec![number; 1 << 20]).await.unwrap();
        }
        for number in 0..8 {
            assert_eq!(quick.next().await.unwrap().unwrap()[0], number);
        }
        // An event is a little longer than its content.
        assert!(matches!(slow.next().await.unwrap().unwrap_err(), StreamError::Lagged { missed: 6 }));
        for number in 6..8 {
            assert_eq!(slow.next().await.unwrap().unwrap()[0], number);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_refuses_a_call_at_once() {
    over_both("full", |address| async move {
        let news = RemoteObject::new(client(&address).await, "news", NEWS);
        let limited = news.clone().with_options(CallOptions::new().queue_limit(8));
        // No server: what is called waits.
        let call = |object: &RemoteObject| {
            let object = object.clone();
            tokio::spawn(async move { object.request("Read").call(0).await.map(drop) })
        };
        let waiting: Vec<_> = (0..20).map(|_| call(&limited)).collect();
        let mut refused = futures::stream::iter(waiting).buffer_unordered(20);
        for _ in 0..12 {
            let error = refused.next().await.unwrap().unwrap().unwrap_err();
            assert!(matches!(error, Error::Rejected { kind: RejectionKind::Overloaded, .. }), "{error}");
            assert!(!error.may_have_run());
        }
        let error = limited.request("Read").send().await.unwrap_err();
        let told = "news.news@1.0.Read refused the call: 8 requests wait in `news.news@1.0`, which is the limit that was set: try again later";
        assert_eq!(error.to_string(), told);
        // Who sets no limit is not held to it.
        news.request("Read").send().await.unwrap();

        let server = Server::new("news").register(News).unwrap().start(&address).await.unwrap();
        for _ in 0..8 {
            refused.next().await.unwrap().unwrap().unwrap();
        }
        limited.request("Read").call(0).await.unwrap();
        server.shutdown().await;
    })
    .await;
}

/// What a method panics with that shall.
const AS_ASKED: &str = "as asked";

/// An object whose methods take their time.
struct Slow {
    id: ObjectId,
    running: Arc<AtomicU64>,
    gate: Arc<Gate>,
}

impl Slow {
    fn new(name: &str) -> Self {
        Self { id: ObjectId::new(name, "1.0"), running: Arc::default(), gate: Arc::default() }
    }
}

/// Holds threads back until it is opened.
#[derive(Default)]
struct Gate {
    open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    fn open(&self) {
        *self.open.lock().unwrap() = true;
        self.opened.notify_all();
    }

    /// Not for ever: where it holds back the thread of the test, nobody else can end that.
    fn pass(&self) {
        let open = self.open.lock().unwrap();
        let (_open, waited) = self.opened.wait_timeout_while(open, Duration::from_secs(5), |open| !*open).unwrap();
        assert!(!waited.timed_out(), "nobody has opened the gate");
    }
}

async fn until(number: &AtomicU64, expected: u64) {
    let asked = Instant::now();
    while number.load(Ordering::SeqCst) != expected {
        assert!(asked.elapsed() < Duration::from_secs(5), "never {expected}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

impl Object for Slow {
    fn id(&self) -> ObjectId {
        self.id.clone()
    }

    async fn call(&self, call: Call) -> Result<Returns, Rejection> {
        self.running.fetch_add(1, Ordering::SeqCst);
        match call.method() {
            "Now" => {}
            "Sleep" => tokio::time::sleep(Duration::from_millis(20)).await,
            "Never" => std::future::pending().await,
            "Panic" => panic::panic_any(AS_ASKED),
            "Block" => self.gate.pass(),
            _ => return Err(call.unknown_method()),
        }
        self.running.fetch_sub(1, Ordering::SeqCst);
        Ok(call.returns())
    }
}

async fn call(object: &RemoteObject, method: &str) -> Result<(), Error> {
    object.request(method).call(0).await.map(drop)
}

fn spawn_calls(object: &RemoteObject, method: &'static str, count: usize) -> Vec<JoinHandle<Result<(), Error>>> {
    let spawn = |_| {
        let object = object.clone();
        tokio::spawn(async move { call(&object, method).await })
    };
    (0..count).map(spawn).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_object_does_not_starve_one_with_which_it_shares_the_workers() {
    over_both("rotation", |address| async move {
        let server = Server::new("slow").workers(1).register(Slow::new("busy")).unwrap();
        let server = server.register(Slow::new("idle")).unwrap().start(&address).await.unwrap();
        let client = client(&address).await;
        let [busy, idle] =
            ["busy", "idle"].map(|name| RemoteObject::new(client.clone(), "slow", ObjectId::new(name, "1.0")));
        // Two seconds' worth of work waits.
        let waiting = spawn_calls(&busy, "Sleep", 100);
        tokio::time::sleep(Duration::from_millis(50)).await;
        for _ in 0..3 {
            call(&idle, "Now").await.unwrap();
        }
        assert!(waiting.iter().filter(|call| call.is_finished()).count() < 50);
        drop(waiting);
        server.shutdown().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_with_workers_of_its_own_neither_waits_for_others_nor_takes_more() {
    over_both("own-workers", |address| async move {
        let (shared, own) = (Slow::new("shared"), Slow::new("own"));
        let running = Arc::clone(&own.running);
        let server = Server::new("slow").workers(2).drain(Duration::from_millis(10)).register(shared).unwrap();
        let server = server.register_with(own, ObjectOptions::new().workers(3)).unwrap();
        let server = server.start(&address).await.unwrap();
        let client = client(&address).await;
        let [shared, own] =
            ["shared", "own"].map(|name| RemoteObject::new(client.clone(), "slow", ObjectId::new(name, "1.0")));
        // All shared workers are busy, for ever.
        let _busy = spawn_calls(&shared, "Never", 10);
        tokio::time::sleep(Duration::from_millis(50)).await;
        tokio::time::timeout(Duration::from_secs(3), call(&own, "Now")).await.expect("starved").unwrap();
        // And now its own.
        let _busy = spawn_calls(&own, "Never", 10);
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(running.load(Ordering::SeqCst), 3);
        let status = client.status("slow").await.unwrap();
        assert_eq!(status.workers.iter().filter(|worker| worker.state == "busy").count(), 5);
        server.shutdown().await;
    })
    .await;
}

// On one thread: a method that blocked it would block all.
#[tokio::test]
async fn methods_that_block_leave_the_other_calls_and_the_status_answered() {
    for address in ["memory://blocking", &RedisServer::start().address()] {
        let slow = Slow::new("blocking");
        let (running, gate) = (Arc::clone(&slow.running), Arc::clone(&slow.gate));
        let options = ObjectOptions::new().workers(2).blocking();
        let server = Server::new("slow").register_with(slow, options).unwrap();
        let server = server.register(Slow::new("other")).unwrap().start(address).await.unwrap();
        let client = client(address).await;
        let [blocking, other] =
            ["blocking", "other"].map(|name| RemoteObject::new(client.clone(), "slow", ObjectId::new(name, "1.0")));
        let blocked = spawn_calls(&blocking, "Block", 3);
        until(&running, 2).await;
        call(&other, "Now").await.unwrap();
        let status = client.status("slow").await.unwrap();
        assert_eq!(status.workers.iter().filter(|worker| worker.action == "[blocking@1.0].Block()").count(), 2);
        assert_eq!(running.load(Ordering::SeqCst), 2, "more than it has workers");
        gate.open();
        for call in blocked {
            call.await.unwrap().unwrap();
        }

        // All else is as elsewhere.
        let error = call(&blocking, "Panic").await.unwrap_err();
        assert!(matches!(error, Error::Rejected { kind: RejectionKind::Panicked, .. }), "{error}");
        call(&blocking, "Sleep").await.unwrap();
        server.shutdown().await;
    }
}

#[tokio::test]
async fn a_method_that_blocks_beyond_its_deadline_is_answered_and_keeps_its_worker_until_it_ends() {
    let address = "memory://blocks-on";
    let slow = Slow::new("blocking");
    let (running, gate) = (Arc::clone(&slow.running), Arc::clone(&slow.gate));
    let options = ObjectOptions::new().workers(1).blocking();
    let server = Server::new("slow").register_with(slow, options).unwrap().start(address).await.unwrap();
    let client = client(address).await;
    let blocking = RemoteObject::new(client.clone(), "slow", ObjectId::new("blocking", "1.0"));
    blocking.request("Block").timeout(Duration::from_millis(200)).call(0).await.unwrap_err();
    assert_eq!(running.load(Ordering::SeqCst), 1);
    let status = client.status("slow").await.unwrap();
    assert!(status.workers.iter().any(|worker| worker.state == "busy" && worker.overdue), "{status:?}");
    // The server waits for it.
    let stopping = tokio::spawn(server.shutdown());
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!stopping.is_finished());
    gate.open();
    stopping.await.unwrap();
    assert_eq!(running.load(Ordering::SeqCst), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_panics_and_overruns_leave_every_worker_free() {
    // Theirs are not told: a thousand backtraces take their time.
    let told = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if panic.payload().downcast_ref() != Some(&AS_ASKED) {
            told(panic);
        }
    }));
    for blocking in [false, true] {
        let address = format!("memory://panics-{blocking}");
        let mut options = ObjectOptions::new().workers(8);
        if blocking {
            options = options.blocking();
        }
        let slow = Slow::new("wild");
        let entered = Arc::clone(&slow.running);
        // Counted from where a worker begins, so that each call that overruns has had one.
        let server = Server::new("slow").max_call_time(Duration::from_millis(10));
        let server = server.register_with(slow, options).unwrap().start(&address).await.unwrap();
        let client = client(&address).await;
        let wild = RemoteObject::new(client.clone(), "slow", ObjectId::new("wild", "1.0"));
        let endings = futures::stream::iter(0..1000).map(async |number| {
            match call(&wild, if number % 2 == 0 { "Panic" } else { "Never" }).await {
                Err(Error::Rejected { kind, .. }) => kind,
                ending => panic!("{ending:?}"),
            }
        });
        let endings: Vec<_> = endings.buffer_unordered(64).collect().await;
        let count = |kind| endings.iter().filter(|ending| **ending == kind).count();
        let (panicked, expired) = (count(RejectionKind::Panicked), count(RejectionKind::Expired));
        // On a busy machine, one that would panic may not come to it in its time.
        assert!(panicked > 0 && expired >= 500 && panicked + expired == 1000, "{panicked} panicked, {expired} expired");
        assert!((panicked as u64..=1000).contains(&entered.load(Ordering::SeqCst)));
        let asked = Instant::now();
        while client.status("slow").await.unwrap().workers.iter().any(|worker| worker.state != "free") {
            assert!(asked.elapsed() < Duration::from_secs(5), "workers are leaked");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        for call in spawn_calls(&wild, "Now", 8) {
            call.await.unwrap().unwrap();
        }
        server.shutdown().await;
    }
}
