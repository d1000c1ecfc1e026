//! Habits in the members of bodies.

use super::super::Parser;
use super::super::members::{ARM, MEMBER, OBJECT_MEMBER, VARIANT};
use super::{Failure, is_word};
use crate::diagnostic::Fix;
use crate::scan::Piece;
use crate::source::Span;
use crate::vocabulary;

impl Parser<'_> {
    /// Behind what would be a whole field, member, arm or variant.
    pub(super) fn meant_in_a_member(&self, failure: &Failure<'_>, text: &str) -> Option<Fix> {
        let found = failure.found;
        if !failure.wants("`,`") {
            return None;
        }
        let words = |words: &str| Some(Fix::words(words));
        match text {
            "]" | ">" | ")" => Some(Fix::replace("remove it", found, "")),
            "(" if failure.is(ARM) => words("the type of an arm stands behind a `:`: `Circle: Circle`"),
            "{" if failure.is(ARM) => words("declare a struct, and write its name behind a `:`"),
            "=" if failure.is(ARM) || failure.is(VARIANT) => {
                words("`@wire(\"…\")` before the name gives it another name on the wire")
            }
            ":" | "(" if failure.is(VARIANT) => words("what a variant carries are fields: `Gone { Why: string }`"),
            ":" if failure.is(MEMBER) => {
                let name = self.word_before(found.start);
                let whole = self.span(name.end as usize, found.end as usize);
                Some(Fix::replace("the value of a member stands behind `=`", whole, " ="))
            }
            "(" | "{" if failure.is(MEMBER) => words("the members of an enum carry nothing; those of a `union` do"),
            "|" => Some(Fix::replace("`,` stands between members", found, ",")),
            _ => None,
        }
    }

    pub(super) fn meant_in_a_method(&self, failure: &Failure<'_>, text: &str) -> Option<Fix> {
        let found = failure.found;
        if !failure.is(OBJECT_MEMBER) {
            if failure.wants("`=`") && text == ":" {
                let name = self.word_before(found.start);
                let whole = self.span(name.end as usize, found.end as usize);
                return Some(Fix::replace("write `=`", whole, " ="));
            }
            return None;
        }
        let first =
            failure.piece.keyword.map_or("", |token| self.slice(self.span(token.start as usize, token.end as usize)));
        let words = |words: &str| Some(Fix::words(words));
        let behind = self.behind_text(found.start);
        let arrow_help = if first == "stream" {
            "what a stream sends stands behind `->`"
        } else {
            "what a method returns stands behind `->`"
        };
        match text {
            "throw" | "raises" | "raise" | "Throws" if failure.wants("`throws`") => {
                Some(Fix::replace("the word for it is `throws`", found, "throws"))
            }
            text if is_word(text) && failure.wants("`throws`") && vocabulary::nearest(text, ["throws"]).is_some() => {
                Some(Fix::replace("did you mean `throws`?", found, "throws"))
            }
            ":" | "returns" | "=>" | "=" if failure.wants("`->`") => {
                Some(Fix::replace(arrow_help, self.span(behind.end as usize, found.end as usize), " ->"))
            }
            "-" if failure.wants("`->`") => words("`->` is one word"),
            "(" | ";" if first == "stream" && failure.wants("`->`") => words("a stream is written `stream Name -> T;`"),
            ":" if failure.wants("`throws`") => words("named values stand in parentheses: `-> (name: T)`"),
            "," if failure.wants("`throws`") => words("several values stand in parentheses: `-> (a: T, b: U)`"),
            "->" if failure.wants("`;`") => words("`throws` stands behind what is returned: `-> T throws E`"),
            "(" if failure.wants("`;`") && failure.wants("a name") => {
                words("an error stands behind `throws` as its bare name")
            }
            text if is_word(text) && failure.wants("`fn`") => {
                Some(Fix::replace("a `oneway` method is written `oneway fn`", found, format!("fn {text}")))
            }
            text if failure.wants("`->`") && (is_word(text) || text == "[" || text == "*") => {
                let (length, own) = self.go_type(self.text_from(found.start), 0)?;
                let whole = self.span(found.start as usize, found.start as usize + length);
                Some(Fix::replace(arrow_help, whole, format!("-> {own}")))
            }
            "[" | "{" if failure.wants("`(`") => words("parameters stand in `(…)`"),
            text if is_word(text) && failure.wants("`(`") => {
                Some(Fix::replace("add it", self.span(behind.end as usize, found.start as usize), "("))
            }
            "->" | ";" if failure.wants("`(`") && !failure.wants("a type") => {
                Some(Fix::replace("add `()`", behind, "()"))
            }
            ")" if failure.wants("`throws`") => Some(Fix::replace("remove it", found, "")),
            "..." if failure.wants("a parameter") || failure.wants("`)`") => {
                words("`...` stands before the type: `values: ...T`")
            }
            "," if failure.wants("a parameter") => Some(Fix::replace("remove it", found, "")),
            "..." if failure.wants("a type") => words("a method returns a list, `[T]`, or there is a `stream`"),
            _ => None,
        }
    }

    /// What stands in an object without a word of its own, by what follows.
    pub(in crate::parse) fn member_by_its_look(&self, word: &str, at: Span, piece: &Piece) -> Option<Fix> {
        let rest = self.text.get(at.end as usize..piece.span.end as usize).unwrap_or_default().trim_start();
        let name_end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
        let behind_name = rest.get(name_end..).unwrap_or_default().trim_start();
        if self.slice(at) == ";" {
            return Some(Fix::replace("remove it", at, ""));
        }
        if word.is_empty() {
            return None;
        }
        if rest.starts_with('(') {
            return Some(Fix::replace("a method starts with `fn`", at, format!("fn {word}")));
        }
        if rest.starts_with(':') {
            return Some(Fix::words("an object holds no data; fields stand in a `struct`"));
        }
        if rest.starts_with("->") {
            return Some(Fix::replace("an event starts with `stream`", at, format!("stream {word}")));
        }
        if name_end > 0 && behind_name.starts_with('(') {
            return Some(Fix::replace("a method starts with `fn`", at, "fn"));
        }
        (name_end > 0 && behind_name.starts_with("->"))
            .then(|| Fix::replace("an event starts with `stream`", at, "stream"))
    }

    /// A word that says who may see something, which everyone may.
    pub(in crate::parse) fn modifier(&self, word: &str, at: Span) -> Option<Fix> {
        matches!(word, "pub" | "public" | "export" | "private" | "abstract" | "async" | "final" | "extern" | "override")
            .then(|| {
                let rest = self.text_from(at.end);
                let space = rest.len() - rest.trim_start_matches([' ', '\t']).len();
                Fix::replace(
                    "there is no such word here; remove it",
                    self.span(at.start as usize, at.end as usize + space),
                    "",
                )
            })
    }
}
