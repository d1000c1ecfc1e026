//! A peer that behaves as those on `threefoldtech/rbus` do, written from its source: rbus is on no registry.
//!
//! What it does differently from this library and from Go's, each of which can be seen in a test:
//! - a server answers to the list named by the `ID` of a request, whatever its `ReplyTo` is, and sets 300 s for it;
//! - a client waits on the list named by its `ID`, which is its `ReplyTo` too, without a time limit;
//! - a request or reply is a struct whose fields all have to be there, but for errors, and `Data` may not be nil;
//! - beside an error, `Data` is empty: not even a nil;
//! - arguments that are too many are not looked at;
//! - there is no status object;
//! - a server that cannot read a request drops it and sleeps for 2 s;
//! - a method that panics takes its worker along; without workers the server ends.

mod client;
mod protocol;
mod server;
mod service;

pub use client::Client;
pub use protocol::{CallError, Error, Inputs, ObjectName, Output, Request, Response};
pub use server::{Object, Server, ServerTask};
pub use service::{Naming, start_server};

use redis::aio::MultiplexedConnection;

/// A connection that may block for as long as a pop does.
async fn connect(address: &str) -> Result<MultiplexedConnection, Error> {
    let config = redis::AsyncConnectionConfig::new().set_response_timeout(None);
    let client = redis::Client::open(address).map_err(|error| Error::Protocol(error.to_string()))?;
    client
        .get_multiplexed_async_connection_with_config(&config)
        .await
        .map_err(|error| Error::Protocol(format!("failed to get redis connection: {error}")))
}
