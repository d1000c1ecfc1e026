//! Peers that mean no good, and those that are broken: what they send is counted, logged now and then, and hurts nobody.

use std::time::Duration;

use futures::StreamExt;
use rmpv::Value;
use serde_with::Same;
use zbus::client::RemoteObject;
use zbus::server::{Call, Object, Rejection, Returns, RunningServer};
use zbus::{Client, Error, ObjectId, RejectionKind, Server, StreamError, UntypedObject};
use zbus_tests::{RedisServer, log};

/// An object that doubles numbers.
struct Doubler(ObjectId);

impl Object for Doubler {
    fn id(&self) -> ObjectId {
        self.0.clone()
    }

    async fn call(&self, call: Call) -> Result<Returns, Rejection> {
        let mut returns = call.returns();
        match call.method() {
            "Double" => {
                let number = call.arguments(1)?.next::<Same, u64>("number")?;
                returns.value::<Same, u64>(&(number * 2))?;
            }
            "Page" => {
                let size = call.arguments(1)?.next::<Same, usize>("size")?;
                returns.value::<serde_with::Bytes, Vec<u8>>(&vec![7; size])?;
            }
            _ => return Err(call.unknown_method()),
        }
        Ok(returns)
    }
}

async fn double(object: &RemoteObject, number: u64) -> Result<u64, Error> {
    let mut request = object.request("Double");
    request.argument::<Same, u64>("number", &number)?;
    request.call(1).await?.value::<Same, u64>()
}

/// The test's own way to Redis.
async fn admin(redis: &RedisServer) -> redis::aio::MultiplexedConnection {
    redis::Client::open(redis.address()).unwrap().get_multiplexed_async_connection().await.unwrap()
}

async fn client(address: &str) -> Client {
    Client::builder().timeout(Duration::from_secs(10)).connect(address).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_no_list_keeps_back_none_of_the_other_queues() {
    let redis = RedisServer::start();
    let mut connection = admin(&redis).await;
    let ids = ["a", "b", "c"].map(|name| ObjectId::new(name, "1.0"));
    let mut server = Server::new("doublers");
    for id in &ids {
        server = server.register(Doubler(id.clone())).unwrap();
    }
    let server = server.start(&redis.address()).await.unwrap();
    let client = client(&redis.address()).await;
    let [a, b, c] = ids.map(|id| RemoteObject::new(client.clone(), "doublers", id));
    // While the server waits at it, and while it looks again.
    let _: () = redis::cmd("SET").arg("doublers.b@1.0").arg("text").query_async(&mut connection).await.unwrap();
    let asked = std::time::Instant::now();
    while asked.elapsed() < Duration::from_secs(3) {
        for object in [&a, &c] {
            let answer = tokio::time::timeout(Duration::from_secs(1), double(object, 21)).await;
            assert_eq!(answer.expect("kept back").unwrap(), 42);
        }
        assert!(matches!(double(&b, 21).await.unwrap_err(), Error::Broker(_)));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let _: () = redis::cmd("DEL").arg("doublers.b@1.0").query_async(&mut connection).await.unwrap();
    assert_eq!(double(&b, 21).await.unwrap(), 42);
    server.shutdown().await;
}

const QUEUE: &str = "doublers.doubler@1.0";
const DOUBLER: ObjectId = ObjectId::from_static("doubler", "1.0");

async fn serve(redis: &RedisServer) -> RunningServer {
    Server::new("doublers").register(Doubler(DOUBLER)).unwrap().start(&redis.address()).await.unwrap()
}

async fn push(connection: &mut redis::aio::MultiplexedConnection, list: &str, messages: &[Vec<u8>]) {
    let _: i64 = redis::cmd("RPUSH").arg(list).arg(messages).query_async(connection).await.unwrap();
}

/// A whole request, but for what is put in the place of its parts.
fn request(changes: &[(&str, Value)]) -> Vec<u8> {
    let mut argument = Vec::new();
    rmpv::encode::write_value(&mut argument, &Value::from(21)).unwrap();
    let object = Value::Map(vec![("Name".into(), "doubler".into()), ("Version".into(), "1.0".into())]);
    let mut parts = vec![
        ("ID", Value::from("junk")),
        ("Inputs", Value::Array(vec![Value::Binary(argument)])),
        ("Object", object),
        ("ReplyTo", Value::from("zbus.inbox.7f1d3b0a-3c55-4b0e-9a51-0c9a4f3f6f52")),
        ("Method", Value::from("Double")),
    ];
    for (key, value) in changes {
        parts.iter_mut().find(|(part, _)| part == key).unwrap().1 = value.clone();
    }
    let map = parts.into_iter().map(|(key, value)| (Value::from(key), value)).collect();
    let mut message = Vec::new();
    rmpv::encode::write_value(&mut message, &Value::Map(map)).unwrap();
    message
}

/// What no peer would send that means well.
fn junk() -> Vec<Vec<u8>> {
    let whole = request(&[]);
    let mut junk = vec![Vec::new(), b"junk".to_vec(), vec![0xc1], vec![0xc0], vec![0x91; 10_000], vec![0x81; 10_000]];
    // Text, bytes, an array, a map, an extension of 4 GiB each.
    junk.extend([0xdb, 0xc6, 0xdd, 0xdf, 0xc9].map(|marker| vec![marker, 0xff, 0xff, 0xff, 0xff, 1, 2, 3]));
    junk.extend((1..whole.len()).step_by(7).map(|end| whole[..end].to_vec()));
    let number = || Value::from(7);
    for part in ["ID", "Inputs", "Object", "ReplyTo", "Method"] {
        junk.push(request(&[(part, number())]));
        junk.push(request(&[(part, Value::Array(vec![number(); 3]))]));
        junk.push(request(&[(part, Value::from("x".repeat(100_000)))]));
    }
    junk.push(request(&[("Inputs", Value::Array(vec![Value::Binary(vec![0xdd, 0xff, 0xff, 0xff, 0xff])]))]));
    junk.push(request(&[("Inputs", Value::Array(vec![Value::Binary(vec![0x91; 10_000])]))]));
    junk.push(request(&[("Method", "Missing".into())]));
    junk
}

// On one thread, so that the log is this test's.
#[tokio::test]
async fn a_flood_of_junk_in_a_queue_stops_no_call_and_fills_no_log() {
    log::listen();
    let redis = RedisServer::start();
    let mut connection = admin(&redis).await;
    let server = serve(&redis).await;
    let client = client(&redis.address()).await;
    let object = RemoteObject::new(client.clone(), "doublers", DOUBLER);
    let junk = junk();
    for round in 0..20 {
        push(&mut connection, QUEUE, &junk).await;
        assert_eq!(double(&object, round).await.unwrap(), round * 2);
    }
    let counters = client.status("doublers").await.unwrap().counters.unwrap();
    assert_eq!(counters.served, 20);
    let told = counters.dropped + counters.rejected;
    assert_eq!(told, 20 * junk.len() as u64, "{counters:?}");
    let lines = log::lines("dropped a message");
    assert!((1..=6).contains(&lines.len()), "{} lines", lines.len());
    assert!(lines.iter().all(|line| line.len() < 1000), "{lines:?}");
    server.shutdown().await;
}

#[tokio::test]
async fn a_flood_of_junk_in_an_inbox_ends_no_call_and_fills_no_log() {
    log::listen();
    let redis = RedisServer::start();
    let mut connection = admin(&redis).await;
    let object = RemoteObject::new(client(&redis.address()).await, "doublers", DOUBLER);
    let call = tokio::spawn({
        let object = object.clone();
        async move { double(&object, 21).await }
    });
    // Its request tells where the reply is to go.
    let waiting: Vec<u8> = loop {
        let found: Option<Vec<u8>> = redis::cmd("LINDEX").arg(QUEUE).arg(0).query_async(&mut connection).await.unwrap();
        match found {
            Some(found) => break found,
            None => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    };
    let waiting = rmpv::decode::read_value(&mut &waiting[..]).unwrap();
    let part =
        |key: &str| waiting.as_map().unwrap().iter().find(|(name, _)| name.as_str() == Some(key)).unwrap().1.clone();
    let (id, inbox) = (part("ID").as_str().unwrap().to_owned(), part("ReplyTo").as_str().unwrap().to_owned());
    let mut junk = junk();
    // Replies to calls that were never made.
    for id in ["", "7", &id[..id.len() - 2], &format!("{id}f")] {
        junk.push(request(&[("ID", id.into())]));
    }
    for _ in 0..50 {
        push(&mut connection, &inbox, &junk).await;
    }
    let server = serve(&redis).await;
    assert_eq!(call.await.unwrap().unwrap(), 42);
    assert_eq!(double(&object, 4).await.unwrap(), 8);
    let lines = log::lines("dropped a message");
    assert!((1..=6).contains(&lines.len()), "{} lines", lines.len());
    assert!(lines.iter().all(|line| line.len() < 1000), "{lines:?}");
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_has_another_key_written_to_or_expired() {
    let redis = RedisServer::start();
    let mut connection = admin(&redis).await;
    let _: () = redis::cmd("RPUSH").arg("victim").arg("kept").query_async(&mut connection).await.unwrap();
    let server = serve(&redis).await;
    let object = RemoteObject::new(client(&redis.address()).await, "doublers", DOUBLER);
    for reply_to in ["victim", QUEUE, "", "zbus.inbox.", "doublers.zbus@1.0"] {
        push(&mut connection, QUEUE, &[request(&[("ReplyTo", reply_to.into())])]).await;
        push(&mut connection, "doublers.zbus@1.0", &[request(&[("ReplyTo", reply_to.into())])]).await;
    }
    assert_eq!(double(&object, 21).await.unwrap(), 42);
    let mut keys: Vec<String> = redis::cmd("KEYS").arg("*").query_async(&mut connection).await.unwrap();
    keys.retain(|key| !key.starts_with("zbus.instance"));
    assert_eq!(keys, ["victim"]);
    let (length, expiry): (i64, i64) =
        redis::pipe().cmd("LLEN").arg("victim").cmd("TTL").arg("victim").query_async(&mut connection).await.unwrap();
    assert_eq!((length, expiry), (1, -1));
    server.shutdown().await;
}

async fn page(object: &RemoteObject, size: usize) -> Result<Vec<u8>, Error> {
    let mut request = object.request("Page");
    request.argument::<Same, usize>("size", &size)?;
    request.call(1).await?.value::<serde_with::Bytes, Vec<u8>>()
}

async fn over_both<F: Future<Output = ()>>(name: &str, test: impl Fn(String) -> F) {
    test(format!("memory://{name}")).await;
    test(RedisServer::start().address()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_beyond_the_limit_are_told_to_whoever_waits() {
    const LIMIT: usize = 100_000;
    over_both("sizes", |address| async move {
        let server = Server::new("doublers").max_message_size(LIMIT).register(Doubler(DOUBLER)).unwrap();
        let server = server.start(&address).await.unwrap();
        let careful = Client::builder().max_message_size(LIMIT).connect(&address).await.unwrap();
        let careful = RemoteObject::new(careful, "doublers", DOUBLER);
        let careless = RemoteObject::new(client(&address).await, "doublers", DOUBLER);

        // Refused before it is written.
        let mut request = careful.request("Double");
        request.argument::<serde_with::Bytes, Vec<u8>>("number", &vec![7; LIMIT]).unwrap();
        let error = request.call(1).await.unwrap_err();
        assert!(matches!(error, Error::TooLarge { limit: LIMIT, .. }) && !error.may_have_run(), "{error}");
        let error = careful.publish::<serde_with::Bytes, Vec<u8>>("Event", &vec![7; LIMIT]).await.unwrap_err();
        assert!(matches!(error, Error::TooLarge { .. }), "{error}");

        // Refused by the server.
        let mut request = careless.request("Double");
        request.argument::<serde_with::Bytes, Vec<u8>>("number", &vec![7; LIMIT]).unwrap();
        let error = request.call(1).await.unwrap_err();
        assert!(matches!(error, Error::Rejected { kind: RejectionKind::BadArguments, .. }), "{error}");
        assert!(error.to_string().contains("more than the 100000 that this server reads"), "{error}");
        assert!(!error.may_have_run());

        // The reply is.
        assert_eq!(page(&careless, LIMIT - 100).await.unwrap().len(), LIMIT - 100);
        let error = page(&careless, LIMIT).await.unwrap_err();
        assert!(matches!(error, Error::Rejected { kind: RejectionKind::ReplyTooLarge, .. }), "{error}");
        assert!(error.may_have_run());
        assert_eq!(double(&careless, 21).await.unwrap(), 42);
        server.shutdown().await;

        // The client does not read it.
        let server = Server::new("doublers").register(Doubler(DOUBLER)).unwrap().start(&address).await.unwrap();
        let error = page(&careful, LIMIT).await.unwrap_err();
        assert!(matches!(error, Error::Rejected { kind: RejectionKind::ReplyTooLarge, .. }), "{error}");
        assert!(error.to_string().contains("more than the 100000 that this client reads"), "{error}");
        assert_eq!(double(&careful, 21).await.unwrap(), 42);
        server.shutdown().await;
    })
    .await;
}

/// Takes the next message of a list.
async fn take(connection: &mut redis::aio::MultiplexedConnection, list: &str) -> Value {
    for _ in 0..1000 {
        let found: Option<Vec<u8>> = redis::cmd("LPOP").arg(list).query_async(connection).await.unwrap();
        match found {
            Some(found) => return rmpv::decode::read_value(&mut &found[..]).unwrap(),
            None => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
    panic!("nothing came in {list}");
}

fn entry<'a>(map: &'a Value, key: &str) -> &'a Value {
    &map.as_map().unwrap().iter().find(|(name, _)| name.as_str() == Some(key)).unwrap().1
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_that_nest_too_deep_are_told_to_whoever_waits() {
    const INBOX: &str = "zbus.inbox.7f1d3b0a-3c55-4b0e-9a51-0c9a4f3f6f52";
    let redis = RedisServer::start();
    let mut connection = admin(&redis).await;
    let nested = |levels: usize| Value::Binary([vec![0x91; levels - 1], vec![0x90]].concat());
    for (set, most, told) in [(None, 128, "depth limit exceeded"), (Some(8), 8, "it nests deeper than 8 levels")] {
        let echo = UntypedObject::new("doubler@1.0").method("Double", |value: Value| async move { value });
        let (mut server, mut client) = (Server::new("doublers").register(echo).unwrap(), Client::builder());
        if let Some(levels) = set {
            (server, client) = (server.max_depth(levels), client.max_depth(levels));
        }
        let server = server.start(&redis.address()).await.unwrap();
        for (levels, fits) in [(most, true), (most + 1, false), (10_000, false)] {
            push(&mut connection, QUEUE, &[request(&[("Inputs", Value::Array(vec![nested(levels)]))])]).await;
            let response = take(&mut connection, INBOX).await;
            let error = entry(&response, "Error").as_str().unwrap_or_default();
            assert!(if fits { error.is_empty() } else { error.contains(told) }, "{levels}: {response}");
        }
        server.shutdown().await;

        let client = client.connect(&redis.address()).await.unwrap();
        let mut events = client.subscribe::<Value>("doublers", "doubler@1.0", "Event").await.unwrap();
        for (levels, fits) in [(most, true), (most + 1, false), (10_000, false)] {
            let client = client.clone();
            let call = tokio::spawn(async move {
                client.request("doublers", "doubler@1.0", "Double", (1,)).await?.get::<Value>().map(drop)
            });
            let asked = take(&mut connection, QUEUE).await;
            let output = Value::Map(vec![("Data".into(), nested(levels)), ("Error".into(), Value::Nil)]);
            let response = vec![("ID".into(), entry(&asked, "ID").clone()), ("Output".into(), output)];
            let mut message = Vec::new();
            rmpv::encode::write_value(&mut message, &Value::Map(response)).unwrap();
            push(&mut connection, entry(&asked, "ReplyTo").as_str().unwrap(), &[message]).await;
            match call.await.unwrap() {
                Ok(()) => assert!(fits, "{levels}"),
                Err(Error::Decode { source, .. }) => assert!(!fits && source.to_string().contains(told), "{source}"),
                Err(error) => panic!("{error}"),
            }

            let channel = "doublers.doubler@1.0.Event";
            let event = nested(levels).as_slice().unwrap().to_vec();
            let _: i64 = redis::cmd("PUBLISH").arg(channel).arg(event).query_async(&mut connection).await.unwrap();
            let event = events.next().await.unwrap();
            assert!(if fits { event.is_ok() } else { matches!(event, Err(StreamError::Decode(_))) }, "{levels}");
        }
    }
}
