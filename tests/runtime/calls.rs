//! What a call can say and how it ends, over the broker inside the process and over a real Redis.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::task::JoinHandle;
use zbus::broker::{WITHDRAWAL_DEPTH, Write};
use zbus::client::RemoteObject;
use zbus::server::RunningServer;
use zbus::{CallOptions, Client, Context, Error, Fate, ObjectId, RejectionKind, Server};
use zbus_tests::RedisServer;
use zbus_tests::api::jobs::{Job, JobClient, JobServer, Seen};

/// Says what happens to its calls.
#[derive(Default)]
struct Jobs {
    begun: Notify,
    finish: Notify,
    /// Calls that were dropped before their end.
    dropped: AtomicU64,
    /// Calls that came to their end.
    finished: AtomicU64,
    /// Tasks that were told that their call was given up.
    told: AtomicU64,
}

/// Counts a call as dropped, unless it is told otherwise.
struct Unfinished<'a>(&'a Jobs);

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        self.0.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

impl Jobs {
    async fn run(&self) {
        let unfinished = Unfinished(self);
        self.begun.notify_one();
        self.finish.notified().await;
        std::mem::forget(unfinished);
        self.finished.fetch_add(1, Ordering::SeqCst);
    }
}

/// The service, as its server and the tests hold it.
#[derive(Clone, Default)]
struct Shared(Arc<Jobs>);

impl Job for Shared {
    async fn see(&self) -> Seen {
        let context = Context::current();
        let spawned = tokio::spawn(Context::current().scope(async { Context::current().method().map(str::to_owned) }));
        Seen {
            object: context.object().map(ToString::to_string).unwrap_or_default(),
            method: context.method().unwrap_or_default().to_owned(),
            metadata: context.metadata().clone(),
            remaining: context.remaining().map(|remaining| remaining.try_into().unwrap()),
            spawned_method: spawned.await.unwrap().unwrap_or_default(),
        }
    }

    async fn wait(&self) {
        let (jobs, context) = (Arc::clone(&self.0), Context::current());
        tokio::spawn(async move {
            context.cancelled().await;
            jobs.told.fetch_add(1, Ordering::SeqCst);
        });
        self.0.run().await;
    }

    async fn finish(&self) {
        self.0.run().await;
    }

    async fn fetch(&self) {
        self.0.run().await;
    }
}

/// A server of the jobs, and the way to it.
struct Bus {
    jobs: Arc<Jobs>,
    server: RunningServer,
    client: Client,
    job: JobClient,
    address: String,
}

impl Bus {
    async fn start(address: &str) -> Self {
        Self::with_workers(address, 4).await
    }

    async fn with_workers(address: &str, workers: u32) -> Self {
        let service = Shared::default();
        let jobs = Arc::clone(&service.0);
        let server = Server::new("jobs").workers(workers).drain(Duration::from_millis(100));
        let server = server.register(JobServer::new(service)).unwrap().start(address).await.unwrap();
        let client =
            Client::builder().timeout(Duration::from_secs(10)).metadata("host", "a").metadata("user", "nobody");
        let client = client.connect(address).await.unwrap();
        let job = JobClient::new(client.clone());
        Self { jobs, server, client, job, address: address.to_owned() }
    }

    /// A call in a task of its own.
    fn spawn<F>(&self, call: impl FnOnce(JobClient) -> F) -> JoinHandle<Result<(), Error>>
    where
        F: Future<Output = Result<(), Error>> + Send + 'static,
    {
        tokio::spawn(call(self.job.clone()))
    }

    /// The like; it has begun when this returns.
    async fn begin<F>(&self, call: impl FnOnce(JobClient) -> F) -> JoinHandle<Result<(), Error>>
    where
        F: Future<Output = Result<(), Error>> + Send + 'static,
    {
        let call = self.spawn(call);
        self.jobs.begun.notified().await;
        call
    }
}

/// Runs a test over both brokers.
async fn over_both<F: Future<Output = ()>>(name: &str, test: impl Fn(Bus) -> F) {
    test(Bus::start(&format!("memory://calls-{name}")).await).await;
    let redis = RedisServer::start();
    test(Bus::start(&redis.address()).await).await;
}

/// Waits until a counter has come to this.
async fn counts(what: &str, counter: &AtomicU64, expected: u64) {
    let asked = Instant::now();
    while counter.load(Ordering::SeqCst) != expected {
        assert!(asked.elapsed() < Duration::from_secs(5), "{what}: {}", counter.load(Ordering::SeqCst));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn metadata(job: &JobClient, options: CallOptions) -> Result<Vec<(String, String)>, Error> {
    Ok(job.clone().with_options(options).see().await?.metadata.into_iter().collect())
}

#[tokio::test]
async fn a_method_sees_the_metadata_of_client_stub_and_call_the_nearest_first() {
    over_both("metadata", |bus| async move {
        let job = bus.job.clone().with_options(CallOptions::new().metadata("user", "anna").metadata("x", "1"));
        let seen = metadata(&job, CallOptions::new().metadata("x", "2")).await.unwrap();
        let entry = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(seen, [entry("host", "a"), entry("user", "anna"), entry("x", "2")]);
        bus.server.shutdown().await;
    })
    .await;
}

#[tokio::test]
async fn metadata_beyond_its_limit_is_refused_before_anything_is_sent() {
    let bus = Bus::start("memory://calls-much-metadata").await;
    let room = CallOptions::MAX_METADATA_BYTES - "hosta".len() - "usernobody".len() - "x".len();
    let of = |bytes: usize| CallOptions::new().metadata("x", "y".repeat(bytes));
    assert_eq!(metadata(&bus.job, of(room)).await.unwrap().len(), 3);
    let error = metadata(&bus.job, of(room + 1)).await.unwrap_err();
    assert_eq!(error.to_string(), "`metadata` cannot be encoded: 8193 bytes, of at most 8192");
    assert!(!error.may_have_run());
    bus.server.shutdown().await;
}

#[tokio::test]
async fn the_time_limit_of_the_call_counts_then_the_objects_then_the_methods_then_the_clients() {
    let bus = Bus::start("memory://calls-limits").await;
    let object = RemoteObject::new(bus.client.clone(), "jobs", ObjectId::from_static("job", "1.0"));
    let milliseconds = Duration::from_millis;
    let limited = object.clone().with_timeout(milliseconds(30));
    let cases = [
        (object.request("Wait").method_timeout(milliseconds(20)), 20),
        (limited.request("Wait").method_timeout(milliseconds(20)), 30),
        (limited.request("Wait").method_timeout(milliseconds(20)).timeout(milliseconds(40)), 40),
        (limited.request("Wait").options(CallOptions::new().metadata("x", "y")), 30),
    ];
    for (request, limit) in cases {
        let error = request.call(0).await.unwrap_err();
        assert!(
            matches!(error, Error::Timeout { after, .. } if after == milliseconds(limit)),
            "{error}, not {limit} ms"
        );
    }
    bus.server.shutdown().await;
}

#[tokio::test]
async fn a_method_and_what_it_spawns_know_their_call() {
    over_both("context", |bus| async move {
        let seen = bus.job.clone().with_timeout(Duration::from_secs(60)).see().await.unwrap();
        assert_eq!((&*seen.object, &*seen.method, &*seen.spawned_method), ("job@1.0", "See", "See"));
        let remaining = Duration::try_from(seen.remaining.unwrap()).unwrap();
        assert!((50..=60).contains(&remaining.as_secs()), "{remaining:?}");
        let seen = bus.job.clone().with_options(CallOptions::new().without_timeout()).see().await.unwrap();
        assert!(seen.remaining.is_none());
        bus.server.shutdown().await;
    })
    .await;
}

#[tokio::test]
async fn at_the_deadline_a_method_is_dropped_and_what_it_has_spawned_is_told() {
    over_both("deadline", |bus| async move {
        let error = bus.job.clone().with_timeout(Duration::from_millis(300)).wait().await.unwrap_err();
        assert!(error.may_have_run(), "{error}");
        counts("dropped", &bus.jobs.dropped, 1).await;
        counts("told", &bus.jobs.told, 1).await;
        bus.server.shutdown().await;
    })
    .await;
}

#[tokio::test]
async fn a_server_ends_calls_that_take_longer_than_it_allows_whether_they_have_a_deadline_or_not() {
    for address in ["memory://calls-longest", &RedisServer::start().address()] {
        let service = Shared::default();
        let jobs = Arc::clone(&service.0);
        let server = Server::new("jobs").max_call_time(Duration::from_millis(300)).register(JobServer::new(service));
        let server = server.unwrap().start(address).await.unwrap();
        let job = JobClient::new(Client::connect(address).await.unwrap());
        // As Go's and rbus' callers, who send no deadline; and one whose deadline is further away.
        let limits = [CallOptions::new().without_timeout(), CallOptions::new().timeout(Duration::from_secs(20))];
        for (limit, ended) in limits.into_iter().zip(1..) {
            let call = job.clone().with_options(limit);
            let answer = tokio::time::timeout(Duration::from_secs(10), call.wait()).await.expect("no answer");
            let error = answer.unwrap_err();
            assert!(matches!(error, Error::Rejected { kind: RejectionKind::Expired, .. }), "{error}");
            assert!(error.to_string().contains("did not end in 300ms, which is the server's limit"), "{error}");
            counts("dropped", &jobs.dropped, ended).await;
            counts("told", &jobs.told, ended).await;
        }
        let seen = job.clone().with_options(CallOptions::new().without_timeout()).see().await.unwrap();
        assert!(seen.remaining.is_some_and(|left| left <= Duration::from_millis(300).try_into().unwrap()));
        let error = job.with_timeout(Duration::from_millis(100)).wait().await.unwrap_err();
        assert!(matches!(error, Error::Timeout { .. }), "{error}");
        server.shutdown().await;
    }
}

#[tokio::test]
async fn an_answered_call_is_never_given_up() {
    let bus = Bus::start("memory://calls-answered").await;
    let call = bus.begin(|job| async move { job.with_timeout(Duration::from_millis(300)).wait().await }).await;
    bus.jobs.finish.notify_one();
    call.await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(bus.jobs.told.load(Ordering::SeqCst), 0);
    bus.server.shutdown().await;
}

#[tokio::test]
async fn an_uninterruptible_method_runs_on_after_its_deadline_and_the_end_of_its_caller() {
    over_both("uninterruptible", |bus| async move {
        let call = bus.begin(|job| async move { job.with_timeout(Duration::from_millis(300)).finish().await }).await;
        let error = call.await.unwrap().unwrap_err();
        assert!(matches!(&error, Error::Timeout { .. }) && error.may_have_run(), "{error}");
        let call = bus.begin(|job| async move { job.finish().await }).await;
        call.abort();
        assert!(call.await.unwrap_err().is_cancelled());
        // Both are still at it.
        tokio::time::sleep(Duration::from_millis(100)).await;
        bus.jobs.finish.notify_waiters();
        counts("finished", &bus.jobs.finished, 2).await;
        assert_eq!(bus.jobs.dropped.load(Ordering::SeqCst), 0);
        bus.server.shutdown().await;
    })
    .await;
}

#[tokio::test]
async fn a_server_that_stops_waits_for_an_uninterruptible_method_no_longer_than_for_others() {
    over_both("stop", |bus| async move {
        let call = bus.begin(|job| async move { job.finish().await }).await;
        bus.server.shutdown().await;
        let error = call.await.unwrap().unwrap_err();
        assert!(matches!(error, Error::Rejected { kind: RejectionKind::Stopping, .. }), "{error}");
        assert_eq!(bus.jobs.dropped.load(Ordering::SeqCst), 1);
    })
    .await;
}

#[tokio::test]
async fn a_call_that_its_caller_drops_is_dropped_where_it_runs() {
    over_both("dropped", |bus| async move {
        let call =
            bus.begin(|job| async move { job.with_options(CallOptions::new().without_timeout()).wait().await }).await;
        call.abort();
        counts("dropped", &bus.jobs.dropped, 1).await;
        counts("told", &bus.jobs.told, 1).await;
        let counters = bus.client.status("jobs").await.unwrap().counters.unwrap();
        assert_eq!((counters.dropped, counters.served), (1, 0));
        bus.server.shutdown().await;
    })
    .await;
}

#[tokio::test]
async fn a_call_that_is_dropped_too_deep_in_the_queue_to_be_withdrawn_is_not_run() {
    const CALLS: usize = 2 * 256 + 20;
    for address in ["memory://calls-deep", &RedisServer::start().address()] {
        let bus = Bus::with_workers(address, 1).await;
        let busy = bus.begin(|job| async move { job.wait().await }).await;
        let mut calls = Vec::new();
        for _ in 0..CALLS {
            let job = bus.job.clone();
            calls.push(tokio::spawn(async move { job.see().await.map(drop) }));
        }
        // Written in the order of the calls.
        tokio::time::sleep(Duration::from_millis(300)).await;
        let deep = calls.remove(CALLS / 2);
        deep.abort();
        // Withdrawn or told by then.
        tokio::time::sleep(Duration::from_millis(300)).await;
        bus.jobs.finish.notify_one();
        busy.await.unwrap().unwrap();
        for call in calls {
            call.await.unwrap().unwrap();
        }
        let counters = bus.client.status("jobs").await.unwrap().counters.unwrap();
        assert_eq!((counters.dropped, counters.served), (1, CALLS as u64), "{address}");
        bus.server.shutdown().await;
    }
}

#[tokio::test]
async fn an_idempotent_call_goes_to_the_next_server_when_the_one_that_runs_it_stops() {
    over_both("next", |bus| async move {
        let call = bus.begin(|job| async move { job.fetch().await }).await;
        let next = Bus::start(&bus.address).await;
        bus.server.shutdown().await;
        next.jobs.begun.notified().await;
        next.jobs.finish.notify_one();
        call.await.unwrap().unwrap();
        assert_eq!(bus.jobs.dropped.load(Ordering::SeqCst), 1);
        next.server.shutdown().await;
    })
    .await;
}

#[tokio::test]
async fn a_call_made_while_the_broker_is_away_is_run_once_when_it_is_back() {
    let mut redis = RedisServer::start();
    let bus = Bus::start(&redis.address()).await;
    bus.job.see().await.unwrap();
    redis.kill();
    // A connection that was idle this long is asked before it is written to.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let error = bus.job.clone().with_timeout(Duration::from_millis(500)).see().await.unwrap_err();
    assert!(matches!(&error, Error::Broker(_)) && !error.may_have_run(), "{error}");
    let waiting = bus.spawn(|job| async move { job.see().await.map(drop) });
    tokio::time::sleep(Duration::from_millis(300)).await;
    redis.restart();
    waiting.await.unwrap().unwrap();
    let counters = bus.client.status("jobs").await.unwrap().counters.unwrap();
    assert_eq!(counters.served, 2);
    bus.server.shutdown().await;
}

/// Closes the connections that wait for nothing, as a Redis does that has a `timeout`, and leaves those of pops and subscriptions.
async fn close_idle_connections(redis: &RedisServer) {
    let mut admin = redis::Client::open(redis.address()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let list: String = redis::cmd("CLIENT").arg("LIST").query_async(&mut admin).await.unwrap();
    let idle = list
        .lines()
        .filter(|line| ![" cmd=blmpop ", " cmd=subscribe ", " cmd=client|list "].iter().any(|cmd| line.contains(cmd)));
    let mut closed = 0;
    for line in idle {
        let id = line.split(' ').find_map(|field| field.strip_prefix("id=")).unwrap();
        closed += redis::cmd("CLIENT").arg("KILL").arg("ID").arg(id).query_async::<u32>(&mut admin).await.unwrap();
    }
    assert_eq!(closed, 2, "the client's and the server's: {list}");
}

#[tokio::test]
async fn the_first_call_after_its_connection_was_lost_in_an_idle_time_is_answered() {
    let mut redis = RedisServer::start();
    let bus = Bus::start(&redis.address()).await;
    for restarts in [false, true] {
        bus.job.see().await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        if restarts {
            redis.kill();
            redis.restart();
        } else {
            close_idle_connections(&redis).await;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        bus.job.see().await.unwrap();
    }
    bus.server.shutdown().await;
}

#[tokio::test]
async fn a_call_that_ends_in_the_middle_of_its_write_is_withdrawn_when_it_is_written() {
    let mut redis = RedisServer::start();
    let client = Client::connect(&redis.address()).await.unwrap();
    let job = JobClient::new(client).with_timeout(Duration::from_millis(100));
    // So that the connection is not idle.
    job.see().await.unwrap_err();
    redis.freeze();
    let error = job.see().await.unwrap_err();
    assert!(matches!(error, Error::Timeout { fate: Fate::Unknown, .. }), "{error}");
    redis.thaw();
    let mut connection =
        redis::Client::open(redis.address()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let asked = Instant::now();
    while redis::cmd("LLEN").arg("jobs.job@1.0").query_async::<i64>(&mut connection).await.unwrap() > 0 {
        assert!(asked.elapsed() < Duration::from_secs(5), "the request is left");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn many_withdrawals_are_a_few_scripts_and_each_message_is_answered() {
    let redis = RedisServer::start();
    let broker = zbus::broker::connect(&redis.address()).await.unwrap();
    let message = |number: u32| number.to_string().into_bytes().into();
    let push = |number| Write::Push { list: "list".into(), message: message(number), expire: None };
    assert!(broker.write((0..1000).map(push).collect()).await.iter().all(Result::is_ok));
    let withdrawn = broker.withdraw_each("list", (0..1010).map(message).collect()).await.unwrap();
    assert!(
        withdrawn[..1000].iter().all(|withdrawn| *withdrawn),
        "each is at the head of the list when its turn comes"
    );
    assert!(withdrawn[1000..].iter().all(|withdrawn| !*withdrawn) && withdrawn.len() == 1010);
    let redis::Value::BulkString(info) = redis.ask("INFO commandstats").await.unwrap() else { panic!("no text") };
    let info = String::from_utf8(info).unwrap();
    let scripts = info.lines().find_map(|line| line.strip_prefix("cmdstat_eval:calls=")).unwrap();
    let scripts: u32 = scripts.split(',').next().unwrap().parse().unwrap();
    assert!(scripts <= 1010 / 50, "{scripts}");
}

#[tokio::test]
async fn a_withdrawal_looks_at_both_ends_of_a_long_queue_and_no_deeper() {
    let redis = RedisServer::start();
    let broker = zbus::broker::connect(&redis.address()).await.unwrap();
    let message = |number: usize| number.to_string().into_bytes().into();
    let push = |number| Write::Push { list: "list".into(), message: message(number), expire: None };
    let last = 2 * WITHDRAWAL_DEPTH + 1;
    assert!(broker.write((0..=last).map(push).collect()).await.iter().all(Result::is_ok));
    // From the inside to the ends, so that no withdrawal brings another one nearer.
    for (number, found) in
        [(256, false), (257, false), (255, true), (258, true), (0, true), (last, true), (last, false)]
    {
        assert_eq!(broker.withdraw("list", message(number)).await.unwrap(), found, "{number}");
    }
}

#[tokio::test]
async fn a_call_that_no_server_took_is_withdrawn_at_its_deadline_and_says_so() {
    for address in ["memory://calls-withdrawn", &RedisServer::start().address()] {
        let bus = Bus::with_workers(address, 1).await;
        let busy = bus.begin(|job| async move { job.wait().await }).await;
        let error = bus.job.clone().with_timeout(Duration::from_millis(200)).see().await.unwrap_err();
        assert!(matches!(error, Error::Timeout { fate: Fate::Withdrawn, .. }) && !error.may_have_run(), "{error}");
        let expected = "no reply from jobs.job@1.0.See within 200ms; no server took the request, and it was withdrawn";
        assert_eq!(error.to_string(), expected);
        bus.jobs.finish.notify_one();
        busy.await.unwrap().unwrap();
        bus.server.shutdown().await;
    }
}
