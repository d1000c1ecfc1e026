//! Marks that are missing, too many, or in the wrong place.

use super::super::members::OBJECT_MEMBER;
use super::super::{Parser, Rule, Shape};
use super::{Failure, is_word};
use crate::diagnostic::{Expected, Fix, Help};
use crate::scan::Piece;
use crate::source::Span;

impl Parser<'_> {
    /// Whether what was found is the start of the next thing, and all that is wrong is the missing `,` or `;`.
    pub(in crate::parse) fn separator_is_missing(
        &self,
        shape: Shape,
        words: &[Expected],
        found: Span,
        piece: &Piece,
    ) -> bool {
        let text = self.slice(found);
        let starts = is_word(text) || text == "@" || text == "..." && is_word(self.text_from(found.end));
        let between = self.text.get(self.behind_text(found.start).end as usize..found.start as usize);
        let on_next_line = between.is_some_and(|between| between.contains('\n'));
        let behind_map = self.slice(self.word_before(found.start)) == "map";
        let comma = shape.end == ',' && !behind_map;
        found.start < piece.span.end
            && starts
            && words.contains(&Expected::end(shape.end))
            && !(words.contains(&Expected::ParenClose) || words.contains(&Expected::AngleClose))
            && (comma || shape.end == ';' && on_next_line)
    }

    /// Whether the arguments of an attribute start without their `(`.
    pub(in crate::parse) fn lacks_paren(&self, found: Span, piece: &Piece) -> bool {
        let before = self.text.get(piece.span.start as usize..found.start as usize).unwrap_or_default();
        let name = before.rsplit_once('@').map_or("-", |(_, name)| name.trim());
        let text = self.slice(found);
        let argument = text == "=" || text.starts_with(|c: char| c == '"' || c.is_ascii_digit());
        argument && is_word(name) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    }

    /// A `;` or `,` within what goes on behind it.
    pub(super) fn stray_separator(&self, failure: &Failure<'_>, text: &str) -> Option<Fix> {
        let found = failure.found;
        if !matches!(text, ";" | ",") || found.end >= failure.piece.span.end {
            return None;
        }
        if text == ";" && failure.wants(Expected::Comma) && !failure.wants(Expected::Semicolon) {
            return Some(Fix::replace(Help::Write(",".to_owned()), found, ","));
        }
        // A slip of the finger: the two are one key on many keyboards.
        if failure.wants(Expected::Colon)
            && !failure.is(OBJECT_MEMBER)
            && is_word(self.text_from(found.end).trim_start())
        {
            let name = self.behind_text(found.start);
            let whole = self.span(name.end as usize, found.end as usize);
            return Some(Fix::replace(Help::TypeAfterColon, whole, ":"));
        }
        (text == ";" && !failure.wants(Expected::BracketClose)).then(|| Fix::replace(Help::RemoveIt, found, ""))
    }

    /// Marks within what was meant as one name.
    pub(super) fn meant_by_name(&self, failure: &Failure<'_>, text: &str) -> Option<Fix> {
        let found = failure.found;
        let word = self.word_before(found.start);
        let adjacent = word.end == found.start && word.start < word.end;
        let behind = self.text_from(found.end);
        match text {
            "-" if adjacent && is_word(behind) => Some(Fix::words(Help::NoHyphens)),
            "." if adjacent && is_word(behind) => {
                let length = behind.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(behind.len());
                let name = behind.get(..length).unwrap_or_default();
                let own = self.own_name(name);
                let whole = self.span(word.start as usize, found.end as usize + length);
                let in_type =
                    self.slice(self.span(0, word.start as usize)).trim_end().ends_with([':', '[', ',', '<', '>'])
                        && !failure.wants(Expected::Colon);
                Some(if in_type { Fix::replace(Help::BareTypeName, whole, own) } else { Fix::words(Help::NoDots) })
            }
            _ => None,
        }
    }

    pub(super) fn meant_as_a_value(&self, failure: &Failure<'_>, text: &str) -> Option<Fix> {
        let found = failure.found;
        let behind = self.text_from(found.end);
        let number_follows = behind.starts_with(|c: char| c.is_ascii_digit());
        match text {
            "-" if failure.wants(Expected::Value) && behind.starts_with('-') => {
                let signs = self.span(found.start as usize, found.end as usize + 1);
                Some(Fix::replace(Help::OneSign, signs, "-"))
            }
            "," if failure.shape.rule == Rule::const_piece && number_follows => {
                Some(Fix::replace(Help::GroupDigits, found, "_"))
            }
            "+" if failure.wants(Expected::Value) => Some(Fix::replace(Help::RemoveIt, found, "")),
            "." if failure.wants(Expected::Value) && number_follows => {
                Some(Fix::replace(Help::DigitsBeforePoint, found, "0."))
            }
            "." if failure.shape.rule == Rule::const_piece && !is_word(behind) => {
                Some(Fix::replace(Help::DigitsAfterPoint, found, ".0"))
            }
            "[" | "{" if failure.wants(Expected::Value) => Some(Fix::words(Help::ConstTypes)),
            _ => None,
        }
    }

    /// A bracket that should have been closed before what was found.
    pub(super) fn meant_to_close(&self, failure: &Failure<'_>, text: &str) -> Option<Fix> {
        if is_word(text) && !failure.wants(Expected::ParenClose) {
            return None;
        }
        let close = [(Expected::BracketClose, "]"), (Expected::AngleClose, ">"), (Expected::ParenClose, ")")]
            .into_iter()
            .find(|(expected, _)| failure.wants(*expected))?
            .1;
        // A comma may be all that is missing between two parameters.
        if is_word(text)
            && failure.wants(Expected::Comma)
            && self.text_from(failure.found.end).trim_start().starts_with(':')
        {
            let behind = self.behind_text(failure.found.start);
            let attribute = self.slice(self.span(failure.piece.span.start as usize, behind.end as usize));
            if !attribute.starts_with('@') {
                return Some(Fix::replace(Help::CommaBetweenParams, behind, ","));
            }
        }
        if matches!(text, ")" | "]" | ">") {
            return Some(Fix::replace(Help::ClosesOtherBracket, failure.found, close));
        }
        let opens = matches!(text, "=" | "(" | "[" | "{" | "<" | "..." | "-" | "+" | "?");
        (!opens).then(|| Fix::replace(Help::CloseIt, self.behind_text(failure.found.start), close))
    }
}
