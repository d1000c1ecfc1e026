//! The long way to compile: several schemas, include folders, a folder for the output, parts left out.

use std::path::{Path, PathBuf};

use crate::cargo;
use crate::error::Error;
use crate::loader::FileLoader;
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
    pub fn schema(mut self, path: impl AsRef<Path>) -> Self {
        self.schemas.push(path.as_ref().to_owned());
        self
    }

    /// Compiles these schemas, side by side: an import that they share is generated once.
    pub fn schemas(mut self, paths: impl IntoIterator<Item = impl AsRef<Path>>) -> Self {
        self.schemas.extend(paths.into_iter().map(|path| path.as_ref().to_owned()));
        self
    }

    /// Looks for imports in this folder too, if there is none beside the file that imports. Folders are searched in the
    /// order in which they were named.
    pub fn include(mut self, folder: impl AsRef<Path>) -> Self {
        self.includes.push(folder.as_ref().to_owned());
        self
    }

    /// Writes into this folder and not into cargo's `OUT_DIR`, where `zbus::include_schema!` looks.
    pub fn out_dir(mut self, folder: impl AsRef<Path>) -> Self {
        self.out_dir = Some(folder.as_ref().to_owned());
        self
    }

    /// With client stubs, which is the default, or without.
    pub fn client(mut self, generate: bool) -> Self {
        self.rust.client = generate;
        self
    }

    /// With server traits, server types and publishers of events, which is the default, or without.
    pub fn server(mut self, generate: bool) -> Self {
        self.rust.server = generate;
        self
    }

    /// Compiles. Nothing is written unless every schema is right.
    ///
    /// Where cargo runs this as a build script, it prints `cargo::rerun-if-changed` for the schemas and their imports.
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
        let files = rust::generate(&schema, &self.rust)?;
        output::write(&out_dir, &files)?;
        for directive in cargo::rerun_directives(&loader.inputs(), &out_dir) {
            println!("{directive}");
        }
        Ok(())
    }
}
