//! Tokens to text: formatted, with an empty line between items.
//!
//! A file's items are printed a few at a time, as they stand in its module. That is the same text as that of the whole, while the
//! tokens of few items are in memory at once: they take many times the room of their text.

use proc_macro2::{Span, TokenStream};
use syn::parse::{ParseStream, Parser};
use syn::{Ident, Item, ItemMod, Token, Visibility};

use crate::error::Error;

/// The items as they are printed within a module.
pub(super) fn items(tokens: TokenStream) -> Result<String, Error> {
    let items = parsed(tokens)?;
    if items.is_empty() {
        return Ok(String::new());
    }
    let module = ItemMod {
        attrs: Vec::new(),
        vis: Visibility::Inherited,
        unsafety: None,
        mod_token: <Token![mod]>::default(),
        ident: Ident::new("items", Span::call_site()),
        content: Some((syn::token::Brace::default(), items)),
        semi: None,
    };
    let printed = unparsed(vec![Item::Mod(module)]);
    let within = printed.split_once('\n').and_then(|(_, rest)| rest.strip_suffix("}\n"));
    within
        .map(str::to_owned)
        .ok_or_else(|| Error::internal(format!("generated Rust is printed as no module:\n{printed}")))
}

/// A module, of which `head` is all but the items.
pub(super) fn module(head: TokenStream, items: &[&str]) -> Result<String, Error> {
    let mut printed = unparsed(parsed(head)?);
    if items.iter().any(|items| !items.is_empty()) {
        printed.truncate(printed.trim_end_matches(['}', '\n']).len());
        printed.push('\n');
        printed.extend(items.iter().copied());
        printed.push_str("}\n");
    }
    Ok(spaced(&printed))
}

fn parsed(tokens: TokenStream) -> Result<Vec<Item>, Error> {
    let items = |input: ParseStream<'_>| {
        let mut items = Vec::new();
        while !input.is_empty() {
            items.push(input.parse()?);
        }
        Ok(items)
    };
    // The tokens are shared, not copied.
    let shown = tokens.clone();
    items.parse2(tokens).map_err(|error| Error::internal(format!("generated Rust: {error}\n{shown}")))
}

fn unparsed(items: Vec<Item>) -> String {
    prettyplease::unparse(&syn::File { shebang: None, frontmatter: None, attrs: Vec::new(), items })
}

/// The printed code with an empty line between items, where the printer puts none.
fn spaced(text: &str) -> String {
    const ITEMS: [&str; 11] =
        ["///", "#[", "pub ", "impl", "fn ", "async fn ", "const ", "type ", "struct ", "enum ", "trait "];
    let mut spaced = String::with_capacity(text.len() + text.len() / 16);
    let (mut last, mut last_indent) = ("", 0);
    for line in text.lines() {
        let code = line.trim_start();
        let indent = line.len() - code.len();
        let is_behind_one = last == "}" || (last.ends_with(';') && !last.starts_with("//"));
        if is_behind_one && indent == last_indent && ITEMS.iter().any(|start| code.starts_with(start)) {
            spaced.push('\n');
        }
        spaced.push_str(line);
        spaced.push('\n');
        (last, last_indent) = (code, indent);
    }
    spaced
}
