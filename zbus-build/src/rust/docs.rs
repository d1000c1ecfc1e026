//! Documentation: a schema's comments as Rust's. They were written for every language and by anyone, so what rustdoc or
//! rustc would take for more than text (doctests, HTML, text direction marks) is made harmless, and nothing else changes.

use std::fmt;
use std::ops::Range;

use proc_macro2::{Literal, TokenStream};
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use quote::{ToTokens, quote};

/// What rustdoc reads as Rust or as an order to itself, apart from `ignore-…`, `edition…` and error codes.
const RUSTDOC_WORDS: [&str; 9] = [
    "rust",
    "should_panic",
    "no_run",
    "custom",
    "test_harness",
    "compile_fail",
    "standalone_crate",
    "allow_fail",
    "standalone",
];

/// Stands behind a text in a trial parse: where it does not come out as a paragraph, the text swallows what follows it.
const SENTINEL: &str = "zbus-end-of-text";

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
pub(super) fn docs(text: &str, or: impl FnOnce() -> String) -> Docs {
    if text.trim().is_empty() { Docs(or()) } else { Docs(harmless(text)) }
}

/// The schema's text, if there is one, and then a generated sentence.
pub(super) fn docs_and(text: &str, sentence: &str) -> Docs {
    if text.trim().is_empty() { Docs(sentence.to_owned()) } else { Docs(format!("{}\n\n{sentence}", harmless(text))) }
}

/// Those of a member: the schema's text and then how it travels, or the generated sentence, which tells that too.
pub(super) fn member(text: &str, wire: &str, or: impl FnOnce() -> String) -> Docs {
    if text.trim().is_empty() { Docs(or()) } else { docs_and(text, &format!("Travels as {}.", code(wire))) }
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

/// The text with nothing left in it that is run, rendered as HTML or reaches behind its end.
fn harmless(text: &str) -> String {
    if is_prose(text) {
        return text.to_owned();
    }
    let text = printable(text);
    let text = text.trim_end();
    // An edit can change how the rest is read, so the result is judged again; text that resists becomes a block of text.
    match edited(text) {
        None => text.to_owned(),
        Some(edited) if self::edited(&edited).is_none() => edited,
        Some(_) => {
            let fence = "`".repeat(longest_run_of_ticks(text).max(2) + 1);
            format!("{fence}text\n{text}\n{fence}")
        }
    }
}

/// One line of words, which no parser takes for anything else: most comments are, and a parse of each would take longer than all
/// else that is done about it.
fn is_prose(text: &str) -> bool {
    let starts_with_a_letter = text.starts_with(|c: char| c.is_ascii_alphabetic());
    starts_with_a_letter
        && text.chars().all(|c| c.is_ascii_alphanumeric() || " ,.:;()'?".contains(c))
        && !text.ends_with(' ')
}

/// Tabs as spaces, and none of the characters that rustc refuses in a comment.
fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    let mut column = 0;
    for character in text.replace("\r\n", "\n").chars() {
        match character {
            '\n' => {
                printable.push('\n');
                column = 0;
                continue;
            }
            '\t' => {
                let width = 4 - column % 4;
                printable.extend(std::iter::repeat_n(' ', width));
                column += width;
                continue;
            }
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => continue,
            character if character.is_control() => printable.push(' '),
            character => printable.push(character),
        }
        column += 1;
    }
    printable
}

/// The text with each offending place edited; none where there is no such place.
fn edited(text: &str) -> Option<String> {
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    let mut depth = 0_usize;
    let trial = format!("{text}\n\n{SENTINEL}");
    let mut ends_in_a_paragraph = false;
    for (event, range) in Parser::new_ext(&trial, rustdoc_options()).into_offset_iter() {
        match event {
            Event::Start(Tag::BlockQuote(_) | Tag::List(_) | Tag::FootnoteDefinition(_)) => depth += 1,
            Event::End(TagEnd::BlockQuote(_) | TagEnd::List(_) | TagEnd::FootnoteDefinition) => depth -= 1,
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) if !is_other_language(&info) => {
                let opening = &trial[range.clone()];
                let ticks = opening.len() - opening.trim_start_matches(['`', '~']).len();
                let end = opening.find('\n').unwrap_or(opening.len());
                edits.push((range.start + ticks..range.start + end, "text".to_owned()));
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Indented)) => {
                if depth > 0 {
                    // Within a list or a quote a fence would need its prefix on each line: an edit that cannot succeed.
                    edits.push((0..0, String::new()));
                    continue;
                }
                let start = trial[..range.start].rfind('\n').map_or(0, |newline| newline + 1);
                let end = range.end.min(text.len());
                edits.push((start..end, fenced(&trial[start..end])));
            }
            Event::Html(html) | Event::InlineHtml(html) => {
                for (offset, _) in html.match_indices('<') {
                    edits.push((range.start + offset..range.start + offset, "\\".to_owned()));
                }
                if !html.contains('<') {
                    edits.push((0..0, String::new()));
                }
            }
            Event::Text(text) if depth == 0 && *text == *SENTINEL => ends_in_a_paragraph = true,
            _ => {}
        }
    }
    if edits.is_empty() && ends_in_a_paragraph {
        return None;
    }
    let mut edited = text.to_owned();
    for (range, replacement) in edits.into_iter().rev() {
        if range.end <= edited.len() {
            edited.replace_range(range, &replacement);
        }
    }
    Some(edited)
}

/// Indented code as a fenced block of text.
fn fenced(code: &str) -> String {
    let fence = "`".repeat(longest_run_of_ticks(code).max(2) + 1);
    let mut block = format!("{fence}text\n");
    for line in code.trim_end().lines() {
        block.push_str(line.strip_prefix("    ").unwrap_or(line.trim_start()));
        block.push('\n');
    }
    block + &fence + if code.ends_with('\n') { "\n" } else { "" }
}

/// A fence's info string that rustdoc takes for another language than Rust.
fn is_other_language(info: &str) -> bool {
    let is_word = !info.is_empty() && info.chars().all(|c| c.is_ascii_alphanumeric() || "+#_-".contains(c));
    let is_error_code = info.strip_prefix('E').is_some_and(|code| code.chars().all(|c| c.is_ascii_digit()));
    let is_order = info.starts_with("ignore") || info.starts_with("edition");
    is_word && !is_error_code && !is_order && !RUSTDOC_WORDS.contains(&info)
}

/// Those of rustdoc's own parse.
fn rustdoc_options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_SMART_PUNCTUATION
}

fn longest_run_of_ticks(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_markdown_is_left_as_written() {
        for text in [
            "Adds *two* numbers, see [the paper](https://example.org).",
            "A list:\n\n- one\n- two\n\n```json\n{\"a\": 1}\n```",
            "a `<T>` and \"\"\" and */ and \\",
            "| a | b |\n|---|---|\n| 1 | 2 |",
        ] {
            assert_eq!(harmless(text), text);
        }
    }

    #[test]
    fn prose_is_what_the_parser_leaves_alone_too() {
        for text in ["Adds two numbers.", "a) Degrees, that is: (C), or K; isn't it?", "x"] {
            assert!(is_prose(text), "{text}");
            assert_eq!(edited(text), None, "{text}");
        }
        for text in ["", " a", "a ", "1. a", "a\n    b", "`a`", "a <b> c", "a [b]", "a\tb", "[a]: b", "a *b*"] {
            assert!(!is_prose(text), "{text}");
        }
    }

    #[test]
    fn fence_that_rustdoc_would_run_becomes_text() {
        assert_eq!(harmless("```\nlet a;\n```"), "```text\nlet a;\n```");
        assert_eq!(harmless("~~~ rust,no_run\nlet a;\n~~~"), "~~~text\nlet a;\n~~~");
        assert_eq!(harmless("- a\n  ```should_panic\n  x\n  ```"), "- a\n  ```text\n  x\n  ```");
        assert_eq!(harmless("```E0308\nx\n```"), "```text\nx\n```");
    }

    #[test]
    fn indented_code_becomes_a_block_of_text() {
        assert_eq!(
            harmless("For example:\n\n    let a = 1;\n\n      let b;\n\nAnd on."),
            "For example:\n\n```text\nlet a = 1;\n\n  let b;\n```\n\nAnd on."
        );
        assert_eq!(harmless("\tx"), "```text\nx\n```");
    }

    #[test]
    fn indented_code_within_a_list_turns_all_of_it_to_text() {
        assert_eq!(harmless("- a\n\n      let b;"), "```text\n- a\n\n      let b;\n```");
    }

    #[test]
    fn html_is_shown_and_not_rendered() {
        assert_eq!(harmless("a <script>b</script> c"), "a \\<script>b\\</script> c");
        assert_eq!(edited(&harmless("<div>\nopen")), None);
        assert_eq!(edited(&harmless("<!-- open")), None);
    }

    #[test]
    fn unclosed_fence_ends_with_its_text() {
        assert_eq!(harmless("```text\nopen"), "````text\n```text\nopen\n````");
    }

    #[test]
    fn characters_that_rustc_refuses_in_comments_are_gone() {
        assert_eq!(harmless("a\u{202e}b\rc"), "ab c");
    }

    #[test]
    fn name_with_a_backtick_is_quoted_by_two() {
        assert_eq!(code("Add"), "`Add`");
        assert_eq!(code("a`b"), "`` a`b ``");
    }
}
