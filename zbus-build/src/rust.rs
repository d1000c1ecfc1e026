//! The Rust backend: a [`Schema`] in, formatted source files out. It reads no files and knows no cargo.
//!
//! `names` allocates every identifier, `types` writes types; each template then prints one kind of item, and `module`
//! puts a file's items together.

mod consts;
mod derives;
mod docs;
mod enums;
mod errors;
mod module;
mod names;
mod objects;
mod structs;
mod support;
mod types;
mod unions;

use zbus_idl::schema::Schema;

use crate::error::Error;
use crate::output::GeneratedFile;

/// What the generated code contains.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// With client stubs.
    pub client: bool,
    /// With server traits, server types and publishers of events.
    pub server: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { client: true, server: true }
    }
}

/// Generates a file for each schema file, and `zbus_schemas.rs`, which includes them all.
pub fn generate(schema: &Schema, options: &Options) -> Result<Vec<GeneratedFile>, Error> {
    support::check(schema)?;
    module::files(schema, options)
}
