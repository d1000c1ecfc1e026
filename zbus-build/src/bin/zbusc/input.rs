//! The schemas that a subcommand works on: which files, where their imports are looked for, and how mistakes look.

use std::io::{self, IsTerminal, Read};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use zbus_build::FileLoader;
use zbus_idl::{LoadError, Loaded, Loader, MAX_TEXT, Report, Schema};

use crate::failure::Failure;

/// What standard input is called. An import in it starts at the current folder.
const STDIN: &str = "stdin.zbus";

#[derive(Args)]
pub(crate) struct Input {
    /// The schemas; `-` is standard input
    #[arg(required = true, value_name = "FILES")]
    files: Vec<String>,
    #[command(flatten)]
    reading: Reading,
}

/// How schemas are read, whichever they are.
#[derive(Args)]
pub(crate) struct Reading {
    /// Looks for imports in this folder too, if there is none beside the file that imports; can be repeated
    #[arg(short = 'I', long = "include", value_name = "DIR")]
    include: Vec<PathBuf>,
    /// Whether mistakes are shown in colours
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    color: When,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum When {
    /// On a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Input {
    /// Compiles the schemas; the outer error is of the command line, the inner one of the schemas.
    pub(crate) fn compile(&self) -> Result<Result<Schema, Report>, Failure> {
        self.reading.compile(&self.files)
    }

    /// The same, for those who have no use for broken schemas.
    pub(crate) fn schema(&self) -> Result<Schema, Failure> {
        self.reading.schema(&self.files)
    }

    pub(crate) fn color(&self, is_terminal: bool) -> zbus_idl::Color {
        self.reading.color(is_terminal)
    }
}

impl Reading {
    fn compile(&self, files: &[String]) -> Result<Result<Schema, Report>, Failure> {
        if let Some(missing) = self.include.iter().find(|folder| !folder.is_dir()) {
            return Err(Failure::Usage(format!("there is no folder {} to include", missing.display())));
        }
        let loader = StdinLoader { files: FileLoader::new(self.include.iter().cloned()) };
        let roots: Vec<&str> = files.iter().map(String::as_str).collect();
        Ok(zbus_idl::compile(&roots, &loader))
    }

    /// Compiles these schemas, for those who have no use for broken ones.
    pub(crate) fn schema(&self, files: &[String]) -> Result<Schema, Failure> {
        self.compile(files)?.map_err(|report| Failure::Schemas(report, self.color(io::stderr().is_terminal())))
    }

    fn color(&self, is_terminal: bool) -> zbus_idl::Color {
        let wanted = match self.color {
            When::Always => true,
            When::Never => false,
            // https://no-color.org
            When::Auto => is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        };
        if wanted { zbus_idl::Color::Always } else { zbus_idl::Color::Never }
    }
}

/// Files, and `-`.
struct StdinLoader {
    files: FileLoader,
}

impl Loader for StdinLoader {
    fn load(&self, path: &str, importer: Option<&str>) -> Result<Loaded, LoadError> {
        if path != "-" || importer.is_some() {
            return self.files.load(path, importer);
        }
        let mut bytes = Vec::new();
        // A byte more than is taken, so that it is refused and not cut off.
        let limit = u64::try_from(MAX_TEXT).unwrap_or(u64::MAX).saturating_add(1);
        io::stdin().take(limit).read_to_end(&mut bytes).map_err(|error| LoadError::Other(error.to_string()))?;
        Ok(Loaded { path: STDIN.to_owned(), bytes })
    }

    fn available(&self, path: &str, importer: Option<&str>) -> Vec<String> {
        self.files.available(path, importer)
    }
}
