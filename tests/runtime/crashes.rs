//! What becomes of a call where a process or the broker dies at the worst moment: the lines of `docs/reliability.md` that no other
//! test draws.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use serde_with::Same;
use zbus::client::RemoteObject;
use zbus::{Client, Error, Fate, ObjectId, Server, UntypedObject};
use zbus_tests::RedisServer;

async fn admin(redis: &RedisServer) -> MultiplexedConnection {
    redis::Client::open(redis.address()).unwrap().get_multiplexed_async_connection().await.unwrap()
}

async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let asked = Instant::now();
    while !holds().await {
        assert!(asked.elapsed() < Duration::from_secs(10), "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn waiting(connection: &mut MultiplexedConnection, queue: &str) -> u64 {
    redis::cmd("LLEN").arg(queue).query_async(connection).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_comes_back_with_an_older_state_gives_requests_out_again_but_none_past_its_deadline() {
    let mut redis = RedisServer::start();
    let mut connection = admin(&redis).await;
    let client = Client::connect(&redis.address()).await.unwrap();
    let call = |number: u64, limit: Duration| {
        let client = client.clone();
        tokio::spawn(async move { client.request("notes", "note", "Take", (number,)).timeout(limit).await.map(drop) })
    };
    let (long, short) = (call(1, Duration::from_secs(20)), call(2, Duration::from_millis(500)));
    eventually("two requests wait", async || waiting(&mut connection, "notes.note").await == 2).await;
    redis::cmd("SAVE").exec_async(&mut connection).await.unwrap();
    let error = short.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::NoServer { .. }) && !error.may_have_run(), "{error}");

    let taken: Arc<Mutex<Vec<u64>>> = Arc::default();
    let notes = Arc::clone(&taken);
    let note = UntypedObject::new("note").method("Take", move |number: u64| {
        notes.lock().unwrap().push(number);
        async {}
    });
    let server = Server::new("notes").register(note).unwrap().start(&redis.address()).await.unwrap();
    long.await.unwrap().unwrap();
    assert_eq!(*taken.lock().unwrap(), [1]);

    // What it has saved is the queue as it was before.
    redis.restart();
    eventually("the request runs again", async || taken.lock().unwrap().len() > 1).await;
    let dropped = async || client.status("notes").await.is_ok_and(|status| status.counters.unwrap().dropped == 1);
    eventually("the other is dropped", dropped).await;
    assert_eq!(*taken.lock().unwrap(), [1, 1]);
    server.shutdown().await;
}

/// A server of `slow.slow@1.0`, killed when dropped.
struct SlowServer(Child, BufReader<ChildStdout>);

impl SlowServer {
    fn start(address: &str) -> Self {
        Self::spawn(Command::new(env!("CARGO_BIN_EXE_slow-server")).arg(address))
    }

    /// The like whose clock is ahead by so many seconds.
    fn start_ahead(address: &str, seconds: i32) -> Self {
        // It would be the server's parent, and be killed in its place.
        let asked = Command::new("faketime").args(["-m", "-f", "+0", "printenv", "LD_PRELOAD"]).output();
        let asked = asked.unwrap_or_else(|error| panic!("faketime: {error}; apt-get install faketime"));
        let library = String::from_utf8(asked.stdout).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_slow-server"));
        command.env("LD_PRELOAD", library.trim()).env("FAKETIME", format!("{seconds:+}s"));
        // The clock that only counts on stays as it is, as where somebody has set the other one wrongly.
        Self::spawn(command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").arg(address))
    }

    fn spawn(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self(child, lines)
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.1.read_line(&mut line).unwrap();
        line
    }
}

impl Drop for SlowServer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_whose_server_is_killed_ends_at_its_deadline_and_is_not_made_again() {
    let redis = RedisServer::start();
    let client = Client::connect(&redis.address()).await.unwrap();
    let object = RemoteObject::new(client.clone(), "slow", ObjectId::from_static("slow", "1.0"));
    let mut first = SlowServer::start(&redis.address());
    let call = tokio::spawn(async move {
        // Silence is no reason for another try, not even here.
        let mut request = object.request("Sleep").timeout(Duration::from_secs(2)).idempotent();
        request.argument::<Same, u64>("milliseconds", &60_000)?;
        request.call(0).await.map(drop)
    });
    assert_eq!(first.line(), "taken\n");
    drop(first);
    let _second = SlowServer::start(&redis.address());
    let error = call.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Timeout { fate: Fate::Unknown, .. }) && error.may_have_run(), "{error}");
    let status = client.status("slow").await.unwrap();
    let counters = status.counters.unwrap();
    assert_eq!((counters.served, counters.rejected, counters.dropped), (0, 0, 0));
    assert!(status.workers.iter().all(|worker| worker.state == "free"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_whose_clock_is_wrong_by_an_hour_keeps_the_deadlines_of_its_callers() {
    const HOUR: i32 = 3600;
    let redis = RedisServer::start();
    let client = Client::connect(&redis.address()).await.unwrap();
    let object = RemoteObject::new(client.clone(), "slow", ObjectId::from_static("slow", "1.0"));
    for ahead in [HOUR, -HOUR] {
        let mut server = SlowServer::start_ahead(&redis.address(), ahead);
        let sleep = async |milliseconds: u64, limit: Duration| {
            let mut request = object.request("Sleep").timeout(limit);
            request.argument::<Same, u64>("milliseconds", &milliseconds)?;
            request.call(0).await.map(drop)
        };
        // One that believed its clock would drop this, or run the next for an hour.
        sleep(0, Duration::from_secs(10)).await.unwrap();
        assert_eq!(server.line(), "taken\n");
        let error = sleep(60_000, Duration::from_millis(500)).await.unwrap_err();
        assert!(error.may_have_run(), "{error}");
        assert_eq!(server.line(), "taken\n");
        let workers = client.status("slow").await.unwrap().workers;
        let clock = workers.iter().map(|worker| worker.start_time).max().unwrap();
        let difference = clock.duration_since(zbus::types::Timestamp::now()).as_secs();
        assert!((difference - i64::from(ahead)).abs() < 60, "its clock is {difference} s ahead");
        let free = async || client.status("slow").await.unwrap().workers.iter().all(|worker| worker.state == "free");
        eventually("the method is dropped", free).await;
    }
}
