//! `use` lines: templates write whole paths, which mean the same whatever a schema calls its types; here those that no name of the
//! schema shadows become what one would write by hand. What is shadowed stays a whole path.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;

use proc_macro2::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};
use quote::quote;

use super::names::Scope;

/// Names that need no `use`, in every edition.
const PRELUDE: [&str; 18] = [
    "core::clone::Clone",
    "core::cmp::Eq",
    "core::cmp::Ord",
    "core::cmp::PartialEq",
    "core::cmp::PartialOrd",
    "core::convert::From",
    "core::convert::Into",
    "core::convert::TryFrom",
    "core::default::Default",
    "core::marker::Copy",
    "core::marker::Send",
    "core::marker::Sync",
    "core::option::Option",
    "core::result::Result",
    "std::boxed::Box",
    "std::string::String",
    "std::string::ToString",
    "std::vec::Vec",
];

/// Names that a `use` brings, by their last word. No two are equal, and none is one that a template gives to what it writes.
const IMPORTED: [&str; 36] = [
    "core::cmp::Ordering",
    "core::convert::Infallible",
    "core::fmt",
    "core::future::Future",
    "core::hash::Hash",
    "core::hash::Hasher",
    "core::str::FromStr",
    "std::collections::BTreeMap",
    "std::collections::HashMap",
    "std::net::IpAddr",
    "std::sync::Arc",
    "std::time::SystemTime",
    "zbus::client::RemoteObject",
    "zbus::client::Request",
    "zbus::codegen::ArmName",
    "zbus::codegen::As",
    "zbus::codegen::Deserialize",
    "zbus::codegen::Same",
    "zbus::codegen::Serialize",
    "zbus::codegen::Stream",
    "zbus::codegen::serde",
    "zbus::codegen::wire",
    "zbus::server::Call",
    "zbus::server::Object",
    "zbus::server::Rejection",
    "zbus::server::Returns",
    "zbus::server::Streams",
    "zbus::types::Bytes",
    "zbus::types::IpNet",
    "zbus::types::MacAddress",
    "zbus::types::Timestamp",
    "zbus::types::Value",
    "zbus::types::chrono::DateTime",
    "zbus::types::chrono::TimeDelta",
    "zbus::types::chrono::Utc",
    "zbus::types::zero",
];

/// Crates that are in scope everywhere, by their names alone.
const CRATES: [&str; 3] = ["core", "std", "zbus"];

/// The items of a module with the `use` lines that they need; `taken` are the module's own names.
pub(super) fn with_imports(items: TokenStream, taken: &Scope) -> TokenStream {
    let (items, imports) = shortened(items, taken);
    let lines = imports.lines();
    quote!(#lines #items)
}

/// The items of a module and what they need.
pub(super) fn shortened(items: TokenStream, taken: &Scope) -> (TokenStream, Imports) {
    let mut shortening = Shortening { taken, imports: Imports::default(), known: HashMap::new() };
    (shortening.tokens(items), shortening.imports)
}

/// Of each module, the names that it gives.
#[derive(Default)]
pub(super) struct Imports(BTreeMap<String, BTreeSet<&'static str>>);

impl Imports {
    /// What others need too.
    pub(super) fn add(&mut self, others: &Self) {
        for (module, names) in &others.0 {
            self.0.entry(module.clone()).or_default().extend(names);
        }
    }

    pub(super) fn lines(&self) -> TokenStream {
        let mut lines: Vec<_> = self.0.iter().collect();
        lines.sort_by_cached_key(|(module, names)| {
            names.iter().fold((*module).clone(), |line, name| format!("{line}::{name}"))
        });
        let lines = lines.into_iter().map(|(module, names)| {
            let module: TokenStream = path(module.split("::")).into_iter().collect();
            let names: Vec<_> = names.iter().map(|name| Ident::new(name, Span::call_site())).collect();
            match names.as_slice() {
                [name] => quote!(use #module::#name;),
                names => quote!(use #module::{#(#names),*};),
            }
        });
        lines.collect()
    }
}

struct Shortening<'a> {
    taken: &'a Scope,
    imports: Imports,
    /// What each path that was met has become: a schema has many fields of few types.
    known: HashMap<String, Vec<TokenTree>>,
}

impl Shortening<'_> {
    fn tokens(&mut self, tokens: TokenStream) -> TokenStream {
        let mut rest = tokens.into_iter().collect::<Vec<_>>().into_iter();
        let mut out: Vec<TokenTree> = Vec::with_capacity(rest.len());
        loop {
            let words = absolute_path(rest.as_slice());
            if words > 0 && !continues_a_path(&out) {
                let short = self.path(&rest.as_slice()[..3 * words]);
                out.extend_from_slice(short);
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

    /// The path as it is reached with what is imported.
    fn path(&mut self, tokens: &[TokenTree]) -> &[TokenTree] {
        let mut whole = String::new();
        for token in tokens {
            // Writing to a string does not fail.
            _ = write!(whole, "{token}");
        }
        match self.known.entry(whole) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let segments: Vec<_> = new.key().split("::").skip(1).collect();
                let short = short(&segments, self.taken, &mut self.imports);
                new.insert(short)
            }
        }
    }
}

fn short(segments: &[&str], taken: &Scope, imports: &mut Imports) -> Vec<TokenTree> {
    for end in (2..=segments.len()).rev() {
        let known = segments[..end].join("::");
        let (name, rest) = (segments[end - 1], &segments[end - 1..]);
        if taken.has(name) {
            continue;
        }
        if PRELUDE.contains(&known.as_str()) {
            return path(rest.iter().copied());
        }
        if let Some(known) = IMPORTED.iter().find(|it| **it == known) {
            let (module, name) = known.rsplit_once("::").unwrap_or_default();
            // Written by hand it is the standard library's; both are the same.
            imports.0.entry(module.replacen("core", "std", 1)).or_default().insert(name);
            return path(rest.iter().copied());
        }
    }
    path(segments.iter().map(|word| if *word == "core" { "std" } else { word }))
}

/// What stands before a `::` makes it part of a path: `Self::…`, `<T as Trait>::…`.
fn continues_a_path(before: &[TokenTree]) -> bool {
    const KEYWORDS: [&str; 15] = [
        "as", "const", "dyn", "else", "for", "if", "impl", "in", "match", "mut", "pub", "ref", "return", "use", "where",
    ];
    match before {
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

fn path<'w>(words: impl Iterator<Item = &'w str>) -> Vec<TokenTree> {
    let mut tokens = Vec::new();
    for (at, word) in words.enumerate() {
        if at > 0 {
            tokens.extend(quote!(::));
        }
        tokens.push(Ident::new(word, Span::call_site()).into());
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shortened(items: TokenStream, taken: &[&str]) -> String {
        with_imports(items, &Scope::reserving(taken)).to_string()
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
