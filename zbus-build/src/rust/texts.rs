//! What a schema has most of, fields and methods, as text: its templates write it as the printer would, so that it need be neither
//! parsed nor printed. Tokens go on as before, with a mark in the text's place.
//!
//! A text of which a line is too long is given to the printer, which knows where to break it. So the outcome is always the printer's;
//! a test compares the two.

use std::cell::RefCell;
use std::fmt::{self, Write as _};
use std::rc::Rc;

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::imports::Imports;
use super::names::Scope;
use super::print;
use super::shortening::Shortening;
use crate::error::Error;

/// Columns of a line; the printer breaks what is longer.
const MARGIN: usize = 89;

/// Stands for a text among the printed items.
const MARK: &str = "zbus_text!(";

/// The texts of some items of a module.
pub(super) struct Texts {
    shortening: RefCell<Shortening>,
    kept: RefCell<Vec<String>>,
    is_direct: bool,
}

impl Texts {
    /// In a module where these names are taken. Where it is not `is_direct`, the printer gets all texts.
    pub(super) fn new(taken: Rc<Scope>, is_direct: bool) -> Self {
        Self { shortening: RefCell::new(Shortening::new(taken)), kept: RefCell::default(), is_direct }
    }

    /// Tokens for items or members, each a text, which stand this many levels deep in the file.
    pub(super) fn members(&self, depth: usize, texts: impl IntoIterator<Item = String>) -> TokenStream {
        self.in_place_of(depth, texts, |number| quote!(zbus_text!(#number);))
    }

    /// The like for arms of a `match`.
    pub(super) fn arms(&self, depth: usize, texts: impl IntoIterator<Item = String>) -> TokenStream {
        self.in_place_of(depth, texts, |number| quote!(zbus_text!(#number) => {}))
    }

    /// Texts that follow each other share a mark.
    fn in_place_of(
        &self,
        depth: usize,
        texts: impl IntoIterator<Item = String>,
        mark: impl Fn(Literal) -> TokenStream,
    ) -> TokenStream {
        let mut tokens = TokenStream::new();
        let mut written = String::new();
        let keep = |written: String, tokens: &mut TokenStream| {
            if !written.is_empty() {
                let mut kept = self.kept.borrow_mut();
                tokens.extend(mark(Literal::usize_unsuffixed(kept.len())));
                kept.push(written);
            }
        };
        for text in texts {
            if !self.is_direct || !self.write(depth, &text, &mut written) {
                keep(std::mem::take(&mut written), &mut tokens);
                tokens.extend(parsed(&text));
            }
        }
        keep(written, &mut tokens);
        tokens
    }

    /// Appends the text, unless the printer has to break a line of it.
    fn write(&self, depth: usize, text: &str, written: &mut String) -> bool {
        let mut shortening = self.shortening.borrow_mut();
        let before = written.len();
        for line in text.lines() {
            let start = written.len();
            written.extend(std::iter::repeat_n("    ", depth));
            if line.trim_start().starts_with("///") {
                written.push_str(line);
            } else {
                shortening.line(line, written);
                if written.len() - start > MARGIN {
                    written.truncate(before);
                    return false;
                }
            }
            written.push('\n');
        }
        true
    }

    /// The items as they are printed within a module, with the texts in their places, and what they need.
    pub(super) fn printed(self, items: TokenStream) -> Result<(String, Imports), Error> {
        let mut shortening = self.shortening.into_inner();
        let items = print::items(shortening.tokens(items))?;
        let mut kept = self.kept.into_inner();
        let mut written = String::with_capacity(items.len() + kept.iter().map(String::len).sum::<usize>());
        for line in items.split_inclusive('\n') {
            match kept_by(line).and_then(|number| kept.get_mut(number)) {
                Some(text) => written.push_str(&std::mem::take(text)),
                None => written.push_str(line),
            }
        }
        match kept.iter().find(|text| !text.is_empty()) {
            None => Ok((written, shortening.imports)),
            Some(text) => Err(Error::internal(format!("generated Rust has lost this:\n{text}"))),
        }
    }
}

/// The number in the mark, if the line is one.
fn kept_by(line: &str) -> Option<usize> {
    let (number, _) = line.trim_start().strip_prefix(MARK)?.split_once(')')?;
    number.parse().ok()
}

fn parsed(text: &str) -> TokenStream {
    // What is no Rust is then told by the printer.
    text.parse().unwrap_or_else(|_| quote!(#text))
}

/// Writes a line.
pub(super) fn line(text: &mut String, line: fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    _ = text.write_fmt(line);
    text.push('\n');
}

/// The text one level deeper.
pub(super) fn indented(text: &str) -> String {
    let mut indented = String::with_capacity(text.len() + text.len() / 4);
    for line in text.split_inclusive('\n') {
        indented.push_str("    ");
        indented.push_str(line);
    }
    indented
}
