//! Limits hold on both sides: what no peer would read is not written. And every number that a program may set may be as small and as large
//! as its type allows.

use std::time::Duration;

use futures::{FutureExt, StreamExt};
use serde::{Deserialize, Serialize};
use zbus::untyped::{Document, Event, Wire};
use zbus::{CallOptions, Client, Error, Failure, InvalidText, Lag, RejectionKind, Server, StreamError, UntypedObject};
use zbus_tests::RedisServer;

/// A map and a list a level.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Tree {
    #[serde(rename = "Kids")]
    kids: Vec<Tree>,
}

impl Tree {
    fn of(levels: u64) -> Self {
        (1..levels).fold(Self::default(), |tree, _| Self { kids: vec![tree] })
    }
}

/// A tree of so many levels is as deep as can be: 128 maps and lists.
const DEEPEST: u64 = 64;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_that_no_peer_would_read_are_not_written_by_either_side() {
    let redis = RedisServer::start();
    let grown = Event::<Tree>::new();
    let object = UntypedObject::new("deep@1.0")
        .method("Make", |levels: u64| async move { Tree::of(levels) })
        .method("Both", |levels: u64| async move { (1, Tree::of(levels)) })
        .throwing("Fail", |levels: u64| async move {
            if levels == 0 { Err(Failure::new("no levels")) } else { Ok(Tree::of(levels)) }
        })
        .method("Take", |_: Tree| async move { true })
        .event("Grown", &grown);
    let server = Server::new("deep").register(object).unwrap().start(&redis.address()).await.unwrap();
    let client = Client::connect(&redis.address()).await.unwrap();
    for method in ["Make", "Both", "Fail"] {
        let reply = client.request("deep", "deep@1.0", method, (DEEPEST - 1,)).await.unwrap();
        assert!(!reply.is_empty());
        for levels in [DEEPEST + 1, 5_000] {
            let error = client.request("deep", "deep@1.0", method, (levels,)).await.unwrap_err();
            let Error::Rejected { kind, message, .. } = error else { panic!("{error}") };
            assert_eq!(kind, RejectionKind::BadReply);
            assert!(message.contains("deeper than 128 levels"), "{message}");
        }
    }
    let made: Tree = client.request("deep", "deep@1.0", "Make", (DEEPEST,)).await.unwrap().get().unwrap();
    assert_eq!(made, Tree::of(DEEPEST));

    let take = |levels| client.request("deep", "deep@1.0", "Take", (Tree::of(levels),));
    assert!(take(DEEPEST).await.unwrap().get::<bool>().unwrap());
    let mut events = client.subscribe::<Tree>("deep", "deep@1.0", "Grown").await.unwrap();
    for levels in [DEEPEST + 1, 5_000] {
        let error = take(levels).await.unwrap_err();
        assert!(matches!(&error, Error::Encode { .. }) && !error.may_have_run(), "{error}");
        let error = take(levels).send().await.unwrap_err();
        assert!(matches!(&error, Error::Encode { .. }), "{error}");
        let error = client.publish("deep", "deep@1.0", "Grown", &Tree::of(levels)).await.unwrap_err();
        assert!(matches!(&error, Error::Encode { .. }), "{error}");
        grown.publish(&Tree::of(levels)).await;
    }
    // What was refused did not arrive.
    grown.publish(&Tree::of(DEEPEST)).await;
    assert_eq!(events.next().await.unwrap().unwrap(), Tree::of(DEEPEST));
    server.shutdown().await;
}

#[tokio::test]
async fn names_that_no_server_would_read_are_not_written() {
    let client = Client::connect("memory://long-names").await.unwrap();
    let long = "n".repeat(1025);
    for (object, method) in [(&*long, "Add"), (&*format!("calculator@{long}"), "Add"), ("calculator", &*long)] {
        let error = client.request("calc", object, method, ()).await.unwrap_err();
        assert!(matches!(&error, Error::Encode { .. }), "{error}");
        assert!(error.to_string().contains("longer than 1024 bytes"), "{error}");
    }
}

/// A string that is not UTF-8, as Go writes it.
const CONSOLE: &[u8] = b"\xa3ok\xff";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn text_that_is_not_utf8_is_refused_or_replaced_as_the_program_says() {
    let redis = RedisServer::start();
    let document = || Document::new(CONSOLE).unwrap();
    let object = || {
        UntypedObject::new("console@1.0")
            .method("Take", |text: String| async move { text.chars().count() as u64 })
            .method("Raw", |Wire(bytes): Wire<Vec<u8>>| async move { bytes.len() as u64 })
            .method("Give", move || async move { document() })
    };
    for choice in [InvalidText::Refuse, InvalidText::Replace] {
        let replaces = choice == InvalidText::Replace;
        let server = Server::new("consoles").invalid_text(choice).register(object()).unwrap();
        let server = server.start(&redis.address()).await.unwrap();
        let client = Client::builder().invalid_text(choice).connect(&redis.address()).await.unwrap();
        let call = |method: &str, argument| client.request("consoles", "console@1.0", method, (argument,));
        match call("Take", document()).await {
            Ok(reply) => assert!(replaces && reply.get::<u64>().unwrap() == 3),
            Err(Error::Rejected { kind: RejectionKind::BadArguments, .. }) => assert!(!replaces),
            Err(error) => panic!("{error}"),
        }
        assert_eq!(call("Raw", document()).await.unwrap().get::<u64>().unwrap(), 3);

        let reply = client.request("consoles", "console@1.0", "Give", ()).await.unwrap();
        match reply.get::<String>() {
            Ok(text) => assert!(replaces && text == "ok\u{fffd}"),
            Err(Error::Decode { .. }) => assert!(!replaces),
            Err(error) => panic!("{error}"),
        }
        assert_eq!(reply.get::<Wire<Vec<u8>>>().unwrap().0, b"ok\xff");
        assert_eq!(reply.document().unwrap(), document());

        let mut events = client.subscribe::<String>("consoles", "console@1.0", "Lines").await.unwrap();
        client.publish("consoles", "console@1.0", "Lines", &document()).await.unwrap();
        match events.next().await.unwrap() {
            Ok(text) => assert!(replaces && text == "ok\u{fffd}"),
            Err(StreamError::Decode(_)) => assert!(!replaces),
            Err(error) => panic!("{error}"),
        }
        server.shutdown().await;
    }
}

fn object() -> UntypedObject {
    UntypedObject::new("echo").method("Echo", |number: u64| async move { number })
}

/// A call that ends, well or not.
async fn ends(what: &str, client: &Client, options: CallOptions) -> Result<u64, Error> {
    let request = client.request("extremes", "echo", "Echo", (7_u64,)).options(options);
    let called = tokio::time::timeout(Duration::from_secs(20), async { request.await?.get() });
    called.await.unwrap_or_else(|_| panic!("{what}: the call does not end"))
}

fn addresses() -> (RedisServer, Vec<String>) {
    let redis = RedisServer::start();
    let addresses = vec![redis.address(), "memory://extremes".to_owned()];
    (redis, addresses)
}

const TIMES: [Duration; 3] = [Duration::ZERO, Duration::from_nanos(1), Duration::MAX];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_option_of_a_server_takes_the_smallest_and_the_largest_value() {
    type Set = Box<dyn Fn(Server) -> Server>;
    let (_redis, addresses) = addresses();
    for address in &addresses {
        let client = Client::builder().timeout(Duration::from_secs(5)).connect(address).await.unwrap();
        // With whether calls are answered.
        let mut options: Vec<(String, Set, Option<bool>)> = Vec::new();
        for time in TIMES {
            let answered = (time == Duration::MAX).then_some(true);
            options.push((
                format!("max_call_time {time:?}"),
                Box::new(move |server| server.max_call_time(time)),
                answered,
            ));
            options.push((format!("drain {time:?}"), Box::new(move |server| server.drain(time)), Some(true)));
            options.push((format!("wait {time:?}"), Box::new(move |server| server.wait_for_broker(time)), Some(true)));
        }
        for number in [0, usize::MAX] {
            let answered = Some(number > 0);
            options.push((format!("size {number}"), Box::new(move |server| server.max_message_size(number)), answered));
            options.push((format!("depth {number}"), Box::new(move |server| server.max_depth(number)), Some(true)));
        }
        for workers in [0, u32::MAX] {
            options.push((format!("workers {workers}"), Box::new(move |server| server.workers(workers)), Some(true)));
        }
        for (name, set, answered) in options {
            let server = set(Server::new("extremes").register(object()).unwrap()).start(address).await.unwrap();
            let outcome = ends(&name, &client, CallOptions::new()).await;
            assert!(answered.is_none_or(|answered| answered == outcome.is_ok()), "{name}: {outcome:?}");
            tokio::time::timeout(Duration::from_secs(20), server.shutdown()).await.expect(&name);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_option_of_a_client_and_a_call_takes_the_smallest_and_the_largest_value() {
    let (_redis, addresses) = addresses();
    for address in &addresses {
        let server = Server::new("extremes").register(object()).unwrap().start(address).await.unwrap();
        for time in TIMES {
            let client = Client::builder().timeout(time).wait_for_broker(time).connect(address).await.unwrap();
            let outcome = ends("timeout", &client, CallOptions::new()).await;
            assert_eq!(outcome.is_ok(), time == Duration::MAX, "{time:?}: {outcome:?}");
            let outcome = ends("call", &client, CallOptions::new().timeout(Duration::MAX)).await;
            assert_eq!(outcome.unwrap(), 7);
            let patient = Client::connect(address).await.unwrap();
            let outcome = ends("call", &patient, CallOptions::new().timeout(time)).await;
            assert_eq!(outcome.is_ok(), time == Duration::MAX, "{time:?}: {outcome:?}");
        }
        for number in [0, usize::MAX] {
            let client = Client::builder().max_message_size(number).max_depth(number).connect(address).await.unwrap();
            let outcome = ends("sizes", &client, CallOptions::new()).await;
            assert_eq!(outcome.is_ok(), number > 0, "{number}: {outcome:?}");
        }
        for limit in [0, u32::MAX] {
            let client = Client::builder().queue_limit(limit).connect(address).await.unwrap();
            let outcome = ends("queue", &client, CallOptions::new()).await;
            assert!(outcome.is_ok() || limit == 0, "{limit}: {outcome:?}");
            let outcome = ends("queue", &client, CallOptions::new().queue_limit(u32::MAX)).await;
            assert_eq!(outcome.unwrap(), 7);
        }
        server.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_option_of_a_subscription_takes_the_smallest_and_the_largest_value() {
    let (_redis, addresses) = addresses();
    for address in &addresses {
        let client = Client::connect(address).await.unwrap();
        for events in [0, u32::MAX] {
            for bytes in [0, usize::MAX] {
                for lag in [Lag::drop_oldest(events).bytes(bytes), Lag::error(events).bytes(bytes)] {
                    let subscribed = client.subscribe::<u64>("extremes", "echo", "Events").await.unwrap().with_lag(lag);
                    client.publish("extremes", "echo", "Events", &7_u64).await.unwrap();
                    let mut subscribed = std::pin::pin!(subscribed);
                    assert_eq!(subscribed.next().await.unwrap().unwrap(), 7, "{lag:?}");
                    assert!(subscribed.next().now_or_never().is_none());
                }
            }
        }
    }
}
