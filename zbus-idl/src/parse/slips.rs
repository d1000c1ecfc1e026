//! What the writer of a piece that did not parse meant, where that is a habit from another language or a common slip.

mod absent;
mod heads;
mod marks;
mod members;
mod sound;
mod types;

use super::members::{ARM, FIELD, MEMBER, VARIANT};
use super::{Parser, Shape};
use crate::diagnostic::{Expected, Fix, Help};
use crate::scan::Piece;
use crate::source::Span;

/// A piece that failed, and how.
pub(super) struct Failure<'f> {
    pub(super) shape: Shape,
    /// What could have stood there.
    pub(super) words: &'f [Expected],
    /// What stands there.
    pub(super) found: Span,
    pub(super) piece: &'f Piece,
    /// Nothing but attributes stands before it.
    pub(super) at_start: bool,
}

impl Failure<'_> {
    fn wants(&self, expected: Expected) -> bool {
        self.words.contains(&expected)
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
            return Some(Fix::words(Help::AttributeParens));
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

    /// The place right behind the last token before `at`; a comment between the two is no place for an edit.
    pub(super) fn behind_text(&self, at: u32) -> Span {
        let before = self.tokens.partition_point(|token| token.start < at).checked_sub(1);
        let end = before.and_then(|before| self.tokens.get(before)).map_or(0, |token| token.end.min(at) as usize);
        self.span(end, end)
    }

    /// The word right before a place, past space and comments; empty, if that is no word.
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
            _ if self.lacks_paren(found, failure.piece) => Some(Fix::words(Help::AttributeParens)),
            "," => Some(Fix::replace(Help::RemoveIt, found, "")),
            "." if rest.starts_with("..") && failure.is(FIELD) => {
                let dots = self.span(found.start as usize, found.start as usize + 2);
                Some(Fix::replace(Help::SpreadForm, dots, "..."))
            }
            "..." => Some(Fix::words(Help::SpreadPlaces)),
            "[" if failure.is(ARM) => Some(Fix::words(Help::ArmForm)),
            "[" => Some(Fix::words(Help::AttributeForm)),
            text if text.starts_with('"') && failure.is(MEMBER) => {
                Some(Fix::replace(Help::NameWithoutQuotesMember, found, text.trim_matches('"')))
            }
            text if text.starts_with('"') && in_body => {
                Some(Fix::replace(Help::NameWithoutQuotesWire, found, text.trim_matches('"')))
            }
            text if text.starts_with(|c: char| c.is_ascii_digit()) && failure.is(FIELD) => {
                let numbered = rest.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start().starts_with(':');
                Some(Fix::words(if numbered { Help::NoFieldNumbers } else { Help::NameStartWire }))
            }
            text if text.starts_with(|c: char| c.is_ascii_digit()) && in_body => Some(Fix::words(Help::NameStart)),
            _ => habit(rest),
        }
    }
}

/// What a mark that the language does not have is elsewhere; `text` starts with it.
pub(super) fn habit(text: &str) -> Option<Fix> {
    let behind = text.get(1..).unwrap_or_default();
    match text.as_bytes().first()? {
        b'#' if behind.starts_with("include") => Some(Fix::words(Help::ImportForm)),
        b'#' if behind.starts_with('[') => Some(Fix::words(Help::AttributeForm)),
        b'#' => Some(Fix::words(Help::CommentForm)),
        b'-' if behind.starts_with('-') => Some(Fix::words(Help::CommentForm)),
        b'<' if behind.starts_with("!--") => Some(Fix::words(Help::CommentForm)),
        b'\'' | b'`' => Some(Fix::words(Help::StringForm)),
        _ => None,
    }
}
