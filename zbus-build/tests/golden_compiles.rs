//! The golden files compile in a crate that warns of everything, and do what their schemas say.
#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, missing_debug_implementations, unreachable_pub, unused_qualifications)]
#![deny(clippy::all, clippy::pedantic, rust_2018_idioms)]

/// What one build has generated, as `zbus::include_schemas!` takes it in.
pub mod schemas {
    include!("golden/zbus_schemas.rs");
}

use std::collections::BTreeMap;
use std::sync::Mutex;

use futures::{Stream, StreamExt};
use zbus::codegen::{Deserialize, Serialize};
use zbus::wire::decode;
use zbus::{Client, Error, Failure, Server};

use schemas::calculator::{Calculator, CalculatorClient, CalculatorEvents, CalculatorServer, Entry, Operation};
use schemas::enums::{Color, Level, Presence, Signal, Uses};
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
fn unions_keep_the_arm_that_they_do_not_know() {
    let named: Shape = decode(&encoded("Square")).unwrap();
    assert_eq!(named, Shape::UnknownArm { arm: "Square".to_owned(), value: None });
    let carrying = encoded(&BTreeMap::from([("Square", 4_u64)]));
    let unknown: Shape = decode(&carrying).unwrap();
    assert_eq!(unknown, Shape::UnknownArm { arm: "Square".to_owned(), value: Some(4.into()) });
    assert_eq!(encoded(&unknown), carrying);
    let two = encoded(&BTreeMap::from([("Circle", Point::default()), ("Square", Point::default())]));
    assert!(decode::<Shape>(&two).unwrap_err().to_string().contains("one arm"));
}
