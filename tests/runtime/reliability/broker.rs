//! A real broker that is killed, frozen, and told to stand still.

use std::sync::Arc;
use std::time::Duration;

use zbus_tests::RedisServer;
use zbus_tests::ledger::{LIMIT, Ledger, drive};

use super::{bus, calls, settle};

/// Makes calls while a script goes on, again and again for as long as there are calls left.
async fn under(mut redis: RedisServer, count: u64, what: &str, script: impl AsyncFn(&mut RedisServer)) {
    let ledger = Arc::new(Ledger::new(calls(count)));
    let (servers, object) = bus(&redis.address(), &ledger).await;
    let driving = tokio::spawn({
        let ledger = Arc::clone(&ledger);
        async move { drive(&ledger, &object, 64, LIMIT).await }
    });
    let mut rounds = 0;
    while !driving.is_finished() {
        script(&mut redis).await;
        rounds += 1;
    }
    driving.await.unwrap();
    settle(servers).await;
    ledger.account().check(&format!("{what}, {rounds} times"));
}

async fn pause(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}

async fn kill_and_restart(redis: &mut RedisServer) {
    pause(400).await;
    redis.kill();
    pause(100).await;
    tokio::task::block_in_place(|| redis.restart());
}

/// Whoever kills its own connection, or waits longer than it may, gets no answer.
async fn ask(redis: &RedisServer, command: &str) {
    let _ = redis.ask(command).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_without_persistence() {
    under(RedisServer::start(), 10_000, "kill -9 of the broker", kill_and_restart).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_with_persistence() {
    // With `everysec` the file lags for up to 2 s while an earlier part of it is synced, so that calls taken meanwhile would run again.
    let redis = RedisServer::start_with(&["--appendonly", "yes", "--appendfsync", "no"]);
    under(redis, 10_000, "kill -9 of a broker with an append-only file", kill_and_restart).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_killed_by_the_broker() {
    under(RedisServer::start(), 10_000, "CLIENT KILL", async |redis| {
        for kind in ["normal", "pubsub", "normal"] {
            ask(redis, &format!("CLIENT KILL TYPE {kind}")).await;
            pause(150).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn standing_still() {
    let redis = RedisServer::start_with(&["--enable-debug-command", "yes"]);
    under(redis, 10_000, "CLIENT PAUSE, DEBUG SLEEP and SIGSTOP", async |redis| {
        ask(redis, "CLIENT PAUSE 200 ALL").await;
        pause(300).await;
        ask(redis, "CLIENT PAUSE 200 WRITE").await;
        pause(300).await;
        ask(redis, "DEBUG SLEEP 0.3").await;
        pause(100).await;
        redis.freeze();
        pause(300).await;
        redis.thaw();
        pause(100).await;
    })
    .await;
}
