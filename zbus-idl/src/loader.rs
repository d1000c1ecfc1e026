//! How texts come in. This crate reads no files: a [`Loader`] does, and says under which path it found one.

use std::collections::BTreeMap;
use std::fmt;

/// The longest text that is taken, in bytes.
pub const MAX_TEXT: usize = 16 * 1024 * 1024;

/// A source of texts.
pub trait Loader {
    /// Finds the text that `path` names: for an import, relative to the file `importer` (a path that this loader
    /// returned) and then wherever else the loader looks; for a root, where there is no importer, as the caller wrote it.
    fn load(&self, path: &str, importer: Option<&str>) -> Result<Loaded, LoadError>;

    /// Paths that `path` may have been meant for, each written as `path` is: the files that are near those places where
    /// [`load`](Self::load) looked for it in vain. Only for "did you mean", so it need not know all; a loader that knows
    /// none has nothing to implement.
    fn available(&self, path: &str, importer: Option<&str>) -> Vec<String> {
        _ = (path, importer);
        Vec::new()
    }
}

impl<L: Loader + ?Sized> Loader for &L {
    fn load(&self, path: &str, importer: Option<&str>) -> Result<Loaded, LoadError> {
        (**self).load(path, importer)
    }

    fn available(&self, path: &str, importer: Option<&str>) -> Vec<String> {
        (**self).available(path, importer)
    }
}

/// A text that a [`Loader`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// What messages call it. Also its identity: two imports that return one path are one file, so a loader returns the
    /// same path for every spelling.
    pub path: String,
    /// Its bytes, of any content: this crate checks that they are UTF-8 and not too many.
    pub bytes: Vec<u8>,
}

/// Why a [`Loader`] gave no text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoadError {
    /// There is none.
    NotFound {
        /// The places that were looked at, in order.
        searched: Vec<String>,
    },
    /// There is a directory of that name.
    IsDirectory {
        /// Its path.
        path: String,
    },
    /// It is too large to be a schema, and was not read.
    TooLarge {
        /// Its size, in bytes.
        size: u64,
        /// What would have been read, in bytes.
        limit: u64,
    },
    /// Anything else, as one clause without a full stop: `permission denied`.
    Other(String),
}

impl fmt::Display for LoadError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { .. } => out.write_str("no such file"),
            Self::IsDirectory { .. } => out.write_str("it is a directory"),
            Self::TooLarge { size, limit } => write!(out, "it has {size} bytes, the limit is {limit}"),
            Self::Other(reason) => out.write_str(reason),
        }
    }
}

impl std::error::Error for LoadError {}

/// Texts in memory, for tests and tools. Paths are separated by `/`; `.` and `..` are understood.
///
/// ```
/// use zbus_idl::MemoryLoader;
///
/// let loader = MemoryLoader::new()
///     .with("calc.zbus", "import \"lib/geometry.zbus\"; struct Circle { Center: Point }")
///     .with("lib/geometry.zbus", "struct Point { X: f64, Y: f64 }");
/// let schema = zbus_idl::compile(&["calc.zbus"], &loader).unwrap();
/// assert_eq!(schema.types.len(), 2);
/// ```
#[derive(Clone, Debug, Default)]
pub struct MemoryLoader {
    texts: BTreeMap<String, Vec<u8>>,
}

impl MemoryLoader {
    /// One without texts.
    pub fn new() -> Self {
        Self::default()
    }

    /// The loader with a text more.
    #[must_use]
    pub fn with(mut self, path: &str, text: impl Into<Vec<u8>>) -> Self {
        self.texts.insert(normal(path), text.into());
        self
    }
}

impl Loader for MemoryLoader {
    fn load(&self, path: &str, importer: Option<&str>) -> Result<Loaded, LoadError> {
        let folder = importer.and_then(|importer| importer.rsplit_once('/')).map(|(folder, _)| folder);
        let path = match folder {
            Some(folder) if !path.starts_with('/') => normal(&format!("{folder}/{path}")),
            _ => normal(path),
        };
        match self.texts.get(&path) {
            Some(bytes) => Ok(Loaded { path, bytes: bytes.clone() }),
            None => Err(LoadError::NotFound { searched: vec![path] }),
        }
    }

    fn available(&self, _: &str, importer: Option<&str>) -> Vec<String> {
        let importer = importer.map(normal).unwrap_or_default();
        self.texts.keys().filter(|path| **path != importer).map(|path| relative(&importer, path)).collect()
    }
}

/// A path as an import of `from` writes it.
pub(crate) fn relative(from: &str, to: &str) -> String {
    let from: Vec<&str> = from.split('/').collect();
    let to: Vec<&str> = to.split('/').collect();
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count().min(to.len().saturating_sub(1));
    let up = from.len().saturating_sub(shared + 1);
    let down = to.get(shared..).unwrap_or_default();
    std::iter::repeat_n("..", up).chain(down.iter().copied()).collect::<Vec<_>>().join("/")
}

/// The path without `.`, without `..` where that has something to take back, and without empty parts.
pub(crate) fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_is_looked_up_beside_its_importer_under_one_identity() {
        let loader = MemoryLoader::new().with("a/b.zbus", "x");
        for spelling in ["b.zbus", "./b.zbus", "../a/b.zbus"] {
            assert_eq!(loader.load(spelling, Some("a/main.zbus")).unwrap().path, "a/b.zbus");
        }
    }

    #[test]
    fn an_import_is_written_relative_to_its_file() {
        assert_eq!(relative("a/main.zbus", "a/b.zbus"), "b.zbus");
        assert_eq!(relative("a/main.zbus", "lib/b.zbus"), "../lib/b.zbus");
        assert_eq!(relative("main.zbus", "lib/b.zbus"), "lib/b.zbus");
        assert_eq!(relative("", "lib/b.zbus"), "lib/b.zbus");
    }

    #[test]
    fn what_is_there_is_offered_as_its_importer_would_write_it() {
        let loader = MemoryLoader::new().with("a/main.zbus", "").with("a/b.zbus", "").with("c.zbus", "");
        assert_eq!(loader.available("x", Some("a/main.zbus")), ["b.zbus", "../c.zbus"]);
        assert_eq!(loader.available("x", None), ["a/b.zbus", "a/main.zbus", "c.zbus"]);
    }

    #[test]
    fn what_is_missing_says_where_it_was_looked_for() {
        let error = MemoryLoader::new().load("b.zbus", Some("a/main.zbus")).unwrap_err();
        assert_eq!(error, LoadError::NotFound { searched: vec!["a/b.zbus".into()] });
    }
}
