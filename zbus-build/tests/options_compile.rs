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

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use futures::{Stream, StreamExt};
use zbus::codegen::{Deserialize, Serialize};
use zbus::types::Bytes;
use zbus::{CallError, Client, Failure, Server};

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
