//! Habits in the heads of declarations, and in those that have no body.

use super::super::{Parser, Rule};
use super::{Failure, is_word};
use crate::diagnostic::{Expected, Fix, Help};

impl Parser<'_> {
    /// Between the name of a declaration and its body, or in one without a body.
    pub(super) fn meant_in_a_head(&self, failure: &Failure<'_>, text: &str) -> Option<Fix> {
        let found = failure.found;
        let keyword = failure.piece.keyword.map(|token| self.span(token.start as usize, token.end as usize));
        let name = self.word_before(found.start);
        Some(match (failure.shape.rule, text) {
            (Rule::alias_piece, "struct" | "interface" | "{") if failure.wants(Expected::Equals) => {
                let own = if text == "interface" { "object" } else { "struct" };
                let end = if text == "{" { name.end } else { found.end };
                let whole = self.span(keyword?.start as usize, end as usize);
                Fix::replace(Help::Write(own.to_string()), whole, format!("{own} {}", self.slice(name)))
            }
            (Rule::alias_piece, "{") => Fix::words(Help::StructHasFields),
            (Rule::import_piece, _) if failure.wants(Expected::String) && !text.is_empty() => {
                let rest = self.text_from(found.start);
                let length = rest.find([';', '\n']).unwrap_or(rest.len());
                let path = rest.get(..length).unwrap_or_default().trim_end();
                let whole = self.span(found.start as usize, found.start as usize + path.len());
                let path = path.trim_matches(['<', '>', '\'', '`', '(', ')', '"']);
                Fix::replace(Help::QuotePath, whole, format!("\"{path}\""))
            }
            (Rule::module_piece, ",") => Fix::replace(Help::Write(";".to_owned()), found, ";"),
            (Rule::struct_piece | Rule::union_piece | Rule::error_piece | Rule::object_piece, ":") => {
                Fix::replace(Help::MembersInBraces, self.span(name.end as usize, found.end as usize), " {")
            }
            (Rule::object_piece, text)
                if text.starts_with(|c: char| c.is_ascii_digit()) && failure.wants(Expected::As) =>
            {
                let whole = self.span(name.end as usize, found.start as usize);
                Fix::replace(Help::VersionAfterAt, whole, "@")
            }
            (Rule::object_piece, text) if is_word(text) && failure.wants(Expected::As) => {
                Fix::replace(Help::TypeNameAfterAs, found, format!("as {text}"))
            }
            (Rule::enum_piece | Rule::union_piece | Rule::struct_piece | Rule::error_piece, "=") => {
                if !self.text_from(found.end).trim_start().starts_with('{') {
                    return Some(Fix::words(Help::MembersInBraces));
                }
                let whole = self.span(name.end as usize, found.end as usize);
                Fix::replace(Help::MembersWithoutEquals, whole, "")
            }
            (Rule::enum_piece | Rule::union_piece | Rule::struct_piece | Rule::error_piece, "(" | "[" | "<") => {
                Fix::words(Help::MembersInBraces)
            }
            (Rule::const_piece, "=") if failure.wants(Expected::Colon) => {
                let value = self.text_from(found.end).trim_start();
                let number = value.split([';', '\n']).next().unwrap_or_default();
                let ty = match value.chars().next()? {
                    '"' => "string",
                    't' | 'f' => "bool",
                    _ if number.contains('.') => "f64",
                    c if c.is_ascii_digit() || c == '-' => "i64",
                    _ => return None,
                };
                Fix::replace(Help::ConstNeedsType, name.after(), format!(": {ty}"))
            }
            _ => return None,
        })
    }
}
