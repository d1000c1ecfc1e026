//! A real broker that is killed, frozen, told to stand still, without memory, and replaced by its replica.

use std::sync::Arc;
use std::time::Duration;

use zbus_tests::RedisServer;
use zbus_tests::ledger::{LIMIT, Ledger, drive};
use zbus_tests::proxy::{Mischief, Proxy};

use super::{bus, calls, settle};

/// Makes calls while a script goes on, again and again for as long as there are calls left.
async fn under(redis: RedisServer, count: u64, what: &str, script: impl AsyncFn(&mut RedisServer)) {
    let address = redis.address();
    under_at(&address, redis, (count, 64), what, script).await;
}

/// The same at another address, with as many calls at once as `calls` says after their number.
async fn under_at<B>(
    address: &str,
    mut broker: B,
    (count, at_once): (u64, usize),
    what: &str,
    script: impl AsyncFn(&mut B),
) {
    let ledger = Arc::new(Ledger::new(calls(count)));
    let (servers, object) = bus(address, &ledger).await;
    let driving = tokio::spawn({
        let ledger = Arc::clone(&ledger);
        async move { drive(&ledger, &object, at_once, LIMIT).await }
    });
    let mut rounds = 0;
    while !driving.is_finished() {
        script(&mut broker).await;
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

/// No answer comes to a command that kills its own connection, or that takes too long.
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_memory() {
    under(RedisServer::start(), 10_000, "no memory in the broker", async |redis| {
        pause(300).await;
        ask(redis, "CONFIG SET maxmemory 1").await;
        pause(400).await;
        ask(redis, "CONFIG SET maxmemory 0").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bursts() {
    let redis = RedisServer::start();
    let address = redis.address();
    // Two thousand callers call again together whenever the broker goes on.
    under_at(&address, redis, (40_000, 2_000), "bursts of 2,000 calls", async |redis| {
        redis.freeze();
        pause(400).await;
        redis.thaw();
        pause(150).await;
        ask(redis, "CLIENT KILL TYPE normal").await;
        pause(150).await;
    })
    .await;
}

/// A master and its replica, behind one address.
struct Pair {
    servers: [RedisServer; 2],
    master: usize,
    proxy: Proxy,
}

impl Pair {
    async fn start() -> Self {
        let servers = [(); 2].map(|()| RedisServer::start_with(&["--repl-diskless-sync-delay", "0"]));
        let proxy = Proxy::start(servers[0].port(), Mischief::None, 1).await;
        ask(&servers[1], &format!("REPLICAOF 127.0.0.1 {}", servers[0].port())).await;
        let mut pair = Self { servers, master: 0, proxy };
        pair.wait("slave0:ip=", "state=online").await;
        pair
    }

    /// Until the master tells this of its replica.
    async fn wait(&mut self, line: &str, says: &str) {
        for _ in 0..400 {
            if let Ok(redis::Value::BulkString(info)) = self.servers[self.master].ask("INFO replication").await
                && String::from_utf8_lossy(&info).lines().any(|text| text.starts_with(line) && text.contains(says))
            {
                return;
            }
            pause(25).await;
        }
        panic!("the replica is not in step");
    }

    /// Makes the replica the master, with nothing lost between the two, and leads the address to it. Connections to the old master stay.
    async fn fail_over(&mut self) {
        ask(&self.servers[self.master], "FAILOVER TIMEOUT 5000").await;
        let replica = 1 - self.master;
        for _ in 0..400 {
            if matches!(self.servers[replica].ask("ROLE").await, Ok(redis::Value::Array(role)) if role.first() == Some(&redis::Value::BulkString(b"master".to_vec())))
            {
                break;
            }
            pause(5).await;
        }
        self.proxy.lead_to(self.servers[replica].port());
        self.master = replica;
        self.wait("slave0:ip=", "state=online").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replaced_by_its_replica() {
    let pair = Pair::start().await;
    let address = pair.proxy.address();
    under_at(&address, pair, (10_000, 64), "promotion of a replica", async |pair| {
        pause(300).await;
        pair.fail_over().await;
    })
    .await;
}
