//! What can be wrong with a schema, as data: a [`Problem`] and its place make a [`Diagnostic`]. Words come out of it only
//! in [`Diagnostic::message`] and its neighbours, pictures only in `render`.

mod absent;
mod codes;
mod expected;
mod help;
#[cfg(feature = "json")]
mod json;
mod problem;
mod render;
mod words;

pub use absent::Absent;
pub use codes::{CODES, Code, explain};
pub use expected::{Expectation, Expected, Found};
pub use help::Help;
pub use problem::{
    Ambiguity, ArgumentProblem, Bounded, DocsProblem, NumberProblem, Problem, Step, Thing, TypeLooks, ValueKind,
};
pub use render::Color;
use words::article;

use std::collections::BTreeSet;

use crate::printable::printable;
use crate::source::{Sources, Span};

/// A problem and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnostic {
    /// The place. `None` where there is no text to point at: a root that was not found.
    pub at: Option<Span>,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub problem: Problem,
    /// What would mend it, where that can be guessed.
    pub fix: Option<Fix>,
}

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Severity {
    /// There is no schema.
    Error,
    /// The schema can be used.
    Warning,
}

impl Severity {
    /// `error` or `warning`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// A way to mend a problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What to do.
    pub help: Help,
    /// The change to the text that does it.
    pub edit: Option<Edit>,
}

/// A change to a text, which a tool can make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What to replace; an empty span to insert.
    pub span: Span,
    /// What to put there.
    pub replacement: String,
}

/// A place with a few words about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// The words; may be empty.
    pub text: String,
}

impl Diagnostic {
    pub(crate) fn new(at: Span, problem: Problem) -> Self {
        Self::somewhere(Some(at), problem)
    }

    /// At a place, or of a root, for which there is none.
    pub(crate) fn somewhere(at: Option<Span>, problem: Problem) -> Self {
        Self { at, severity: Severity::Error, problem, fix: None }
    }

    pub(crate) fn fix(mut self, fix: impl Into<Option<Fix>>) -> Self {
        self.fix = fix.into();
        self
    }

    /// The stable code, such as `E0103`, which [`explain`] knows.
    pub fn code(&self) -> &'static str {
        self.problem.code()
    }

    /// What is wrong, in one lower-case clause without a full stop.
    pub fn message(&self) -> String {
        printable(&self.problem.describe().message).into_owned()
    }

    /// The places, that of the problem first.
    pub fn labels(&self) -> Vec<Label> {
        let words = self.problem.describe();
        let primary = self.at.map(|span| Label { span, text: words.label });
        let labels = primary.into_iter().chain(words.related);
        labels.map(|Label { span, text }| Label { span, text: printable(&text).into_owned() }).collect()
    }

    /// What to do about it, in words.
    pub fn help(&self) -> Option<String> {
        let help = self.fix.as_ref().map(|fix| fix.help.words()).or_else(|| self.problem.describe().help)?;
        Some(printable(&help).into_owned())
    }
}

impl Fix {
    pub(crate) fn words(help: Help) -> Self {
        Self { help, edit: None }
    }

    pub(crate) fn replace(help: Help, span: Span, replacement: impl Into<String>) -> Self {
        Self { help, edit: Some(Edit { span, replacement: replacement.into() }) }
    }
}

/// In order: files as they were asked for, problems in the order of the text.
pub(crate) fn sorted(mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    diagnostics.sort_by_key(|diagnostic| diagnostic.at.map(|at| (at.source, at.start, at.end)));
    let mut seen = BTreeSet::new();
    // Two checks that stumble over one place say it once.
    diagnostics.retain(|diagnostic| seen.insert((diagnostic.at, diagnostic.code())));
    diagnostics
}

/// Everything that is wrong with the files of a run: what `compile` gives in place of a schema.
#[derive(Clone, Debug)]
pub struct Report {
    sources: Sources,
    diagnostics: Vec<Diagnostic>,
}

impl Report {
    /// Of diagnostics that are sorted.
    pub(crate) fn new(sources: Sources, diagnostics: Vec<Diagnostic>) -> Self {
        Self { sources, diagnostics }
    }

    /// The texts that the spans point into.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// The diagnostics, at least one.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// The diagnostics, at least one.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.diagnostics.iter()
    }

    /// All of it as the compiler shows it, in rustc's look. The cost is linear in the size of what is shown.
    pub fn render(&self, color: Color) -> String {
        let mut out = String::new();
        for diagnostic in &self.diagnostics {
            out.push_str(&diagnostic.render(&self.sources, color));
            out.push_str("\n\n");
        }
        out.push_str(&render::summary(self.diagnostics.len(), color));
        out
    }
}

impl<'a> IntoIterator for &'a Report {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The report without colours.
impl std::fmt::Display for Report {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.render(Color::Never))
    }
}

impl std::error::Error for Report {}
