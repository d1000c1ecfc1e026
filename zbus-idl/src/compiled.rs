//! Everything that a run learned, also if there are errors.

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Report, Severity};
use crate::files;
use crate::index::Index;
use crate::loader::Loader;
use crate::resolve;
use crate::scan::{Comment, Token};
use crate::schema::Schema;
use crate::session::{Parsed, Texts};
use crate::source::{SourceId, Sources};

/// What was made of files and all that they import.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Compiled {
    /// The schema. If there are errors it has holes: what was not understood is missing, or a type of `any`. `None` if no file
    /// could be read.
    pub schema: Option<Schema>,
    /// Where everything is.
    pub index: Index,
    /// The texts that spans point into.
    pub sources: Sources,
    /// What is wrong: files in the order of their ids, problems in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
    trees: Vec<(SourceId, Arc<Parsed>)>,
}

impl Compiled {
    /// Whether the schema is of no use to a backend.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|one| one.severity == Severity::Error)
    }

    /// The schema, or all that is wrong with it.
    pub fn into_result(self) -> Result<Schema, Report> {
        match self.schema {
            Some(schema) if !self.diagnostics.iter().any(|one| one.severity == Severity::Error) => Ok(schema),
            _ => Err(Report::new(self.sources, self.diagnostics)),
        }
    }

    /// The words, marks and lines of documentation of a text, in order.
    pub fn tokens(&self, source: SourceId) -> &[Token] {
        self.tree(source).map(|parsed| parsed.tree.tokens.as_slice()).unwrap_or_default()
    }

    /// The comments of a text that document nothing, in order.
    pub fn comments(&self, source: SourceId) -> &[Comment] {
        self.tree(source).map(|parsed| parsed.tree.comments.as_slice()).unwrap_or_default()
    }

    fn tree(&self, source: SourceId) -> Option<&Parsed> {
        self.trees.iter().find(|(id, _)| *id == source).map(|(_, parsed)| &**parsed)
    }
}

/// One run. Without `everything`, there is no index and no tree is kept.
pub(crate) fn run(roots: &[&str], loader: &dyn Loader, texts: &mut Texts, everything: bool) -> Compiled {
    let mut diagnostics = Vec::new();
    let files = files::collect(roots, loader, texts, &mut diagnostics);
    let (schema, index) = resolve::resolve(&files, everything, &mut diagnostics);
    let trees = if everything {
        files.iter().map(|file| (file.source, Arc::clone(&file.parsed))).collect()
    } else {
        Vec::new()
    };
    let schema = (!files.is_empty()).then_some(schema);
    let diagnostics = crate::diagnostic::sorted(diagnostics);
    let sources = if everything { texts.sources.clone() } else { std::mem::take(&mut texts.sources) };
    Compiled { schema, index, sources, diagnostics, trees }
}
