//! Diagnostics as text: in rustc's look, drawn by `annotate-snippets`, or in one line.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Patch, Renderer, Snippet};

use super::{Diagnostic, Edit, Label, Severity};
use crate::printable::printable;
use crate::source::{Source, Sources, Span};

/// Whether a rendered text carries ANSI colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// Plain text.
    Never,
    /// With escape sequences. Whether the terminal wants them is the caller's to find out.
    Always,
}

impl Color {
    fn renderer(self) -> Renderer {
        match self {
            Self::Never => Renderer::plain(),
            Self::Always => Renderer::styled(),
        }
    }
}

/// Lines that are longer are named, not shown: they are of no use to a reader, and drawing is not linear in their length.
const MAX_LINE: usize = 1000;
/// Labels that are further apart, in lines, are shown as two excerpts: the lines between would be read only to be left out.
const MAX_GAP: usize = 200;

impl Diagnostic {
    /// The diagnostic as the compiler shows it: message, places, help, and what the suggested edit makes of the text.
    pub fn render(&self, sources: &Sources, color: Color) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = level.primary_title(self.message()).id(self.code());
        let mut main = Group::with_title(title);
        let labels = self.labels();
        for excerpt in excerpts(sources, &labels) {
            main = excerpt.add_to(main);
        }
        let mut groups = Vec::new();
        let edit = self.fix.as_ref().and_then(|fix| fix.edit.as_ref());
        match (self.help(), edit.and_then(|edit| patched(sources, edit))) {
            (Some(help), Some(snippet)) => {
                groups.push(main);
                groups.push(Group::with_title(Level::HELP.secondary_title(help)).element(snippet));
            }
            (Some(help), None) => groups.push(main.element(Level::HELP.message(help))),
            (None, _) => groups.push(main),
        }
        color.renderer().render(&groups)
    }

    /// `calc.zbus:12:9: error[E0103]: unknown type …; did you mean …`: for tools that show one line.
    pub fn one_line(&self, sources: &Sources) -> String {
        let place = self.at.and_then(|span| {
            let source = sources.get(span.source)?;
            let location = source.location(span.start);
            Some(format!("{}:{}:{}: ", printable(&source.path), location.line, location.column))
        });
        let help = self.fix.as_ref().map(|fix| format!("; {}", printable(&fix.help.words())));
        let (place, help) = (place.unwrap_or_default(), help.unwrap_or_default());
        format!("{place}{}[{}]: {}{help}", self.severity.name(), self.code(), self.message())
    }
}

pub(super) fn summary(count: usize, color: Color) -> String {
    let what = if count == 1 { "1 error".to_owned() } else { format!("{count} errors") };
    let title = Level::ERROR.primary_title(format!("the schema does not compile: {what}"));
    color.renderer().render(&[Group::with_title(title)]) + "\n"
}

/// Labels of one file that are near each other, and the lines around them.
struct Excerpt<'a> {
    source: &'a Source,
    lines: Range<usize>,
    labels: Vec<(AnnotationKind, &'a Label)>,
}

fn excerpts<'a>(sources: &'a Sources, labels: &'a [Label]) -> Vec<Excerpt<'a>> {
    let mut excerpts: Vec<Excerpt<'a>> = Vec::new();
    for (index, label) in labels.iter().enumerate() {
        let Some(source) = sources.get(label.span.source) else {
            continue;
        };
        let kind = if index == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
        let lines = source.line_index(label.span.start)..source.line_index(label.span.end) + 1;
        let near = excerpts.iter_mut().find(|excerpt| {
            std::ptr::eq(excerpt.source, source)
                && lines.start <= excerpt.lines.end + MAX_GAP
                && excerpt.lines.start <= lines.end + MAX_GAP
        });
        if let Some(excerpt) = near {
            excerpt.lines = excerpt.lines.start.min(lines.start)..excerpt.lines.end.max(lines.end);
            excerpt.labels.push((kind, label));
        } else {
            excerpts.push(Excerpt { source, lines, labels: vec![(kind, label)] });
        }
    }
    excerpts
}

impl<'a> Excerpt<'a> {
    fn add_to(self, group: Group<'a>) -> Group<'a> {
        let Some(text) = shown_lines(self.source, &self.lines) else {
            let at = self.labels.first().map_or(0, |(_, label)| label.span.start);
            let location = self.source.location(at);
            let origin = Origin::path(printable(&self.source.path)).line(location.line).char_column(location.column);
            return group.element(origin);
        };
        let offset = self.source.line_start(self.lines.start);
        let annotations = self.labels.iter().map(|(kind, label)| {
            let annotation = kind.span(within(label.span, offset, text.len()));
            if label.text.is_empty() { annotation } else { annotation.label(&label.text) }
        });
        let snippet = Snippet::source(text).path(printable(&self.source.path)).line_start(self.lines.start + 1);
        group.element(snippet.annotations(annotations))
    }
}

/// The lines as text; `None` if one is too long to show.
fn shown_lines<'a>(source: &'a Source, lines: &Range<usize>) -> Option<&'a str> {
    let short = |line: usize| source.line_start(line + 1) - source.line_start(line) <= MAX_LINE;
    if !lines.clone().all(short) {
        return None;
    }
    source.text.get(source.line_start(lines.start)..source.line_start(lines.end))
}

fn within(span: Span, offset: usize, length: usize) -> Range<usize> {
    let range = span.range();
    range.start.saturating_sub(offset).min(length)..range.end.saturating_sub(offset).min(length)
}

fn patched<'a>(sources: &'a Sources, edit: &'a Edit) -> Option<Snippet<'a, Patch<'a>>> {
    let source = sources.get(edit.span.source)?;
    let lines = source.line_index(edit.span.start)..source.line_index(edit.span.end) + 1;
    let text = shown_lines(source, &lines)?;
    let patch = Patch::new(within(edit.span, source.line_start(lines.start), text.len()), &*edit.replacement);
    Some(Snippet::source(text).path(printable(&source.path)).line_start(lines.start + 1).patch(patch))
}
