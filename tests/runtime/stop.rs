//! `SIGTERM` and Ctrl-C, sent to a process that serves.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_with::Same;
use zbus::client::RemoteObject;
use zbus::{Client, Error, ObjectId, RejectionKind};
use zbus_tests::RedisServer;

/// The program `slow-server`.
struct SlowServer {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl SlowServer {
    fn start(address: &str) -> Self {
        let mut child =
            Command::new(env!("CARGO_BIN_EXE_slow-server")).arg(address).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// What it prints next; none when it has ended.
    fn line(&mut self) -> Option<String> {
        self.lines.next().map(Result::unwrap)
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }
}

impl Drop for SlowServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Calls the server for this long, in a task of its own.
async fn sleep(redis: &RedisServer, milliseconds: u64) -> tokio::task::JoinHandle<Result<(), Error>> {
    call(redis, "Sleep", milliseconds).await
}

async fn call(
    redis: &RedisServer,
    method: &'static str,
    milliseconds: u64,
) -> tokio::task::JoinHandle<Result<(), Error>> {
    let client = Client::connect(&redis.address()).await.unwrap();
    tokio::spawn(async move {
        let object = RemoteObject::new(client, "slow", ObjectId::from_static("slow", "1.0"));
        let mut request = object.request(method);
        request.argument::<Same, u64>("milliseconds", &milliseconds)?;
        request.call(0).await.map(drop)
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_told_to_stop_answers_what_it_has_taken_and_ends() {
    let redis = RedisServer::start();
    for signal in ["TERM", "INT"] {
        let mut server = SlowServer::start(&redis.address());
        let call = sleep(&redis, 500).await;
        assert_eq!(server.line().as_deref(), Some("taken"));
        server.signal(signal);
        call.await.unwrap().unwrap();
        assert_eq!(server.line().as_deref(), Some("stopped"));
        assert!(server.child.wait().unwrap().success());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_told_twice_to_stop_tells_its_callers_and_ends_at_once() {
    let redis = RedisServer::start();
    let mut server = SlowServer::start(&redis.address());
    let call = sleep(&redis, 20_000).await;
    assert_eq!(server.line().as_deref(), Some("taken"));
    let told = Instant::now();
    server.signal("TERM");
    // The same signal twice in a moment would be one.
    server.signal("INT");
    let error = call.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Rejected { kind: RejectionKind::Stopping, .. }), "{error}");
    assert!(error.may_have_run());
    assert_eq!(server.line().as_deref(), Some("stopped"));
    assert!(server.child.wait().unwrap().success());
    assert!(told.elapsed() < Duration::from_secs(4), "{:?}", told.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_is_told_twice_to_stop_ends_even_if_a_method_blocks_its_thread() {
    let redis = RedisServer::start();
    let mut server = SlowServer::start(&redis.address());
    let call = call(&redis, "Block", 60_000).await;
    assert_eq!(server.line().as_deref(), Some("taken"));
    let told = Instant::now();
    server.signal("TERM");
    server.signal("INT");
    let error = call.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Rejected { kind: RejectionKind::Stopping, .. }), "{error}");
    assert_eq!(server.line().as_deref(), Some("stopped"));
    assert!(server.child.wait().unwrap().success());
    assert!(told.elapsed() < Duration::from_secs(20), "{:?}", told.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_whose_broker_is_frozen_ends_when_it_is_told_twice() {
    let mut redis = RedisServer::start();
    let mut server = SlowServer::start(&redis.address());
    let call = sleep(&redis, 0).await;
    assert_eq!(server.line().as_deref(), Some("taken"));
    call.await.unwrap().unwrap();
    redis.freeze();
    let told = Instant::now();
    server.signal("TERM");
    server.signal("INT");
    assert_eq!(server.line().as_deref(), Some("stopped"));
    assert!(told.elapsed() < Duration::from_secs(4), "{:?}", told.elapsed());
}
