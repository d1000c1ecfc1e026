//! Compiling the same files again and again, as an editor does: a text that did not change is neither loaded nor parsed
//! again, and a file keeps its [`SourceId`] as long as the session lives.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::compiled::{self, Compiled};
use crate::diagnostic::Diagnostic;
use crate::loader::{LoadError, Loaded, Loader, normal};
use crate::parse::parse;
use crate::source::{SourceId, Sources};
use crate::tree::Tree;

/// Compiles files of a [`Loader`] repeatedly.
///
/// What the loader gave is kept. A file whose text is another one now has to be said, with [`changed`](Self::changed),
/// [`open`](Self::open) or [`close`](Self::close).
///
/// ```
/// use zbus_idl::{MemoryLoader, Session};
///
/// let loader = MemoryLoader::new().with("a.zbus", "struct A { X: i8 }");
/// let mut session = Session::new(loader);
/// assert!(!session.compile(&["a.zbus"]).has_errors());
/// session.open("a.zbus", "struct A { X: nope }");
/// assert!(session.compile(&["a.zbus"]).has_errors());
/// session.close("a.zbus");
/// assert!(!session.compile(&["a.zbus"]).has_errors());
/// ```
#[derive(Debug)]
pub struct Session<L> {
    loader: L,
    overlays: BTreeMap<String, String>,
    texts: Texts,
}

impl<L: Loader> Session<L> {
    /// One that has loaded nothing.
    pub fn new(loader: L) -> Self {
        Self { loader, overlays: BTreeMap::new(), texts: Texts { keeps: true, ..Texts::default() } }
    }

    /// Gives a file a text that is not saved. The path is the one that the loader gives the file; a file that the loader does not
    /// have is there as long as it is open.
    pub fn open(&mut self, path: &str, text: impl Into<String>) {
        self.overlays.insert(path.to_owned(), text.into());
        self.texts.forget(path);
    }

    /// Takes a text back that was not saved.
    pub fn close(&mut self, path: &str) {
        self.overlays.remove(path);
        self.texts.forget(path);
    }

    /// Says that a file has another text now, that it came, or that it went. The path is the one that the loader gives it.
    pub fn changed(&mut self, path: &str) {
        self.texts.forget(path);
    }

    /// Says that any file may have changed, so that each is loaded again. One that has the text that it had is not parsed again.
    pub fn changed_all(&mut self) {
        self.texts.found.clear();
    }

    /// The id of a file that was compiled.
    pub fn source(&self, path: &str) -> Option<SourceId> {
        self.texts.sources.find(path)
    }

    /// Compiles files and all that they import.
    pub fn compile(&mut self, roots: &[&str]) -> Compiled {
        let loader = Overlaid { loader: &self.loader, overlays: &self.overlays };
        compiled::run(roots, &loader, &mut self.texts, true)
    }
}

/// A loader, and the texts that are not saved.
struct Overlaid<'a> {
    loader: &'a dyn Loader,
    overlays: &'a BTreeMap<String, String>,
}

impl Loader for Overlaid<'_> {
    fn load(&self, path: &str, importer: Option<&str>) -> Result<Loaded, LoadError> {
        let open =
            |path: String| self.overlays.get(&path).map(|text| Loaded { path, bytes: text.clone().into_bytes() });
        match self.loader.load(path, importer) {
            Ok(loaded) if self.overlays.contains_key(&loaded.path) => {
                open(loaded.path).ok_or(LoadError::NotFound { searched: Vec::new() })
            }
            Err(error @ LoadError::NotFound { .. }) => {
                let folder = importer.and_then(|importer| importer.rsplit_once('/')).map(|(folder, _)| folder);
                let beside = folder.map_or_else(|| path.to_owned(), |folder| normal(&format!("{folder}/{path}")));
                open(beside).or_else(|| open(path.to_owned())).ok_or(error)
            }
            other => other,
        }
    }

    fn available(&self, path: &str, importer: Option<&str>) -> Vec<String> {
        self.loader.available(path, importer)
    }
}

/// The texts of one or more runs, and what was made of each.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    pub(crate) sources: Sources,
    /// Whether there will be another run.
    keeps: bool,
    /// By path.
    parsed: HashMap<String, Arc<Parsed>>,
    /// The path of the file that an importer means by another path.
    found: HashMap<(Option<String>, String), String>,
}

/// A text, parsed.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) tree: Tree,
    diagnostics: Vec<Diagnostic>,
}

impl Texts {
    /// The file that was found under a path and still has its text.
    pub(crate) fn known(&self, path: &str, importer: Option<&str>) -> Option<&str> {
        if !self.keeps {
            return None;
        }
        let found = self.found.get(&(importer.map(str::to_owned), path.to_owned()))?;
        self.parsed.contains_key(found).then_some(found)
    }

    /// What was made of a file that is known.
    pub(crate) fn again(&self, path: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<Arc<Parsed>> {
        let parsed = self.parsed.get(path)?;
        diagnostics.extend(parsed.diagnostics.iter().cloned());
        Some(Arc::clone(parsed))
    }

    pub(crate) fn found(&mut self, path: &str, importer: Option<&str>, at: &str) {
        if self.keeps {
            self.found.insert((importer.map(str::to_owned), path.to_owned()), at.to_owned());
        }
    }

    /// Takes a text in and parses it, unless it is the one that the file had.
    pub(crate) fn parse(&mut self, path: &str, text: String, diagnostics: &mut Vec<Diagnostic>) -> Arc<Parsed> {
        if let Some(source) = self.sources.find(path)
            && self.sources.get(source).is_some_and(|source| source.text == text)
            && let Some(parsed) = self.again(path, diagnostics)
        {
            return parsed;
        }
        let id = self.sources.set(path, text);
        let source = self.sources.get(id).map(|source| source.text.as_str()).unwrap_or_default();
        if !self.keeps {
            return Arc::new(Parsed { tree: parse(source, id, diagnostics), diagnostics: Vec::new() });
        }
        let mut own = Vec::new();
        let tree = parse(source, id, &mut own);
        diagnostics.extend(own.iter().cloned());
        let parsed = Arc::new(Parsed { tree, diagnostics: own });
        self.parsed.insert(path.to_owned(), Arc::clone(&parsed));
        parsed
    }

    fn forget(&mut self, path: &str) {
        self.parsed.remove(path);
    }
}
