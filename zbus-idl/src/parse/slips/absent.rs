//! What other languages have and this one has not: said first, before any grammar.

use super::super::members::{FIELD, OBJECT_MEMBER};
use super::super::{Parser, Rule};
use super::{Failure, is_word};
use crate::diagnostic::{Absent, Diagnostic, Expected, Fix, Help, Problem};
use crate::source::Span;

/// What there is not, and what mends the text.
type Lack = (Absent, Option<Fix>);

fn lack(absent: Absent) -> Lack {
    (absent, None)
}

impl Parser<'_> {
    /// The diagnostic of a piece that fails where it asks for something that the language does not have.
    pub(in crate::parse) fn absent(&self, failure: &Failure<'_>) -> Option<Diagnostic> {
        if failure.at_start {
            return None;
        }
        let text = self.slice(failure.found);
        let (absent, fix) = self
            .absent_in_a_field(failure, text)
            .or_else(|| absent_in_a_method(failure, text))
            .or_else(|| self.absent_in_a_type(failure, text))
            .or_else(|| self.absent_in_a_head(failure, text))?;
        let fix = fix.and_then(|fix| self.sound(Some(failure.shape), failure.piece, fix));
        Some(Diagnostic::new(failure.found, Problem::NoSuchThing(absent)).fix(fix))
    }

    fn absent_in_a_field(&self, failure: &Failure<'_>, text: &str) -> Option<Lack> {
        let in_map = self.slice(self.word_before(failure.found.start)) == "map";
        if !(failure.is(FIELD) && failure.wants(Expected::Comma)) || in_map {
            return None;
        }
        Some(match text {
            "=" => {
                let value = self.behind_value(failure);
                let is_number = self.slice(value).starts_with(|c: char| c.is_ascii_digit());
                let gap = self.behind_text(failure.found.start);
                let whole = self.span(gap.end as usize, value.end as usize);
                let help = if is_number { Help::RemoveItNoNumbers } else { Help::RemoveIt };
                (Absent::FieldDefault, Some(Fix::replace(help, whole, "")))
            }
            "|" | "&" => lack(Absent::SeveralTypes),
            "(" => lack(Absent::FieldOption),
            "{" => lack(Absent::InnerType),
            "[" => lack(Absent::FixedLength),
            "!" => (Absent::RequiredMark, Some(Fix::replace(Help::RemoveIt, failure.found, ""))),
            _ => return None,
        })
    }

    fn absent_in_a_type(&self, failure: &Failure<'_>, text: &str) -> Option<Lack> {
        if failure.wants(Expected::Type) && matches!(text, "*" | "&") {
            let (length, own) = self.go_type(self.text_from(failure.found.start), 0)?;
            let start = failure.found.start as usize;
            let fix = Fix::replace(Help::Write(own.clone()), self.span(start, start + length), own);
            return Some((Absent::Pointer, Some(fix)));
        }
        if failure.wants(Expected::Type) && text == "(" && !failure.is(OBJECT_MEMBER) {
            return Some(lack(Absent::Tuple));
        }
        (failure.wants(Expected::BracketClose) && text == ";").then(|| lack(Absent::FixedLength))
    }

    fn absent_in_a_head(&self, failure: &Failure<'_>, text: &str) -> Option<Lack> {
        // A `:` at the end of a line is Python's `{`.
        let names_follow = || is_word(self.text_from(failure.found.end).trim_start_matches(' '));
        Some(match (failure.shape.rule, text) {
            (Rule::struct_piece, "extends" | ":") if names_follow() => lack(Absent::StructInheritance),
            (Rule::object_piece, "extends" | ":") if names_follow() => lack(Absent::ObjectInheritance),
            (Rule::struct_piece | Rule::enum_piece | Rule::union_piece | Rule::error_piece, "<") => {
                lack(Absent::TypeParameters)
            }
            (Rule::alias_piece, "|") => lack(Absent::AliasOfSeveral),
            (Rule::const_piece, "+" | "-" | "*" | "/" | "|" | "<")
                if !failure.wants(Expected::Value) && failure.wants(Expected::Semicolon) =>
            {
                lack(Absent::Arithmetic)
            }
            (Rule::import_piece, "{") => {
                let rest = self.text.get(failure.found.start as usize..failure.piece.span.end as usize)?;
                let fix = rest.find('"').map(|quote| {
                    let start = failure.found.start as usize;
                    Fix::replace(Help::ImportWholeFile, self.span(start, start + quote), "")
                });
                (Absent::ImportList, fix)
            }
            (Rule::import_piece, "as" | ",") if !is_word(text) || failure.wants(Expected::Semicolon) => {
                lack(Absent::ImportList)
            }
            _ => return None,
        })
    }

    /// The value behind an `=` in a field.
    fn behind_value(&self, failure: &Failure<'_>) -> Span {
        let (start, end) = (failure.found.end as usize, failure.piece.span.end as usize);
        let rest = self.text.get(start..end).unwrap_or_default();
        let space = rest.len() - rest.trim_start().len();
        self.span(start + space, end.max(start + space))
    }
}

fn absent_in_a_method(failure: &Failure<'_>, text: &str) -> Option<Lack> {
    if !failure.is(OBJECT_MEMBER) {
        return None;
    }
    Some(match text {
        "=" if failure.wants(Expected::ParenClose) && failure.wants(Expected::Comma) => lack(Absent::ParamDefault),
        "{" if failure.wants(Expected::Throws) => lack(Absent::MethodBody),
        "<" if failure.wants(Expected::ParenOpen) => lack(Absent::MethodTypeParameters),
        "&" if failure.wants(Expected::Param) => lack(Absent::Receiver),
        "," if failure.wants(Expected::Semicolon) && !failure.wants(Expected::Throws) => lack(Absent::SeveralErrors),
        _ => return None,
    })
}
