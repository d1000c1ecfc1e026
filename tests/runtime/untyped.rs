//! The bus without a schema: untyped calls and objects made of closures, with each other and with the Go library.

use std::time::Duration;

use futures::StreamExt;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use zbus::server::{RegisterError, RunningServer};
use zbus::types::{Timestamp, Value};
use zbus::untyped::{Event, Variadic, Wire};
use zbus::{Client, Error, Failure, Generation, RejectionKind, Server, Subscription, UntypedObject};
use zbus_tests::api::server::{CalculatorClient, UtilsClient};
use zbus_tests::{GoServer, RedisServer, expected_calls, go_client};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Reading {
    at: Wire<Timestamp>,
    values: Vec<f64>,
    note: Option<String>,
}

/// The example API of the Go library, as closures.
fn calculator() -> UntypedObject {
    UntypedObject::new("calculator@1.0")
        .method(("Add", ["a", "b"]), |a: f64, b: f64| async move { a + b })
        .method("AddSub", |a: f64, b: f64| async move { (a + b, a - b) })
        .throwing("Divide", |a: f64, b: f64| async move {
            if b == 0.0 { Err(Failure::new("division by zero")) } else { Ok(a / b) }
        })
        .method("Pow", |a: f64, b: f64| async move { a.powf(b) })
        .method("Avg", |values: Vec<f64>| async move {
            let count = u32::try_from(values.len()).unwrap();
            if count == 0 { 0.0 } else { values.iter().sum::<f64>() / f64::from(count) }
        })
}

fn utils() -> UntypedObject {
    UntypedObject::new("utils@1.0")
        .method("Capitalize", |text: String| async move { text.to_uppercase() })
        .throwing("Tuple", || async { Ok::<_, Failure>((10_i64, "hello world".to_owned(), 0.5)) })
        .method("Panic", || {
            let panic: fn() -> i64 = || panic!("Aaaaah!");
            async move { panic() }
        })
        .throwing("Sleep", |time: Wire<zbus::types::Duration>| async move {
            tokio::time::sleep(Duration::try_from(time.0)?).await;
            Ok::<_, Failure>(())
        })
        .stream("TikTok", || {
            let interval = tokio::time::interval(Duration::from_millis(50));
            tokio_stream::wrappers::IntervalStream::new(interval).map(|_| Wire(Timestamp::now()))
        })
}

async fn serve_example_api(address: &str) -> RunningServer {
    let server = Server::new("server").workers(3).register(calculator()).unwrap().register(utils()).unwrap();
    server.start(address).await.unwrap()
}

/// What differs between methods, in one object.
fn probe(changed: &Event<Reading>) -> UntypedObject {
    UntypedObject::new("probe@1.0")
        .method("Nothing", || async {})
        .method("Maybe", |value: Option<u32>| async move { value })
        .method("Pair", |value: Option<u32>| async move { ("pair".to_owned(), value) })
        .method("Echo", |reading: Reading| async move { reading })
        .method(("Join", ["separator", "parts"]), |separator: String, Variadic(parts): Variadic<String>| async move {
            parts.join(&separator)
        })
        .method("Eight", |a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8, h: u8| async move {
            [a, b, c, d, e, f, g, h].iter().map(|&part| u32::from(part)).sum::<u32>()
        })
        .throwing("Refuse", |code: Option<String>| async move {
            let failure = Failure::new("as asked");
            Err::<u64, _>(match code {
                Some(code) => failure.with_code(code, None),
                None => failure,
            })
        })
        .throwing("Check", |_: u8| async { Ok::<(), std::io::Error>(()) })
        .method("Misplaced", || async { Err::<u8, String>("no".to_owned()) })
        .event("Changed", changed)
}

fn rejection(error: Error) -> (RejectionKind, String) {
    match error {
        Error::Rejected { kind, message, .. } => (kind, message),
        other => panic!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_of_method_answers_untyped_callers_of_every_generation() {
    let redis = RedisServer::start();
    for address in ["memory://untyped".to_owned(), redis.address()] {
        let server = Server::new("probes").register(probe(&Event::new())).unwrap().start(&address).await.unwrap();
        for generation in [Generation::Zero, Generation::One, Generation::Auto] {
            let client = Client::builder().generation(generation).timeout(Duration::from_secs(5));
            let client = client.connect(&address).await.unwrap();
            let ask = |method: &'static str| move |client: &Client| client.request("probes", "probe@1.0", method, ());
            let nothing = ask("Nothing")(&client).await.unwrap();
            nothing.get::<()>().unwrap();
            assert_eq!(nothing.is_empty(), generation == Generation::Zero);

            let maybe = |value: Option<u32>| client.request("probes", "probe@1.0", "Maybe", (value,));
            assert_eq!(maybe(Some(7)).await.unwrap().get::<Option<u32>>().unwrap(), Some(7));
            assert_eq!(maybe(None).await.unwrap().get::<Option<u32>>().unwrap(), None);
            let pair = client.request("probes", "probe@1.0", "Pair", (None::<u32>,)).throws(false).await.unwrap();
            assert_eq!(pair.get::<(String, Option<u32>)>().unwrap(), ("pair".to_owned(), None));
            assert_eq!(pair.value().unwrap(), Value::Array(vec!["pair".into(), Value::Nil]));

            let reading = Reading { at: Wire(Timestamp::UNIX_EPOCH), values: vec![0.5], note: None };
            let echo = client.request("probes", "probe@1.0", "Echo", (&reading,)).await.unwrap();
            assert_eq!(echo.get::<Reading>().unwrap(), reading);

            let arguments = ("-", Variadic(vec!["a", "b", "c"]));
            let joined = client.request("probes", "probe@1.0", "Join", arguments).await.unwrap();
            assert_eq!(joined.get::<String>().unwrap(), "a-b-c");
            let none = client.request("probes", "probe@1.0", "Join", ("-",)).await.unwrap();
            assert_eq!(none.get::<String>().unwrap(), "");
            let eight = client.request("probes", "probe@1.0", "Eight", (1, 2, 3, 4, 5, 6, 7, 8)).await.unwrap();
            assert_eq!(eight.get::<u32>().unwrap(), 36);

            let error = client.request("probes", "probe@1.0", "Refuse", (Some("Asked"),)).await.unwrap_err();
            assert!(
                matches!(&error, Error::Remote { message, code: Some(code), .. } if message == "as asked" && code == "Asked"),
                "{error:?}"
            );
            client.request("probes", "probe@1.0", "Check", (1,)).throws(true).await.unwrap().get::<()>().unwrap();
        }
        server.shutdown().await;
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_call_is_said_by_position_or_name() {
    let server = Server::new("probes").register(probe(&Event::new())).unwrap();
    let server = server.start("memory://untyped-wrong").await.unwrap();
    let client = Client::connect("memory://untyped-wrong").await.unwrap();

    let (kind, message) = rejection(client.request("probes", "probe@1.0", "Eight", (1, "two")).await.unwrap_err());
    assert_eq!((kind, &*message), (RejectionKind::BadArguments, "`Eight` takes 8 arguments, 2 were given"));
    let wrong = client.request("probes", "probe@1.0", "Eight", (1, "two", 3, 4, 5, 6, 7, 8));
    let (kind, message) = rejection(wrong.await.unwrap_err());
    assert_eq!(kind, RejectionKind::BadArguments);
    assert_eq!(message, "the argument `#2` is not what it should be: a string where another type was expected");
    let (_, message) = rejection(client.request("probes", "probe@1.0", "Join", (1,)).await.unwrap_err());
    assert!(message.starts_with("the argument `separator` is not"), "{message}");
    let (_, message) = rejection(client.request("probes", "probe@1.0", "Join", ("-", "a", 2)).await.unwrap_err());
    assert!(message.starts_with("the argument `parts` is not"), "{message}");
    let (_, message) = rejection(client.request("probes", "probe@1.0", "Join", ()).await.unwrap_err());
    assert_eq!(message, "`Join` takes at least 1 argument, 0 were given");
    let (kind, _) = rejection(client.request("probes", "probe@1.0", "Missing", ()).await.unwrap_err());
    assert_eq!(kind, RejectionKind::UnknownMethod);
    let (kind, message) = rejection(client.request("probes", "probe@1.0", "Misplaced", ()).await.unwrap_err());
    assert_eq!(kind, RejectionKind::BadReply);
    assert!(message.contains("`throwing`"), "{message}");

    // On the caller's own side.
    let error = client.request("probes", "probe@1.0", "Maybe", (1_u8, i128::MAX)).await.unwrap_err();
    assert!(error.to_string().starts_with("`argument 2` cannot be encoded"), "{error}");
    let pair = client.request("probes", "probe@1.0", "Pair", (None::<u8>,)).await.unwrap();
    assert!(matches!(pair.get::<f64>().unwrap_err(), Error::Decode { .. }));
    let late = client.request("nobody", "probe@1.0", "Nothing", ()).timeout(Duration::from_millis(20));
    assert!(matches!(late.await.unwrap_err(), Error::NoServer { .. }));
    server.shutdown().await;
}

#[tokio::test]
async fn events_are_published_by_hand_while_the_object_is_served() {
    let changed = Event::new();
    let server = Server::new("probes").register(probe(&changed)).unwrap();
    changed.publish(&Reading::default()).await;
    let server = server.start("memory://untyped-events").await.unwrap();
    let client = Client::connect("memory://untyped-events").await.unwrap();
    let mut readings = client.subscribe::<Reading>("probes", "probe@1.0", "Changed").await.unwrap();
    let mut values: Subscription = client.subscribe("probes", "probe@1.0", "Changed").await.unwrap();
    let reading = Reading { values: vec![1.0], ..Reading::default() };
    changed.publish(&reading).await;
    assert_eq!(readings.next().await.unwrap().unwrap(), reading);
    let value = values.next().await.unwrap().unwrap();
    assert_eq!(value["Values"], Value::Array(vec![Value::from(1.0)]));

    // Its publishers do not keep a server that stops.
    tokio::time::timeout(Duration::from_secs(2), server.shutdown()).await.expect("the server hangs");
    changed.publish(&reading).await;
}

#[tokio::test]
async fn a_call_that_nobody_waits_for_runs() {
    let (sender, mut received) = tokio::sync::mpsc::unbounded_channel();
    let object = UntypedObject::new("log").method("Log", move |line: String| {
        let sent = sender.send(line).is_ok();
        async move { assert!(sent) }
    });
    let server = Server::new("logs").register(object).unwrap().start("memory://untyped-oneway").await.unwrap();
    let client = Client::connect("memory://untyped-oneway").await.unwrap();
    client.request("logs", "log", "Log", ("first",)).send().await.unwrap();
    assert_eq!(received.recv().await.unwrap(), "first");
    server.shutdown().await;
}

#[test]
fn an_object_that_is_put_together_wrongly_is_not_registered() {
    let twice = UntypedObject::new("probe@1.0").method("Twice", || async {}).method("Twice", || async { 1 });
    let nameless = UntypedObject::new("probe@1.0").method("", || async {});
    let misnamed = UntypedObject::new("calc.probe@1.0");
    let same: [Event<u8>; 2] = [Event::new(), Event::new()];
    let events = UntypedObject::new("probe").event("Changed", &same[0]).event("Changed", &same[1]);
    for (object, words) in [
        (twice, "`probe@1.0` cannot be served: the method `Twice` was added twice"),
        (nameless, "a method has no name"),
        (misnamed, "`calc.probe@1.0` is not the name of an object"),
        (events, "the event `Changed` was added twice"),
    ] {
        let error = Server::new("probes").register(object).unwrap_err();
        assert!(matches!(error, RegisterError::Faulty { .. }));
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn generated_stubs_and_go_clients_call_closures_as_they_call_a_schemas_server() {
    let redis = RedisServer::start();
    let server = serve_example_api(&redis.address()).await;
    let client = Client::connect(&redis.address()).await.unwrap();
    let calculator = CalculatorClient::new(client.clone());
    assert_eq!(calculator.add_sub(1.0, 2.5).await.unwrap(), (3.5, -1.5));
    assert_eq!(calculator.divide(1.0, 0.0).await.unwrap_err().to_string(), "division by zero");
    assert_eq!(UtilsClient::new(client).tuple().await.unwrap(), (10, "hello world".to_owned(), 0.5));

    for generation in zbus_tests::Generation::ALL {
        let address = redis.go_address();
        let lines = tokio::task::spawn_blocking(move || go_client(generation, &address)).await.unwrap();
        let calls: Vec<Json> = lines.iter().filter(|line| line.get("call").is_some()).cloned().collect();
        assert_eq!(calls, expected_calls());
        assert_eq!(lines.iter().filter(|line| line["event"] == "TikTok").count(), 3);
    }
    server.shutdown().await;
}

async fn untyped_calls_of_a_go_server(peer: zbus_tests::Generation, ours: Generation) {
    let redis = RedisServer::start();
    let _server = GoServer::start(peer, &redis.go_address(), 3);
    let client = Client::builder().generation(ours).timeout(Duration::from_secs(10));
    let client = client.connect(&redis.address()).await.unwrap();
    let add = client.request("server", "calculator@1.0", "Add", (1.0, 2.5)).await.unwrap();
    assert_eq!(add.value().unwrap(), Value::from(3.5));
    let both = client.request("server", "calculator@1.0", "AddSub", (1.0, 2.5)).await.unwrap();
    assert_eq!(both.get::<(f64, f64)>().unwrap(), (3.5, -1.5));
    let divided = client.request("server", "calculator@1.0", "Divide", (1.0, 4.0)).await.unwrap();
    assert_eq!(divided.value().unwrap(), Value::from(0.25));
    let error = client.request("server", "calculator@1.0", "Divide", (1.0, 0.0)).await.unwrap_err();
    assert!(matches!(&error, Error::Remote { message, .. } if message == "division by zero"), "{error:?}");
    let tuple = client.request("server", "utils@1.0", "Tuple", ()).await.unwrap();
    assert_eq!(tuple.get::<(i64, String, f64)>().unwrap(), (10, "hello world".to_owned(), 0.5));
    let slept = client.request("server", "utils@1.0", "Sleep", (Wire(zbus::types::Duration::from_millis(1)),));
    slept.await.unwrap().get::<()>().unwrap();
    let error = client.request("server", "utils@1.0", "Panic", ()).await.unwrap_err();
    assert!(rejection(error).1.contains("Aaaaah!"));
    let mut ticks = client.subscribe::<Wire<Timestamp>>("server", "utils@1.0", "TikTok").await.unwrap();
    assert!(
        Timestamp::now().duration_since(ticks.next().await.unwrap().unwrap().0) < zbus::types::Duration::from_secs(60)
    );
    assert_eq!(client.status("server").await.unwrap().workers.len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn untyped_callers_call_every_method_of_a_go_server_of_generation_1() {
    untyped_calls_of_a_go_server(zbus_tests::Generation::One, Generation::One).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn untyped_callers_call_every_method_of_a_go_server_of_generation_0() {
    untyped_calls_of_a_go_server(zbus_tests::Generation::Zero, Generation::Zero).await;
    untyped_calls_of_a_go_server(zbus_tests::Generation::Zero, Generation::Auto).await;
}
