//! This library and the Go library on one bus, both ways, over a real Redis.

use std::time::Duration;

use futures::StreamExt;
use serde_json::{Value, json};
use zbus::types::Timestamp;
use zbus::{Client, Error};
use zbus_tests::api::server::{CalculatorClient, UtilsClient};
use zbus_tests::{Generation, GoServer, RedisServer, expected_calls, go_client, start_server};

/// What the Go client prints of our server, which lives on after each call.
async fn go_clients_call_our_server(generation: Generation) {
    let redis = RedisServer::start();
    let server = start_server(&redis.address(), 3).await;
    let address = redis.go_address();
    let lines = tokio::task::spawn_blocking(move || go_client(generation, &address)).await.unwrap();

    let calls: Vec<Value> = lines.iter().filter(|line| line.get("call").is_some()).cloned().collect();
    assert_eq!(calls, expected_calls());
    let events: Vec<Timestamp> = lines
        .iter()
        .filter(|line| line["event"] == "TikTok")
        .map(|line| line["value"].as_str().unwrap().parse().unwrap())
        .collect();
    assert_eq!(events.len(), 3);
    assert!(events.is_sorted());

    let status = &lines.iter().find(|line| line.get("status").is_some()).unwrap()["status"];
    let mut objects = status["objects"].as_array().unwrap().clone();
    objects.sort_by_key(ToString::to_string);
    assert_eq!(objects, ["calculator", "extras", "utils"].map(|name| json!({"Name": name, "Version": "1.0"})));
    let workers = status["workers"].as_array().unwrap();
    assert_eq!(workers.len(), 3);
    for worker in workers {
        assert_eq!(worker["state"], "free");
        assert!(worker["time"].as_str().unwrap().parse::<Timestamp>().is_ok(), "{worker}");
    }
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_go_client_of_generation_1_calls_every_method_of_our_server() {
    go_clients_call_our_server(Generation::One).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_go_client_of_generation_0_calls_every_method_of_our_server() {
    go_clients_call_our_server(Generation::Zero).await;
}

/// Our generated clients against a Go server.
async fn our_clients_call_a_go_server(generation: Generation, ours: zbus::Generation) {
    let redis = RedisServer::start();
    let _server = GoServer::start(generation, &redis.go_address(), 3);
    let client = Client::builder().generation(ours).timeout(Duration::from_secs(10));
    let client = client.connect(&redis.address()).await.unwrap();
    let calculator = CalculatorClient::new(client.clone());
    let utils = UtilsClient::new(client.clone());

    assert_eq!(calculator.add(1.0, 2.5).await.unwrap().to_bits(), 3.5_f64.to_bits());
    assert_eq!(calculator.add_sub(1.0, 2.5).await.unwrap(), (3.5, -1.5));
    assert_eq!(calculator.divide(1.0, 4.0).await.unwrap().to_bits(), 0.25_f64.to_bits());
    let error = calculator.divide(1.0, 0.0).await.unwrap_err();
    assert!(matches!(&error, Error::Remote { message, code: None, .. } if message == "division by zero"), "{error:?}");
    assert_eq!(calculator.pow(2.0, 10.0).await.unwrap().to_bits(), 1024_f64.to_bits());
    assert_eq!(calculator.avg(&[1.0, 2.0, 6.0]).await.unwrap().to_bits(), 3_f64.to_bits());
    assert_eq!(calculator.avg(&[]).await.unwrap().to_bits(), 0_f64.to_bits());

    assert_eq!(utils.capitalize("zbüs").await.unwrap(), "ZBÜS");
    assert_eq!(utils.tuple().await.unwrap(), (10, "hello world".to_owned(), 0.5));
    utils.sleep(zbus::types::Duration::from_millis(10)).await.unwrap();
    let error = utils.panic().await.unwrap_err();
    assert!(matches!(&error, Error::Rejected { message, .. } if message.contains("Aaaaah!")), "{error:?}");
    assert!(error.may_have_run());

    let mut ticks = utils.tik_tok().await.unwrap();
    for _ in 0..3 {
        let tick = ticks.next().await.unwrap().unwrap();
        assert!(Timestamp::now().duration_since(tick).abs() < zbus::types::Duration::from_secs(60), "{tick}");
    }

    let status = client.status("server").await.unwrap();
    let mut objects: Vec<_> = status.objects.iter().map(|object| (&*object.name, &*object.version)).collect();
    objects.sort_unstable();
    assert_eq!(objects, ["calculator", "extras", "faults", "utils"].map(|name| (name, "1.0")));
    assert_eq!(status.workers.len(), 3);

    // The panic has not ended it.
    assert_eq!(calculator.add(2.0, 2.0).await.unwrap().to_bits(), 4_f64.to_bits());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_clients_call_every_method_of_a_go_server_of_generation_1() {
    our_clients_call_a_go_server(Generation::One, zbus::Generation::One).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_clients_call_every_method_of_a_go_server_of_generation_0() {
    our_clients_call_a_go_server(Generation::Zero, zbus::Generation::Zero).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_of_another_generation_than_its_server_is_told_so() {
    let redis = RedisServer::start();
    let _server = GoServer::start(Generation::Zero, &redis.go_address(), 1);
    let utils = UtilsClient::new(Client::connect(&redis.address()).await.unwrap());
    let error = utils.tuple().await.unwrap_err();
    assert!(matches!(error, Error::Generation { .. }), "{error:?}");
    assert!(error.to_string().contains("`Auto`"), "{error}");

    let both = Client::builder().generation(zbus::Generation::Auto).connect(&redis.address()).await.unwrap();
    assert_eq!(UtilsClient::new(both).capitalize("auto").await.unwrap(), "AUTO");
}
