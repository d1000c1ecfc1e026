//! Habits around types: what stands before one, and how others write them.

use super::super::Parser;
use super::super::members::{FIELD, OBJECT_MEMBER};
use super::{Failure, is_word};
use crate::diagnostic::{Expected, Fix, Help};
use crate::{foreign, language};

impl Parser<'_> {
    /// Where a `:` should stand between a name and its type.
    pub(super) fn meant_before_a_type(&self, failure: &Failure<'_>, text: &str) -> Option<Fix> {
        let found = failure.found;
        if !failure.wants(Expected::Colon) || found.start >= failure.piece.span.end {
            return None;
        }
        let name = self.word_before(found.start);
        let first =
            failure.piece.keyword.map_or("", |token| self.slice(self.span(token.start as usize, token.end as usize)));
        match text {
            _ if failure.is(FIELD) && matches!(first, "fn" | "stream" | "oneway") => {
                return Some(Fix::words(Help::MembersOfObjects));
            }
            _ if failure.is(FIELD) && first == "oneof" => {
                return Some(Fix::words(Help::UnionBeside));
            }
            _ if failure.is(FIELD) && first == "reserved" => {
                return Some(Fix::words(Help::NothingReserved));
            }
            "=" | ":=" | "->" | "=>" => {
                return Some(Fix::replace(Help::TypeAfterColon, self.span(name.end as usize, found.end as usize), ":"));
            }
            "?" => return Some(Fix::words(Help::OptionalForm)),
            "@" => return Some(Fix::words(Help::AttributeBeforeName)),
            ")" if failure.is(OBJECT_MEMBER) && self.slice(name) == "void" => {
                return Some(Fix::replace(Help::NoParams, name, ""));
            }
            "," | ")" if failure.is(OBJECT_MEMBER) => {
                return Some(Fix::words(Help::ParamForm));
            }
            "," | "}" if failure.is(FIELD) => return Some(Fix::words(Help::FieldForm)),
            "..." => {
                let gap = self.span(name.end as usize, found.start as usize);
                return Some(Fix::replace(Help::TypeAfterColon, gap, ": "));
            }
            _ => {}
        }
        // `int64 X`: the type first, as in C.
        let builtin = |word: &str| language::builtin(word).is_some();
        let known = |word: &str| builtin(word) || foreign::type_name(word).is_some();
        let before = self.slice(name);
        let swapped = if builtin(before) { !builtin(text) } else { known(before) && !known(text) };
        if is_word(text) && swapped && !self.declared.contains(text) {
            let own = self.own_name(before);
            let whole = self.span(name.start as usize, found.end as usize);
            return Some(Fix::replace(Help::NameFirst, whole, format!("{text}: {own}")));
        }
        let (length, own) = self.go_type(self.text_from(found.start), 0)?;
        let whole = self.span(name.end as usize, found.start as usize + length);
        Some(Fix::replace(Help::TypeAfterColon, whole, format!(": {own}")))
    }

    /// Where a type should start, or has just ended.
    pub(super) fn meant_as_a_type(&self, failure: &Failure<'_>, text: &str) -> Option<Fix> {
        let found = failure.found;
        let before = self.word_before(found.start);
        if self.slice(before) == "map" && before.start < before.end {
            let go = self.go_type(self.text_from(before.start), 0).filter(|_| text == "[");
            return Some(match go {
                Some((length, own)) => {
                    let whole = self.span(before.start as usize, before.start as usize + length);
                    Fix::replace(Help::Write(own.clone()), whole, own)
                }
                None => Fix::words(Help::MapForm),
            });
        }
        if failure.wants(Expected::Type) && text == "{" {
            return Some(Fix::words(Help::StructBeside));
        }
        if failure.wants(Expected::Type) && matches!(text, "=" | ":") {
            return Some(Fix::words(Help::TypeAfterOneColon));
        }
        None
    }

    /// A type's name as it is written here; names that this file declares, or may import, are left alone.
    pub(in crate::parse) fn own_name<'n>(&self, name: &'n str) -> &'n str {
        let may_be_imported =
            self.has_imports && name != "String" && name.starts_with(|c: char| c.is_ascii_uppercase());
        if self.declared.contains(name) || may_be_imported {
            return name;
        }
        foreign::type_name(name).unwrap_or(name)
    }

    /// A type as Go writes it, at the start of a text: its length, and what it is here.
    pub(super) fn go_type(&self, text: &str, depth: usize) -> Option<(usize, String)> {
        const MAX_GO: usize = 8;
        let inner = |skip: usize| {
            let (length, own) = self.go_type(text.get(skip..)?, depth + 1)?;
            Some((skip + length, own))
        };
        if depth > MAX_GO {
            return None;
        }
        if text.starts_with("[]") {
            let (length, own) = inner(2)?;
            return Some((length, if own == "u8" { "bytes".to_owned() } else { format!("[{own}]") }));
        }
        if text.starts_with(['*', '&']) {
            let (length, own) = inner(1)?;
            return Some((length, if own.ends_with('?') { own } else { format!("{own}?") }));
        }
        if text.starts_with("map[") {
            let (key_end, key) = inner(4)?;
            let value_start = key_end + 1;
            let (end, value) = (text.as_bytes().get(key_end) == Some(&b']')).then(|| inner(value_start))??;
            return Some((end, format!("map<{key}, {value}>")));
        }
        if text.starts_with('[') {
            return Some((0, String::new()));
        }
        let dotted = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.')).unwrap_or(text.len());
        let name = text.get(..dotted)?.trim_end_matches('.');
        let bare = name.rsplit('.').next().filter(|bare| is_word(bare))?;
        let braces = if bare == "interface" && text.get(dotted..)?.starts_with("{}") { 2 } else { 0 };
        Some((name.len() + braces, self.own_name(bare).to_owned()))
    }
}
