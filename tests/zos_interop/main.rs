//! Four modules of Zero-OS on one bus with the Go library, both ways: every method and every stream of theirs, with
//! full values, zero values and errors. The Go side is `tests/peers/zos`; each module has a file here and a package
//! there with the same fixed values.

mod container;
mod gateway;
mod node;
mod vmd;

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Value, json};
use zbus::{Client, Error, Failure, Server};
use zbus_tests::RedisServer;
use zbus_tests::zos::{GoZosServer, go_zos_client};

/// Generated from all schemas of Zero-OS.
mod api {
    zbus::include_schemas!();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_clients_call_every_method_and_hear_every_stream_of_a_go_server() {
    let redis = RedisServer::start();
    let _server = GoZosServer::start(&redis.go_address());
    let client = Client::builder().timeout(Duration::from_secs(10)).connect(&redis.address()).await.unwrap();
    vmd::call(&client).await;
    container::call(&client).await;
    gateway::call(&client).await;
    node::call(&client).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_go_client_calls_every_method_and_hears_every_stream_of_our_server() {
    let redis = RedisServer::start();
    let mut running = Vec::new();
    for server in [vmd::server(), container::server(), gateway::server(), node::server()] {
        running.push(server.start(&redis.address()).await.unwrap());
    }
    let address = redis.go_address();
    let printed = tokio::task::spawn_blocking(move || go_zos_client(&address)).await.unwrap();
    for server in running {
        server.shutdown().await;
    }

    let expected = [vmd::printed(), container::printed(), gateway::printed(), node::printed()].concat();
    for (printed, expected) in printed.iter().zip(&expected) {
        assert_eq!(printed, expected);
    }
    assert_eq!(printed.len(), expected.len());
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

/// A server of a module with one worker.
fn server_of(module: &str) -> Server {
    Server::new(module).workers(1)
}
