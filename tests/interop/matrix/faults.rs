//! What peers are known to do wrong, and what becomes of it.

use std::time::{Duration, Instant};

use redis::AsyncCommands;
use redis::aio::MultiplexedConnection;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use zbus::{Client, Error, Generation as Ours, ReplyMode};
use zbus_tests::api::extras::FaultsClient;
use zbus_tests::api::server::{CalculatorClient, UtilsClient};
use zbus_tests::{Generation, GoServer, RedisServer, go_client, go_forget, start_server};

const GENERATIONS: [(Generation, Ours); 2] = [(Generation::Zero, Ours::Zero), (Generation::One, Ours::One)];

async fn client(redis: &RedisServer, generation: Ours, replies: ReplyMode) -> Client {
    let client = Client::builder().generation(generation).reply_mode(replies).timeout(Duration::from_secs(10));
    client.connect(&redis.address()).await.unwrap()
}

async fn admin(redis: &RedisServer) -> MultiplexedConnection {
    let config = redis::AsyncConnectionConfig::new().set_response_timeout(None);
    let client = redis::Client::open(redis.address()).unwrap();
    client.get_multiplexed_async_connection_with_config(&config).await.unwrap()
}

async fn keys(redis: &RedisServer) -> Vec<String> {
    admin(redis).await.keys("*").await.unwrap()
}

async fn adds(client: &Client) {
    assert_eq!(CalculatorClient::new(client.clone()).add(1.0, 2.0).await.unwrap().to_bits(), 3_f64.to_bits());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_go_client_that_forgot_a_call_gets_the_right_answers_to_the_next() {
    let redis = RedisServer::start();
    let server = start_server(&redis.address(), 2).await;
    let forgot = Generation::ALL.map(|generation| {
        let address = redis.go_address();
        tokio::task::spawn_blocking(move || go_forget(generation, &address))
    });
    for lines in futures::future::join_all(forgot).await {
        assert_eq!(lines.unwrap(), [serde_json::json!({"forgotten": "Sleep"})]);
    }
    // The answers that nobody waits for are left, and go by themselves.
    let mut connection = admin(&redis).await;
    let mut left = 0;
    for key in keys(&redis).await.iter().filter(|key| !key.starts_with("zbus.")) {
        let expiry: i64 = connection.ttl(key).await.unwrap();
        assert!((1..=300).contains(&expiry), "{key}: {expiry}");
        left += 1;
    }
    assert_eq!(left, 2);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_that_a_go_server_sends_together_with_an_error_are_not_taken_for_an_answer() {
    for (go, ours) in GENERATIONS {
        let redis = RedisServer::start();
        let _server = GoServer::start(go, &redis.go_address(), 1);
        let faults = FaultsClient::new(client(&redis, ours, ReplyMode::Inbox).await);
        let error = faults.both().await.unwrap_err();
        assert!(matches!(&error, Error::Remote { message, .. } if message == "half done"), "{go:?}: {error:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_success_of_go_is_a_decode_error_and_its_silence_a_timeout() {
    let redis = RedisServer::start();
    let _server = GoServer::start(Generation::One, &redis.go_address(), 1);
    let calling = client(&redis, Ours::One, ReplyMode::Inbox).await;
    let error = FaultsClient::new(calling.clone()).unencodable().await.unwrap_err();
    assert!(matches!(error, Error::Decode { .. }), "{error:?}");
    adds(&calling).await;

    let redis = RedisServer::start();
    let _server = GoServer::start(Generation::Zero, &redis.go_address(), 1);
    let calling = client(&redis, Ours::Zero, ReplyMode::Inbox).await;
    let faults = FaultsClient::new(calling.clone()).with_timeout(Duration::from_millis(500));
    let error = faults.unencodable().await.unwrap_err();
    assert!(matches!(error, Error::Timeout { .. }) && error.may_have_run(), "{error:?}");
    adds(&calling).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_go_client_that_hears_nothing_of_a_refusal_is_answered_as_before() {
    let redis = RedisServer::start();
    let server = start_server(&redis.address(), 2).await;
    for generation in Generation::ALL {
        let address = redis.go_address();
        let lines = tokio::task::spawn_blocking(move || go_client(generation, &address)).await.unwrap();
        let refused: Vec<_> = lines.iter().filter(|line| line["bus_error"] == true).map(|line| &line["call"]).collect();
        assert_eq!(refused, ["Panic", "Missing", "Add"]);
        assert_eq!(lines.last().unwrap()["value"], 7);
    }
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_that_nobody_waits_for_any_more_is_dropped() {
    for (go, ours) in GENERATIONS {
        let redis = RedisServer::start();
        let _server = GoServer::start(go, &redis.go_address(), 2);
        let calling = client(&redis, ours, ReplyMode::Inbox).await;
        let hasty = UtilsClient::new(calling.clone()).with_timeout(Duration::from_millis(50));
        let error = hasty.sleep(zbus::types::Duration::from_millis(300)).await.unwrap_err();
        assert!(matches!(error, Error::Timeout { .. }), "{error:?}");
        adds(&calling).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        adds(&calling).await;
        // The inbox was read: nothing is left there.
        let left: Vec<String> = keys(&redis).await.into_iter().filter(|key| key.starts_with("zbus.inbox.")).collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

/// A server by hand, whose replies the test makes.
struct ByHand {
    connection: MultiplexedConnection,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Request {
    #[serde(rename = "ID")]
    id: String,
    reply_to: String,
    inputs: Vec<ByteBuf>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Response<'a> {
    #[serde(rename = "ID")]
    id: &'a str,
    output: Output,
    error: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Output {
    data: ByteBuf,
    error: Option<String>,
}

impl ByHand {
    async fn next(&mut self) -> Request {
        let popped: (String, Vec<u8>) = self.connection.blpop("server.calculator@1.0", 10.0).await.unwrap();
        rmp_serde::from_slice(&popped.1).unwrap()
    }

    /// A reply to `Add`: the sum of its arguments.
    fn sum(request: &Request) -> Vec<u8> {
        let sum: f64 = request.inputs.iter().map(|input| rmp_serde::from_slice::<f64>(input).unwrap()).sum();
        let output = Output { data: ByteBuf::from(rmp_serde::to_vec(&sum).unwrap()), error: None };
        rmp_serde::to_vec_named(&Response { id: &request.id, output, error: None }).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replies_that_come_twice_answer_one_call_once() {
    for replies in [ReplyMode::Inbox, ReplyMode::PerCall] {
        let redis = RedisServer::start();
        let calling = client(&redis, Ours::One, replies).await;
        let mut server = ByHand { connection: admin(&redis).await };
        let serving = tokio::spawn(async move {
            for _ in 0..50 {
                let request = server.next().await;
                let reply = ByHand::sum(&request);
                // Where our servers and Go's answer, where rbus does, and each of them twice.
                for list in [&request.reply_to, &request.id] {
                    let _: i64 = server.connection.rpush(list, vec![reply.clone(), reply.clone()]).await.unwrap();
                    let _: i64 = server.connection.expire(list, 300).await.unwrap();
                }
            }
        });
        let calculator = CalculatorClient::new(calling);
        for number in 0..50 {
            let sum = calculator.add(f64::from(number), 1.0).await.unwrap();
            assert_eq!(sum.to_bits(), f64::from(number + 1).to_bits());
        }
        serving.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_whose_list_has_expired_costs_its_call_alone() {
    for replies in [ReplyMode::Inbox, ReplyMode::PerCall] {
        let redis = RedisServer::start();
        let calling = client(&redis, Ours::One, replies).await;
        let mut server = ByHand { connection: admin(&redis).await };
        let serving = tokio::spawn(async move {
            let request = server.next().await;
            // In one step, so that nobody reads it in between.
            let mut expired = redis::pipe();
            expired.atomic().rpush(&request.reply_to, ByHand::sum(&request)).pexpire(&request.reply_to, 0);
            let _: (i64, i64) = expired.query_async(&mut server.connection).await.unwrap();
            let request = server.next().await;
            let _: i64 = server.connection.rpush(&request.reply_to, ByHand::sum(&request)).await.unwrap();
        });
        let asked = Instant::now();
        let hasty = CalculatorClient::new(calling.clone()).with_timeout(Duration::from_millis(400));
        let error = hasty.add(1.0, 1.0).await.unwrap_err();
        assert!(matches!(error, Error::Timeout { .. }), "{error:?}");
        assert!(asked.elapsed() < Duration::from_secs(5));
        adds(&calling).await;
        serving.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_that_is_no_reply_costs_its_call_alone() {
    for replies in [ReplyMode::Inbox, ReplyMode::PerCall] {
        let redis = RedisServer::start();
        let calling = client(&redis, Ours::One, replies).await;
        let mut server = ByHand { connection: admin(&redis).await };
        let serving = tokio::spawn(async move {
            let request = server.next().await;
            for rubbish in [&b""[..], b"\xc1", b"\x81\xa2ID", &ByHand::sum(&request)[..20]] {
                let _: i64 = server.connection.rpush(&request.reply_to, rubbish).await.unwrap();
                let _: i64 = server.connection.rpush(&request.id, rubbish).await.unwrap();
            }
            let request = server.next().await;
            let _: i64 = server.connection.rpush(&request.reply_to, ByHand::sum(&request)).await.unwrap();
        });
        let hasty = CalculatorClient::new(calling.clone()).with_timeout(Duration::from_millis(400));
        assert!(matches!(hasty.add(1.0, 1.0).await.unwrap_err(), Error::Timeout { .. }));
        adds(&calling).await;
        serving.await.unwrap();
    }
}
