//! The modules of Zero-OS on one bus with the Go library, both ways: every method and every stream of theirs, with
//! full values, zero values and errors. The Go side is `tests/interop/peers/zos`; each module has a file here and a package
//! there with the same fixed values.

mod container;
mod flist;
mod gateway;
mod identity;
mod node;
mod registrar;
mod vmd;
mod web;
mod zui;

use std::collections::{BTreeSet, HashMap};
use std::fmt::Debug;
use std::sync::Mutex;
use std::time::Duration;

use futures::{Stream, StreamExt};
use serde_json::{Value, json};
use zbus::{Client, Error, Failure, Server, Subscription};
use zbus_idl::schema::Throws;
use zbus_tests::RedisServer;
use zbus_tests::zos::{GoZosServer, go_zos_client};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_clients_call_every_method_and_hear_every_stream_of_a_go_server() {
    let redis = RedisServer::start();
    let _server = GoZosServer::start(&redis.go_address());
    let client = Client::builder().timeout(Duration::from_secs(10)).connect(&redis.address()).await.unwrap();
    vmd::call(&client).await;
    container::call(&client).await;
    gateway::call(&client).await;
    node::call(&client).await;
    web::call(&client).await;
    identity::call(&client).await;
    flist::call(&client).await;
    registrar::call(&client).await;
    zui::call(&client).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_go_client_calls_every_method_and_hears_every_stream_of_our_server() {
    let redis = RedisServer::start();
    let mut running = Vec::new();
    for server in [
        vmd::server(),
        container::server(),
        gateway::server(),
        node::server(),
        web::server(),
        identity::server(),
        flist::server(),
        registrar::server(),
        zui::server(),
    ] {
        running.push(server.start(&redis.address()).await.unwrap());
    }
    let address = redis.go_address();
    let printed = tokio::task::spawn_blocking(move || go_zos_client(&address)).await.unwrap();
    for server in running {
        server.shutdown().await;
    }

    let expected = expected();
    for (printed, expected) in printed.iter().zip(&expected) {
        assert_eq!(printed, expected);
    }
    assert_eq!(printed.len(), expected.len());
}

#[test]
fn every_member_is_called_and_whatever_throws_is_seen_to() {
    let loader = zbus_build::FileLoader::new(Vec::new());
    let stems = ["api-gateway", "container", "flist", "gateway", "identityd", "node", "registrar", "vmd", "zui"];
    let paths = stems.map(|stem| format!("{}/../schemas/zos/{stem}.zbus", env!("CARGO_MANIFEST_DIR")));
    let schema = zbus_idl::compile(&paths.each_ref().map(String::as_str), &loader).unwrap();
    let mut members = BTreeSet::new();
    for object in &schema.objects {
        let module = schema[object.file].module.as_deref().unwrap();
        let mut add =
            |member: &str, throws: bool| members.insert((format!("{module}.{}.{member}", object.name), throws));
        for method in &object.methods {
            add(&method.wire_name, false);
            if method.throws != Throws::Never {
                add(&method.wire_name, true);
            }
        }
        for stream in &object.streams {
            add(&stream.wire_name, false);
        }
    }
    let expected = expected();
    let seen = expected.iter().map(|line| (line["name"].as_str().unwrap().to_owned(), !line["error"].is_null()));
    let seen: BTreeSet<_> = seen.collect();
    assert_eq!(members.symmetric_difference(&seen).collect::<Vec<_>>(), Vec::<&(String, bool)>::new());
}

/// All that the Go client prints of our servers.
fn expected() -> Vec<Value> {
    [
        vmd::printed(),
        container::printed(),
        gateway::printed(),
        node::printed(),
        web::printed(),
        identity::printed(),
        flist::printed(),
        registrar::printed(),
        zui::printed(),
    ]
    .concat()
}

/// A line of the Go client: what it decoded, one value for each result but the error.
fn returned<const N: usize>(name: &str, values: [Value; N]) -> Value {
    json!({"name": name, "values": Vec::from(values), "error": null})
}

/// The like of a call that ended in an error; the values are what lay beside it.
fn threw<const N: usize>(name: &str, values: [Value; N], error: &str) -> Value {
    json!({"name": name, "values": Vec::from(values), "error": error})
}

/// An error that shows both, unless the arguments that arrived are those that were due.
fn expect<T: Debug + PartialEq>(got: &T, due: &T) -> Result<(), Failure> {
    if got == due { Ok(()) } else { Err(Failure::new(format!("got {got:?}, want {due:?}"))) }
}

/// The message of a call whose method returned an error.
fn message<T: Debug>(result: Result<T, Error>) -> String {
    match result.unwrap_err() {
        Error::Remote { message, code: None, .. } => message,
        error => panic!("{error:?}"),
    }
}

/// Counts the calls of methods that have no argument to tell them apart.
#[derive(Debug, Default)]
struct Turns(Mutex<HashMap<&'static str, u32>>);

impl Turns {
    /// 1 for the first call of the method, 2 for the second, and so on.
    fn take(&self, method: &'static str) -> u32 {
        let mut taken = self.0.lock().unwrap();
        let turn = taken.entry(method).or_default();
        *turn += 1;
        *turn
    }
}

/// A stream that comes around to who subscribes late.
fn repeat<T: Clone + Send + 'static>(event: T) -> impl Stream<Item = T> + Send {
    let interval = tokio::time::interval(Duration::from_millis(20));
    tokio_stream::wrappers::IntervalStream::new(interval).map(move |_| event.clone())
}

/// The next event.
async fn first<T: Debug>(mut events: Subscription<T>) -> T {
    events.next().await.unwrap().unwrap()
}

/// A server of a module with one worker.
fn server_of(module: &str) -> Server {
    Server::new(module).workers(1)
}
