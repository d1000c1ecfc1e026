//! The options of generated Rust on a command line: those of a build script's `Builder`, by the same names.

use clap::Args;
use zbus_build::rust::{BytesType, MapType, Options, Spelling, TimeType};

/// A selector and what is for it.
type Pair<T> = (String, T);

#[derive(Args)]
#[command(
    next_help_heading = "Options of Rust, as `zbus_build::Builder` has them; a selector is `stem.Type.Member`, `*` any one name"
)]
pub(crate) struct RustOptions {
    /// Without server traits, server types and publishers of events
    #[arg(long)]
    client_only: bool,
    /// Without client stubs
    #[arg(long, conflicts_with = "client_only")]
    server_only: bool,
    /// With blocking stubs, for programs without async
    #[arg(long)]
    blocking: bool,
    /// Lets a server leave out methods of these objects, as in `calculator.Calculator`; can be repeated
    #[arg(long, value_name = "SELECTOR")]
    optional_methods: Vec<String>,
    /// Where the code finds the crate `zbus`, if that is not its name, as in `::bus`
    #[arg(long, value_name = "PATH")]
    zbus_path: Option<String>,
    /// Attributes for types, as in `calculator.Entry=#[derive(PartialOrd)]`; can be repeated, as all that follow
    #[arg(long, value_name = "SELECTOR=ATTRIBUTE", value_parser = text)]
    type_attribute: Vec<Pair<String>>,
    /// Attributes for fields, members, arms and variants
    #[arg(long, value_name = "SELECTOR=ATTRIBUTE", value_parser = text)]
    field_attribute: Vec<Pair<String>>,
    /// A Rust type in place of a generated one, as in `calculator.Id=uuid::Uuid`
    #[arg(long, value_name = "TYPE=PATH", value_parser = text)]
    extern_type: Vec<Pair<String>>,
    /// Another crate's module in place of that of an imported schema, as in `geometry=shapes::geometry`
    #[arg(long, value_name = "STEM=PATH", value_parser = text)]
    extern_schema: Vec<Pair<String>>,
    /// What maps become: `btree` or `hash`
    #[arg(long, value_name = "SELECTOR=MAP", value_parser = |given: &str| choice(given, &MAPS))]
    map_type: Vec<Pair<MapType>>,
    /// What bytes become: `vec` or `bytes`
    #[arg(long, value_name = "SELECTOR=BYTES", value_parser = |given: &str| choice(given, &BYTES))]
    bytes_type: Vec<Pair<BytesType>>,
    /// What timestamps and durations become: `jiff`, `std` or `chrono`
    #[arg(long, value_name = "SELECTOR=TIME", value_parser = |given: &str| choice(given, &TIMES))]
    time_type: Vec<Pair<TimeType>>,
}

const MAPS: [(&str, MapType); 2] = [("btree", MapType::BTreeMap), ("hash", MapType::HashMap)];
const BYTES: [(&str, BytesType); 2] = [("vec", BytesType::Vec), ("bytes", BytesType::Bytes)];
const TIMES: [(&str, TimeType); 3] = [("jiff", TimeType::Jiff), ("std", TimeType::Std), ("chrono", TimeType::Chrono)];

impl RustOptions {
    pub(crate) fn options(&self) -> Options {
        let mut options = Options::default();
        options.client = !self.server_only;
        options.server = !self.client_only;
        options.blocking = self.blocking;
        options.optional_methods.clone_from(&self.optional_methods);
        options.zbus_path.clone_from(&self.zbus_path);
        options.type_attributes.clone_from(&self.type_attribute);
        options.field_attributes.clone_from(&self.field_attribute);
        options.extern_types.clone_from(&self.extern_type);
        options.extern_schemas.clone_from(&self.extern_schema);
        options.map_types.clone_from(&self.map_type);
        options.bytes_types.clone_from(&self.bytes_type);
        options.time_types.clone_from(&self.time_type);
        options.spelling = Spelling::Flag;
        options
    }
}

/// A selector and the text after its `=`.
fn text(given: &str) -> Result<Pair<String>, String> {
    let (selector, text) = given.split_once('=').ok_or("there is no `=` after the selector")?;
    Ok((selector.to_owned(), text.to_owned()))
}

/// A selector and one of these.
fn choice<T: Copy>(given: &str, choices: &[(&str, T)]) -> Result<Pair<T>, String> {
    let (selector, name) = text(given)?;
    let chosen = choices.iter().find(|(known, _)| *known == name);
    let (_, chosen) = chosen.ok_or_else(|| {
        let names: Vec<_> = choices.iter().map(|(name, _)| format!("`{name}`")).collect();
        format!("one of {} comes after the `=`", names.join(", "))
    })?;
    Ok((selector, *chosen))
}
