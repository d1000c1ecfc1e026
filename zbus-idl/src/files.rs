//! From the roots to a closed set of files: each is loaded and parsed once, and its imports are followed.

mod meant;

use std::collections::HashMap;
use std::sync::Arc;

use crate::case;
use crate::diagnostic::{Diagnostic, Fix, Help, Problem, Step};
use crate::graph::{Edge, order};
use crate::loader::{LoadError, Loader, MAX_TEXT};
use crate::session::{Parsed, Texts};
use crate::source::{SourceId, Span, offset};
use crate::tree::Declaration;

/// A file whose text was parsed and whose imports were found.
pub(crate) struct ParsedFile {
    pub(crate) parsed: Arc<Parsed>,
    pub(crate) source: SourceId,
    pub(crate) path: String,
    pub(crate) is_root: bool,
    /// For each import, in the order of the text: the file. `None` if there is none, which was reported.
    pub(crate) imports: Vec<Option<usize>>,
}

impl ParsedFile {
    /// The name of the module that a path becomes.
    pub(crate) fn stem(path: &str) -> &str {
        let file = path.rsplit(['/', '\\']).next().unwrap_or(path);
        file.strip_suffix(".zbus").unwrap_or(file)
    }
}

/// The files that roots and their imports name, an imported one before its importers. What cannot be had was reported.
pub(crate) fn collect(
    roots: &[&str],
    loader: &dyn Loader,
    texts: &mut Texts,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<ParsedFile> {
    let mut collector = Collector {
        loader,
        texts,
        diagnostics,
        files: Vec::new(),
        sites: Vec::new(),
        by_path: HashMap::new(),
        suggestions: SUGGESTIONS,
    };
    for root in roots {
        collector.follow(root);
    }
    collector.check_stems();
    collector.sorted()
}

struct Collector<'a> {
    loader: &'a dyn Loader,
    texts: &'a mut Texts,
    diagnostics: &'a mut Vec<Diagnostic>,
    files: Vec<ParsedFile>,
    /// For each file, the import that first asked for it; `None` for a root.
    sites: Vec<Option<Span>>,
    /// By the path that the loader gave. `None` for one whose text is unfit, which was reported.
    by_path: HashMap<String, Option<usize>>,
    /// How many missing files may still be looked for under another name.
    suggestions: usize,
}

/// Each suggestion may list folders, and a text could name a million files that are not there.
const SUGGESTIONS: usize = 32;

/// A file that someone asks for.
struct Request {
    path: String,
    /// The file that imports it, which of its imports that is, and where it says so.
    importer: Option<(usize, usize, Span)>,
}

impl Collector<'_> {
    /// Loads a root and what it imports, in the order of the text. Not recursive: a chain of imports may be long.
    fn follow(&mut self, root: &str) {
        let mut requests = vec![Request { path: root.to_owned(), importer: None }];
        while let Some(request) = requests.pop() {
            let before = self.files.len();
            let found = self.load(&request);
            match request.importer {
                Some((importer, import, _)) => {
                    if let Some(place) = self.files.get_mut(importer).and_then(|file| file.imports.get_mut(import)) {
                        *place = found;
                    }
                }
                None => {
                    if let Some(file) = found.and_then(|found| self.files.get_mut(found)) {
                        file.is_root = true;
                    }
                }
            }
            if let Some(new) = found.filter(|found| *found == before) {
                let imports = imports(&self.files[new]);
                self.files[new].imports = vec![None; imports.len()];
                let wanted = imports.into_iter().enumerate().rev();
                requests
                    .extend(wanted.map(|(import, (path, span))| Request { path, importer: Some((new, import, span)) }));
            }
        }
    }

    /// The index of the file; it is the last, if it is new.
    fn load(&mut self, request: &Request) -> Option<usize> {
        let at = request.importer.map(|(_, _, span)| span);
        let importer = request.importer.map(|(importer, _, _)| self.files[importer].path.as_str());
        // Before anything is read: what a schema names is not to be trusted.
        let unfit =
            if request.importer.is_some() || request.path.is_empty() { unfit_path(&request.path) } else { None };
        if let Some(problem) = unfit {
            let fix = self.meant(request);
            self.diagnostics.push(Diagnostic::somewhere(at, problem).fix(fix));
            return None;
        }
        let known = self.texts.known(&request.path, importer).map(str::to_owned);
        let loaded = match known.map_or_else(
            || self.loader.load(&request.path, importer).map(|one| (one.path, Some(one.bytes))),
            |path| Ok((path, None)),
        ) {
            Ok(loaded) => loaded,
            Err(error) => {
                let fix = match error {
                    LoadError::NotFound { .. } => self.meant(request),
                    _ => None,
                };
                self.diagnostics.push(Diagnostic::somewhere(at, unloaded(&request.path, error)).fix(fix));
                return None;
            }
        };
        let (path, bytes) = loaded;
        self.texts.found(&request.path, importer, &path);
        if let Some(known) = self.by_path.get(&path) {
            return *known;
        }
        self.by_path.insert(path.clone(), None);
        // A link may lead to any file; what is in it would be shown with its mistakes.
        if !names_module(&path, importer.is_some()) {
            self.diagnostics.push(Diagnostic::somewhere(at, Problem::BadFileName { path }));
            return None;
        }
        let parsed = match bytes {
            None => self.texts.again(&path, self.diagnostics)?,
            Some(bytes) => {
                let text = self.text(&path, bytes, at)?;
                self.texts.parse(&path, text, self.diagnostics)
            }
        };
        let source = self.texts.sources.find(&path)?;
        let index = self.files.len();
        self.by_path.insert(path.clone(), Some(index));
        self.files.push(ParsedFile { parsed, source, path, is_root: false, imports: Vec::new() });
        self.sites.push(at);
        Some(index)
    }

    /// The text of a file, if it is one that can be a schema.
    fn text(&mut self, path: &str, bytes: Vec<u8>, at: Option<Span>) -> Option<String> {
        if bytes.len() > MAX_TEXT {
            let (size, limit) = (bytes.len() as u64, MAX_TEXT as u64);
            let problem = Problem::TooLarge { path: path.to_owned(), size, limit };
            self.diagnostics.push(Diagnostic::somewhere(at, problem));
            return None;
        }
        match String::from_utf8(bytes) {
            Ok(text) => Some(text),
            Err(error) => {
                // Shown with a replacement character where the mistake is.
                let valid = error.utf8_error().valid_up_to();
                let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
                let source = self.texts.sources.set(path, text);
                let end = valid + char::REPLACEMENT_CHARACTER.len_utf8();
                let span = Span { source, start: offset(valid), end: offset(end) };
                let problem = Problem::NotUtf8 { path: path.to_owned(), offset: valid };
                self.diagnostics.push(Diagnostic::new(span, problem));
                None
            }
        }
    }

    /// The file that a path which leads nowhere should have named.
    fn meant(&mut self, request: &Request) -> Option<Fix> {
        self.suggestions = self.suggestions.checked_sub(1)?;
        let importer = request.importer.map(|(importer, _, _)| self.files[importer].path.as_str());
        // The folder of an absolute path is none of a schema's business.
        let looked_for = if importer.is_some() { below(&request.path) } else { &request.path };
        let available = self.loader.available(looked_for, importer);
        let path = meant::meant(&request.path, &available)?;
        let help = Help::DidYouMean(path.to_owned());
        Some(match request.importer {
            Some((_, _, at)) => Fix::replace(help, at, quoted(path)),
            None => Fix::words(help),
        })
    }

    /// Each file becomes a module that is called after it.
    fn check_stems(&mut self) {
        let mut stems: HashMap<String, &str> = HashMap::new();
        for (file, at) in self.files.iter().zip(&self.sites) {
            let stem = ParsedFile::stem(&file.path);
            let Some(other) = stems.get(&case::snake(stem)) else {
                stems.insert(case::snake(stem), &file.path);
                continue;
            };
            let (path, other) = (file.path.clone(), (*other).to_owned());
            let problem = Problem::SameStem { stem: case::snake(stem), path, other };
            self.diagnostics.push(Diagnostic::somewhere(*at, problem));
        }
    }

    /// Sorts the files, and refuses cycles.
    fn sorted(self) -> Vec<ParsedFile> {
        let edges = |file: &ParsedFile| -> Vec<Edge> {
            let spans = imports(file).into_iter().map(|(_, span)| span);
            file.imports.iter().zip(spans).filter_map(|(to, span)| Some(Edge { to: (*to)?, span })).collect()
        };
        let graph: Vec<Vec<Edge>> = self.files.iter().map(edges).collect();
        let found = order(&graph);
        for cycle in &found.cycles {
            let path = |node: usize| self.files[node].path.clone();
            let Some((first, span)) = cycle.first() else { continue };
            let names: Vec<String> = cycle.iter().map(|(node, _)| path(*node)).chain([path(*first)]).collect();
            let related = cycle.iter().skip(1).zip(names.iter().skip(2));
            let related = related.map(|((_, span), to)| Step { span: *span, name: to.clone() });
            let problem = Problem::ImportCycle { cycle: names.clone(), path: related.collect() };
            self.diagnostics.push(Diagnostic::new(*span, problem));
        }
        let mut place = vec![0; self.files.len()];
        for (new, old) in found.nodes.iter().enumerate() {
            place[*old] = new;
        }
        let mut files: Vec<Option<ParsedFile>> = self.files.into_iter().map(Some).collect();
        let mut sorted = Vec::with_capacity(files.len());
        for old in found.nodes {
            let Some(mut file) = files.get_mut(old).and_then(Option::take) else {
                continue;
            };
            for import in file.imports.iter_mut().flatten() {
                *import = place[*import];
            }
            sorted.push(file);
        }
        sorted
    }
}

/// Why a path cannot be that of an import, even if there is such a file.
fn unfit_path(path: &str) -> Option<Problem> {
    let path = path.to_owned();
    if path.is_empty() {
        Some(Problem::NotFound { path, searched: Vec::new() })
    } else if below(&path) != path {
        Some(Problem::AbsoluteImport { path })
    } else if !has_ending(&path) {
        Some(Problem::ImportEnding { path })
    } else {
        None
    }
}

fn has_ending(path: &str) -> bool {
    path.strip_suffix(".zbus").is_some()
}

/// What is left of a path behind what no relative path has: a drive, a `\`, or a `/` at its start.
fn below(path: &str) -> &str {
    let has_drive = path.starts_with(|c: char| c.is_ascii_alphabetic()) && path.get(1..2) == Some(":");
    let path = if has_drive { path.get(2..).unwrap_or_default() } else { path };
    path.rsplit('\\').next().unwrap_or(path).trim_start_matches('/')
}

/// Whether the name of a file can become that of a module. What a user names may lack the ending.
fn names_module(path: &str, is_import: bool) -> bool {
    let stem = ParsedFile::stem(path);
    stem.starts_with(|c: char| c.is_ascii_alphabetic())
        && stem.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
        && (has_ending(path) || !is_import)
}

/// A path as a schema writes it.
fn quoted(path: &str) -> String {
    format!("\"{}\"", path.replace('\\', "\\\\").replace('"', "\\\""))
}

/// What a file imports, in the order of the text.
fn imports(file: &ParsedFile) -> Vec<(String, Span)> {
    let items = file.parsed.tree.items.iter();
    items
        .filter_map(|item| match &item.node {
            Some(Declaration::Import(text)) => Some((text.value.clone(), text.span)),
            _ => None,
        })
        .collect()
}

fn unloaded(path: &str, error: LoadError) -> Problem {
    let path = path.to_owned();
    match error {
        LoadError::NotFound { searched } => Problem::NotFound { path, searched },
        LoadError::TooLarge { size, limit } => Problem::TooLarge { path, size, limit },
        LoadError::IsDirectory { .. } => Problem::IsDirectory { path },
        LoadError::Other(reason) => Problem::Unreadable { path, reason },
    }
}
