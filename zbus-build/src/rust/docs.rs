//! Documentation: a schema's comments as Rust's, and the sentences that stand beside them.

mod links;
mod markdown;

use proc_macro2::TokenStream;
use quote::quote;

pub(super) use self::links::Declared;
use self::markdown::{harmless, longest_run_of_ticks};
use super::types::Types;

/// The schema's text, or where it has none the generated sentence.
pub(super) fn docs(types: Types<'_>, text: &str, or: impl FnOnce() -> String) -> TokenStream {
    if text.trim().is_empty() { lines(&or()) } else { lines(&of_schema(types, text)) }
}

/// The schema's text, if there is one, and then a generated sentence.
pub(super) fn docs_and(types: Types<'_>, text: &str, sentence: &str) -> TokenStream {
    if text.trim().is_empty() { lines(sentence) } else { lines(&format!("{}\n\n{sentence}", of_schema(types, text))) }
}

/// Those of a member: the schema's text and then how it travels, or the generated sentence, which tells that too.
pub(super) fn member(types: Types<'_>, text: &str, wire: &str, or: impl FnOnce() -> String) -> TokenStream {
    if text.trim().is_empty() { lines(&or()) } else { docs_and(types, text, &format!("Travels as {}.", code(wire))) }
}

/// `#[deprecated]`, where the schema says so.
pub(super) fn deprecated(text: Option<&str>) -> Option<TokenStream> {
    text.map(|text| if text.is_empty() { quote!(#[deprecated]) } else { quote!(#[deprecated = #text]) })
}

/// A name in the words of a sentence.
pub(super) fn code(name: &str) -> String {
    let name = name.escape_debug().to_string();
    let ticks = "`".repeat(longest_run_of_ticks(&name) + 1);
    // Also what keeps the code of an empty name from being none.
    let space = if ticks.len() > 1 || name.is_empty() { " " } else { "" };
    format!("{ticks}{space}{name}{space}{ticks}")
}

/// The schema's text as it can stand in Rust.
fn of_schema(types: Types<'_>, text: &str) -> String {
    harmless(text, &|name| types.link(name))
}

/// The text, on lines of its own.
pub(super) fn lines(text: &str) -> TokenStream {
    let lines = text.lines().map(|line| {
        let line = line.trim_end();
        let line = if line.is_empty() { String::new() } else { format!(" {line}") };
        quote!(#[doc = #line])
    });
    quote!(#(#lines)*)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_with_a_backtick_is_quoted_by_two() {
        assert_eq!(code("Add"), "`Add`");
        assert_eq!(code("a`b"), "`` a`b ``");
    }
}
