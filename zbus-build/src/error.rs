//! What can go wrong in a compilation.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use zbus_idl::{Color, Report};

use crate::rust::module::ALL;

/// Why nothing was generated.
///
/// `Display` gives one line; `Debug` gives all of it, with the marked lines of every broken schema, since that is what a
/// `main` that returns it prints.
pub struct Error {
    kind: Kind,
}

enum Kind {
    Schema(Report),
    NoSchema,
    NotUtf8(PathBuf),
    NoOutDir,
    Unsupported(String),
    Option(String),
    Differs { stem: String, folder: PathBuf },
    Other { stem: String, folder: PathBuf },
    Write { path: PathBuf, error: io::Error },
    Internal(String),
}

impl Error {
    /// The mistakes in schemas, where these are the reason.
    pub fn report(&self) -> Option<&Report> {
        match &self.kind {
            Kind::Schema(report) => Some(report),
            _ => None,
        }
    }

    pub(crate) fn schema(report: Report) -> Self {
        Self { kind: Kind::Schema(report) }
    }

    pub(crate) fn no_schema() -> Self {
        Self { kind: Kind::NoSchema }
    }

    pub(crate) fn not_utf8(path: &Path) -> Self {
        Self { kind: Kind::NotUtf8(path.to_owned()) }
    }

    pub(crate) fn no_out_dir() -> Self {
        Self { kind: Kind::NoOutDir }
    }

    /// The schema is right, but a backend has no code for it.
    pub(crate) fn unsupported(what: String) -> Self {
        Self { kind: Kind::Unsupported(what) }
    }

    /// An option that says nothing, or something impossible, about these schemas.
    pub(crate) fn option(what: String) -> Self {
        Self { kind: Kind::Option(what) }
    }

    /// A build script has compiled a schema of this name into the folder before, and other code has come of it.
    pub(crate) fn differs(stem: &str, folder: &Path) -> Self {
        Self { kind: Kind::Differs { stem: stem.to_owned(), folder: folder.to_owned() } }
    }

    /// A folder has code of a schema that is not compiled now.
    pub(crate) fn other(stem: &str, folder: &Path) -> Self {
        Self { kind: Kind::Other { stem: stem.to_owned(), folder: folder.to_owned() } }
    }

    pub(crate) fn write(path: &Path, error: io::Error) -> Self {
        Self { kind: Kind::Write { path: path.to_owned(), error } }
    }

    /// A mistake in a backend.
    pub(crate) fn internal(what: String) -> Self {
        Self { kind: Kind::Internal(what) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Schema(report) => {
                let first = report.diagnostics().first().map(|first| first.one_line(report.sources()));
                out.write_str(&first.unwrap_or_default())?;
                match report.diagnostics().len() {
                    0 | 1 => Ok(()),
                    count => write!(out, " (and {} more)", count - 1),
                }
            }
            Kind::NoSchema => out.write_str("there is no schema to compile; name one with `Builder::schema`"),
            Kind::NotUtf8(path) => write!(out, "the path {} is not UTF-8; rename it", path.display()),
            Kind::NoOutDir => out.write_str(
                "OUT_DIR is not set; call this from a build.rs, which cargo gives a folder, or name one with \
                 `Builder::out_dir`",
            ),
            Kind::Unsupported(what) | Kind::Option(what) => out.write_str(what),
            Kind::Differs { stem, folder } => write!(
                out,
                "this build script has written another {stem}.rs into {} before: from another schema of that name, or with other options; \
                 compile both by one `Builder`, with `Builder::schemas`, or give each a folder with `Builder::out_dir`",
                folder.display()
            ),
            Kind::Other { stem, folder } => write!(
                out,
                "{} has code of {stem}.zbus, which is not compiled now and would be left out of {ALL}.rs; name all schemas in one call, write \
                 to another folder, or remove {stem}.rs",
                folder.display()
            ),
            Kind::Write { path, error } => write!(out, "cannot write {}: {error}", path.display()),
            Kind::Internal(what) => write!(
                out,
                "zbus-build made code that does not parse, which is a bug in it; please report it with the schema ({})",
                what.lines().next().unwrap_or_default()
            ),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            // A `main` puts `Error: ` in front, which a line of its own takes off the first diagnostic.
            Kind::Schema(report) => write!(out, "cannot compile the schemas\n\n{}", report.render(Color::Never)),
            Kind::Internal(what) => write!(out, "{self}\n\n{what}"),
            _ => write!(out, "{self}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            Kind::Write { error, .. } => Some(error),
            _ => None,
        }
    }
}
