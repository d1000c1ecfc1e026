//! `zbusc gen`: code, as a build script makes it.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use zbus_build::rust;

use crate::failure::Failure;
use crate::generate_rust::RustOptions;
use crate::input::Input;

/// Generates code, as a build script does
#[derive(Args)]
#[command(after_help = "\
Also for what the schemas import. Either all files are written or, if a schema is wrong or the disk is full, none. A file that has its content already is not touched. A folder takes one run: name all its schemas at once.

Examples:
  zbusc gen --lang rust --out src/generated schemas/*.zbus
  zbusc gen --lang rust --out src/generated --client-only --type-attribute '*.*=#[non_exhaustive]' schemas/calculator.zbus")]
pub(crate) struct Generate {
    /// The language to generate
    #[arg(long, value_enum)]
    lang: Language,
    /// The folder to write to; it is created
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    rust: RustOptions,
}

#[derive(Clone, Copy, ValueEnum)]
enum Language {
    /// Traits, clients and types over the `zbus` crate
    Rust,
}

impl Generate {
    pub(crate) fn run(&self, out: &mut impl Write) -> Result<(), Failure> {
        let schema = self.input.schema()?;
        let files = match self.lang {
            Language::Rust => rust::generate(&schema, &self.rust.options()),
        };
        let files = files.map_err(Failure::Build)?;
        zbus_build::check_others(&self.out, &files).map_err(Failure::Build)?;
        zbus_build::write(&self.out, &files).map_err(Failure::Build)?;
        if let Some(warning) = rust::warning(&schema) {
            writeln!(io::stderr(), "warning: {warning}")?;
        }
        for file in &files {
            writeln!(out, "{}", self.out.join(&file.name).display())?;
        }
        Ok(())
    }
}
