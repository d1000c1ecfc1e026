//! The schemas that a subcommand works on: which files, where their imports are looked for, and how mistakes look.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use zbus_build::FileLoader;
use zbus_idl::{LoadError, Loaded, Loader, MAX_TEXT, Report, Schema};

use crate::failure::Failure;

/// What standard input is called. Its imports are looked for in the current folder.
const STDIN: &str = "stdin.zbus";

#[derive(Args)]
pub(crate) struct Input {
    /// The schemas; `-` is standard input
    #[arg(required = true, value_name = "FILES")]
    files: Vec<String>,
    #[command(flatten)]
    reading: Reading,
}

/// How schemas are read.
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
    /// On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`
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

    /// The same; broken schemas are a failure.
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

    /// Compiles these schemas; broken ones are a failure.
    pub(crate) fn schema(&self, files: &[String]) -> Result<Schema, Failure> {
        self.compile(files)?.map_err(|report| Failure::Schemas(report, self.color(io::stderr().is_terminal())))
    }

    fn color(&self, is_terminal: bool) -> zbus_idl::Color {
        let wanted = match self.color {
            When::Always => true,
            When::Never => false,
            When::Auto => is_terminal && takes_color(|name| std::env::var_os(name)),
        };
        if wanted { zbus_idl::Color::Always } else { zbus_idl::Color::Never }
    }
}

/// Whether a terminal with this environment shows colours: <https://no-color.org>, and what editors and build tools set.
fn takes_color(variable: impl Fn(&str) -> Option<OsString>) -> bool {
    variable("NO_COLOR").is_none_or(|value| value.is_empty()) && variable("TERM").is_none_or(|value| value != "dumb")
}

/// Files; and what comes through a pipe, as `-` or as the path that a shell gives for `<(…)`.
struct StdinLoader {
    files: FileLoader,
}

impl Loader for StdinLoader {
    fn load(&self, path: &str, importer: Option<&str>) -> Result<Loaded, LoadError> {
        let is_root = importer.is_none();
        if is_root && path == "-" {
            return Ok(Loaded { path: STDIN.to_owned(), bytes: read(io::stdin())? });
        }
        if is_root && is_pipe(path) {
            let pipe = File::open(path).map_err(|error| LoadError::Other(error.to_string()))?;
            return Ok(Loaded { path: name_of_pipe(path), bytes: read(pipe)? });
        }
        self.files.load(path, importer)
    }

    fn available(&self, path: &str, importer: Option<&str>) -> Vec<String> {
        self.files.available(path, importer)
    }
}

/// A byte more than a schema may have is read, so that a longer one is refused and not cut off.
fn read(from: impl Read) -> Result<Vec<u8>, LoadError> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(MAX_TEXT).unwrap_or(u64::MAX).saturating_add(1);
    from.take(limit).read_to_end(&mut bytes).map_err(|error| LoadError::Other(error.to_string()))?;
    Ok(bytes)
}

#[cfg(unix)]
fn is_pipe(path: &str) -> bool {
    use std::os::unix::fs::FileTypeExt;

    std::fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_fifo())
}

#[cfg(not(unix))]
fn is_pipe(_: &str) -> bool {
    false
}

/// What is read from a pipe is called after it; its imports are looked for in the current folder.
fn name_of_pipe(path: &str) -> String {
    let name = Path::new(path).file_stem().and_then(|name| name.to_str()).unwrap_or_default();
    if name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        format!("{name}.zbus")
    } else {
        format!("pipe-{name}.zbus")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_that_wants_no_color_gets_none() {
        let with = |name: &'static str, value: &'static str| {
            takes_color(move |asked| (asked == name).then(|| OsString::from(value)))
        };
        assert!(with("TERM", "xterm") && with("NO_COLOR", "") && with("OTHER", "dumb"));
        assert!(!with("TERM", "dumb") && !with("NO_COLOR", "1"));
    }
}
