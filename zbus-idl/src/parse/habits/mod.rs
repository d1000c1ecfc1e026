//! What the writer of a piece that did not parse meant, where that is a habit from another language or a common slip.

mod absent;
mod heads;
mod marks;
mod members;
mod types;

use super::members::{ARM, FIELD, MEMBER, VARIANT};
use super::{Parser, Shape};
use crate::diagnostic::Fix;
use crate::scan::Piece;
use crate::source::Span;

/// A piece that failed, and how.
pub(super) struct Failure<'f> {
    pub(super) shape: Shape,
    /// What could have stood there.
    pub(super) words: &'f [String],
    /// What stands there.
    pub(super) found: Span,
    pub(super) piece: &'f Piece,
    /// Nothing but attributes stands before it.
    pub(super) at_start: bool,
}

impl Failure<'_> {
    fn wants(&self, word: &str) -> bool {
        self.words.iter().any(|one| one == word)
    }

    fn is(&self, shape: Shape) -> bool {
        self.shape.rule == shape.rule
    }
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}

impl Parser<'_> {
    pub(super) fn meant(&self, failure: &Failure<'_>) -> Option<Fix> {
        let text = self.slice(failure.found);
        if failure.at_start {
            return self.meant_at_the_start(failure, text);
        }
        if self.lacks_paren(failure.found, failure.piece) {
            return Some(Fix::words("the arguments of an attribute stand in `(…)`"));
        }
        self.stray_separator(failure, text)
            .or_else(|| self.meant_by_name(failure, text))
            .or_else(|| self.meant_in_a_head(failure, text))
            .or_else(|| self.meant_before_a_type(failure, text))
            .or_else(|| self.meant_as_a_type(failure, text))
            .or_else(|| self.meant_in_a_member(failure, text))
            .or_else(|| self.meant_in_a_method(failure, text))
            .or_else(|| self.meant_as_a_value(failure, text))
            .or_else(|| self.meant_to_close(failure, text))
            .or_else(|| habit(self.text.get(failure.found.start as usize..).unwrap_or_default()))
    }

    /// The place right behind the last text before `at`.
    pub(super) fn behind_text(&self, at: u32) -> Span {
        let end = self.text.get(..at as usize).unwrap_or_default().trim_end().len();
        self.span(end, end)
    }

    /// The word that stands right before a place, past space.
    fn word_before(&self, at: u32) -> Span {
        let end = self.behind_text(at).end as usize;
        let before = self.text.get(..end).unwrap_or_default();
        let start = before.trim_end_matches(|c: char| c.is_ascii_alphanumeric() || c == '_').len();
        self.span(start, end)
    }

    fn text_from(&self, at: u32) -> &str {
        self.text.get(at as usize..).unwrap_or_default()
    }

    fn meant_at_the_start(&self, failure: &Failure<'_>, text: &str) -> Option<Fix> {
        let in_body = [FIELD, MEMBER, ARM, VARIANT].iter().any(|shape| failure.is(*shape));
        let rest = self.text_from(failure.found.start);
        let found = failure.found;
        match text {
            _ if self.lacks_paren(found, failure.piece) => {
                Some(Fix::words("the arguments of an attribute stand in `(…)`"))
            }
            "," => Some(Fix::replace("remove it", found, "")),
            "." if rest.starts_with("..") && failure.is(FIELD) => {
                let dots = self.span(found.start as usize, found.start as usize + 2);
                Some(Fix::replace("a spread is written `...`", dots, "..."))
            }
            "..." => Some(Fix::words("only structs and the variants of errors take in the fields of another struct")),
            "[" if failure.is(ARM) => Some(Fix::words("an arm has a name, with its type behind a `:`: `Name: T`")),
            "[" => Some(Fix::words("an attribute is written `@name`")),
            text if text.starts_with('"') && failure.is(MEMBER) => Some(Fix::replace(
                "names stand without quotes; what travels can be given behind a `=`",
                found,
                text.trim_matches('"'),
            )),
            text if text.starts_with('"') && in_body => Some(Fix::replace(
                "names stand without quotes; `@wire(\"…\")` gives any name on the wire",
                found,
                text.trim_matches('"'),
            )),
            text if text.starts_with(|c: char| c.is_ascii_digit()) && failure.is(FIELD) => {
                let numbered = rest.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start().starts_with(':');
                Some(Fix::words(if numbered {
                    "fields have no numbers, their names travel: `name: T`"
                } else {
                    "a name starts with a letter; `@wire(\"…\")` gives any name on the wire"
                }))
            }
            text if text.starts_with(|c: char| c.is_ascii_digit()) && in_body => {
                Some(Fix::words("a name starts with a letter"))
            }
            _ => habit(rest),
        }
    }
}

/// What a mark that the language does not have is elsewhere; `text` starts with it.
pub(super) fn habit(text: &str) -> Option<Fix> {
    let behind = text.get(1..).unwrap_or_default();
    match text.as_bytes().first()? {
        b'#' if behind.starts_with("include") => Some(Fix::words("a file is imported with `import \"name.zbus\";`")),
        b'#' if behind.starts_with('[') => Some(Fix::words("an attribute is written `@name`")),
        b'#' => Some(Fix::words("a comment starts with `//`")),
        b'-' if behind.starts_with('-') => Some(Fix::words("a comment starts with `//`")),
        b'<' if behind.starts_with("!--") => Some(Fix::words("a comment starts with `//`")),
        b'\'' | b'`' => Some(Fix::words("strings are written with `\"`")),
        _ => None,
    }
}
