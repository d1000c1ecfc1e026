//! This library and peers that behave as rbus does on one bus, over a real Redis; and replies in lists of their own.

use std::time::{Duration, Instant};

use futures::StreamExt;
use zbus::types::Timestamp;
use zbus::{CallOptions, Client, Error, Fate, ReplyMode};
use zbus_tests::api::server::{CalculatorClient, UtilsClient};
use zbus_tests::api::snake;
use zbus_tests::rbus::{self, Naming, ObjectName, Request};
use zbus_tests::{Generation, GoServer, RedisServer, start_server};

async fn per_call(address: &str) -> Client {
    let client = Client::builder().reply_mode(ReplyMode::PerCall).timeout(Duration::from_secs(10));
    client.connect(address).await.unwrap()
}

/// The test's own way to Redis.
async fn admin(redis: &RedisServer) -> redis::aio::MultiplexedConnection {
    redis::Client::open(redis.address()).unwrap().get_multiplexed_async_connection().await.unwrap()
}

/// Each of these calls gets its own answer.
async fn add_many(calculator: &CalculatorClient, count: u32) {
    let calls = (0..count).map(|number| async move {
        let sum = calculator.add(f64::from(number), 1.0).await.unwrap();
        assert_eq!(sum.to_bits(), f64::from(number + 1).to_bits());
    });
    futures::future::join_all(calls).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_names_the_methods_of_rbus_as_they_are_called_in_rust() {
    let redis = RedisServer::start();
    let _server = rbus::start_server(&redis.address(), "snakes", 2, Naming::Snake).await;
    let calculator = snake::CalculatorClient::new(per_call(&redis.address()).await);
    assert_eq!(calculator.add(1.0, 2.0).await.unwrap().to_bits(), 3_f64.to_bits());
    assert_eq!(calculator.add_sub(1.0, 2.0).await.unwrap(), (3.0, -1.0));
    let error = calculator.divide(1.0, 0.0).await.unwrap_err();
    assert!(matches!(&error, Error::Remote { message, code: None, .. } if message == "division by zero"), "{error:?}");
    let tick = calculator.tik_tok().await.unwrap().next().await.unwrap().unwrap();
    assert!(Timestamp::now().duration_since(tick).abs() < zbus::types::Duration::from_secs(60), "{tick}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_waits_in_its_inbox_alone_hears_nothing_from_rbus() {
    let redis = RedisServer::start();
    let _server = rbus::start_server(&redis.address(), "server", 1, Naming::Go).await;
    let client = Client::connect(&redis.address()).await.unwrap();
    let calculator = CalculatorClient::new(client).with_timeout(Duration::from_millis(300));
    let error = calculator.add(1.0, 2.0).await.unwrap_err();
    assert!(matches!(error, Error::Timeout { fate: Fate::Unseen, .. }) && error.may_have_run(), "{error}");
    assert!(error.to_string().ends_with("(one on rbus answers only with `ReplyMode::PerCall`)"), "{error}");
    // The reply is where nobody looks, and is gone after a while.
    let mut connection = admin(&redis).await;
    let keys: Vec<String> = redis::cmd("KEYS").arg("*").query_async(&mut connection).await.unwrap();
    let expiry: i64 = redis::cmd("TTL").arg(&keys).query_async(&mut connection).await.unwrap();
    assert!((1..=300).contains(&expiry), "{keys:?} {expiry}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_rbus_client_gets_the_answers_of_our_server() {
    let redis = RedisServer::start();
    let server = start_server(&redis.address(), 2).await;
    let client = rbus::Client::new(&redis.address());
    let request = |method: &str| Request::new(ObjectName::new("calculator", "1.0"), method);

    let sent = request("AddSub").arg(&1.0).unwrap().arg(&2.0).unwrap();
    assert_eq!(client.request("server", sent).await.unwrap().value::<(f64, f64)>().unwrap(), (3.0, -1.0));
    let sent = request("Divide").arg(&1.0).unwrap().arg(&0.0).unwrap();
    let error = client.request("server", sent).await.unwrap().value::<f64>().unwrap_err();
    assert!(matches!(&error, rbus::Error::Call(error) if error.message == "division by zero"), "{error}");
    let error = client.request("server", request("Missing")).await.unwrap_err();
    assert!(matches!(&error, rbus::Error::Protocol(reason) if reason.contains("no method `Missing`")), "{error}");
    let sleep = Request::new(ObjectName::new("utils", "1.0"), "Sleep").arg(&1_000_000_i64).unwrap();
    client.request("server", sleep).await.unwrap().value::<()>().unwrap();
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_list_a_call_every_kind_of_server_on_one_queue_finds_the_caller() {
    let redis = RedisServer::start();
    let _rbus = rbus::start_server(&redis.address(), "server", 4, Naming::Go).await;
    let _go = GoServer::start(Generation::One, &redis.go_address(), 4);
    let ours = start_server(&redis.address(), 4).await;
    let calculator = CalculatorClient::new(per_call(&redis.address()).await);
    // More than may wait at once.
    add_many(&calculator, 600).await;
    for number in 0..50 {
        assert_eq!(
            calculator.add(f64::from(number), 0.5).await.unwrap().to_bits(),
            (f64::from(number) + 0.5).to_bits()
        );
    }
    ours.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_stub_of_a_client_may_call_a_server_on_rbus() {
    let redis = RedisServer::start();
    let _server = rbus::start_server(&redis.address(), "server", 1, Naming::Go).await;
    let client = Client::connect(&redis.address()).await.unwrap();
    let calculator = CalculatorClient::new(client).with_options(CallOptions::new().reply_mode(ReplyMode::PerCall));
    assert_eq!(calculator.pow(2.0, 3.0).await.unwrap().to_bits(), 8_f64.to_bits());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_made_while_another_waits_is_answered_before_it() {
    let redis = RedisServer::start();
    let _server = rbus::start_server(&redis.address(), "server", 2, Naming::Go).await;
    let utils = UtilsClient::new(per_call(&redis.address()).await);
    let slow = tokio::spawn({
        let utils = utils.clone();
        async move { utils.sleep(zbus::types::Duration::from_secs(9)).await }
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    // A pop waits for longer, where nobody interrupts it.
    assert_eq!(utils.clone().with_timeout(Duration::from_secs(3)).capitalize("fast").await.unwrap(), "FAST");
    assert!(!slow.is_finished());
    slow.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_of_their_own_serve_over_memory_too() {
    let address = "memory://per-call";
    let server = start_server(address, 4).await;
    let client = per_call(address).await;
    add_many(&CalculatorClient::new(client.clone()), 600).await;
    assert_eq!(client.status("server").await.unwrap().workers.len(), 4);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_given_up_takes_neither_the_place_nor_the_answer_of_another() {
    let redis = RedisServer::start();
    let _server = rbus::start_server(&redis.address(), "server", 400, Naming::Go).await;
    let client = per_call(&redis.address()).await;
    let utils = UtilsClient::new(client.clone());
    let hasty = utils.clone().with_timeout(Duration::from_millis(100));
    let half_a_second = zbus::types::Duration::from_millis(500);
    // As many as may wait at once: were they still counted, the next would wait with them.
    let given_up = (0..256).map(|_| hasty.sleep(half_a_second));
    for outcome in futures::future::join_all(given_up).await {
        // Taken and slow, or not taken; servers on rbus do not show that they are there.
        assert!(matches!(outcome.unwrap_err(), Error::Timeout { .. } | Error::NoServer { .. }));
    }
    let asked = Instant::now();
    assert_eq!(utils.capitalize("next").await.unwrap(), "NEXT");
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    // Their answers come meanwhile.
    tokio::time::sleep(Duration::from_millis(600)).await;
    add_many(&CalculatorClient::new(client), 300).await;
    // What is left of them is gone after a while.
    let mut connection = admin(&redis).await;
    let keys: Vec<String> = redis::cmd("KEYS").arg("*").query_async(&mut connection).await.unwrap();
    for key in keys {
        let expiry: i64 = redis::cmd("TTL").arg(&key).query_async(&mut connection).await.unwrap();
        assert!((1..=300).contains(&expiry), "{key} {expiry}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_of_their_own_outlive_a_broker_and_need_no_special_rights() {
    let mut redis = RedisServer::start();
    let server = start_server(&redis.address(), 4).await;
    let calculator = CalculatorClient::new(per_call(&redis.address()).await);
    add_many(&calculator, 10).await;
    redis.restart();
    let asked = Instant::now();
    while calculator.add(1.0, 1.0).await.is_err() {
        assert!(asked.elapsed() < Duration::from_secs(20));
    }
    add_many(&calculator, 10).await;

    let mut connection = admin(&redis).await;
    for missing in ["-client|unblock", "-blmpop"] {
        let mut user = redis::cmd("ACL");
        user.arg("SETUSER").arg("anna").arg("reset").arg("on").arg(">secret").arg("~*").arg("&*").arg("+@all");
        let _: () = user.arg(missing).query_async(&mut connection).await.unwrap();
        let address = redis.address().replace("redis://", "redis://anna:secret@");
        add_many(&CalculatorClient::new(per_call(&address).await), 20).await;
    }
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn how_rbus_fails_is_an_error_of_the_call_and_of_no_other() {
    let redis = RedisServer::start();
    let server = rbus::start_server(&redis.address(), "server", 2, Naming::Go).await;
    let client = per_call(&redis.address()).await;
    let (calculator, utils) = (CalculatorClient::new(client.clone()), UtilsClient::new(client.clone()));

    // It has no status object.
    let object = zbus::client::RemoteObject::new(client.clone(), "server", "zbus@1.0".into());
    let error = object.request("").timeout(Duration::from_millis(300)).call(1).await.unwrap_err();
    assert!(matches!(error, Error::NoServer { .. }), "{error}");

    // It sends no kind of refusal, but its words are known.
    let object = zbus::client::RemoteObject::new(client.clone(), "server", "calculator@1.0".into());
    let error = object.request("Add").call(1).await.unwrap_err();
    assert!(matches!(&error, Error::Rejected { kind: zbus::RejectionKind::BadArguments, .. }), "{error}");
    assert!(!error.may_have_run());
    assert!(error.to_string().contains("no argument found at index 0"), "{error}");

    // A request that it cannot read it drops, and rests for two seconds.
    let old = Client::builder().generation(zbus::Generation::Zero).reply_mode(ReplyMode::PerCall);
    let old = CalculatorClient::new(old.connect(&redis.address()).await.unwrap());
    let error = old.with_timeout(Duration::from_millis(500)).add(1.0, 1.0).await.unwrap_err();
    assert!(matches!(error, Error::Timeout { .. }), "{error}");
    assert_eq!(calculator.add(1.0, 1.0).await.unwrap().to_bits(), 2_f64.to_bits());

    // A panic takes a worker along, and its caller hears nothing.
    let hasty = utils.clone().with_timeout(Duration::from_millis(300));
    assert!(matches!(hasty.panic().await.unwrap_err(), Error::Timeout { .. }));
    assert_eq!(calculator.add(1.0, 2.0).await.unwrap().to_bits(), 3_f64.to_bits());
    assert!(matches!(hasty.panic().await.unwrap_err(), Error::Timeout { .. }));
    let asked = Instant::now();
    while server.is_running() {
        assert!(asked.elapsed() < Duration::from_secs(5), "it goes on without workers");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
