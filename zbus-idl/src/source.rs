//! The texts of a run, and places in them. Everything else holds spans; only here do they become lines and columns.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// One text of a [`Sources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(u32);

/// A piece of a text, in bytes, `end` excluded. An empty span is a place between two characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The text.
    pub source: SourceId,
    /// The first byte.
    pub start: u32,
    /// The byte behind the last.
    pub end: u32,
}

impl Span {
    /// The bytes as a range of the text.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The smallest span around both, which are of one text.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self { source: self.source, start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// The place right behind it.
    #[must_use]
    pub fn after(self) -> Self {
        Self { start: self.end, ..self }
    }
}

/// A line and a column as editors count them: from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// How many bytes of a line are counted as characters: a line may have a million diagnostics.
const MAX_COUNTED: usize = 4096;

/// A text and the path under which the loader found it.
#[derive(Clone, Debug)]
pub struct Source {
    /// The path, as messages show it.
    pub path: String,
    /// The text.
    pub text: String,
    /// Where each line starts; never empty, the first line starts at 0.
    lines: Vec<u32>,
}

impl Source {
    fn new(path: String, text: String) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let lines = std::iter::once(0).chain(breaks.map(|(at, _)| offset(at + 1))).collect();
        Self { path, text, lines }
    }

    /// The line and column of a byte; of the end, if the byte lies after it. Far into a very long line,
    /// the column is in bytes.
    pub fn location(&self, at: u32) -> Location {
        let line = self.line_index(at);
        let start = self.line_start(line);
        let before = self.text.get(start..at as usize).unwrap_or_default();
        let column = if before.len() > MAX_COUNTED { before.len() } else { before.chars().count() };
        Location { line: line + 1, column: column + 1 }
    }

    /// The line, from 0, and the column of a byte in UTF-16 units, from 0: as the protocol of language servers counts.
    pub fn utf16(&self, at: u32) -> (u32, u32) {
        let line = self.line_index(at);
        let before = self.text.get(self.line_start(line)..at as usize).unwrap_or_default();
        (offset(line), offset(before.encode_utf16().count()))
    }

    /// The text between two bytes; nothing, if they are not the borders of characters.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.range()).unwrap_or_default()
    }

    /// The line of a byte, counted from 0.
    pub(crate) fn line_index(&self, at: u32) -> usize {
        self.lines.partition_point(|start| *start <= at).saturating_sub(1)
    }

    /// The first byte of a line that is counted from 0; the end of the text, if there is no such line.
    pub(crate) fn line_start(&self, line: usize) -> usize {
        self.lines.get(line).map_or(self.text.len(), |start| *start as usize)
    }
}

/// The texts of a run, in the order in which they were asked for: a root, then its imports.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    list: Vec<Arc<Source>>,
    by_path: HashMap<String, SourceId>,
}

impl Sources {
    /// Gives a file a text. One that had a text keeps its id.
    pub(crate) fn set(&mut self, path: &str, text: String) -> SourceId {
        let source = Arc::new(Source::new(path.to_owned(), text));
        if let Some(id) = self.find(path) {
            if let Some(place) = self.list.get_mut(id.0 as usize) {
                *place = source;
            }
            return id;
        }
        let id = SourceId(offset(self.list.len()));
        self.list.push(source);
        self.by_path.insert(path.to_owned(), id);
        id
    }

    /// The text of a path, as the loader gives it.
    pub fn find(&self, path: &str) -> Option<SourceId> {
        self.by_path.get(path).copied()
    }

    /// The text of an id; `None` for an id of another run.
    pub fn get(&self, id: SourceId) -> Option<&Source> {
        self.list.get(id.0 as usize).map(|source| &**source)
    }

    /// The text under a span.
    pub fn slice(&self, span: Span) -> &str {
        self.get(span.source).map_or("", |source| source.slice(span))
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.list.iter().map(|source| &**source)
    }
}

/// Texts are at most 16 MiB, so positions fit; a larger one would end up behind the text, which every look-up allows.
pub(crate) fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_lines_start_at_one() {
        let source = Source::new("a.zbus".into(), "é x\n\ny".into());
        assert_eq!(source.location(0), Location { line: 1, column: 1 });
        assert_eq!(source.location(3), Location { line: 1, column: 3 });
        assert_eq!(source.location(6), Location { line: 3, column: 1 });
    }

    #[test]
    fn language_servers_count_in_utf16_units() {
        let source = Source::new("a.zbus".into(), "x\n🎈é x".into());
        assert_eq!((source.utf16(0), source.utf16(9)), ((0, 0), (1, 4)));
    }

    #[test]
    fn a_place_behind_the_text_is_no_panic() {
        let source = Source::new("a.zbus".into(), "x".into());
        assert_eq!(source.location(99).line, 1);
    }
}
