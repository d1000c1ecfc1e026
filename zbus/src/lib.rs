//! The runtime of zbus, a schema-first message bus for local services.
//!
//! Not to be taken for crates.io's `zbus`, which is a library for D-Bus.
#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod backoff;
pub mod broker;
pub mod client;
mod clock;
pub mod codegen;
mod error;
mod failure;
mod macros;
mod object_id;
mod outbox;
pub mod server;
pub mod status;
pub mod stream;
pub mod types;
pub mod wire;

pub use client::Client;
pub use error::{CallError, Error, RejectionKind};
pub use failure::Failure;
pub use object_id::ObjectId;
pub use server::Server;
pub use stream::{StreamError, Subscription};
pub use wire::Generation;
