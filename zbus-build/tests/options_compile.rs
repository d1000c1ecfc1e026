//! The golden files of the options compile in a crate that warns of everything, and what they make travels as without options.
#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, missing_debug_implementations, unreachable_pub, unused_qualifications)]
#![deny(clippy::all, clippy::pedantic, rust_2018_idioms)]

/// As another crate has generated it.
pub mod shared {
    include!("options/shared/zbus_schemas.rs");
}

/// What this build has generated.
pub mod here {
    include!("options/here/zbus_schemas.rs");
}

/// Times of the standard library.
pub mod in_std {
    include!("options/std/zbus_schemas.rs");
}

/// Times of chrono.
pub mod in_chrono {
    include!("options/chrono/zbus_schemas.rs");
}

/// By a path to the crate `zbus`, with methods that a server may leave out.
pub mod renamed {
    include!("options/renamed/zbus_schemas.rs");
}

/// What that path leads to.
pub use zbus as bus;

/// Blocking stubs, for names of every kind.
pub mod blocking {
    include!("options/blocking/zbus_schemas.rs");
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
    include!("examples/options.rs");
}

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use futures::{Stream, StreamExt};
use zbus::codegen::{Deserialize, Serialize};
use zbus::types::Bytes;
use zbus::types::chrono::{DateTime, TimeDelta, Utc};
use zbus::{CallError, Client, Error, Failure, Server};

use here::store::{Counts, Event, Held, Level, Lost, NO_ID, Reading, Store, StoreClient, StoreServer};
use shared::shapes::Point;

/// A type of our own, in place of the schema's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(crate = "zbus::codegen::serde", transparent)]
pub struct Id(String);

struct Shelf;

impl Store for Shelf {
    async fn put(
        &self,
        id: Id,
        data: Bytes,
        more: Option<Bytes>,
        parts: Vec<Bytes>,
    ) -> Result<(HashMap<String, IpAddr>, Bytes), Lost> {
        if id.0.is_empty() {
            return Err(Lost::Data { rest: data, sizes: [("more".to_owned(), 1)].into() });
        }
        let all = [data].into_iter().chain(more).chain(parts);
        Ok((HashMap::from([(id.0, [127, 0, 0, 1].into())]), all.flatten().collect()))
    }

    async fn find(
        &self,
        tags: HashMap<String, IpAddr>,
        ids: Vec<Id>,
        id: Option<Id>,
        counts: Option<Counts>,
        near: Point,
    ) -> Result<Counts, Failure> {
        let counted = tags.len() + ids.len() + usize::from(id.is_some()) + usize::try_from(near.x)?;
        let mut counts = counts.unwrap_or_default();
        counts.insert("all".to_owned(), u32::try_from(counted)?);
        Ok(counts)
    }

    fn blocks(&self) -> impl Stream<Item = Bytes> + Send {
        futures::stream::pending()
    }

    fn points(&self) -> impl Stream<Item = HashMap<i64, Point>> + Send {
        futures::stream::pending()
    }
}

#[tokio::test]
async fn chosen_types_travel_between_client_and_server() {
    let address = "memory://options-store";
    let server = Server::new("options").register(StoreServer::new(Shelf)).unwrap().start(address).await.unwrap();
    let client = Client::connect(address).await.unwrap();
    let store = StoreClient::new(client.clone());
    let id = Id("a".to_owned());

    let (at, data) = store.put(&id, b"1", Some(b"2"), &[Bytes::from_static(b"3")]).await.unwrap();
    assert_eq!((at["a"].to_string().as_str(), &data[..]), ("127.0.0.1", &b"123"[..]));
    let lost = store.put(&Id::default(), b"1", None, &[]).await.unwrap_err();
    let CallError::Declared(lost) = lost else { panic!("not declared") };
    assert_eq!(lost, Lost::Data { rest: Bytes::from_static(b"1"), sizes: [("more".to_owned(), 1)].into() });

    let tags = HashMap::from([("t".to_owned(), [10, 0, 0, 1].into())]);
    let counts = Counts::from([("old".to_owned(), 1)]);
    let near = Point { x: 4, y: 0 };
    let found = store.find(&tags, &[id.clone(), id.clone()], Some(&id), Some(&counts), &near).await.unwrap();
    assert_eq!(found, Counts::from([("old".to_owned(), 1), ("all".to_owned(), 8)]));

    let mut blocks = store.blocks().await.unwrap();
    let events = here::store::StoreEvents::new(client);
    events.blocks(b"block").await.unwrap();
    assert_eq!(blocks.next().await.unwrap().unwrap(), &b"block"[..]);
    let mut points = store.points().await.unwrap();
    events.points(&HashMap::from([(1, near)])).await.unwrap();
    assert_eq!(points.next().await.unwrap().unwrap(), HashMap::from([(1, near)]));
    server.shutdown().await;
}

#[tokio::test]
async fn blocking_stub_gives_the_values_errors_and_events_of_the_other() {
    let address = "memory://options-blocking";
    let server = Server::new("options").register(StoreServer::new(Shelf)).unwrap().start(address).await.unwrap();
    let events = here::store::StoreEvents::new(Client::connect(address).await.unwrap());
    let (subscribed, is_subscribed) = tokio::sync::oneshot::channel();
    let calling = std::thread::spawn(move || {
        let client = zbus::blocking::Client::connect(address).unwrap();
        let store = here::store::blocking::StoreClient::new(client.clone());
        let (at, data) = store.put(&Id("a".to_owned()), b"1", None, &[Bytes::from_static(b"2")]).unwrap();
        assert_eq!((at["a"].to_string().as_str(), &data[..]), ("127.0.0.1", &b"12"[..]));
        let lost = store.put(&Id::default(), b"1", None, &[]).unwrap_err();
        assert!(matches!(lost, CallError::Declared(Lost::Data { .. })), "{lost}");
        let hasty = store.clone().with_timeout(Duration::from_nanos(1));
        let late = hasty.find(&HashMap::new(), &[], None, None, &Point::default()).unwrap_err();
        assert!(matches!(late, Error::Timeout { .. }), "{late}");

        let mut blocks = store.blocks().unwrap();
        assert!(matches!(blocks.next_timeout(Duration::ZERO), Some(Err(zbus::StreamError::Elapsed(_)))));
        subscribed.send(()).unwrap();
        assert_eq!(blocks.next().unwrap().unwrap(), &b"block"[..]);
        let events = here::store::blocking::StoreEvents::new(client);
        events.blocks(b"of a thread").unwrap();
        assert_eq!(blocks.next().unwrap().unwrap(), &b"of a thread"[..]);
        events
    });
    is_subscribed.await.unwrap();
    events.blocks(b"block").await.unwrap();
    let events = tokio::task::spawn_blocking(|| calling.join().unwrap()).await.unwrap();
    let refused = events.blocks(b"held").unwrap_err();
    assert!(matches!(refused, Error::InAsync), "{refused}");
    server.shutdown().await;
}

/// Of a large object, one method that does not throw, and of another one that does.
struct Few;

impl renamed::calculator::Calculator for Few {
    async fn add(&self, a: f64, b: f64) -> f64 {
        a + b
    }
}

impl renamed::errors::Math for Few {
    async fn divide(&self, a: i64, b: i64) -> Result<i64, renamed::errors::MathError> {
        a.checked_div(b).ok_or(renamed::errors::MathError::DivisionByZero)
    }
}

#[tokio::test]
async fn method_that_a_server_leaves_out_is_rejected_as_not_implemented() {
    use renamed::calculator::{CalculatorClient, CalculatorServer};
    use renamed::errors::{MathClient, MathServer};

    let address = "memory://options-few";
    let calculators = Server::new("calc").register(CalculatorServer::new(Few)).unwrap();
    let calculators = calculators.start(address).await.unwrap();
    let maths = Server::new("errors").register(MathServer::new(Few)).unwrap().start(address).await.unwrap();
    let client = Client::connect(address).await.unwrap();
    let (calculator, math) = (CalculatorClient::new(client.clone()), MathClient::new(client));
    assert_eq!(calculator.add(1.0, 2.0).await.unwrap().to_bits(), 3_f64.to_bits());
    assert_eq!(math.divide(6, 3).await.unwrap(), 2);
    let rejected = |error: Error| match error {
        Error::Rejected { kind: zbus::RejectionKind::UnknownMethod, message, .. } => message,
        error => panic!("{error}"),
    };
    let message = rejected(calculator.sum(&[1.0]).await.unwrap_err());
    assert_eq!(message, "`Sum` of `calculator@1.0` is not implemented by this server");
    assert!(rejected(calculator.last(1).await.unwrap_err()).contains("not implemented"));
    let CallError::Bus(error) = math.check("a", 1).await.unwrap_err() else { panic!("it threw") };
    assert!(rejected(error).contains("not implemented"));
    // The next call of the same worker is none of that.
    assert_eq!(math.divide(6, 3).await.unwrap(), 2);
    calculators.shutdown().await;
    maths.shutdown().await;
}

#[tokio::test]
#[should_panic(expected = "this method is not implemented")]
async fn method_that_a_server_leaves_out_panics_without_a_call() {
    renamed::calculator::Calculator::sum(&Few, Vec::new()).await;
}

fn encoded<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    zbus::wire::encode(value, &mut bytes).unwrap();
    bytes
}

fn travelled<T: Serialize + for<'de> Deserialize<'de>>(value: &T) -> T {
    zbus::wire::decode(&encoded(value)).unwrap()
}

#[test]
fn values_come_back_as_they_were_sent() {
    let reading = Reading {
        id: Id("a".to_owned()),
        tags: HashMap::from([("t".to_owned(), vec![zbus::types::zero::timestamp()])]),
        data: Bytes::from_static(&[0, 255]),
        near: Some(Point { x: 1, y: 2 }),
        marks: HashMap::from([("m".to_owned(), Point::default())]),
        kept: BTreeMap::from([(Level::Low, Bytes::from_static(&[1]))]),
        ..Reading::default()
    };
    assert_eq!(travelled(&reading), reading);
    let counts = Event::Count((0..50).map(|number| (number.to_string(), number)).collect());
    for event in [Event::Read(reading), Event::Raw(vec![1]), Event::Ids(vec![Id(NO_ID.to_owned())]), counts] {
        assert_eq!(travelled(&event), event);
    }
}

#[test]
fn keys_of_a_hash_map_are_written_sorted() {
    let hashed: HashMap<_, _> = (0..50_u32).map(|number| (number.to_string(), number)).collect();
    let sorted: BTreeMap<_, _> = hashed.clone().into_iter().collect();
    assert_eq!(encoded(&Event::Count(hashed)), encoded(&BTreeMap::from([("Count", sorted)])));
}

#[test]
fn attribute_gives_a_trait_that_an_external_type_has() {
    let held = Held { id: Some(Id::default()), point: Point::default() };
    assert!(std::collections::HashSet::from([held.clone()]).contains(&held));
}

struct Std;

impl in_std::times::Times for Std {
    async fn r#move(
        &self,
        slot: in_std::times::Slot,
        by: Duration,
        at: Option<SystemTime>,
        more: Vec<SystemTime>,
    ) -> Result<(in_std::times::Slot, SystemTime), in_std::times::Missed> {
        let until = slot.until.or(at).ok_or(in_std::times::Missed::Late { by, since: slot.from })?;
        let newest = more.into_iter().max().unwrap_or(until);
        Ok((in_std::times::Slot { from: slot.from + by, until: Some(until), ..slot }, newest))
    }

    async fn total(&self, spans: in_std::times::Spans, breaks: Vec<Duration>) -> Duration {
        spans.into_values().chain(breaks).sum()
    }

    fn ticks(&self) -> impl Stream<Item = SystemTime> + Send {
        futures::stream::pending()
    }
}

#[tokio::test]
async fn times_of_std_and_chrono_travel_to_each_other() {
    let address = "memory://options-times";
    let server = Server::new("times").register(in_std::times::TimesServer::new(Std)).unwrap();
    let server = server.start(address).await.unwrap();
    let client = Client::connect(address).await.unwrap();
    let times = in_chrono::times::TimesClient::new(client.clone());
    let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();

    let slot = in_chrono::times::Slot {
        from: at("1969-12-31T23:59:59.5Z"),
        length: in_chrono::times::PATIENCE,
        breaks: vec![TimeDelta::nanoseconds(1)],
        marks: [("zero".to_owned(), zbus::types::zero::date_time())].into(),
        ..Default::default()
    };
    let until = at("2024-02-29T12:00:00.000000001Z");
    let (moved, newest) = times.r#move(&slot, TimeDelta::seconds(1), Some(until), &[slot.from]).await.unwrap();
    let from = at("1970-01-01T00:00:00.5Z");
    assert_eq!(moved, in_chrono::times::Slot { from, until: Some(until), ..slot.clone() });
    assert_eq!(newest, slot.from);

    let late = times.r#move(&slot, TimeDelta::seconds(1), None, &[]).await.unwrap_err();
    let CallError::Declared(late) = late else { panic!("not declared") };
    assert_eq!(late, in_chrono::times::Missed::Late { by: TimeDelta::seconds(1), since: slot.from });

    let spans = in_chrono::times::Spans::from([("a".to_owned(), TimeDelta::seconds(2))]);
    assert_eq!(times.total(&spans, &[TimeDelta::milliseconds(1)]).await.unwrap(), TimeDelta::milliseconds(2001));
    let refused = times.total(&spans, &[in_chrono::times::BEFORE]).await.unwrap_err();
    let words = "the argument `breaks` is not what it should be: the duration -PT1S is negative, which `std::time::Duration` cannot be";
    assert!(matches!(&refused, Error::Rejected { message, .. } if message == words), "{refused}");

    let mut ticks = times.ticks().await.unwrap();
    in_std::times::TimesEvents::new(client).ticks(SystemTime::UNIX_EPOCH).await.unwrap();
    assert_eq!(ticks.next().await.unwrap().unwrap(), DateTime::UNIX_EPOCH);
    server.shutdown().await;
    assert_eq!(in_std::times::PATIENCE, Duration::from_secs(90));
    assert!(in_std::times::BEFORE.is_negative());
}
