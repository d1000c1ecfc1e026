//! Connections that are cut in the middle of a command, that are slow or stall, and that hand on every byte alone.

use std::sync::Arc;
use std::time::Duration;

use zbus_tests::RedisServer;
use zbus_tests::ledger::{LIMIT, Ledger, drive};
use zbus_tests::proxy::{Mischief, Proxy};

use super::{bus, calls, settle};

async fn through(mischief: Mischief, count: u64, at_once: usize) {
    let redis = RedisServer::start();
    let ledger = Arc::new(Ledger::new(calls(count)));
    let proxy = Proxy::start(redis.port(), mischief, 7).await;
    let (servers, object) = bus(&proxy.address(), &ledger).await;
    drive(&ledger, &object, at_once, LIMIT).await;
    settle(servers).await;
    ledger.account().check(&format!("{mischief:?}, {} connections ended", proxy.ended()));
    assert!(!matches!(mischief, Mischief::Cut(_)) || proxy.ended() > 10, "{} connections ended", proxy.ended());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_anywhere() {
    through(Mischief::Cut(60_000), 8_000, 64).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn delayed() {
    through(Mischief::Delay(Duration::from_millis(10)), 2_000, 64).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn split_at_every_byte() {
    through(Mischief::Split, 1_000, 8).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow() {
    through(Mischief::Slow(200_000), 3_000, 64).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stalled() {
    through(Mischief::Stall(Duration::from_millis(500)), 8_000, 64).await;
}
