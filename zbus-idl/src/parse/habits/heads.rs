//! Habits in the heads of declarations, and in those that have no body.

use super::super::{Parser, Rule};
use super::{Failure, is_word};
use crate::diagnostic::Fix;

impl Parser<'_> {
    /// Between the name of a declaration and its body, or in one without a body.
    pub(super) fn meant_in_a_head(&self, failure: &Failure<'_>, text: &str) -> Option<Fix> {
        let found = failure.found;
        let keyword = failure.piece.keyword.map(|token| self.span(token.start as usize, token.end as usize));
        let name = self.word_before(found.start);
        Some(match (failure.shape.rule, text) {
            (Rule::alias_piece, "struct" | "interface" | "{") if failure.wants("`=`") => {
                let own = if text == "interface" { "object" } else { "struct" };
                let end = if text == "{" { name.end } else { found.end };
                let whole = self.span(keyword?.start as usize, end as usize);
                Fix::replace(format!("write `{own}`"), whole, format!("{own} {}", self.slice(name)))
            }
            (Rule::alias_piece, "{") => Fix::words("a type with fields is declared with `struct`"),
            (Rule::import_piece, _) if failure.wants("a string in `\"`") && !text.is_empty() => {
                let rest = self.text_from(found.start);
                let length = rest.find([';', '\n']).unwrap_or(rest.len());
                let path = rest.get(..length).unwrap_or_default().trim_end();
                let whole = self.span(found.start as usize, found.start as usize + path.len());
                let path = path.trim_matches(['<', '>', '\'', '`', '(', ')', '"']);
                Fix::replace("the path stands in `\"`", whole, format!("\"{path}\""))
            }
            (Rule::module_piece, ",") => Fix::replace("write `;`", found, ";"),
            (Rule::struct_piece | Rule::union_piece | Rule::error_piece | Rule::object_piece, ":") => {
                Fix::replace("the members stand in `{ … }`", self.span(name.end as usize, found.end as usize), " {")
            }
            (Rule::object_piece, text) if text.starts_with(|c: char| c.is_ascii_digit()) && failure.wants("`as`") => {
                let whole = self.span(name.end as usize, found.start as usize);
                Fix::replace("the version stands behind an `@`", whole, "@")
            }
            (Rule::object_piece, text) if is_word(text) && failure.wants("`as`") => {
                Fix::replace("the name of the generated type stands behind `as`", found, format!("as {text}"))
            }
            (Rule::enum_piece | Rule::union_piece | Rule::struct_piece | Rule::error_piece, "=") => {
                if !self.text_from(found.end).trim_start().starts_with('{') {
                    return Some(Fix::words("the members stand in `{ … }`"));
                }
                let whole = self.span(name.end as usize, found.end as usize);
                Fix::replace("the members stand in `{ … }`, without a `=`", whole, "")
            }
            (Rule::enum_piece | Rule::union_piece | Rule::struct_piece | Rule::error_piece, "(" | "[" | "<") => {
                Fix::words("the members stand in `{ … }`")
            }
            (Rule::const_piece, "=") if failure.wants("`:`") => {
                let value = self.text_from(found.end).trim_start();
                let number = value.split([';', '\n']).next().unwrap_or_default();
                let ty = match value.chars().next()? {
                    '"' => "string",
                    't' | 'f' => "bool",
                    _ if number.contains('.') => "f64",
                    c if c.is_ascii_digit() || c == '-' => "i64",
                    _ => return None,
                };
                Fix::replace("a const says its type", name.after(), format!(": {ty}"))
            }
            _ => return None,
        })
    }
}
