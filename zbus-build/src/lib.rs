//! Compiles `.zbus` schemas to Rust, from a `build.rs`:
//!
//! ```no_run
//! // build.rs
//! fn main() -> Result<(), zbus_build::Error> {
//!     zbus_build::compile("schemas/calculator.zbus")
//! }
//! ```
//!
//! ```toml
//! # Cargo.toml
//! [dependencies]
//! zbus = { path = "…" }
//!
//! [build-dependencies]
//! zbus-build = { path = "…" }
//! ```
//!
//! The crate then has the code in with `zbus::include_schema!("calculator");`, which stands for a `mod calculator`: the
//! schema's types, and for each of its objects a trait to serve it, a client and a publisher of its events.
//!
//! Each schema, an imported one too, becomes a file of its own, and refers to what it imports as `super::stem`; one
//! `zbus::include_schemas!();` has all files of a build in, side by side. [`Builder`] takes several schemas, include
//! folders and more.
//!
//! A broken schema breaks the build, with every mistake of every file at once.
//!
//! # What the types derive
//! Every type is `Clone`, `Debug`, `PartialEq` and `Default` (errors are not `Default`), and travels by serde; a type has `Copy`, `Eq`, `Hash`,
//! and `PartialOrd` with `Ord`, where all that it holds has it. So a field that is added can take one away: `Copy` the first `string`,
//! `Eq` the first `f64`. Unions keep arms that they do not know, with any value, and have none of these.
//!
//! # A say in the types
//! [`Builder`] adds attributes and derives ([`type_attribute`](Builder::type_attribute), [`field_attribute`](Builder::field_attribute)),
//! puts Rust types in place of generated ones ([`extern_type`](Builder::extern_type)), shares the types of a schema between crates
//! ([`extern_schema`](Builder::extern_schema)), and chooses what maps, bytes and times become ([`map_type`](Builder::map_type),
//! [`bytes_type`](Builder::bytes_type), [`time_type`](Builder::time_type)). An option that matches nothing is an error, which names what it may have meant.

pub mod acl;
mod builder;
mod cargo;
mod error;
mod loader;
mod output;
pub mod rust;

use std::path::Path;

pub use builder::Builder;
pub use error::Error;
pub use loader::FileLoader;
pub use output::{GeneratedFile, check_others, write};
pub use rust::{BytesType, MapType, TimeType};

/// Compiles a schema and what it imports into cargo's `OUT_DIR`: the short way, for a `build.rs`.
///
/// A relative path starts at the crate's folder. See [`Builder::compile`].
pub fn compile(schema: impl AsRef<Path>) -> Result<(), Error> {
    Builder::new().schema(schema).compile()
}
