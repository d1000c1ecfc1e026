//! What the writer of a piece that did not parse meant, where that is a habit from another language or a common slip.

use super::members::{ARM, FIELD, MEMBER, OBJECT_MEMBER, VARIANT};
use super::{Parser, Rule, Shape};
use crate::diagnostic::Fix;
use crate::scan::Piece;
use crate::source::Span;
use crate::vocabulary;

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

    /// Whether what was found is the start of the next thing, and all that is wrong is the missing `,` or `;`.
    pub(super) fn separator_is_missing(&self, shape: Shape, words: &[String], found: Span, piece: &Piece) -> bool {
        let text = self.slice(found);
        let starts = is_word(text) || text == "@" || text == "..." && is_word(self.text_from(found.end));
        let separator = format!("`{}`", shape.end);
        let between = self.text.get(self.behind_text(found.start).end as usize..found.start as usize);
        let on_next_line = between.is_some_and(|between| between.contains('\n'));
        let behind_map = self.slice(self.word_before(found.start)) == "map";
        let comma = shape.end == ',' && !behind_map;
        found.start < piece.span.end
            && starts
            && words.contains(&separator)
            && !words.iter().any(|word| word == "`)`" || word == "`>`")
            && (comma || shape.end == ';' && on_next_line)
    }

    /// Whether the arguments of an attribute start without their `(`.
    pub(super) fn lacks_paren(&self, found: Span, piece: &Piece) -> bool {
        let before = self.text.get(piece.span.start as usize..found.start as usize).unwrap_or_default();
        let name = before.rsplit_once('@').map_or("-", |(_, name)| name.trim());
        let text = self.slice(found);
        let argument = text == "=" || text.starts_with(|c: char| c == '"' || c.is_ascii_digit());
        argument && is_word(name) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
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

    /// A `;` or `,` within what goes on behind it.
    fn stray_separator(&self, failure: &Failure<'_>, text: &str) -> Option<Fix> {
        let found = failure.found;
        if !matches!(text, ";" | ",") || found.end >= failure.piece.span.end {
            return None;
        }
        if text == ";" && failure.wants("`,`") && !failure.wants("`;`") {
            return Some(Fix::replace("write `,`", found, ","));
        }
        // A slip of the finger: the two are one key on many keyboards.
        if failure.wants("`:`") && !failure.is(OBJECT_MEMBER) && is_word(self.text_from(found.end).trim_start()) {
            let name = self.behind_text(found.start);
            let whole = self.span(name.end as usize, found.end as usize);
            return Some(Fix::replace("the type stands behind a `:`", whole, ":"));
        }
        (text == ";" && !failure.wants("`]`")).then(|| Fix::replace("remove it", found, ""))
    }

    /// Marks within what was meant as one name.
    fn meant_by_name(&self, failure: &Failure<'_>, text: &str) -> Option<Fix> {
        let found = failure.found;
        let word = self.word_before(found.start);
        let adjacent = word.end == found.start && word.start < word.end;
        let behind = self.text_from(found.end);
        match text {
            "-" if adjacent && is_word(behind) => {
                Some(Fix::words("hyphens are for the names of modules and objects; here write `_`, or capitals"))
            }
            "." if adjacent && is_word(behind) => {
                let length = behind.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(behind.len());
                let name = behind.get(..length).unwrap_or_default();
                let own = self.own_name(name);
                let whole = self.span(word.start as usize, found.end as usize + length);
                let in_type =
                    self.slice(self.span(0, word.start as usize)).trim_end().ends_with([':', '[', ',', '<', '>'])
                        && !failure.wants("`:`");
                Some(if in_type {
                    Fix::replace("a type is called by its bare name, wherever it comes from", whole, own)
                } else {
                    Fix::words("a name has no dots; `@wire(\"…\")` gives any name on the wire")
                })
            }
            _ => None,
        }
    }

    /// Between the name of a declaration and its body, or in one without a body.
    fn meant_in_a_head(&self, failure: &Failure<'_>, text: &str) -> Option<Fix> {
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
            (Rule::alias_piece, "|") => {
                Fix::words("for one of several types, declare a union: `union Name { Text: string, Number: f64 }`")
            }
            (Rule::alias_piece, "{") => Fix::words("a type with fields is declared with `struct`"),
            (Rule::import_piece, "as" | "," | "{") => Fix::words(
                "an import names one file: `import \"name.zbus\";`; its types are called by their bare names",
            ),
            (Rule::import_piece, _) if failure.wants("a string in `\"`") && !text.is_empty() => {
                let rest = self.text_from(found.start);
                let length = rest.find([';', '\n']).unwrap_or(rest.len());
                let path = rest.get(..length).unwrap_or_default().trim_end();
                let whole = self.span(found.start as usize, found.start as usize + path.len());
                let path = path.trim_matches(['<', '>', '\'', '`', '(', ')', '"']);
                Fix::replace("the path stands in `\"`", whole, format!("\"{path}\""))
            }
            (Rule::module_piece, ",") => Fix::replace("write `;`", found, ";"),
            (Rule::struct_piece, "extends" | ":") => {
                Fix::words("the fields of another struct are taken in by a spread: `struct A { ...B, X: i8 }`")
            }
            (Rule::object_piece, "extends" | ":") => Fix::words("an object does not inherit from another"),
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

    /// Where a `:` should stand between a name and its type.
    fn meant_before_a_type(&self, failure: &Failure<'_>, text: &str) -> Option<Fix> {
        let found = failure.found;
        if !failure.wants("`:`") || found.start >= failure.piece.span.end {
            return None;
        }
        let name = self.word_before(found.start);
        let first =
            failure.piece.keyword.map_or("", |token| self.slice(self.span(token.start as usize, token.end as usize)));
        match text {
            _ if failure.is(FIELD) && matches!(first, "fn" | "stream" | "oneway") => {
                return Some(Fix::words("methods and streams stand in an `object`"));
            }
            _ if failure.is(FIELD) && first == "oneof" => {
                return Some(Fix::words("declare a `union` beside this struct, and a field of that type"));
            }
            _ if failure.is(FIELD) && first == "reserved" => {
                return Some(Fix::words("fields have no numbers, so none is reserved; remove it"));
            }
            "=" | ":=" | "->" | "=>" => {
                return Some(Fix::replace(
                    "the type stands behind a `:`",
                    self.span(name.end as usize, found.end as usize),
                    ":",
                ));
            }
            "?" => return Some(Fix::words("the `?` stands behind the type: `Name: T?`")),
            "@" => return Some(Fix::words("fields have no numbers; an attribute stands before the name")),
            "," | ")" if failure.is(OBJECT_MEMBER) => {
                return Some(Fix::words("each parameter has a name and a type: `name: T`"));
            }
            "," | "}" if failure.is(FIELD) => return Some(Fix::words("a field has a name and a type: `Name: T`")),
            "..." => {
                let gap = self.span(name.end as usize, found.start as usize);
                return Some(Fix::replace("the type stands behind a `:`", gap, ": "));
            }
            _ => {}
        }
        // `int64 X`: the type first, as in C.
        let builtin = |word: &str| vocabulary::builtin(word).is_some();
        let known = |word: &str| builtin(word) || vocabulary::foreign_type(word).is_some();
        let before = self.slice(name);
        let swapped = if builtin(before) { !builtin(text) } else { known(before) && !known(text) };
        if is_word(text) && swapped && !self.declared.contains(text) {
            let own = self.own_name(before);
            let whole = self.span(name.start as usize, found.end as usize);
            return Some(Fix::replace("the name stands first, the type behind a `:`", whole, format!("{text}: {own}")));
        }
        let (length, own) = self.go_type(self.text_from(found.start), 0)?;
        let whole = self.span(name.end as usize, found.start as usize + length);
        Some(Fix::replace("the type stands behind a `:`", whole, format!(": {own}")))
    }

    /// Where a type should start, or has just ended.
    fn meant_as_a_type(&self, failure: &Failure<'_>, text: &str) -> Option<Fix> {
        let found = failure.found;
        let before = self.word_before(found.start);
        if self.slice(before) == "map" && before.start < before.end {
            let go = self.go_type(self.text_from(before.start), 0).filter(|_| text == "[");
            return Some(match go {
                Some((length, own)) => {
                    let whole = self.span(before.start as usize, before.start as usize + length);
                    Fix::replace(format!("write `{own}`"), whole, own)
                }
                None => Fix::words("a map is written `map<K, V>`"),
            });
        }
        if failure.wants("a type") && matches!(text, "*" | "&") {
            let (length, own) = self.go_type(self.text_from(found.start), 0)?;
            let whole = self.span(found.start as usize, found.start as usize + length);
            return Some(Fix::replace("there are no pointers; what may be absent is written `T?`", whole, own));
        }
        if failure.wants("a type") && text == "(" && !failure.is(OBJECT_MEMBER) {
            return Some(Fix::words("types have no parentheses and there are no tuples: declare a struct"));
        }
        if failure.wants("a type") && text == "{" {
            return Some(Fix::words("declare a struct beside this one, and write its name here"));
        }
        if failure.wants("a type") && matches!(text, "=" | ":") {
            return Some(Fix::words("the type stands behind one `:`"));
        }
        if failure.wants("`]`") && text == ";" {
            return Some(Fix::words("lists have no fixed length: `[T]`"));
        }
        None
    }

    /// Behind what would be a whole field, member, arm or variant.
    fn meant_in_a_member(&self, failure: &Failure<'_>, text: &str) -> Option<Fix> {
        let found = failure.found;
        if !failure.wants("`,`") {
            return None;
        }
        let words = |words: &str| Some(Fix::words(words));
        match text {
            "=" if failure.is(FIELD) => words(
                "fields have neither numbers nor defaults: names travel, and what is missing has its type's zero value",
            ),
            "|" | "&" if failure.is(FIELD) => {
                words("for one of several types, declare a `union` and write its name here")
            }
            "[" if failure.is(FIELD) => words("lists have no fixed length: `[T]`"),
            "{" if failure.is(FIELD) => words("declare it beside this struct, and write its name here"),
            "(" if failure.is(FIELD) => words("a field has no options but the attributes before it"),
            "!" if failure.is(FIELD) => words("what is not optional is always there; remove the `!`"),
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

    fn meant_in_a_method(&self, failure: &Failure<'_>, text: &str) -> Option<Fix> {
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
            "{" if failure.wants("`throws`") => words("a method has no body here: its code is in the server"),
            "(" | ";" if first == "stream" && failure.wants("`->`") => words("a stream is written `stream Name -> T;`"),
            ":" if failure.wants("`throws`") => words("named values stand in parentheses: `-> (name: T)`"),
            "," if failure.wants("`throws`") => words("several values stand in parentheses: `-> (a: T, b: U)`"),
            "," if failure.wants("`;`") => words("a method throws one error; that can have several variants"),
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
            "<" if failure.wants("`(`") => words("a method has no type parameters; `any` holds every value"),
            text if is_word(text) && failure.wants("`(`") => {
                Some(Fix::replace("add it", self.span(behind.end as usize, found.start as usize), "("))
            }
            "->" | ";" if failure.wants("`(`") && !failure.wants("a type") => {
                Some(Fix::replace("add `()`", behind, "()"))
            }
            ")" if failure.wants("`throws`") => Some(Fix::replace("remove it", found, "")),
            "&" if failure.wants("a parameter") => words("a method has no receiver; a parameter is written `name: T`"),
            "..." if failure.wants("a parameter") || failure.wants("`)`") => {
                words("`...` stands before the type: `values: ...T`")
            }
            "=" if failure.wants("`)`") => {
                words("parameters have no defaults; one that may be absent is of a type `T?`")
            }
            "," if failure.wants("a parameter") => Some(Fix::replace("remove it", found, "")),
            "..." if failure.wants("a type") => words("a method returns a list, `[T]`, or there is a `stream`"),
            _ => None,
        }
    }

    fn meant_as_a_value(&self, failure: &Failure<'_>, text: &str) -> Option<Fix> {
        let found = failure.found;
        let behind = self.text_from(found.end);
        let number_follows = behind.starts_with(|c: char| c.is_ascii_digit());
        match text {
            "+" if failure.wants("a value") => Some(Fix::replace("remove it", found, "")),
            "." if failure.wants("a value") && number_follows => {
                Some(Fix::replace("a float has digits before the point", found, "0."))
            }
            "." if failure.shape.rule == Rule::const_piece && !is_word(behind) => {
                Some(Fix::replace("a float has digits behind the point", found, ".0"))
            }
            "+" | "-" | "*" | "/" | "|" | "<" if failure.shape.rule == Rule::const_piece => {
                Some(Fix::words("a value is one literal; nothing is computed in a schema"))
            }
            "[" | "{" if failure.wants("a value") => {
                Some(Fix::words("consts are of bool, an integer or float type, string or duration"))
            }
            _ => None,
        }
    }

    /// A bracket that should have been closed before what was found.
    fn meant_to_close(&self, failure: &Failure<'_>, text: &str) -> Option<Fix> {
        if is_word(text) && !failure.wants("`)`") {
            return None;
        }
        let close = [("`]`", "]"), ("`>`", ">"), ("`)`", ")")].into_iter().find(|(word, _)| failure.wants(word))?.1;
        // A comma may be all that is missing between two parameters.
        if is_word(text) && failure.wants("`,`") && self.text_from(failure.found.end).trim_start().starts_with(':') {
            let behind = self.behind_text(failure.found.start);
            let attribute = self.slice(self.span(failure.piece.span.start as usize, behind.end as usize));
            if !attribute.starts_with('@') {
                return Some(Fix::replace("`,` stands between parameters", behind, ","));
            }
        }
        if matches!(text, ")" | "]" | ">") {
            return Some(Fix::replace("this closes another bracket", failure.found, close));
        }
        let opens = matches!(text, "=" | "(" | "[" | "{" | "<" | "..." | "-" | "+" | "?");
        (!opens).then(|| Fix::replace("close it", self.behind_text(failure.found.start), close))
    }

    /// A type's name as it is written here; names that this file declares, or may import, are left alone.
    pub(super) fn own_name<'n>(&self, name: &'n str) -> &'n str {
        let may_be_imported =
            self.has_imports && name != "String" && name.starts_with(|c: char| c.is_ascii_uppercase());
        if self.declared.contains(name) || may_be_imported {
            return name;
        }
        vocabulary::foreign_type(name).unwrap_or(name)
    }

    /// A type as Go writes it, at the start of a text: its length, and what it is here.
    fn go_type(&self, text: &str, depth: usize) -> Option<(usize, String)> {
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

    /// A word that says who may see something, which everyone may.
    pub(super) fn modifier(&self, word: &str, at: Span) -> Option<Fix> {
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

    /// What stands in an object without a word of its own, by what follows.
    pub(super) fn member_by_its_look(&self, word: &str, at: Span, piece: &Piece) -> Option<Fix> {
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
