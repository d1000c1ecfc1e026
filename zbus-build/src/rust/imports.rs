//! `use` lines: what a file brings into its module, and how a path is written with that.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
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

/// The path as it is reached where these names are taken; what it needs is imported.
pub(super) fn short(segments: &[&str], taken: &Scope, imports: &mut Imports) -> String {
    for end in (2..=segments.len()).rev() {
        let known = segments[..end].join("::");
        let (name, rest) = (segments[end - 1], &segments[end - 1..]);
        if taken.has(name) {
            continue;
        }
        if PRELUDE.contains(&known.as_str()) {
            return rest.join("::");
        }
        if let Some(known) = IMPORTED.iter().find(|it| **it == known) {
            let (module, name) = known.rsplit_once("::").unwrap_or_default();
            // Written by hand it is the standard library's; both are the same.
            imports.0.entry(module.replacen("core", "std", 1)).or_default().insert(name);
            return rest.join("::");
        }
    }
    let segments: Vec<_> = segments.iter().map(|word| if *word == "core" { "std" } else { word }).collect();
    segments.join("::")
}

pub(super) fn path<'w>(words: impl Iterator<Item = &'w str>) -> Vec<TokenTree> {
    let mut tokens = Vec::new();
    for (at, word) in words.enumerate() {
        if at > 0 {
            tokens.extend(quote!(::));
        }
        tokens.push(Ident::new(word, Span::call_site()).into());
    }
    tokens
}
