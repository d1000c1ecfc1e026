//! The broker inside the process, with faults drawn from seeds.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use zbus::Client;
use zbus::testing::{FaultPlan, FaultyBroker};
use zbus_tests::ledger::{Account, Ledger, Numbered, drive, object};

use super::{calls, settle};

/// How many seeds run at once: they wait more than they work.
const AT_ONCE: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_call_is_accounted_for_whatever_the_seed() {
    if let Ok(seed) = std::env::var("ZBUS_SEED") {
        account(seed.parse().expect("ZBUS_SEED is a number")).await;
        return;
    }
    let seeds = futures::stream::iter(0..calls(40));
    let never_run = seeds.map(account).buffer_unordered(AT_ONCE).fold(0, async |sum, account| sum + account.never_run);
    // Of one seed there may be none: a fault can come just when its calls are withdrawn.
    assert!(never_run.await > 0, "no call was withdrawn");
}

/// The time limit of the calls.
const LIMIT: Duration = Duration::from_millis(500);

async fn account(seed: u64) -> Account {
    let ledger = Arc::new(Ledger::new(1_000));
    let broker = FaultyBroker::new(FaultPlan::random(seed).one_in(60));
    let start = || Numbered::server(Arc::clone(&ledger), 8).start_with(broker.clone());
    let (first, second) = (start().await.unwrap(), start().await.unwrap());
    let restarted = async || {
        loop {
            // It may come in the middle of an outage.
            match start().await {
                Ok(server) => break server,
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    };
    let client = Client::builder().connect_with(broker.clone()).await.unwrap();
    let object = object(client);
    // The servers go in the middle of the calls, for long enough that some are withdrawn, and others come.
    let change = async {
        while broker.struck().len() < 8 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        futures::join!(first.shutdown(), second.shutdown());
        tokio::time::sleep(LIMIT + Duration::from_millis(100)).await;
        [restarted().await, restarted().await]
    };
    let (servers, ()) = futures::join!(change, drive(&ledger, &object, 48, LIMIT));
    broker.calm();
    settle(servers).await;
    assert!(broker.struck().len() > 8, "seed {seed}: {} faults", broker.struck().len());
    let account = ledger.account();
    account.check(&format!("seed {seed} (again: ZBUS_SEED={seed})"));
    account
}
