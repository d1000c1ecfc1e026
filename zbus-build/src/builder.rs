//! Compiling with options: several schemas, include folders, a folder for the output, parts left out.
//!
//! The examples change the current folder, which is one for a whole process: so each is a crate of its own.

use std::path::{Path, PathBuf};

use crate::cargo;
use crate::error::Error;
use crate::loader::FileLoader;
use crate::rust::{BytesType, MapType, TimeType};
use crate::{output, rust};

/// Compiles schemas to Rust, as [`compile`](crate::compile) does, with a say in how.
///
/// ```no_run
/// fn main() -> Result<(), zbus_build::Error> {
///     zbus_build::Builder::new()
///         .schemas(["schemas/calculator.zbus", "schemas/storage.zbus"])
///         .include("../shared/schemas")
///         .compile()
/// }
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "nothing is compiled before `compile` is called"]
pub struct Builder {
    schemas: Vec<PathBuf>,
    includes: Vec<PathBuf>,
    out_dir: Option<PathBuf>,
    rust: rust::Options,
}

impl Builder {
    /// A builder without schemas.
    pub fn new() -> Self {
        Self::default()
    }

    /// Compiles this schema, and those that it imports. A relative path starts at the crate's folder, where cargo runs
    /// build scripts.
    ///
    /// ```standalone_crate
    /// # let folder = tempfile::tempdir()?;
    /// # std::fs::write(folder.path().join("weather.zbus"), "struct Reading { Value: f64 }")?;
    /// # std::env::set_current_dir(&folder)?;
    /// zbus_build::Builder::new()
    ///     .schema("weather.zbus")
    ///     # .out_dir(folder.path())
    ///     .compile()?;
    /// # assert!(folder.path().join("weather.rs").exists());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn schema(mut self, path: impl AsRef<Path>) -> Self {
        self.schemas.push(path.as_ref().to_owned());
        self
    }

    /// Compiles these schemas, side by side: an import that they share is generated once.
    ///
    /// ```standalone_crate
    /// # let folder = tempfile::tempdir()?;
    /// # std::fs::write(folder.path().join("weather.zbus"), "struct Reading { Value: f64 }")?;
    /// # std::fs::write(folder.path().join("roads.zbus"), "struct Road { Ice: bool }")?;
    /// # std::env::set_current_dir(&folder)?;
    /// zbus_build::Builder::new()
    ///     .schemas(["weather.zbus", "roads.zbus"])
    ///     # .out_dir(folder.path())
    ///     .compile()?;
    /// # assert!(folder.path().join("weather.rs").exists() && folder.path().join("roads.rs").exists());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn schemas(mut self, paths: impl IntoIterator<Item = impl AsRef<Path>>) -> Self {
        self.schemas.extend(paths.into_iter().map(|path| path.as_ref().to_owned()));
        self
    }

    /// Looks for imports in this folder too, if there is none beside the file that imports. Folders are searched in the
    /// order in which they were named.
    ///
    /// ```standalone_crate
    /// # let folder = tempfile::tempdir()?;
    /// # std::fs::create_dir(folder.path().join("shared"))?;
    /// # std::fs::write(folder.path().join("shared/units.zbus"), "struct Celsius { Degrees: f64 }")?;
    /// # std::fs::write(folder.path().join("weather.zbus"), "import \"units.zbus\"; struct Reading { Value: Celsius }")?;
    /// # std::env::set_current_dir(&folder)?;
    /// zbus_build::Builder::new()
    ///     .schema("weather.zbus") // import "units.zbus";
    ///     .include("shared") // shared/units.zbus
    ///     # .out_dir(folder.path())
    ///     .compile()?;
    /// # assert!(folder.path().join("units.rs").exists());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn include(mut self, folder: impl AsRef<Path>) -> Self {
        self.includes.push(folder.as_ref().to_owned());
        self
    }

    /// Writes into this folder, which is created, and not into cargo's `OUT_DIR`, where `zbus::include_schema!` looks.
    ///
    /// ```standalone_crate
    /// # let folder = tempfile::tempdir()?;
    /// # std::fs::write(folder.path().join("weather.zbus"), "struct Reading { Value: f64 }")?;
    /// # std::env::set_current_dir(&folder)?;
    /// zbus_build::Builder::new()
    ///     .schema("weather.zbus")
    ///     .out_dir("generated")
    ///     .compile()?;
    /// # assert!(folder.path().join("generated/weather.rs").exists());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn out_dir(mut self, folder: impl AsRef<Path>) -> Self {
        self.out_dir = Some(folder.as_ref().to_owned());
        self
    }

    /// With client stubs, which is the default, or without.
    ///
    /// ```standalone_crate
    /// # let folder = tempfile::tempdir()?;
    /// # std::fs::write(folder.path().join("weather.zbus"), "module weather; object station@1.0 { fn Now() -> f64; }")?;
    /// # std::env::set_current_dir(&folder)?;
    /// zbus_build::Builder::new()
    ///     .schema("weather.zbus")
    ///     .client(false)
    ///     # .out_dir(folder.path())
    ///     .compile()?;
    /// # let text = std::fs::read_to_string(folder.path().join("weather.rs"))?;
    /// # assert!(text.contains("struct StationServer") && !text.contains("struct StationClient"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn client(mut self, generate: bool) -> Self {
        self.rust.client = generate;
        self
    }

    /// With server traits, server types and publishers of events, which is the default, or without.
    ///
    /// ```standalone_crate
    /// # let folder = tempfile::tempdir()?;
    /// # std::fs::write(folder.path().join("weather.zbus"), "module weather; object station@1.0 { fn Now() -> f64; }")?;
    /// # std::env::set_current_dir(&folder)?;
    /// zbus_build::Builder::new()
    ///     .schema("weather.zbus")
    ///     .server(false)
    ///     # .out_dir(folder.path())
    ///     .compile()?;
    /// # let text = std::fs::read_to_string(folder.path().join("weather.rs"))?;
    /// # assert!(!text.contains("struct StationServer") && text.contains("struct StationClient"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn server(mut self, generate: bool) -> Self {
        self.rust.server = generate;
        self
    }

    /// With blocking stubs, or without, which is the default: a module `blocking` in that of each schema, whose clients and publishers
    /// of events have the same names, methods and errors as the others, and hold the thread until a call has ended. They are made over a
    /// `zbus::blocking::Client`. Schemas without objects have none.
    ///
    /// ```standalone_crate
    /// # let folder = tempfile::tempdir()?;
    /// # std::fs::write(folder.path().join("weather.zbus"), "module weather; object station@1.0 { fn Now() -> f64; }")?;
    /// # std::env::set_current_dir(&folder)?;
    /// zbus_build::Builder::new()
    ///     .schema("weather.zbus")
    ///     .blocking(true)
    ///     # .out_dir(folder.path())
    ///     .compile()?;
    /// # let text = std::fs::read_to_string(folder.path().join("weather.rs"))?;
    /// # assert!(text.contains("pub fn now(&self) -> Result<f64, zbus::Error>"), "{text}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn blocking(mut self, generate: bool) -> Self {
        self.rust.blocking = generate;
        self
    }

    /// Lets a server leave out methods and streams of these objects: each has a body, which rejects the call as not implemented, or gives
    /// no events. It is for an object with many methods of which a server has a few. A test double is such a server, too.
    ///
    /// A selector is `stem.Object`, by the name of the object's trait, or `stem` for all objects of a file; `*` matches any one name. A
    /// selector that matches nothing is an error.
    ///
    /// Without this option the Rust compiler names each method that is missing, and also each that a changed schema adds.
    ///
    /// ```standalone_crate
    /// # let folder = tempfile::tempdir()?;
    /// # std::fs::write(folder.path().join("weather.zbus"), "module weather; object station@1.0 { fn Now() -> f64; }")?;
    /// # std::env::set_current_dir(&folder)?;
    /// zbus_build::Builder::new()
    ///     .schema("weather.zbus")
    ///     .optional_methods("weather.Station")
    ///     # .out_dir(folder.path())
    ///     .compile()?;
    /// # let text = std::fs::read_to_string(folder.path().join("weather.rs"))?;
    /// # assert!(text.contains("zbus::codegen::not_implemented();"), "{text}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn optional_methods(mut self, selector: impl Into<String>) -> Self {
        self.rust.optional_methods.push(selector.into());
        self
    }

    /// Where generated code finds the crate `zbus`, if that is not its name here: `::bus` for `bus = { package = "zbus", … }` in
    /// `Cargo.toml`, or `::api::zbus` for a crate that exports it again. The code then comes in with `bus::include_schema!("…")`.
    ///
    /// ```standalone_crate
    /// # let folder = tempfile::tempdir()?;
    /// # std::fs::write(folder.path().join("weather.zbus"), "struct Reading { Value: f64 }")?;
    /// # std::env::set_current_dir(&folder)?;
    /// zbus_build::Builder::new()
    ///     .schema("weather.zbus")
    ///     .zbus_path("::bus")
    ///     # .out_dir(folder.path())
    ///     .compile()?;
    /// # let text = std::fs::read_to_string(folder.path().join("weather.rs"))?;
    /// # assert!(text.contains("use ::bus as zbus;"), "{text}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn zbus_path(mut self, path: impl Into<String>) -> Self {
        self.rust.zbus_path = Some(path.into());
        self
    }

    /// Puts attributes before types: structs, enums, unions and errors.
    ///
    /// A selector is `stem.Type`, with the names as the schema has them: `calculator.Reading` is the type `Reading` of
    /// `calculator.zbus`. `*` stands for any one name: `*.Reading` is each `Reading`, `*.*` every type. One that matches nothing is an
    /// error. Several attributes of a type stand in the order of the calls, behind its own; what it derives already is left out of
    /// theirs, so that `#[derive(Hash)]` can be said of all.
    ///
    /// ```standalone_crate
    /// # let folder = tempfile::tempdir()?;
    /// # std::fs::write(folder.path().join("weather.zbus"), "struct Reading { At: timestamp, Value: f64 }")?;
    /// # std::env::set_current_dir(&folder)?;
    /// zbus_build::Builder::new()
    ///     .schema("weather.zbus")
    ///     .type_attribute("weather.Reading", "#[derive(PartialOrd)]")
    ///     .type_attribute("*.*", "#[non_exhaustive]")
    ///     # .out_dir(folder.path())
    ///     .compile()?;
    /// # let text = std::fs::read_to_string(folder.path().join("weather.rs"))?;
    /// # assert!(text.contains("#[derive(PartialOrd)]\n    #[non_exhaustive]\n    pub struct Reading"), "{text}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn type_attribute(mut self, selector: impl Into<String>, attributes: impl Into<String>) -> Self {
        self.rust.type_attributes.push((selector.into(), attributes.into()));
        self
    }

    /// Puts attributes before what is in a type: a field of a struct, a member of an enum, an arm of a union, a variant of an error.
    ///
    /// A selector is `stem.Type.Member`, or `stem.Error.Variant.Field`; see [`type_attribute`](Self::type_attribute).
    ///
    /// ```standalone_crate
    /// # let folder = tempfile::tempdir()?;
    /// # std::fs::write(folder.path().join("weather.zbus"), "struct Reading { At: timestamp, Value: f64 }")?;
    /// # std::env::set_current_dir(&folder)?;
    /// zbus_build::Builder::new()
    ///     .schema("weather.zbus")
    ///     .field_attribute("*.Reading.At", "#[doc(alias = \"time\")]")
    ///     # .out_dir(folder.path())
    ///     .compile()?;
    /// # let text = std::fs::read_to_string(folder.path().join("weather.rs"))?;
    /// # assert!(text.contains("#[doc(alias = \"time\")]\n        pub at:"), "{text}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn field_attribute(mut self, selector: impl Into<String>, attributes: impl Into<String>) -> Self {
        self.rust.field_attributes.push((selector.into(), attributes.into()));
        self
    }

    /// Uses a Rust type for a type of a schema, which is then not generated: `.extern_type("calculator.Uuid", "::uuid::Uuid")`.
    ///
    /// The Rust type has to be `Clone + Debug + Default + PartialEq + Send + Sync + 'static`, and its serde form is what travels: it has
    /// to be the one that the schema describes, and to read nil if peers write that. As a map's key it has to be `Ord` (and `Hash` in
    /// a [`MapType::HashMap`]). What holds it derives none of `Copy`, `Eq`, `Hash` and `Ord`; where they hold, a
    /// [`type_attribute`](Self::type_attribute) can say so. The selector names one type, by `stem.Type`; an error cannot be replaced. A
    /// path is seen from inside the generated module: start it with `::` or `crate::`.
    ///
    /// ```standalone_crate
    /// # let folder = tempfile::tempdir()?;
    /// # std::fs::write(folder.path().join("weather.zbus"), "type Uuid = string; struct Station { Id: Uuid }")?;
    /// # std::env::set_current_dir(&folder)?;
    /// zbus_build::Builder::new()
    ///     .schema("weather.zbus")
    ///     .extern_type("weather.Uuid", "::uuid::Uuid")
    ///     # .out_dir(folder.path())
    ///     .compile()?;
    /// # let text = std::fs::read_to_string(folder.path().join("weather.rs"))?;
    /// # assert!(text.contains("pub id: ::uuid::Uuid,") && !text.contains("pub type Uuid"), "{text}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn extern_type(mut self, selector: impl Into<String>, path: impl Into<String>) -> Self {
        self.rust.extern_types.push((selector.into(), path.into()));
        self
    }

    /// Uses the module that another crate's build made of an imported schema, and generates nothing for it here: two crates that import
    /// one schema then share its types. `.extern_schema("geometry", "::shapes::geometry")` is for `geometry.zbus`.
    ///
    /// The other crate generates the same schema with the same version of this compiler. Its [`map_type`](Self::map_type),
    /// [`bytes_type`](Self::bytes_type), [`time_type`](Self::time_type) and [`extern_type`](Self::extern_type) choices decide what its types are: repeat them
    /// here, as far as they are about this schema. What the external schema imports has to be named as external too.
    ///
    /// ```standalone_crate
    /// # let folder = tempfile::tempdir()?;
    /// # std::fs::write(folder.path().join("geometry.zbus"), "struct Point { X: f64 }")?;
    /// # std::fs::write(folder.path().join("map.zbus"), "import \"geometry.zbus\"; struct Line { From: Point }")?;
    /// # std::env::set_current_dir(&folder)?;
    /// zbus_build::Builder::new()
    ///     .schema("map.zbus")
    ///     .extern_schema("geometry", "::shapes::geometry")
    ///     # .out_dir(folder.path())
    ///     .compile()?;
    /// # let text = std::fs::read_to_string(folder.path().join("map.rs"))?;
    /// # assert!(text.contains("pub from: ::shapes::geometry::Point,"), "{text}");
    /// # assert!(!folder.path().join("geometry.rs").exists());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn extern_schema(mut self, stem: impl Into<String>, module: impl Into<String>) -> Self {
        self.rust.extern_schemas.push((stem.into(), module.into()));
        self
    }

    /// Says what maps become, [`MapType::BTreeMap`] if nothing is said. Keys are written sorted either way.
    ///
    /// A selector names a file, a type or a member, and is for all that is in it: `calculator`, `calculator.Reading`,
    /// `calculator.Reading.Tags`, `calculator.Calculator.Last` (of an object, by the name of its trait: a method or a stream); `*` stands for
    /// any one name. Where several match, the last one holds. An alias is written as its own place says, wherever it is used.
    ///
    /// ```standalone_crate
    /// use zbus_build::{Builder, MapType};
    /// # let folder = tempfile::tempdir()?;
    /// # std::fs::write(folder.path().join("weather.zbus"), "struct Reading { Tags: map<string, u8>, More: map<string, u8> }")?;
    /// # std::env::set_current_dir(&folder)?;
    ///
    /// Builder::new()
    ///     .schema("weather.zbus")
    ///     .map_type("*", MapType::HashMap)
    ///     .map_type("weather.Reading.More", MapType::BTreeMap)
    ///     # .out_dir(folder.path())
    ///     .compile()?;
    /// # let text = std::fs::read_to_string(folder.path().join("weather.rs"))?;
    /// # assert!(text.contains("pub tags: HashMap<") && text.contains("pub more: BTreeMap<"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn map_type(mut self, selector: impl Into<String>, map: MapType) -> Self {
        self.rust.map_types.push((selector.into(), map));
        self
    }

    /// Says what `bytes` become, [`BytesType::Vec`] if nothing is said. The selectors are those of [`map_type`](Self::map_type). A client
    /// takes either as `&[u8]`.
    ///
    /// ```standalone_crate
    /// use zbus_build::{Builder, BytesType};
    /// # let folder = tempfile::tempdir()?;
    /// # std::fs::write(folder.path().join("files.zbus"), "struct Chunk { Data: bytes }")?;
    /// # std::env::set_current_dir(&folder)?;
    ///
    /// Builder::new()
    ///     .schema("files.zbus")
    ///     .bytes_type("files.Chunk.Data", BytesType::Bytes)
    ///     # .out_dir(folder.path())
    ///     .compile()?;
    /// # assert!(std::fs::read_to_string(folder.path().join("files.rs"))?.contains("pub data: Bytes"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn bytes_type(mut self, selector: impl Into<String>, bytes: BytesType) -> Self {
        self.rust.bytes_types.push((selector.into(), bytes));
        self
    }

    /// Says what timestamps and durations become, [`TimeType::Jiff`] if nothing is said. The selectors are those of
    /// [`map_type`](Self::map_type), and a constant has one too: `calculator.Patience`.
    ///
    /// [`TimeType::Chrono`] wants the feature `chrono` of the crate `zbus`.
    ///
    /// ```standalone_crate
    /// use zbus_build::{Builder, TimeType};
    /// # let folder = tempfile::tempdir()?;
    /// # std::fs::write(folder.path().join("weather.zbus"), "struct Reading { At: timestamp, Took: duration }")?;
    /// # std::env::set_current_dir(&folder)?;
    ///
    /// Builder::new()
    ///     .schema("weather.zbus")
    ///     .time_type("*", TimeType::Std)
    ///     .time_type("weather.Reading.Took", TimeType::Jiff)
    ///     # .out_dir(folder.path())
    ///     .compile()?;
    /// # let text = std::fs::read_to_string(folder.path().join("weather.rs"))?;
    /// # assert!(text.contains("pub at: SystemTime") && text.contains("pub took: zbus::types::Duration"), "{text}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn time_type(mut self, selector: impl Into<String>, time: TimeType) -> Self {
        self.rust.time_types.push((selector.into(), time));
        self
    }

    /// Compiles. Nothing is written unless every schema is right.
    ///
    /// A build script may compile several times into one folder, with other options for other schemas: `zbus::include_schema!` finds all of
    /// them. An import that they share has to come out the same each time; schemas that one [`Builder`] compiles share it for certain.
    ///
    /// When cargo runs this as a build script, it prints `cargo::rerun-if-changed` for the schemas and their imports.
    pub fn compile(self) -> Result<(), Error> {
        if self.schemas.is_empty() {
            return Err(Error::no_schema());
        }
        let out_dir = self.out_dir.or_else(cargo::out_dir).ok_or_else(Error::no_out_dir)?;
        let roots = self
            .schemas
            .iter()
            .map(|path| path.to_str().ok_or_else(|| Error::not_utf8(path)))
            .collect::<Result<Vec<_>, _>>()?;
        let loader = FileLoader::new(self.includes);
        let schema = zbus_idl::compile(&roots, &loader).map_err(Error::schema)?;
        let files = cargo::with_earlier(&out_dir, rust::generate(&schema, &self.rust)?)?;
        output::write(&out_dir, &files)?;
        if let Some(warning) = rust::warning(&schema).filter(|_| cargo::is_build_script()) {
            println!("cargo::warning={warning}");
        }
        for directive in cargo::rerun_directives(&loader.inputs(), &out_dir) {
            println!("{directive}");
        }
        Ok(())
    }
}
