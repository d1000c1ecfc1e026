//! Habits in the members of bodies.

use super::super::Parser;
use super::super::members::{ARM, MEMBER, OBJECT_MEMBER, VARIANT};
use super::{Failure, is_word};
use crate::diagnostic::{Expected, Fix, Help};
use crate::scan::Piece;
use crate::source::Span;
use crate::spelling;

impl Parser<'_> {
    /// Behind what would be a whole field, member, arm or variant.
    pub(super) fn meant_in_a_member(&self, failure: &Failure<'_>, text: &str) -> Option<Fix> {
        let found = failure.found;
        if !failure.wants(Expected::Comma) {
            return None;
        }
        let words = |help: Help| Some(Fix::words(help));
        match text {
            "]" | ">" | ")" => Some(Fix::replace(Help::RemoveIt, found, "")),
            "(" if failure.is(ARM) => words(Help::ArmType),
            "{" if failure.is(ARM) => words(Help::ArmStruct),
            "=" if failure.is(ARM) || failure.is(VARIANT) => words(Help::WireName),
            ":" | "(" if failure.is(VARIANT) => words(Help::VariantFields),
            ":" if failure.is(MEMBER) => {
                let name = self.word_before(found.start);
                let whole = self.span(name.end as usize, found.end as usize);
                Some(Fix::replace(Help::MemberValue, whole, " ="))
            }
            "(" | "{" if failure.is(MEMBER) => words(Help::MembersCarryNothing),
            "|" => Some(Fix::replace(Help::CommaBetweenMembers, found, ",")),
            _ => None,
        }
    }

    pub(super) fn meant_in_a_method(&self, failure: &Failure<'_>, text: &str) -> Option<Fix> {
        let found = failure.found;
        if !failure.is(OBJECT_MEMBER) {
            if failure.wants(Expected::Equals) && text == ":" {
                let name = self.word_before(found.start);
                let whole = self.span(name.end as usize, found.end as usize);
                return Some(Fix::replace(Help::Write("=".to_owned()), whole, " ="));
            }
            return None;
        }
        let first =
            failure.piece.keyword.map_or("", |token| self.slice(self.span(token.start as usize, token.end as usize)));
        let words = |help: Help| Some(Fix::words(help));
        let behind = self.behind_text(found.start);
        let arrow_help = if first == "stream" { Help::StreamsAfterArrow } else { Help::ReturnsAfterArrow };
        match text {
            "throw" | "raises" | "raise" | "Throws" if failure.wants(Expected::Throws) => {
                Some(Fix::replace(Help::CalledHere("throws".to_owned()), found, "throws"))
            }
            text if is_word(text)
                && failure.wants(Expected::Throws)
                && spelling::nearest(text, ["throws"]).is_some() =>
            {
                Some(Fix::replace(Help::DidYouMean("throws".to_owned()), found, "throws"))
            }
            ":" | "returns" | "=>" | "=" if failure.wants(Expected::Arrow) => {
                Some(Fix::replace(arrow_help, self.span(behind.end as usize, found.end as usize), " ->"))
            }
            "-" if failure.wants(Expected::Arrow) => words(Help::ArrowOneWord),
            "(" | ";" if first == "stream" && failure.wants(Expected::Arrow) => words(Help::StreamForm),
            ":" if failure.wants(Expected::Throws) => words(Help::NamedReturns),
            "," if failure.wants(Expected::Throws) => words(Help::SeveralReturns),
            "->" if failure.wants(Expected::Semicolon) => words(Help::ThrowsAfterReturns),
            "(" if failure.wants(Expected::Semicolon) && failure.wants(Expected::Name) => words(Help::BareErrorName),
            text if is_word(text) && failure.wants(Expected::Fn) => {
                Some(Fix::replace(Help::OnewayFn, found, format!("fn {text}")))
            }
            text if failure.wants(Expected::Arrow) && (is_word(text) || text == "[" || text == "*") => {
                let (length, own) = self.go_type(self.text_from(found.start), 0)?;
                let whole = self.span(found.start as usize, found.start as usize + length);
                Some(Fix::replace(arrow_help, whole, format!("-> {own}")))
            }
            "[" | "{" if failure.wants(Expected::ParenOpen) => words(Help::ParamsInParens),
            text if is_word(text) && failure.wants(Expected::ParenOpen) => {
                Some(Fix::replace(Help::AddIt, self.span(behind.end as usize, found.start as usize), "("))
            }
            "->" | ";" if failure.wants(Expected::ParenOpen) && !failure.wants(Expected::Type) => {
                Some(Fix::replace(Help::AddParens, behind, "()"))
            }
            ")" if failure.wants(Expected::Throws) => Some(Fix::replace(Help::RemoveIt, found, "")),
            "..." if failure.wants(Expected::Param) || failure.wants(Expected::ParenClose) => {
                words(Help::EllipsisBeforeType)
            }
            "," if failure.wants(Expected::Param) => Some(Fix::replace(Help::RemoveIt, found, "")),
            "..." if failure.wants(Expected::Type) => words(Help::ReturnListOrStream),
            _ => None,
        }
    }

    /// What stands in an object without a word of its own, by what follows.
    pub(in crate::parse) fn member_by_its_look(&self, word: &str, at: Span, piece: &Piece) -> Option<Fix> {
        let rest = self.text.get(at.end as usize..piece.span.end as usize).unwrap_or_default().trim_start();
        let name_end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
        let behind_name = rest.get(name_end..).unwrap_or_default().trim_start();
        if self.slice(at) == ";" {
            return Some(Fix::replace(Help::RemoveIt, at, ""));
        }
        if word.is_empty() {
            return None;
        }
        if rest.starts_with('(') {
            return Some(Fix::replace(Help::MethodStart, at, format!("fn {word}")));
        }
        if rest.starts_with(':') {
            return Some(Fix::words(Help::ObjectHoldsNoData));
        }
        if rest.starts_with("->") {
            return Some(Fix::replace(Help::StreamStart, at, format!("stream {word}")));
        }
        if name_end > 0 && behind_name.starts_with('(') {
            return Some(Fix::replace(Help::MethodStart, at, "fn"));
        }
        (name_end > 0 && behind_name.starts_with("->")).then(|| Fix::replace(Help::StreamStart, at, "stream"))
    }

    /// A word that says who may see something, which everyone may.
    pub(in crate::parse) fn modifier(&self, word: &str, at: Span) -> Option<Fix> {
        matches!(word, "pub" | "public" | "export" | "private" | "abstract" | "async" | "final" | "extern" | "override")
            .then(|| {
                let rest = self.text_from(at.end);
                let space = rest.len() - rest.trim_start_matches([' ', '\t']).len();
                Fix::replace(Help::NoSuchWord, self.span(at.start as usize, at.end as usize + space), "")
            })
    }
}
