//! Tests of services and their callers without a separate broker. Each test has a broker of its own inside the process. Messages are the
//! same bytes as over any other broker.
//!
//! ```
//! # use futures::Stream;
//! # use zbus::Failure;
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../zbus-build/tests/golden/calculator.rs"));
//! # use calculator::{Calculator, CalculatorClient, CalculatorServer, Entry};
//! # struct Calc;
//! # impl Calculator for Calc {
//! #     async fn add(&self, a: f64, b: f64) -> f64 { a + b }
//! #     async fn sum(&self, values: Vec<f64>) -> f64 { values.iter().sum() }
//! #     async fn div_mod(&self, a: i64, b: i64) -> Result<(i64, i64), Failure> { Ok((a / b, a % b)) }
//! #     async fn last(&self, _: u32) -> Vec<Entry> { Vec::new() }
//! #     fn entries(&self) -> impl Stream<Item = Entry> + Send { futures::stream::empty() }
//! # }
//! # /*
//! #[tokio::test]
//! # */
//! # #[tokio::main]
//! async fn adds() -> Result<(), Box<dyn std::error::Error>> {
//!     let calculator = CalculatorClient::new(zbus::testing::serve(CalculatorServer::new(Calc)).await?);
//!     assert_eq!(calculator.add(1.0, 2.0).await?, 3.0);
//!     Ok(())
//! }
//! # fn main() { adds().unwrap() }
//! ```
//!
//! # Faults
//! A [`FaultyBroker`] shows what a service and its callers do when something goes wrong between them. Its [`FaultPlan`] says which messages
//! meet which [`Fault`]: you name them, or a seed draws them.
//!
//! | what happens | to one message | at any time |
//! |---|---|---|
//! | a message is lost, late, or arrives twice | [`Fault::Drop`], [`Fault::Delay`], [`Fault::Duplicate`] | |
//! | all connections are cut | [`Fault::Disconnect`] | [`FaultyBroker::disconnect`] |
//! | the broker stands still | [`Fault::Stall`] | [`FaultyBroker::stall`] |
//! | the broker is out of memory | [`Fault::Full`] | [`FaultyBroker::fill`] |
//! | another broker was promoted, and this one is a replica | [`Fault::ReadOnly`] | [`FaultyBroker::demote`] |
//! | the network is slow | | [`FaultPlan::bytes_per_second`] |
//!
//! ```
//! use std::time::Duration;
//! use zbus::testing::{Fault, FaultPlan, FaultyBroker};
//! use zbus::{Client, Server, UntypedObject};
//!
//! # /*
//! #[tokio::test]
//! # */
//! # #[tokio::main]
//! async fn a_lost_reply_is_a_call_that_may_have_run() -> Result<(), Box<dyn std::error::Error>> {
//!     let broker = FaultyBroker::new(FaultPlan::new().reply(1, Fault::Drop));
//!     let object = UntypedObject::new("calculator").method("Add", |a: i64, b: i64| async move { a + b });
//!     let _server = Server::new("calc").register(object)?.start_with(broker.clone()).await?;
//!     let client = Client::builder().timeout(Duration::from_millis(500)).connect_with(broker.clone()).await?;
//!
//!     let add = || client.request("calc", "calculator", "Add", (1, 2));
//!     assert_eq!(add().await?.get::<i64>()?, 3);
//!     let error = add().await.unwrap_err();
//!     assert!(error.may_have_run(), "{error}");
//!     assert_eq!(broker.struck().len(), 1);
//!     Ok(())
//! }
//!
//! # /*
//! #[tokio::test]
//! # */
//! # #[tokio::main]
//! async fn every_call_ends_whatever_happens() -> Result<(), Box<dyn std::error::Error>> {
//!     for seed in 0..3 {
//!         let broker = FaultyBroker::new(FaultPlan::random(seed).one_in(3));
//!         let object = UntypedObject::new("calculator").method("Add", |a: i64, b: i64| async move { a + b });
//!         let _server = Server::new("calc").register(object)?.start_with(broker.clone()).await?;
//!         let client = Client::builder().timeout(Duration::from_millis(500)).connect_with(broker.clone()).await?;
//!         for number in 0..10 {
//!             match client.request("calc", "calculator", "Add", (number, 1)).await {
//!                 Ok(sum) => assert_eq!(sum.get::<i64>()?, number + 1, "seed {seed}"),
//!                 Err(error) => println!("seed {seed}: {error}, after {:?}", broker.struck()),
//!             }
//!         }
//!     }
//!     Ok(())
//! }
//! # fn main() {
//! #     a_lost_reply_is_a_call_that_may_have_run().unwrap();
//! #     every_call_ends_whatever_happens().unwrap();
//! # }
//! ```

mod faulty;
mod plan;

pub use faulty::{FaultyBroker, Struck};
pub use plan::{Fault, FaultPlan, Traffic};
use uuid::Uuid;

use crate::client::Client;
use crate::error::Error;
use crate::server::{Object, RegisterError, Server};

/// Serves an object under the module that its schema names, over a new broker inside this process, and returns a client of that broker.
///
/// The server drains and ends once all clones of the client are gone, or with the runtime. For a test that needs an address, use
/// `Server::start` and `Client::connect` with one `memory://name`.
///
/// # Errors
/// [`TestingError`] if the object cannot be served.
pub async fn serve<O: Object>(object: O) -> Result<Client, TestingError> {
    let module = object.module().unwrap_or("testing").to_owned();
    Ok(start(Server::new(module).register(object)?).await?)
}

/// Starts a server, with all its objects and settings, as [`serve`] does.
///
/// # Errors
/// Those of [`Server::start`].
pub async fn start(server: Server) -> Result<Client, Error> {
    let address = format!("memory://zbus-testing-{}", Uuid::new_v4());
    let running = server.start(&address).await?;
    let client = Client::connect(&address).await?;
    let closed = client.closed();
    tokio::spawn(async move {
        closed.cancelled().await;
        running.shutdown().await;
    });
    Ok(client)
}

/// Why an object cannot be served for a test.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TestingError {
    /// The object cannot be registered.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// The server cannot be started.
    #[error(transparent)]
    Start(#[from] Error),
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use serde_with::Same;

    use super::*;
    use crate::ObjectId;
    use crate::client::RemoteObject;
    use crate::server::{Call, Rejection, Returns};

    /// Adds one, as an object of this name.
    struct Adder(&'static str, Option<&'static str>);

    impl Object for Adder {
        fn id(&self) -> ObjectId {
            ObjectId::from_static(self.0, "1.0")
        }

        fn module(&self) -> Option<&str> {
            self.1
        }

        async fn call(&self, call: Call) -> Result<Returns, Rejection> {
            let number: u8 = call.arguments(1)?.next::<Same, u8>("number")?;
            let mut returns = call.returns();
            returns.value::<Same, u8>(&(number + 1))?;
            Ok(returns)
        }
    }

    async fn add_one(client: &Client, module: &str, object: &'static str) -> Result<u8, Error> {
        let object = RemoteObject::new(client.clone(), module, ObjectId::from_static(object, "1.0"));
        let object = object.with_timeout(Duration::from_secs(10));
        let mut request = object.request("AddOne");
        request.argument::<Same, u8>("number", &1)?;
        request.call(1).await?.value::<Same, u8>()
    }

    #[tokio::test]
    async fn object_is_served_under_its_own_module_and_apart_from_others() {
        let first = serve(Adder("adder", Some("math"))).await.unwrap();
        let second = serve(Adder("other", None)).await.unwrap();
        assert_eq!(add_one(&first, "math", "adder").await.unwrap(), 2);
        assert_eq!(add_one(&second, "testing", "other").await.unwrap(), 2);
        let both = Server::new("math").register(Adder("adder", Some("math"))).unwrap();
        let third = start(both.register(Adder("other", None)).unwrap()).await.unwrap();
        assert_eq!(add_one(&third, "math", "other").await.unwrap(), 2);
        // Each has the objects of its own test alone.
        let objects = |client: Client| async move { client.status("math").await.unwrap().objects.len() };
        assert_eq!((objects(first).await, objects(third).await), (1, 2));
        let refused = serve(Adder("zbus", None)).await.unwrap_err();
        assert!(refused.to_string().contains("`zbus@1.0` is the server's own object"), "{refused}");
    }

    #[tokio::test]
    async fn server_ends_with_the_last_clone_of_its_client() {
        struct Held(#[expect(dead_code, reason = "it is dropped with its server")] Arc<()>);
        impl Object for Held {
            fn id(&self) -> ObjectId {
                ObjectId::from_static("held", "1.0")
            }

            async fn call(&self, call: Call) -> Result<Returns, Rejection> {
                Err(call.unknown_method())
            }
        }
        let held = Arc::new(());
        let client = serve(Held(Arc::clone(&held))).await.unwrap();
        let clone = client.clone();
        drop(client);
        assert_eq!(clone.status("testing").await.unwrap().objects.len(), 1);
        drop(clone);
        let ended = async {
            while Arc::strong_count(&held) > 1 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), ended).await.unwrap();
    }
}
