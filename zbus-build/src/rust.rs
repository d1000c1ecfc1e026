//! The Rust backend: a [`Schema`] in, formatted source files out. It reads no files and knows no cargo.
//!
//! `names` allocates every identifier, `types` writes types; each template then makes one kind of item, as tokens or, where a schema
//! has many, by `texts`; `module` puts a file's items together, and `print` makes text of their tokens.

mod consts;
mod derives;
mod docs;
mod enums;
mod errors;
mod imports;
pub(crate) mod module;
mod names;
mod nesting;
mod objects;
mod places;
mod print;
mod selector;
mod settings;
mod shortening;
mod structs;
mod texts;
mod threads;
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
    /// With blocking stubs, which are made over the client stubs and the publishers of events.
    pub blocking: bool,
    /// Objects of which a server need not implement every method: selectors. See
    /// [`Builder::optional_methods`](crate::Builder::optional_methods).
    pub optional_methods: Vec<String>,
    /// The path of the crate `zbus`, if it is not `zbus`. See [`Builder::zbus_path`](crate::Builder::zbus_path).
    pub zbus_path: Option<String>,
    /// Attributes for types: selector and text. See [`Builder::type_attribute`](crate::Builder::type_attribute).
    pub type_attributes: Vec<(String, String)>,
    /// Attributes for fields, members, arms and variants.
    pub field_attributes: Vec<(String, String)>,
    /// Rust types in place of generated ones: selector and path.
    pub extern_types: Vec<(String, String)>,
    /// Modules of other crates in place of generated ones: stem and path.
    pub extern_schemas: Vec<(String, String)>,
    /// What maps become, by selector. The last one that matches holds.
    pub map_types: Vec<(String, MapType)>,
    /// What `bytes` become, by selector. The last one that matches holds.
    pub bytes_types: Vec<(String, BytesType)>,
    /// What timestamps and durations become, by selector. The last one that matches holds.
    pub time_types: Vec<(String, TimeType)>,
    /// How errors name these options.
    pub spelling: Spelling,
}

/// How an error names an option: as the user has written it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Spelling {
    /// As a method of [`Builder`](crate::Builder).
    #[default]
    Method,
    /// As a flag of `zbusc gen`.
    Flag,
}

impl Spelling {
    /// An option without a selector.
    fn option(self, option: &str, value: &str) -> String {
        let value = value.escape_debug();
        match self {
            Self::Method => format!("`Builder::{option}(\"{value}\")`"),
            Self::Flag => format!("`--{} {value}`", option.replace('_', "-")),
        }
    }

    /// An option for what a selector names.
    fn selecting(self, option: &str, selector: &str) -> String {
        let selector = selector.escape_debug();
        match self {
            Self::Method => format!("`Builder::{option}(\"{selector}\", …)`"),
            Self::Flag => format!("`--{} {selector}=…`", option.replace('_', "-")),
        }
    }
}

/// What a `map` of a schema becomes. Either is written with its keys sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum MapType {
    /// [`std::collections::BTreeMap`]
    #[default]
    BTreeMap,
    /// [`std::collections::HashMap`]. To write it sorted takes a list of references to its entries each time.
    HashMap,
}

/// What `bytes` of a schema become.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum BytesType {
    /// `Vec<u8>`
    #[default]
    Vec,
    /// `zbus::types::Bytes`, which is the `bytes` crate's: a clone shares the content.
    Bytes,
}

/// What a `timestamp` and a `duration` of a schema become. A time that the type cannot hold is an error of the call that carries it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimeType {
    /// `jiff::Timestamp`, years -9999 to 9999, and `jiff::SignedDuration`; `zbus::types` has both.
    #[default]
    Jiff,
    /// [`std::time::SystemTime`] and [`std::time::Duration`], which is never negative: Go's is, and reading such a one is an error.
    Std,
    /// `chrono::DateTime<chrono::Utc>` and `chrono::TimeDelta`, in `zbus::types::chrono`: for the feature `chrono` of `zbus`.
    Chrono,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            client: true,
            server: true,
            blocking: false,
            optional_methods: Vec::new(),
            zbus_path: None,
            type_attributes: Vec::new(),
            field_attributes: Vec::new(),
            extern_types: Vec::new(),
            extern_schemas: Vec::new(),
            map_types: Vec::new(),
            bytes_types: Vec::new(),
            time_types: Vec::new(),
            spelling: Spelling::default(),
        }
    }
}

/// What a user of the generated code has to know to compile it, if there is something.
pub fn warning(schema: &Schema) -> Option<String> {
    nesting::warning(schema)
}

/// Generates a file for each schema file, `zbus_schemas.rs`, which includes them all, and `zbus_stems.rs`, which names them.
pub fn generate(schema: &Schema, options: &Options) -> Result<Vec<GeneratedFile>, Error> {
    let has_streams = || schema.objects.iter().any(|object| !object.streams.is_empty());
    if options.blocking && !options.client && !(options.server && has_streams()) {
        let events = if options.server { ", and there are no events to publish" } else { "" };
        let (blocking, client) = match options.spelling {
            Spelling::Method => ("Builder::blocking(true)", "Builder::client(false)"),
            Spelling::Flag => ("--blocking", "--server-only"),
        };
        return Err(Error::option(format!(
            "`{blocking}` is for stubs over those that `{client}` leaves out{events}; leave one of the two out"
        )));
    }
    nesting::check(schema)?;
    module::files(schema, options)
}
