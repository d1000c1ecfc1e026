//! What other languages have and this one has not: said first, before any grammar.

use super::super::members::{FIELD, OBJECT_MEMBER};
use super::super::{Parser, Rule};
use super::{Failure, is_word};
use crate::diagnostic::{Diagnostic, Fix, Problem};
use crate::source::Span;

/// What there is not, and what there is in its place.
struct Absent {
    what: &'static str,
    instead: &'static str,
    fix: Option<Fix>,
}

const fn absent(what: &'static str, instead: &'static str) -> Absent {
    Absent { what, instead, fix: None }
}

impl Parser<'_> {
    /// The diagnostic of a piece that fails where it asks for something that the language does not have.
    pub(in crate::parse) fn absent(&self, failure: &Failure<'_>) -> Option<Diagnostic> {
        if failure.at_start {
            return None;
        }
        let text = self.slice(failure.found);
        let found = self
            .absent_in_a_field(failure, text)
            .or_else(|| absent_in_a_method(failure, text))
            .or_else(|| self.absent_in_a_type(failure, text))
            .or_else(|| self.absent_in_a_head(failure, text))?;
        let problem = Problem::NoSuchThing { what: found.what, instead: found.instead };
        Some(Diagnostic::new(failure.found, problem).fix(found.fix))
    }

    fn absent_in_a_field(&self, failure: &Failure<'_>, text: &str) -> Option<Absent> {
        let in_map = self.slice(self.word_before(failure.found.start)) == "map";
        if !(failure.is(FIELD) && failure.wants("`,`")) || in_map {
            return None;
        }
        Some(match text {
            "=" => {
                let value = self.behind_value(failure);
                let is_number = self.slice(value).starts_with(|c: char| c.is_ascii_digit());
                let gap = self.behind_text(failure.found.start);
                let whole = self.span(gap.end as usize, value.end as usize);
                let help =
                    if is_number { "remove it; there are no field numbers either, names travel" } else { "remove it" };
                Absent {
                    fix: Some(Fix::replace(help, whole, "")),
                    ..absent("fields have no defaults", "a field that is missing has the zero value of its type")
                }
            }
            "|" | "&" => {
                absent("a field has one type", "for one of several, declare a `union` and write its name here")
            }
            "(" => absent("fields have no options", "there are attributes, such as `@wire(\"…\")`, before the name"),
            "{" => {
                absent("types are not declared within fields", "declare it beside this struct, and write its name here")
            }
            "[" => absent("lists have no fixed length", "a list is written `[T]`"),
            "!" => Absent {
                fix: Some(Fix::replace("remove it", failure.found, "")),
                ..absent("there is no mark for required fields", "what is not optional is always there")
            },
            _ => return None,
        })
    }

    fn absent_in_a_type(&self, failure: &Failure<'_>, text: &str) -> Option<Absent> {
        if failure.wants("a type") && matches!(text, "*" | "&") {
            let (length, own) = self.go_type(self.text_from(failure.found.start), 0)?;
            let start = failure.found.start as usize;
            let fix = Fix::replace(format!("write `{own}`"), self.span(start, start + length), own);
            return Some(Absent {
                fix: Some(fix),
                ..absent("there are no pointers", "what may be absent is written `T?`")
            });
        }
        if failure.wants("a type") && text == "(" && !failure.is(OBJECT_MEMBER) {
            return Some(absent("there are no tuples", "declare a struct, and write its name here"));
        }
        (failure.wants("`]`") && text == ";").then(|| absent("lists have no fixed length", "a list is written `[T]`"))
    }

    fn absent_in_a_head(&self, failure: &Failure<'_>, text: &str) -> Option<Absent> {
        // A `:` at the end of a line is Python's `{`.
        let names_follow = || is_word(self.text_from(failure.found.end).trim_start_matches(' '));
        Some(match (failure.shape.rule, text) {
            (Rule::struct_piece, "extends" | ":") if names_follow() => {
                absent("structs do not inherit", "a spread takes in the fields of another: `struct A { ...B, X: i8 }`")
            }
            (Rule::object_piece, "extends" | ":") if names_follow() => {
                absent("objects do not inherit", "write the methods of the other here too")
            }
            (Rule::struct_piece | Rule::enum_piece | Rule::union_piece | Rule::error_piece, "<") => {
                absent("types have no parameters of their own", "there are `[T]`, `map<K, V>` and `T?`")
            }
            (Rule::alias_piece, "|") => absent(
                "an alias stands for one type",
                "for one of several, declare `union Name { Text: string, Number: f64 }`",
            ),
            (Rule::const_piece, "+" | "-" | "*" | "/" | "|" | "<")
                if !failure.wants("a value") && failure.wants("`;`") =>
            {
                absent("nothing is computed in a schema", "a value is one literal")
            }
            (Rule::import_piece, "as" | "," | "{") if !is_word(text) || failure.wants("`;`") => {
                absent("an import names one file, and no more", "its types are called by their bare names")
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

fn absent_in_a_method(failure: &Failure<'_>, text: &str) -> Option<Absent> {
    if !failure.is(OBJECT_MEMBER) {
        return None;
    }
    Some(match text {
        "=" if failure.wants("`)`") && failure.wants("`,`") => {
            absent("parameters have no defaults", "one that may be absent is of a type `T?`")
        }
        "{" if failure.wants("`throws`") => {
            absent("methods have no bodies", "the code is in the server; here ends a `;`")
        }
        "<" if failure.wants("`(`") => absent("methods have no type parameters", "`any` holds every value"),
        "&" if failure.wants("a parameter") => absent("methods have no receiver", "a parameter is written `name: T`"),
        "," if failure.wants("`;`") && !failure.wants("`throws`") => {
            absent("a method throws one error", "an error can have several variants")
        }
        _ => return None,
    })
}
