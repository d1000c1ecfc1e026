//! Paths made short: templates write whole paths, which mean the same whatever a schema calls its types; here those that no name of the
//! schema shadows become what one would write by hand. What is shadowed stays a whole path.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::rc::Rc;

use proc_macro2::{Delimiter, Group, Ident, Literal, Punct, Spacing, TokenStream, TokenTree};
use quote::quote;

use super::imports::{Imports, path, short};
use super::names::Scope;

/// Crates that are in scope everywhere, by their names alone.
const CRATES: [&str; 3] = ["core", "std", "zbus"];

/// The items of a module with the `use` lines that they need; `taken` are the module's own names.
pub(super) fn with_imports(items: TokenStream, taken: Scope) -> TokenStream {
    let mut shortening = Shortening::new(Rc::new(taken));
    let items = shortening.tokens(items);
    let lines = shortening.imports.lines();
    quote!(#lines #items)
}

/// Whole paths made short, in a module whose own names are taken.
pub(super) struct Shortening {
    taken: Rc<Scope>,
    /// What that needs.
    pub(super) imports: Imports,
    /// What each path that was met has become: a schema has many fields of few types.
    known: HashMap<String, Short>,
}

/// A path as it is reached with what is imported.
struct Short {
    text: String,
    tokens: Vec<TokenTree>,
}

impl Shortening {
    pub(super) fn new(taken: Rc<Scope>) -> Self {
        Self { taken, imports: Imports::default(), known: HashMap::new() }
    }

    pub(super) fn tokens(&mut self, tokens: TokenStream) -> TokenStream {
        let mut rest = tokens.into_iter().collect::<Vec<_>>().into_iter();
        let mut out: Vec<TokenTree> = Vec::with_capacity(rest.len());
        loop {
            let words = absolute_path(rest.as_slice());
            if words > 0 && !continues_a_path(&out) {
                let whole = written(&rest.as_slice()[..3 * words]);
                out.extend_from_slice(&self.path(&whole).tokens);
                rest.by_ref().take(3 * words).for_each(drop);
                continue;
            }
            let Some(next) = rest.next() else { return out.into_iter().collect() };
            out.push(match next {
                TokenTree::Group(group) => {
                    let (delimiter, span, stream) = (group.delimiter(), group.span(), group.stream());
                    // The one owner of tokens can take them out without a copy.
                    drop(group);
                    let mut inner = Group::new(delimiter, self.tokens(stream));
                    inner.set_span(span);
                    inner.into()
                }
                TokenTree::Literal(literal) if follows_with(&out) => self.text(literal),
                other => other,
            });
        }
    }

    /// A path that stands as text: the functions of an adapter, in serde's `with = "…"`.
    fn text(&mut self, literal: Literal) -> TokenTree {
        let text = literal.to_string();
        match text.trim_matches('"').parse::<TokenStream>() {
            Ok(tokens) => Literal::string(&super::types::compact(&self.tokens(tokens))).into(),
            Err(_) => literal.into(),
        }
    }

    /// A line of code as text, without comments in it, appended to what is written.
    pub(super) fn line(&mut self, mut line: &str, written: &mut String) {
        while let Some(at) = line.find(['"', ':']) {
            let (before, from) = line.split_at(at);
            written.push_str(before);
            let end = if from.starts_with('"') {
                let end = end_of_string(from);
                // A path that stands as text, as in `tokens`.
                if written.ends_with("with = ") {
                    written.push('"');
                    self.line(&from[1..end - 1], written);
                    written.push('"');
                } else {
                    written.push_str(&from[..end]);
                }
                end
            } else {
                match end_of_path(from) {
                    Some(end) if !written.ends_with(|last: char| last.is_alphanumeric() || "_>".contains(last)) => {
                        written.push_str(&self.path(&from[..end]).text);
                        end
                    }
                    _ => {
                        let end = from.find(|character| character != ':').unwrap_or(from.len());
                        written.push_str(&from[..end]);
                        end
                    }
                }
            };
            line = &from[end..];
        }
        written.push_str(line);
    }

    /// The path that starts with `::`.
    fn path(&mut self, whole: &str) -> &Short {
        if !self.known.contains_key(whole) {
            let segments: Vec<_> = whole.split("::").skip(1).collect();
            let text = short(&segments, &self.taken, &mut self.imports);
            let tokens = path(text.split("::"));
            self.known.insert(whole.to_owned(), Short { text, tokens });
        }
        &self.known[whole]
    }
}

fn written(tokens: &[TokenTree]) -> String {
    tokens.iter().fold(String::new(), |mut text, token| {
        // Writing to a string does not fail.
        _ = write!(text, "{token}");
        text
    })
}

/// Where the literal ends that the text starts with, behind its closing quote.
fn end_of_string(text: &str) -> usize {
    let mut is_escaped = true;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'"' if !is_escaped => return at + 1,
            b'\\' => is_escaped = !is_escaped,
            _ => is_escaped = false,
        }
    }
    text.len()
}

/// The like of `absolute_path` for text: where the path ends that it starts with, if that is one.
fn end_of_path(text: &str) -> Option<usize> {
    let (mut end, mut words) = (0, 0);
    while let Some(from) = text[end..].strip_prefix("::") {
        let word = from.find(|character: char| !character.is_alphanumeric() && character != '_').unwrap_or(from.len());
        if word == 0 || (words == 0 && !CRATES.contains(&&from[..word])) {
            break;
        }
        end += 2 + word;
        words += 1;
    }
    (words > 1).then_some(end)
}

/// What stands before a `::` makes it part of a path: `Self::…`, `<T as Trait>::…`.
fn continues_a_path(before: &[TokenTree]) -> bool {
    const KEYWORDS: [&str; 16] = [
        "as", "const", "dyn", "else", "for", "if", "impl", "in", "let", "match", "mut", "pub", "ref", "return", "use",
        "where",
    ];
    match before {
        // A lifetime.
        [.., TokenTree::Punct(tick), TokenTree::Ident(_)] if tick.as_char() == '\'' => false,
        [.., TokenTree::Ident(ident)] => !KEYWORDS.contains(&ident.to_string().as_str()),
        [.., TokenTree::Punct(head)] if head.as_char() == '>' => !is_arrow(before) && !ends_parameters(before),
        [.., TokenTree::Group(group)] => group.delimiter() == Delimiter::None,
        _ => false,
    }
}

fn is_arrow(before: &[TokenTree]) -> bool {
    matches!(before, [.., TokenTree::Punct(stem), TokenTree::Punct(_)]
        if stem.spacing() == Spacing::Joint && matches!(stem.as_char(), '-' | '='))
}

/// The `>` is the end of `impl<…>`.
fn ends_parameters(before: &[TokenTree]) -> bool {
    let mut depth = 0_usize;
    for (at, token) in before.iter().enumerate().rev() {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '>' && !is_arrow(&before[..=at]) => depth += 1,
            TokenTree::Punct(punct) if punct.as_char() == '<' && depth == 1 => {
                return matches!(&before[..at], [.., TokenTree::Ident(word)] if word == "impl" || word == "for");
            }
            TokenTree::Punct(punct) if punct.as_char() == '<' => depth -= 1,
            _ => {}
        }
    }
    false
}

/// `with =` stands before.
fn follows_with(before: &[TokenTree]) -> bool {
    matches!(before, [.., TokenTree::Ident(with), TokenTree::Punct(is)] if with == "with" && is.as_char() == '=')
}

/// Of how many words the path is that starts here with `::` and a crate that is known here; 0 if there is none of several.
fn absolute_path(tokens: &[TokenTree]) -> usize {
    let mut words = tokens.chunks(3).map_while(word);
    match words.next() {
        Some(first) if CRATES.iter().any(|name| first == name) => match words.count() {
            0 => 0,
            others => 1 + others,
        },
        _ => 0,
    }
}

/// The word of `::word`.
fn word(tokens: &[TokenTree]) -> Option<&Ident> {
    match tokens {
        [TokenTree::Punct(first), TokenTree::Punct(second), TokenTree::Ident(word)] => {
            (is_colon(first) && is_colon(second)).then_some(word)
        }
        _ => None,
    }
}

fn is_colon(punct: &Punct) -> bool {
    punct.as_char() == ':'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shortened(items: TokenStream, taken: &[&str]) -> String {
        with_imports(items, Scope::reserving(taken)).to_string()
    }

    fn shortened_line(line: &str, taken: &[&str]) -> String {
        let mut written = String::new();
        Shortening::new(Rc::new(Scope::reserving(taken))).line(line, &mut written);
        written
    }

    #[test]
    fn line_of_text_is_shortened_like_tokens() {
        for (line, taken, short) in [
            (
                "fn f(a: &[::zbus::types::Value]) -> ::core::option::Option<u8>;",
                &[][..],
                "fn f(a: &[Value]) -> Option<u8>;",
            ),
            ("fn f() -> ::core::option::Option<u8>;", &["Option"], "fn f() -> std::option::Option<u8>;"),
            ("impl<T: A> ::zbus::server::Object for B<T> {}", &[], "impl<T: A> Object for B<T> {}"),
            (
                "<T as A>::zbus::x; a::core::fmt; ::uuid::Uuid; ::core; B::<::core::fmt::Error>::c",
                &[],
                "<T as A>::zbus::x; a::core::fmt; ::uuid::Uuid; ::core; B::<fmt::Error>::c",
            ),
            (
                r#"#[serde(rename = "\"::core::fmt", with = "::zbus::codegen::As::<::zbus::codegen::wire::Ip>")]"#,
                &[],
                r#"#[serde(rename = "\"::core::fmt", with = "As::<wire::Ip>")]"#,
            ),
        ] {
            assert_eq!(shortened_line(line, taken), short);
            let tokens = Shortening::new(Rc::new(Scope::reserving(taken))).tokens(line.parse().unwrap());
            let without_spaces = |text: String| text.replace(' ', "");
            assert_eq!(without_spaces(tokens.to_string()), without_spaces(short.to_owned()));
        }
    }

    #[test]
    fn paths_become_names_and_what_they_need_is_imported_sorted() {
        let items = quote! {
            impl ::core::fmt::Debug for Map {
                fn get(&self) -> ::core::option::Option<::std::collections::HashMap<u8, ::zbus::types::Value>> {
                    ::std::collections::BTreeMap::new()
                }
            }
        };
        let expected = quote! {
            use std::collections::{BTreeMap, HashMap};
            use std::fmt;
            use zbus::types::Value;
            impl fmt::Debug for Map {
                fn get(&self) -> Option<HashMap<u8, Value>> {
                    BTreeMap::new()
                }
            }
        };
        assert_eq!(shortened(items, &["Map"]), expected.to_string());
    }

    #[test]
    fn name_of_the_schema_leaves_the_path_whole() {
        let items = quote!(
            fn f(a: ::core::option::Option<::zbus::types::Value>) -> ::zbus::Error;
        );
        let expected = quote!(
            fn f(a: std::option::Option<zbus::types::Value>) -> zbus::Error;
        );
        assert_eq!(shortened(items, &["Option", "Value"]), expected.to_string());
    }

    #[test]
    fn what_only_looks_like_such_a_path_is_left_alone() {
        let items = quote! {
            <T as Service>::core::<u8>(a::std::string::String, ::uuid::Uuid, <A>::zbus::x, Self::core::fmt);
        };
        assert_eq!(shortened(items.clone(), &[]), items.to_string());
    }

    #[test]
    fn path_behind_generic_parameters_is_one() {
        let items = quote! {
            impl<'de, F: Fn() -> Vec<u8>> ::zbus::codegen::Deserialize<'de> for A {
                fn f() -> ::core::option::Option<u8> {}
            }
        };
        let expected = quote! {
            use zbus::codegen::Deserialize;
            impl<'de, F: Fn() -> Vec<u8>> Deserialize<'de> for A {
                fn f() -> Option<u8> {}
            }
        };
        assert_eq!(shortened(items, &[]), expected.to_string());
    }

    #[test]
    fn path_behind_a_lifetime_or_let_is_one() {
        let items = quote! {
            fn f(a: &'a ::zbus::types::Value) {
                let ::zbus::Error::Remote { .. } = a;
            }
        };
        let expected = quote! {
            use zbus::types::Value;
            fn f(a: &'a Value) {
                let zbus::Error::Remote { .. } = a;
            }
        };
        assert_eq!(shortened(items, &[]), expected.to_string());
    }

    #[test]
    fn path_in_the_text_of_an_attribute_is_shortened_too() {
        let items = quote! {
            #[serde(rename = "::core::option::Option", with = "::zbus::codegen::As::<::zbus::codegen::wire::Ip>")]
        };
        let expected = quote! {
            use zbus::codegen::{As, wire};
            #[serde(rename = "::core::option::Option", with = "As::<wire::Ip>")]
        };
        assert_eq!(shortened(items, &[]), expected.to_string());
    }
}
