//! Every byte vector through generated code: Go's bytes into a generated server and back out, out of a generated client and back
//! in, in both generations of the wire.

#![expect(clippy::float_cmp, reason = "what travels is exact")]

use std::collections::BTreeMap;
use std::net::IpAddr;

use redis::aio::MultiplexedConnection;
use rmpv::Value;
use zbus::client::ClientBuilder;
use zbus::types::{Duration, IpNet, MacAddress, Timestamp};
use zbus::{Client, Error};
use zbus_tests::api::sample::{Inner, Sample};
use zbus_tests::api::server::CalculatorClient;
use zbus_tests::api::vectors::{Echo, EchoClient, EchoServer};
use zbus_tests::{Generation, RedisServer, Vector, start_server, vector, vectors};

/// Gives every value back.
struct Mirror;

macro_rules! mirror {
    ($($method:ident: $ty:ty,)*) => {
        impl Echo for Mirror {
            $(async fn $method(&self, value: $ty) -> $ty { value })*

            async fn three(&self) -> (i64, String, f64) { (10, "hello world".to_owned(), 0.5) }

            async fn none(&self) {}

            async fn pair(&self, number: f64, text: String) -> (f64, String) { (number, text) }
        }
    };
}

mirror! {
    bool: bool,
    u8: u8,
    u16: u16,
    u32: u32,
    u64: u64,
    i8: i8,
    i16: i16,
    i32: i32,
    i64: i64,
    f32: f32,
    f64: f64,
    text: String,
    blob: Vec<u8>,
    floats: Vec<f64>,
    texts: Vec<String>,
    by_text: BTreeMap<String, i64>,
    by_number: BTreeMap<u32, String>,
    maybe_inner: Option<Inner>,
    time: Timestamp,
    span: Duration,
    address: IpAddr,
    network: IpNet,
    maybe_network: Option<IpNet>,
    link: MacAddress,
    anything: zbus::types::Value,
    sample: Sample,
}

/// The method of `echo@1.0` that takes a vector.
fn method(vector: &Vector) -> &'static str {
    match (&*vector.ty, &*vector.name) {
        ("cidr", "cidr_nil") => "MaybeNetwork",
        ("bool", _) => "Bool",
        ("u8", _) => "U8",
        ("u16", _) => "U16",
        ("u32", _) => "U32",
        ("u64", _) => "U64",
        ("i8", _) => "I8",
        ("i16", _) => "I16",
        ("i32", _) => "I32",
        ("i64", _) => "I64",
        ("f32", _) => "F32",
        ("f64", _) => "F64",
        ("string", _) => "Text",
        ("bytes", _) => "Blob",
        ("[f64]", _) => "Floats",
        ("[string]", _) => "Texts",
        ("map<string, i64>", _) => "ByText",
        ("map<u32, string>", _) => "ByNumber",
        ("Inner?", _) => "MaybeInner",
        ("timestamp", _) => "Time",
        ("duration", _) => "Span",
        ("ip", _) => "Address",
        ("cidr", _) => "Network",
        ("mac", _) => "Link",
        ("any", _) => "Anything",
        ("Sample", _) => "Sample",
        ("(f64, string)", _) => "Pair",
        (ty, name) => panic!("{name} is of the type {ty}, which no method takes"),
    }
}

/// What this library writes for a vector: Go's own bytes, but that it has no nil for what is empty, and one form for an address.
fn written(vector: &Vector) -> String {
    match &*vector.name {
        "bytes_nil" => "c400".to_owned(),
        "list_nil" => "90".to_owned(),
        "map_nil" => "80".to_owned(),
        "ip4_in_16" => "c4040a010203".to_owned(),
        "cidr_nil" => "c0".to_owned(),
        "struct_zero" => {
            let nil_and_empty = [
                ("a4426c6f62c0", "a4426c6f62c400"),
                ("a454616773c0", "a45461677390"),
                ("a64c6162656c73c0", "a64c6162656c7380"),
            ];
            let ours = nil_and_empty.iter().fold(vector.hex.clone(), |hex, (nil, empty)| {
                assert!(hex.contains(nil), "{nil}");
                hex.replace(nil, empty)
            });
            // A network without address and mask is none.
            ours.replace("a34e657482a24950c0a44d61736bc0", "a34e6574c0")
        }
        _ => vector.hex.clone(),
    }
}

fn encoded(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    rmpv::encode::write_value(&mut bytes, value).unwrap();
    bytes
}

fn decoded(bytes: &[u8]) -> Value {
    rmpv::decode::read_value(&mut &*bytes).unwrap()
}

/// The entry of a map.
fn entry<'a>(message: &'a mut Value, key: &str) -> &'a mut Value {
    let Value::Map(entries) = message else { panic!("{message} is not a map") };
    entries.iter_mut().find(|(name, _)| name.as_str() == Some(key)).map(|(_, value)| value).unwrap()
}

fn arguments(vector: &Vector) -> Vec<Value> {
    match &*vector.ty {
        // Each of several values is an argument of its own.
        "(f64, string)" => {
            decoded(&vector.bytes()).as_array().unwrap().iter().map(|value| Value::Binary(encoded(value))).collect()
        }
        _ => vec![Value::Binary(vector.bytes())],
    }
}

/// The request of a Go client that calls with a vector.
fn request(vector: &Vector, generation: Generation, reply_to: &str) -> Value {
    let key = match generation {
        Generation::Zero => "Arguments",
        Generation::One => "Inputs",
    };
    let object = Value::Map(vec![("Name".into(), "echo".into()), ("Version".into(), "1.0".into())]);
    Value::Map(vec![
        ("ID".into(), vector.name.as_str().into()),
        (key.into(), arguments(vector).into()),
        ("Object".into(), object),
        ("ReplyTo".into(), reply_to.into()),
        ("Method".into(), method(vector).into()),
    ])
}

/// The reply of a Go server that gives a vector back.
fn reply(vector: &Vector, generation: Generation) -> Value {
    let id = ("ID".into(), vector.name.as_str().into());
    match generation {
        Generation::Zero => {
            Value::Map(vec![id, ("Arguments".into(), arguments(vector).into()), ("Error".into(), "".into())])
        }
        Generation::One => {
            let output = vec![("Data".into(), Value::Binary(vector.bytes())), ("Error".into(), Value::Nil)];
            Value::Map(vec![id, ("Output".into(), Value::Map(output)), ("Error".into(), Value::Nil)])
        }
    }
}

/// A peer that speaks to Redis itself.
struct Peer {
    redis: MultiplexedConnection,
}

impl Peer {
    async fn connect(redis: &RedisServer) -> Self {
        let client = redis::Client::open(redis.address()).unwrap();
        let config = redis::AsyncConnectionConfig::new().set_response_timeout(None);
        Self { redis: client.get_multiplexed_async_connection_with_config(&config).await.unwrap() }
    }

    async fn push(&mut self, list: &str, message: &Value) {
        let _: i64 = redis::cmd("RPUSH").arg(list).arg(encoded(message)).query_async(&mut self.redis).await.unwrap();
    }

    async fn pop(&mut self, list: &str) -> Value {
        let popped: Option<(String, Vec<u8>)> =
            redis::cmd("BLPOP").arg(list).arg(10).query_async(&mut self.redis).await.unwrap();
        decoded(&popped.unwrap_or_else(|| panic!("nothing comes into {list}")).1)
    }

    /// What a server answers to a request.
    async fn ask(&mut self, queue: &str, request: &mut Value) -> Value {
        let list = "7f1d3b0a-3c55-4b0e-9a51-0c9a4f3f6f52";
        *entry(request, "ReplyTo") = list.into();
        self.push(queue, request).await;
        self.pop(list).await
    }

    /// Takes the next request, and answers it with a message that gets its id.
    async fn answer(&mut self, queue: &str, mut message: Value) -> Value {
        let mut request = self.pop(queue).await;
        *entry(&mut message, "ID") = entry(&mut request, "ID").clone();
        let list = entry(&mut request, "ReplyTo").as_str().unwrap().to_owned();
        self.push(&list, &message).await;
        request
    }
}

/// The same message where the bins are of other widths.
fn assert_same(left: &Value, right: &Value, name: &str) {
    assert_eq!(left.to_string(), right.to_string(), "{name}");
}

#[tokio::test]
async fn a_generated_server_gives_gos_bytes_back() {
    let redis = RedisServer::start();
    let server =
        zbus::Server::new("vectors").register(EchoServer::new(Mirror)).unwrap().start(&redis.address()).await.unwrap();
    let mut peer = Peer::connect(&redis).await;
    for generation in Generation::ALL {
        for vector in vectors(Generation::One).iter().filter(|vector| vector.is_plain()) {
            let answer = peer.ask("vectors.echo@1.0", &mut request(vector, generation, "")).await;
            let ours = Vector { hex: written(vector), ..vector.clone() };
            assert_same(&answer, &reply(&ours, generation), &vector.name);
        }
    }
    server.shutdown().await;
}

/// A client of that generation.
async fn connect(redis: &RedisServer, generation: Generation) -> Client {
    let generation = match generation {
        Generation::Zero => zbus::Generation::Zero,
        Generation::One => zbus::Generation::One,
    };
    ClientBuilder::generation(Client::builder(), generation).connect(&redis.address()).await.unwrap()
}

/// Calls, while a peer answers with a message. Gives what the call gave, and the request.
async fn exchange<T>(
    peer: &mut Peer,
    queue: &str,
    answer: Value,
    call: impl Future<Output = Result<T, Error>>,
) -> (Result<T, Error>, Value) {
    tokio::join!(call, peer.answer(queue, answer))
}

/// Calls a method of the mirror with a value, which Go encodes as a vector and answers with it.
macro_rules! mirrored {
    ($client:ident, $peer:ident, $generation:ident: $($name:literal $method:ident($argument:expr) = $expected:expr,)*) => {{
        let mut names = vec![$($name,)* "tuple2"];
        $(
            let row = vector(Generation::One, $name);
            let answer = reply(&row, $generation);
            let (value, mut sent) = exchange(&mut $peer, "vectors.echo@1.0", answer, $client.$method($argument)).await;
            assert_eq!(value.unwrap(), $expected, $name);
            let ours = Vector { hex: written(&row), ..row };
            let mut expected = request(&ours, $generation, "");
            for key in ["Object", "Method", if $generation == Generation::Zero { "Arguments" } else { "Inputs" }] {
                assert_same(entry(&mut sent, key), entry(&mut expected, key), $name);
            }
        )*
        names.sort_unstable();
        names
    }};
}

fn full() -> Sample {
    Sample {
        host: "h".to_owned(),
        port: 80,
        id: 1 << 40,
        small: 3,
        neg: -1,
        ratio: 0.5,
        name: "n".to_owned(),
        blob: vec![1],
        tags: vec!["a".to_owned(), "b".to_owned()],
        labels: BTreeMap::from([("k".to_owned(), -2)]),
        inner: Inner { x: 1.0, y: 2.0 },
        maybe: Some(Inner { x: 3.0, y: 4.0 }),
        at: "2021-03-04T05:06:07.891234567Z".parse().unwrap(),
        took: Duration::from_mins(1),
        ip: Some(IpAddr::from([10, 0, 0, 1])),
        net: Some("10.0.0.0/8".parse().unwrap()),
        any: Value::Map(vec![("deep".into(), Value::Array(vec![1.into()]))]),
        failure: Some("boom".to_owned()),
    }
}

#[tokio::test]
async fn a_generated_client_writes_gos_bytes_and_reads_them() {
    let redis = RedisServer::start();
    let mut peer = Peer::connect(&redis).await;
    let time = |text: &str| text.parse::<Timestamp>().unwrap();
    let ip = |text: &str| text.parse::<IpAddr>().unwrap();
    let inner = Inner { x: 1.0, y: 2.0 };
    let by_text = BTreeMap::from([("a".to_owned(), 1_i64)]);
    let by_number = BTreeMap::from([(7_u32, "seven".to_owned())]);
    let network: IpNet = "10.1.2.0/24".parse().unwrap();
    let link: MacAddress = "02:11:22:33:44:55".parse().unwrap();
    let mixed = Value::Array(vec![1.into(), "two".into(), 3.5.into(), Value::Nil, true.into(), Value::Binary(vec![9])]);
    let (sample, zero) = (full(), Sample::default());
    for generation in Generation::ALL {
        let client = EchoClient::new(connect(&redis, generation).await);
        let names = mirrored! {
            client, peer, generation:
            "bool" bool(true) = true,
            "u8" u8(200) = 200,
            "u16" u16(60_000) = 60_000,
            "u32" u32(7) = 7,
            "u64_max" u64(u64::MAX) = u64::MAX,
            "i8" i8(-5) = -5,
            "i16" i16(-300) = -300,
            "i32" i32(-70_000) = -70_000,
            "i64_small" i64(1) = 1,
            "i64_min" i64(i64::MIN) = i64::MIN,
            "int" i64(10) = 10,
            "f32" f32(1.5) = 1.5,
            "f64" f64(2.25) = 2.25,
            "string" text("hello world") = "hello world",
            "string_unicode" text("zbüs – шина") = "zbüs – шина",
            "bytes" blob(&[0, 1, 2, 255]) = [0, 1, 2, 255],
            "bytes_nil" blob(&[]) = [0_u8; 0],
            "ip4" blob(&[10, 1, 2, 3]) = [10, 1, 2, 3],
            "list_f64" floats(&[1.0, 2.5]) = [1.0, 2.5],
            "list_empty" texts(&[]) = [""; 0],
            "list_nil" texts(&[]) = [""; 0],
            "map" by_text(&by_text) = by_text,
            "map_nil" by_text(&BTreeMap::new()) = BTreeMap::<String, i64>::new(),
            "map_int_keys" by_number(&by_number) = by_number,
            "optional_none" maybe_inner(None) = None,
            "optional_some" maybe_inner(Some(&inner)) = Some(inner),
            "timestamp_nanos" time(time("2021-03-04T05:06:07.891234567Z")) = time("2021-03-04T05:06:07.891234567Z"),
            "timestamp_seconds" time(time("2021-03-04T05:06:07Z")) = time("2021-03-04T05:06:07Z"),
            "timestamp_far" time(time("2600-01-01T00:00:00.000000001Z")) = time("2600-01-01T00:00:00.000000001Z"),
            "timestamp_zero" time(zbus::types::zero::timestamp()) = zbus::types::zero::timestamp(),
            "duration" span(Duration::from_millis(1500)) = Duration::from_millis(1500),
            "duration_negative" span(Duration::from_secs(-1)) = Duration::from_secs(-1),
            "ip6" address(ip("2001:db8::1")) = ip("2001:db8::1"),
            "ip4_in_16" address(ip("10.1.2.3")) = ip("10.1.2.3"),
            "cidr" network(network) = network,
            "cidr_nil" maybe_network(None) = None,
            "mac" link(&link) = link,
            "any_mixed" anything(&mixed) = mixed,
            "struct_full" sample(&sample) = sample,
            "struct_zero" sample(&zero) = zero,
        };
        let pair = exchange(
            &mut peer,
            "vectors.echo@1.0",
            reply(&vector(Generation::One, "tuple2"), generation),
            client.pair(1.5, "x"),
        );
        assert_eq!(pair.await.0.unwrap(), (1.5, "x".to_owned()));
        let mut all: Vec<_> =
            vectors(Generation::One).into_iter().filter(Vector::is_plain).map(|vector| vector.name).collect();
        all.sort_unstable();
        assert_eq!(names, all);
    }
}

#[tokio::test]
async fn a_generated_server_answers_gos_requests_as_gos_server_does() {
    let redis = RedisServer::start();
    let server = start_server(&redis.address(), 4).await;
    let mut peer = Peer::connect(&redis).await;
    for generation in Generation::ALL {
        let mut asked = 0;
        for request in vectors(generation).iter().filter(|vector| vector.ty == "request") {
            let object = request.value["object"].as_str().unwrap();
            // `Tuple` is among the calculator's methods there.
            let object = if request.name == "request_no_args" { "utils@1.0" } else { object };
            let mut message = decoded(&request.bytes());
            if request.name == "request_no_args" {
                *entry(entry(&mut message, "Object"), "Name") = "utils".into();
            }
            let mut answer = peer.ask(&format!("server.{object}"), &mut message).await;
            *entry(&mut answer, "ID") = "req-1".into();
            match &*request.name {
                "request_two_args" => {
                    let expected = vector(generation, "response_one_value");
                    assert_same(&answer, &decoded(&expected.bytes()), &request.name);
                }
                "request_no_args" => {
                    let mut expected = decoded(&vector(generation, "response_three_values").bytes());
                    // This one can fail: in generation 0 its error is an element of its own.
                    if generation == Generation::Zero {
                        let Value::Array(elements) = entry(&mut expected, "Arguments") else { panic!() };
                        elements.push(Value::Binary(vec![0xc0]));
                    }
                    assert_same(&answer, &expected, &request.name);
                }
                "request_status" => {
                    let bytes = match generation {
                        Generation::Zero => entry(&mut answer, "Arguments")[0].clone(),
                        Generation::One => entry(entry(&mut answer, "Output"), "Data").clone(),
                    };
                    let mut status = decoded(bytes.as_slice().unwrap());
                    assert_eq!(entry(&mut status, "Objects").as_array().unwrap().len(), 3);
                    assert_eq!(entry(&mut status, "Workers").as_array().unwrap().len(), 4);
                }
                name => panic!("{name} is not asked"),
            }
            asked += 1;
        }
        assert_eq!(asked, 3);
    }
    server.shutdown().await;
}

#[tokio::test]
async fn a_generated_client_reads_gos_responses() {
    let redis = RedisServer::start();
    let mut peer = Peer::connect(&redis).await;
    for generation in Generation::ALL {
        let client = connect(&redis, generation).await;
        let (calculator, echo) = (CalculatorClient::new(client.clone()), EchoClient::new(client.clone()));
        for response in vectors(generation).iter().filter(|vector| vector.ty == "response") {
            let message = decoded(&response.bytes());
            let (calculator_queue, echo_queue) = ("server.calculator@1.0", "vectors.echo@1.0");
            match &*response.name {
                "response_one_value" => {
                    let (sum, _) = exchange(&mut peer, calculator_queue, message, calculator.add(1.0, 2.5)).await;
                    assert_eq!(sum.unwrap(), 3.5);
                }
                "response_three_values" => {
                    let (three, _) = exchange(&mut peer, echo_queue, message, echo.three()).await;
                    assert_eq!(three.unwrap(), (10, "hello world".to_owned(), 0.5));
                }
                "response_call_error" => {
                    let (quotient, _) =
                        exchange(&mut peer, calculator_queue, message, calculator.divide(1.0, 0.0)).await;
                    let Err(Error::Remote { message, .. }) = quotient else { panic!("{quotient:?}") };
                    assert_eq!(message, "division by zero");
                }
                "response_value_and_nil_error" => {
                    let (quotient, _) =
                        exchange(&mut peer, calculator_queue, message, calculator.divide(4.0, 2.0)).await;
                    assert_eq!(quotient.unwrap(), 2.0);
                }
                "response_no_value" => {
                    exchange(&mut peer, echo_queue, message, echo.none()).await.0.unwrap();
                }
                "response_protocol_error" => {
                    let (sum, _) = exchange(&mut peer, calculator_queue, message, calculator.add(1.0, 2.0)).await;
                    let Err(Error::Rejected { message, .. }) = sum else { panic!("{sum:?}") };
                    assert_eq!(message, "unknown object");
                }
                "response_status" => {
                    let (status, _) = exchange(&mut peer, "server.zbus@1.0", message, client.status("server")).await;
                    let status = status.unwrap();
                    assert_eq!(status.objects.len(), 2);
                    assert_eq!(status.workers[0].state, "busy");
                }
                name => panic!("{name} is not read"),
            }
        }
    }
}
