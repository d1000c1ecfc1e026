//! Documentation: a schema's comments as Rust's, and the sentences that stand beside them.

mod links;
mod markdown;

use std::fmt;

use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, quote};

pub(super) use self::links::Declared;
use self::markdown::{harmless, longest_run_of_ticks};
use super::types::Types;

/// Lines of documentation, for templates of tokens and of text.
pub(super) struct Docs(String);

impl fmt::Display for Docs {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.lines().try_for_each(|line| match line.trim_end() {
            "" => formatter.write_str("///\n"),
            line => writeln!(formatter, "/// {line}"),
        })
    }
}

impl ToTokens for Docs {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        for line in self.0.lines() {
            let line = line.trim_end();
            let line = if line.is_empty() { String::new() } else { format!(" {line}") };
            tokens.extend(quote!(#[doc = #line]));
        }
    }
}

/// `#[deprecated]`, where the schema says so; the like.
pub(super) struct Deprecated<'a>(Option<&'a str>);

impl fmt::Display for Deprecated<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => Ok(()),
            Some("") => formatter.write_str("#[deprecated]\n"),
            Some(text) => writeln!(formatter, "#[deprecated = {}]", Literal::string(text)),
        }
    }
}

impl ToTokens for Deprecated<'_> {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let deprecated =
            self.0.map(|text| if text.is_empty() { quote!(#[deprecated]) } else { quote!(#[deprecated = #text]) });
        tokens.extend(deprecated);
    }
}

/// The schema's text, or where it has none the generated sentence.
pub(super) fn docs(types: Types<'_>, text: &str, or: impl FnOnce() -> String) -> Docs {
    if text.trim().is_empty() { Docs(or()) } else { Docs(of_schema(types, text)) }
}

/// The schema's text, if there is one, and then a generated sentence.
pub(super) fn docs_and(types: Types<'_>, text: &str, sentence: &str) -> Docs {
    if text.trim().is_empty() { lines(sentence) } else { Docs(format!("{}\n\n{sentence}", of_schema(types, text))) }
}

/// Those of a member: the schema's text and then how it travels, or the generated sentence, which tells that too.
pub(super) fn member(types: Types<'_>, text: &str, wire: &str, or: impl FnOnce() -> String) -> Docs {
    if text.trim().is_empty() { Docs(or()) } else { docs_and(types, text, &format!("Travels as {}.", code(wire))) }
}

/// What the schema says of it.
pub(super) fn deprecated(text: Option<&str>) -> Deprecated<'_> {
    Deprecated(text)
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
pub(super) fn lines(text: &str) -> Docs {
    Docs(text.to_owned())
}

/// The sentence, and then the schema's text, if there is one.
pub(super) fn before(types: Types<'_>, sentence: &str, text: &str) -> Docs {
    if text.trim().is_empty() { lines(sentence) } else { Docs(format!("{sentence}\n\n{}", of_schema(types, text))) }
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
