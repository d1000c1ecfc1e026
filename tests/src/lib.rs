//! Fixtures of the tests that need real parts: a Redis server, peers on the real Go library, crates of users.
//!
//! Each fixture starts its process when it is made and ends it when it is dropped, waits for events and not for
//! time, and gives up after a bound. Traffic stays on 127.0.0.1 and unix sockets. What is missing on the machine is
//! a failure that says how to install it, so fixtures panic where a library would return an error.

#![allow(clippy::missing_panics_doc, reason = "a fixture that cannot start fails its test")]

pub mod api;
pub mod compatibility;
pub mod crates;
pub mod go;
pub mod ledger;
pub mod log;
mod process;
pub mod proxy;
pub mod rbus;
pub mod redis;
pub mod server;
mod target;
pub mod vectors;
pub mod zos;

pub use crates::{CargoOutput, UserCrate};
pub use go::{Generation, GoServer, Recoder, expected_calls, go_client, go_forget, go_probe};
pub use redis::RedisServer;
pub use server::{start_server, start_server_with_interval};
pub use vectors::{Vector, vector, vectors};
