//! The golden files compile in a crate that warns of everything, and do what their schemas say.
#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, missing_debug_implementations, unreachable_pub, unused_qualifications)]
#![deny(clippy::all, clippy::pedantic, rust_2018_idioms)]

/// What one build has generated, as `zbus::include_schemas!` takes it in.
pub mod schemas {
    include!("golden/zbus_schemas.rs");
}

/// What stands in their documentation as an example, each a function.
#[allow(
    clippy::all,
    clippy::pedantic,
    dead_code,
    unused_imports,
    unreachable_pub,
    missing_docs,
    reason = "nobody calls them"
)]
mod examples {
    include!("examples/golden.rs");
}

use std::collections::BTreeMap;
use std::hash::Hash;
use std::sync::Mutex;
use std::time::Duration;

use futures::{Stream, StreamExt};
use zbus::codegen::{Deserialize, Serialize};
use zbus::wire::decode;
use zbus::{CallError, Client, Error, Failure, Server};

use schemas::calculator::{Calculator, CalculatorClient, CalculatorEvents, CalculatorServer, Entry, Operation};
use schemas::derives;
use schemas::enums::{Color, Level, Presence, Signal, Uses};
use schemas::errors::{Math, MathClient, MathError, MathServer, Plain};
use schemas::scalars::{All, Optionals};
use schemas::unions::{Expression, Node, Point, Shape};

#[derive(Default)]
struct Tape {
    entries: Mutex<Vec<Entry>>,
}

impl Tape {
    fn write(&self, operation: Operation, values: &[f64], result: Option<f64>) {
        self.entries.lock().unwrap().push(Entry { operation, values: values.to_vec(), result, ..Entry::default() });
    }
}

impl Calculator for Tape {
    async fn add(&self, a: f64, b: f64) -> f64 {
        self.write(Operation::Add, &[a, b], Some(a + b));
        a + b
    }

    async fn sum(&self, values: Vec<f64>) -> f64 {
        values.iter().sum()
    }

    async fn div_mod(&self, a: i64, b: i64) -> Result<(i64, i64), Failure> {
        let quotient = a.checked_div(b).ok_or_else(|| Failure::new("division by zero"))?;
        Ok((quotient, a % b))
    }

    async fn last(&self, count: u32) -> Vec<Entry> {
        let entries = self.entries.lock().unwrap();
        entries.iter().rev().take(count as usize).rev().cloned().collect()
    }

    fn entries(&self) -> impl Stream<Item = Entry> + Send {
        futures::stream::pending()
    }
}

#[tokio::test]
async fn generated_client_and_server_understand_each_other() {
    let address = "memory://golden-calculator";
    let server = Server::new("calc").register(CalculatorServer::new(Tape::default())).unwrap();
    let server = server.start(address).await.unwrap();
    let client = Client::connect(address).await.unwrap();
    let calculator = CalculatorClient::new(client.clone());

    assert_eq!(calculator.add(1.0, 2.0).await.unwrap().to_bits(), 3_f64.to_bits());
    assert_eq!(calculator.sum(&[1.0, 2.0, 4.0]).await.unwrap().to_bits(), 7_f64.to_bits());
    assert_eq!(calculator.div_mod(7, 2).await.unwrap(), (3, 1));
    let error = calculator.div_mod(7, 0).await.unwrap_err();
    assert!(matches!(&error, Error::Remote { message, .. } if message == "division by zero"), "{error}");
    let tape = calculator.last(10).await.unwrap();
    assert_eq!(
        tape,
        [Entry { operation: Operation::Add, values: vec![1.0, 2.0], result: Some(3.0), ..Entry::default() }]
    );

    let mut entries = calculator.entries().await.unwrap();
    CalculatorEvents::new(client).entries(&tape[0]).await.unwrap();
    assert_eq!(entries.next().await.unwrap().unwrap(), tape[0]);
    server.shutdown().await;
}

struct Strict;

impl Math for Strict {
    async fn divide(&self, a: i64, b: i64) -> Result<i64, MathError> {
        a.checked_div(b).ok_or(MathError::DivisionByZero)
    }

    async fn div_mod(&self, a: i64, _: i64) -> Result<(i64, i64), MathError> {
        Err(MathError::OutOfRange { min: 0.0, max: 1.0, at: zbus::types::Timestamp::from_second(a).unwrap() })
    }

    async fn check(&self, error: String, _: u8) -> Result<(), MathError> {
        Err(MathError::OtherError { message: error, code: Some("New".to_owned()), data: None })
    }

    async fn ping(&self) -> Result<(), Plain> {
        std::future::pending().await
    }

    async fn tell(&self, _: String) {}
}

#[tokio::test(start_paused = true)]
async fn declared_errors_arrive_as_themselves_and_others_as_other() {
    let address = "memory://golden-errors";
    let server = Server::new("errors").register(MathServer::new(Strict)).unwrap();
    let server = server.start(address).await.unwrap();
    let math = MathClient::new(Client::connect(address).await.unwrap());

    assert_eq!(math.divide(6, 3).await.unwrap(), 2);
    let error = math.divide(6, 0).await.unwrap_err();
    assert!(matches!(error, CallError::Declared(MathError::DivisionByZero)), "{error}");
    let CallError::Declared(error) = math.div_mod(5, 0).await.unwrap_err() else { panic!("not declared") };
    let at = zbus::types::Timestamp::from_second(5).unwrap();
    assert_eq!(error, MathError::OutOfRange { min: 0.0, max: 1.0, at });
    assert_eq!(error.to_string(), "out of range (Min: 0.0, Max: 1.0, At: 1970-01-01T00:00:05Z)");
    let CallError::Declared(error) = math.check("why", 0).await.unwrap_err() else { panic!("not declared") };
    assert_eq!(error, MathError::OtherError { message: "why".to_owned(), code: Some("New".to_owned()), data: None });

    let from_other_schema = Error::Remote { message: "m".to_owned(), code: Some("OutOfRange".to_owned()), data: None };
    let CallError::Declared(zeros) = MathError::from_call(from_other_schema) else { panic!("not declared") };
    assert_eq!(zeros, MathError::OutOfRange { min: 0.0, max: 0.0, at: zbus::types::zero::timestamp() });
    server.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn time_limit_of_the_schema_gives_way_to_that_of_the_stub() {
    let address = "memory://golden-limits";
    let math = MathClient::new(Client::connect(address).await.unwrap());
    let limit = |error| match error {
        CallError::Bus(Error::NoServer { after: Some(after), .. }) => after,
        error => panic!("{error}"),
    };
    assert_eq!(limit(math.ping().await.unwrap_err()), Duration::from_millis(60_500));
    let hasty = math.with_timeout(Duration::from_millis(7));
    assert_eq!(limit(hasty.ping().await.unwrap_err()), Duration::from_millis(7));
}

fn encoded<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    zbus::wire::encode(value, &mut bytes).unwrap();
    bytes
}

fn travelled<T: Serialize + for<'de> Deserialize<'de>>(value: &T) -> T {
    decode(&encoded(value)).unwrap()
}

#[test]
fn values_come_back_as_they_were_sent() {
    let all = All {
        timestamp: "2024-02-29T12:00:00.5Z".parse().unwrap(),
        duration: zbus::types::Duration::from_millis(-5),
        ip: "10.1.2.3".parse().unwrap(),
        cidr: "10.0.0.0/8".parse().unwrap(),
        mac: "02:00:5e:10:00:01".parse().unwrap(),
        any: "text".into(),
        bytes: vec![0, 255],
        ..All::default()
    };
    assert_eq!(travelled(&all), all);
    assert_eq!(travelled(&All::default()), All::default());
    let optionals = Optionals { list: Some(vec![all.timestamp]), cidr: Some(all.cidr), ..Optionals::default() };
    assert_eq!(travelled(&optionals), optionals);
    let node = Node { value: 1, next: Some(Box::new(Node { value: 2, ..Node::default() })), ..Node::default() };
    assert_eq!(travelled(&node), node);
}

#[test]
fn missing_and_unknown_fields_are_nothing_to_stumble_over() {
    let other: BTreeMap<&str, u8> = BTreeMap::from([("U8", 7), ("New", 1)]);
    let all: All = decode(&encoded(&other)).unwrap();
    assert_eq!(all, All { u8: 7, ..All::default() });
}

#[test]
fn enums_keep_what_they_do_not_know() {
    let uses = Uses {
        level: "loud".into(),
        color: Some(Color::from(9)),
        levels: BTreeMap::from([(Level::Warn, Color::Red)]),
        ..Uses::default()
    };
    assert_eq!(uses.level, Level::Unknown("loud".to_owned()));
    assert_eq!(uses.color, Some(Color::Unknown(9)));
    assert_eq!(travelled(&uses), uses);
    assert_eq!(encoded(&Level::Warn), encoded("warning"));
    assert_eq!(Level::Unknown("warning".to_owned()), Level::Warn);
    let by_level = BTreeMap::from([(Level::Warn, 0), (Level::Info, 1), (Level::from("a"), 2)]);
    assert_eq!(by_level.keys().map(Level::as_str).collect::<Vec<_>>(), ["Info", "a", "warning"]);
    assert_eq!(Signal::Lowest.value(), i16::MIN);
    assert_eq!((Presence::default(), Signal::default()), (Presence::Absent, Signal::None));
    assert_eq!((Level::default(), Color::default()), (Level::Unknown(String::new()), Color::Unknown(0)));
}

#[test]
fn unions_travel_as_their_one_arm() {
    let polygon = Shape::Polygon(vec![Point { x: 1.0, y: 2.0 }]);
    assert_eq!(encoded(&polygon), encoded(&BTreeMap::from([("Polygon", vec![Point { x: 1.0, y: 2.0 }])])));
    #[expect(deprecated, reason = "the arm is")]
    let empty = Shape::Empty;
    assert_eq!(encoded(&empty), encoded("no-thing"));
    let time = "2024-02-29T12:00:00Z".parse().unwrap();
    for shape in
        [polygon, empty, Shape::Seen(time), Shape::Pixels(vec![1]), Shape::Networks(vec![None]), Shape::default()]
    {
        assert_eq!(travelled(&shape), shape);
    }
    let deep = Expression::Sum(vec![Expression::Negated(Some(Box::new(Expression::Number(1.0))))]);
    assert_eq!(travelled(&deep), deep);
}

#[test]
fn types_have_each_trait_that_all_that_they_hold_has() {
    fn every<T: Copy + Eq + Hash + Ord>() {}
    fn all_but_copy<T: Clone + Eq + Hash + Ord>() {}
    every::<derives::Plain>();
    all_but_copy::<derives::Named>();
    all_but_copy::<derives::Link>();
    all_but_copy::<derives::Book>();
    all_but_copy::<derives::Refused>();
    let mut plains = [derives::Plain { id: 2, ..Default::default() }, derives::Plain::default()];
    plains.sort();
    assert_eq!(plains.map(|plain| plain.id), [0, 2]);
}

#[test]
fn unions_keep_the_arm_that_they_do_not_know() {
    let named: Shape = decode(&encoded("Square")).unwrap();
    assert_eq!(named, Shape::UnknownArm { arm: "Square".to_owned(), value: None });
    let carrying = encoded(&BTreeMap::from([("Square", 4_i64)]));
    let unknown: Shape = decode(&carrying).unwrap();
    assert_eq!(unknown, Shape::UnknownArm { arm: "Square".to_owned(), value: Some(4.into()) });
    assert_eq!(encoded(&unknown), carrying);
    let two = encoded(&BTreeMap::from([("Circle", Point::default()), ("Square", Point::default())]));
    assert!(decode::<Shape>(&two).unwrap_err().to_string().contains("one arm"));
}
