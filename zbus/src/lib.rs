//! The runtime of zbus, a schema-first message bus for local services. Not to be taken for crates.io's `zbus`, which is a library for
//! D-Bus.
//!
//! The interfaces of a process stand in a schema, which `zbus_build::compile` turns into code; this crate carries their calls and events,
//! over Redis or inside the process:
//!
//! ```
//! use futures::{Stream, StreamExt};
//! use zbus::{Client, Failure, Server};
//!
//! # /*
//! zbus::include_schema!("calculator"); // mod calculator { … }
//! # */
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../zbus-build/tests/golden/calculator.rs"));
//! use calculator::{Calculator, CalculatorClient, CalculatorServer, Entry};
//!
//! struct Calc;
//!
//! impl Calculator for Calc {
//!     async fn add(&self, a: f64, b: f64) -> f64 {
//!         a + b
//!     }
//!
//!     async fn sum(&self, values: Vec<f64>) -> f64 {
//!         values.iter().sum()
//!     }
//!
//!     async fn div_mod(&self, a: i64, b: i64) -> Result<(i64, i64), Failure> {
//!         let quotient = a.checked_div(b).ok_or_else(|| Failure::new("division by zero"))?;
//!         Ok((quotient, a % b))
//!     }
//!
//!     async fn last(&self, count: u32) -> Vec<Entry> {
//!         vec![Entry::default(); count.min(1) as usize]
//!     }
//!
//!     fn entries(&self) -> impl Stream<Item = Entry> + Send {
//!         futures::stream::repeat_with(Entry::default).take(3)
//!     }
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let address = "memory://docs"; // or redis://127.0.0.1:6379
//!     let server = Server::new("calc").register(CalculatorServer::new(Calc))?.start(address).await?;
//!
//!     let calculator = CalculatorClient::new(Client::connect(address).await?);
//!     assert_eq!(calculator.add(1.0, 2.0).await?, 3.0);
//!     assert_eq!(calculator.div_mod(1, 0).await.unwrap_err().to_string(), "division by zero");
//!
//!     server.shutdown().await;
//!     Ok(())
//! }
//! ```
//!
//! # Addresses
//! | address | broker |
//! |---|---|
//! | `unix:///path[?db=number&user=name&password=text]` | Redis or Valkey on a socket; `unix://password@/path` and `unix://user:password@/path`, too |
//! | `redis://[user:password@]host[:port][/database]` | the same over TCP (`valkey://` is the same); a password alone is `:password@` |
//! | `rediss://…[?ca=file&cert=file&key=file]` | the same over TLS, with the feature `tls`; `ca` is the one authority to trust, in place of the system's, `cert` and `key` are the client's own, all PEM files |
//! | `tcp://[password@]host[:port]` | as the Go library writes it; `tcp://user:password@…/database`, which Go has not, too |
//! | `memory://name` | inside the process, shared by all who open the name |
//!
//! All but `memory://` take `busy_poll=off` as an option, too: [see below](#speed).
//!
//! Without a port it is 6379, without a database 0. In passwords, `%40` is `@`, `%2F` is `/`, and so on. A Redis Cluster is refused.
//! Anything else carries the bus where [`broker::Broker`] is implemented for it.
//!
//! Between processes of one machine a unix socket is the first choice: it takes less processor time than TCP, and the permissions of its
//! file say who may use the bus.
//!
//! # Speed
//! What is under way at once shares round trips: clone one [`Client`] for all tasks, and let them call side by side. On a runtime of one
//! thread (`#[tokio::main(flavor = "current_thread")]`) a call takes about half the processor time that it takes on one of several. It
//! suits servers whose methods wait for others; one that computes or blocks for long holds up all that runs there, unless its object is
//! [blocking](server::ObjectOptions::blocking).
//!
//! There, too, a client or server whose last message came within 300 µs looks for the next one for up to 200 µs before it sleeps, as
//! waking up takes longer than most calls: with one call in flight it takes about half the time, and it is enough that one end does so.
//! Between two looks other tasks and other processes have their turn. As long as messages keep coming its processor is busy, where it
//! would have slept for some of the time; where looking is in vain, or somebody else computes, it soon stops. `busy_poll=off` in the
//! address has it sleep at once, for machines on which processor time counts more: batteries, or a quota. The project's
//! `docs/benchmarks.md` has the figures.
//!
//! # What happens to a call
//! It ends: with its values, or an [`Error`] at its deadline at the latest. A request is written once, and so run at most once, unless
//! its method is [idempotent](client::Request::idempotent); [`Error::may_have_run`] tells whether it may have been. A client's call
//! waits for a server that is not there yet, and for a broker that is out of reach. A server takes no more than it has free workers
//! for; what it has taken when it is stopped it answers.
//!
//! # Testing a service
//! [`testing::serve`] gives a client of any object, over a broker inside the process:
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
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let client = zbus::testing::serve(CalculatorServer::new(Calc)).await?;
//! let calculator = CalculatorClient::new(client);
//! assert_eq!(calculator.add(1.0, 2.0).await?, 3.0);
//! # Ok(())
//! # }
//! ```
//!
//! # Without async
//! [`blocking::Client`] is for programs that have no async runtime; stubs over it come from `.blocking(true)` of the build.
//!
//! # Cancellation
//! Dropping the future of a call gives the call up: it is withdrawn if no server has taken it yet; otherwise the server is told, and
//! drops the future of the method, as it does at the deadline of the call. What a method may know of this and of its caller it finds in
//! its [`Context`].
#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

#[cfg(any(test, fuzzing))]
#[doc(hidden)]
#[allow(clippy::expect_used, clippy::missing_panics_doc, reason = "what does not hold shall be found")]
pub mod any_bytes;
mod backoff;
pub mod blocking;
pub mod broker;
pub mod client;
mod clock;
pub mod codegen;
mod context;
mod drops;
mod error;
mod failure;
mod lag;
mod log_limit;
mod macros;
mod object_id;
mod outbox;
pub mod server;
pub mod status;
pub mod stream;
mod telemetry;
pub mod testing;
mod threads;
pub mod types;
pub mod untyped;
pub mod wire;

pub use client::{CallOptions, Client, ReplyMode};
pub use error::{CallError, Error, Fate, RejectionKind};
pub use failure::Failure;
pub use lag::Lag;
pub use object_id::ObjectId;
pub use server::{Context, Server};
pub use stream::{StreamError, Subscription};
pub use untyped::UntypedObject;
pub use wire::Generation;
