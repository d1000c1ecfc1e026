//! The runtime of zbus, a schema-first message bus for local services. It is not related to the crate `zbus` on crates.io, which is a
//! library for D-Bus.
//!
//! You describe the interfaces of a service in a schema, and `zbus_build::compile` generates code from it. This crate carries the calls and
//! events of that code, over Redis or inside the process:
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
//! | `memory://name` | inside the process; everything that connects to the same name shares it |
//!
//! All addresses but `memory://` take the option `busy_poll=off`, too: [see below](#speed).
//!
//! The default port is 6379, the default database 0. In passwords, write `%40` for `@`, `%2F` for `/`, and so on. A `+` is itself. A Redis
//! Cluster is refused. To carry the bus over something else, implement [`broker::Broker`].
//!
//! Between processes of one machine, prefer a unix socket. It takes less processor time than TCP, and the permissions of its file decide who
//! may use the bus.
//!
//! # Speed
//! Calls that are in flight at the same time share round trips. Clone one [`Client`] for all tasks, and let them call concurrently.
//!
//! On a current-thread runtime (`#[tokio::main(flavor = "current_thread")]`) a call takes about half the processor time that it takes on a
//! multi-threaded one. That suits servers whose methods mostly wait. A method that computes or blocks for long holds up everything on that
//! thread, unless its object is [blocking](server::ObjectOptions::blocking).
//!
//! On a current-thread runtime a client or server also polls for the next message for up to 200 µs before it sleeps, if the last one came
//! within 300 µs. Waking up takes longer than most calls: with one call in flight, polling halves the time of a call, even if only one end
//! does it. Between two polls it yields to other tasks and processes. While messages keep coming, polling keeps the processor busy. It soon
//! stops when it finds nothing, or when something else needs the processor. On machines where processor time counts more, such as those with
//! a battery or a quota, `busy_poll=off` in the address turns it off. The project's `docs/benchmarks.md` has the figures.
//!
//! # What happens to a call
//! Every call ends: with its values, or with an [`Error`] at its deadline at the latest. A request is written once and so run at most once,
//! unless its method is [idempotent](client::Request::idempotent). [`Error::may_have_run`] tells whether a failed call may have run. A call
//! waits for a server that has not started yet, and for a broker that is out of reach. A server takes only as many requests as it has free
//! workers. When it is stopped, it answers those that it has taken.
//!
//! # Testing a service
//! [`testing::serve`] serves any object over a broker inside the process, and returns a client:
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
//! [`blocking::Client`] is for programs that have no async runtime. `.blocking(true)` in the build script generates stubs for it.
//!
//! # Cancellation
//! Dropping the future of a call cancels the call. If no server has taken the request yet, it is withdrawn. Otherwise the server drops the
//! future of the method, as it does at the deadline of the call. A method finds the deadline, and what its caller says about itself, in its
//! [`Context`].
#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

#[cfg(any(test, fuzzing))]
#[doc(hidden)]
#[allow(clippy::expect_used, clippy::missing_panics_doc, reason = "a panic is how a broken rule is found")]
pub mod any_bytes;
mod any_value;
mod backoff;
pub mod blocking;
pub mod broker;
mod causes;
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
mod rejection_kind;
mod scheduling;
pub mod server;
pub mod status;
pub mod stream;
mod telemetry;
pub mod testing;
pub mod types;
mod unix_time;
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
pub use wire::{Generation, InvalidText};
