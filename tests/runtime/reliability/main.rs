//! Accounts for each of some 100,000 numbered calls while what they depend on is dropped, delayed, cut, frozen and killed: each is
//! answered once, or has failed with an error that fits; none is missing; none runs twice that must not.
//!
//! `ZBUS_LOAD=10` makes ten times as many calls, and `ZBUS_SEED=42` runs the memory broker's test of that seed alone.

mod broker;
mod connections;
mod memory;
mod processes;

use std::sync::Arc;
use std::time::Duration;

use zbus::Client;
use zbus::client::RemoteObject;
use zbus::server::RunningServer;
use zbus_tests::ledger::{Ledger, Numbered, object};

/// That many, or more where the environment says so.
fn calls(count: u64) -> u64 {
    let times = std::env::var("ZBUS_LOAD").map_or(1, |load| load.parse().expect("ZBUS_LOAD is a number"));
    count * times
}

/// Two servers and a client, which waits for its broker as long as each of them does.
async fn bus(address: &str, ledger: &Arc<Ledger>) -> ([RunningServer; 2], RemoteObject) {
    let wait = Duration::from_secs(20);
    let server = async || {
        let server = Numbered::server(Arc::clone(ledger), 16).wait_for_broker(wait);
        server.start(address).await.unwrap()
    };
    let client = Client::builder().wait_for_broker(wait).connect(address).await.unwrap();
    ([server().await, server().await], object(client))
}

/// What is still on its way runs or expires; then nothing does any more.
async fn settle(servers: [RunningServer; 2]) {
    tokio::time::sleep(Duration::from_millis(500)).await;
    let [first, second] = servers;
    futures::join!(first.shutdown(), second.shutdown());
}
