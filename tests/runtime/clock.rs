//! The broker's clock over a connection that stalls.

use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};
use zbus::{Client, Server, UntypedObject};
use zbus_tests::RedisServer;
use zbus_tests::proxy::{Mischief, Proxy};

const STALL: Duration = Duration::from_secs(5);

/// The broker's clock is read this often.
const INTERVAL: Duration = Duration::from_secs(30);

async fn call(client: &Client) -> Result<u64, zbus::Error> {
    client.request("clocks", "clock", "Echo", (7_u64,)).timeout(Duration::from_millis(1500)).await?.get()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stall_while_the_brokers_clock_is_read_expires_no_call() {
    let redis = RedisServer::start();
    let proxy = Proxy::start(redis.port(), Mischief::Hold("\r\nTIME\r\n", STALL), 1).await;
    let echo = UntypedObject::new("clock").method("Echo", |number: u64| async move { number });
    let server = Server::new("clocks").register(echo).unwrap();
    // The first question after the start stalls.
    proxy.arm();
    let server = server.start(&proxy.address()).await.unwrap();
    let measured = Instant::now();
    assert!(!proxy.is_armed());
    let client = Client::connect(&redis.address()).await.unwrap();
    for _ in 0..5 {
        assert_eq!(call(&client).await.unwrap(), 7);
    }

    // So does a later one.
    sleep_until(measured + INTERVAL - Duration::from_millis(500)).await;
    assert_eq!(call(&client).await.unwrap(), 7);
    proxy.arm();
    sleep(STALL + Duration::from_secs(2)).await;
    assert!(!proxy.is_armed());
    for _ in 0..20 {
        assert_eq!(call(&client).await.unwrap(), 7);
        sleep(Duration::from_millis(50)).await;
    }
    server.shutdown().await;
}
