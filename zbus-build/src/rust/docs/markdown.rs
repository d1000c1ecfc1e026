//! The text of a comment. It was written for every language and by anyone, so what rustdoc or rustc would take for more than text
//! (doctests, HTML, text direction marks, links to Rust) is made harmless; names of the schema become links; nothing else changes.

use std::ops::Range;

use pulldown_cmark::{BrokenLink, CodeBlockKind, CowStr, Event, LinkType, Options, Parser, Tag, TagEnd};

/// What rustdoc reads as Rust or as an order to itself, however its words are joined, apart from `ignore-…`, `edition…` and error codes.
const RUSTDOC_WORDS: [&str; 9] = [
    "rust",
    "shouldpanic",
    "norun",
    "custom",
    "testharness",
    "compilefail",
    "standalonecrate",
    "allowfail",
    "standalone",
];

/// Stands behind a text in a trial parse: where it does not come out as a paragraph, the text swallows what follows it.
const SENTINEL: &str = "zbus-end-of-text";

/// An edit can change how the rest is read, so the result is judged again, this often.
const ROUNDS: usize = 4;

/// The text with nothing left in it that is run, rendered as HTML, warned of or reaches behind its end. `link` gives the target of the
/// link that a name becomes.
pub(super) fn harmless(text: &str, link: &dyn Fn(&str) -> Option<String>) -> String {
    if is_prose(text) {
        return text.to_owned();
    }
    let printable = printable(text);
    let text = printable.trim_end();
    let mut linking = Linking { link, made: Vec::new(), new: Vec::new() };
    let mut current = text.to_owned();
    for _ in 0..ROUNDS {
        match edited(&current, &mut linking) {
            None => return current,
            Some(edited) => current = edited,
        }
        linking.made.append(&mut linking.new);
    }
    // Text that resists becomes a block of text.
    let fence = "`".repeat(longest_run_of_ticks(text).max(2) + 1);
    format!("{fence}text\n{text}\n{fence}")
}

/// What links are made of.
struct Linking<'a> {
    link: &'a dyn Fn(&str) -> Option<String>,
    /// The targets of links that earlier rounds have made, which are right.
    made: Vec<String>,
    /// Those of this round.
    new: Vec<String>,
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

/// The text with each place edited that offends or names something; none where there is no such place.
fn edited(text: &str, linking: &mut Linking<'_>) -> Option<String> {
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    // Of lists and quotes; of links and images; of code blocks.
    let (mut depth, mut links, mut blocks) = (0_usize, 0_usize, 0_usize);
    let mut end_of_url = 0;
    let trial = format!("{text}\n\n{SENTINEL}");
    let mut ends_in_a_paragraph = false;
    // What has no definition is a link for rustdoc, to a Rust item.
    let undefined = |link: BrokenLink<'_>| Some((CowStr::from(link.reference.into_string()), CowStr::from("")));
    for (event, range) in
        Parser::new_with_broken_link_callback(&trial, rustdoc_options(), Some(undefined)).into_offset_iter()
    {
        match event {
            Event::Start(Tag::BlockQuote(_) | Tag::List(_) | Tag::FootnoteDefinition(_)) => depth += 1,
            Event::End(TagEnd::BlockQuote(_) | TagEnd::List(_) | TagEnd::FootnoteDefinition) => depth -= 1,
            Event::Start(Tag::Link { link_type, dest_url, .. }) => {
                links += 1;
                edits.extend(linking.of_link(link_type, &dest_url, &trial, range));
            }
            Event::Start(Tag::Image { .. }) => links += 1,
            Event::End(TagEnd::Link | TagEnd::Image) => links -= 1,
            Event::Code(code) if links == 0 => edits.extend(linking.of_code(&code, &trial, range)),
            Event::Start(Tag::CodeBlock(kind)) => {
                blocks += 1;
                match kind {
                    CodeBlockKind::Fenced(info) if is_other_language(&info) => {}
                    CodeBlockKind::Fenced(_) => {
                        let opening = &trial[range.clone()];
                        let ticks = opening.len() - opening.trim_start_matches(['`', '~']).len();
                        let end = opening.find('\n').unwrap_or(opening.len());
                        edits.push((range.start + ticks..range.start + end, "text".to_owned()));
                    }
                    CodeBlockKind::Indented if depth > 0 => {
                        // Within a list or a quote a fence would need its prefix on each line: an edit that cannot succeed.
                        edits.push((0..0, String::new()));
                    }
                    CodeBlockKind::Indented => {
                        let start = trial[..range.start].rfind('\n').map_or(0, |newline| newline + 1);
                        let end = range.end.min(text.len());
                        edits.push((start..end, fenced(&trial[start..end])));
                    }
                }
            }
            Event::End(TagEnd::CodeBlock) => blocks -= 1,
            Event::Html(html) | Event::InlineHtml(html) => {
                for (offset, _) in html.match_indices('<') {
                    edits.push((range.start + offset..range.start + offset, "\\".to_owned()));
                }
                if !html.contains('<') {
                    edits.push((0..0, String::new()));
                }
            }
            Event::Text(text) if depth == 0 && *text == *SENTINEL => ends_in_a_paragraph = true,
            Event::Text(_) if blocks == 0 => {
                // A backtick that opens no code, of which rustdoc may warn.
                for (offset, _) in trial[range.clone()].match_indices('`') {
                    let at = range.start + offset;
                    let backslashes = trial[..at].bytes().rev().take_while(|byte| *byte == b'\\').count();
                    if backslashes % 2 == 0 {
                        edits.push((at..at, "\\".to_owned()));
                    }
                }
                if links > 0 {
                    continue;
                }
                for start in starts_of_urls(&trial[range.clone()]).map(|start| range.start + start) {
                    if start >= end_of_url
                        && let Some(url) = url(&trial[start..])
                    {
                        end_of_url = start + url.len();
                        edits.push((start..end_of_url, format!("<{url}>")));
                    }
                }
            }
            _ => {}
        }
    }
    if edits.is_empty() && ends_in_a_paragraph {
        return None;
    }
    let mut edited = text.to_owned();
    // Stable: what is nested stands behind what holds it.
    edits.sort_by_key(|(range, _)| range.start);
    for (range, replacement) in edits.into_iter().rev() {
        if range.end <= edited.len() {
            edited.replace_range(range, &replacement);
        }
    }
    Some(edited)
}

impl Linking<'_> {
    /// Leads a link to what it names; one to nothing is text.
    fn of_link(
        &mut self,
        kind: LinkType,
        target: &str,
        text: &str,
        range: Range<usize>,
    ) -> Option<(Range<usize>, String)> {
        // The parser leaves the empty brackets of `[name][]` out.
        let is_collapsed = kind == LinkType::CollapsedUnknown && text[range.end..].starts_with("[]");
        let range = range.start..range.end + if is_collapsed { 2 } else { 0 };
        let written = &text[range.clone()];
        let is_right = match kind {
            LinkType::ReferenceUnknown | LinkType::CollapsedUnknown | LinkType::ShortcutUnknown => false,
            LinkType::Inline | LinkType::Reference | LinkType::Collapsed | LinkType::Shortcut => is_url(target),
            LinkType::Autolink | LinkType::Email | LinkType::WikiLink { .. } => true,
        };
        if is_right || self.made.iter().any(|made| made == target.trim_matches('`')) {
            return None;
        }
        let name = target.trim_matches('`').trim();
        let Some(path) = (self.link)(name) else {
            return Some((range.start..range.start, "\\".to_owned()));
        };
        // Behind the text of the link.
        let end = if kind == LinkType::Inline { written.rfind("](") } else { written.rfind("][") };
        let end = end.unwrap_or(written.len() - 1) + 1;
        let shown = written[1..end - 1].trim_matches('`');
        let behind = if shown == path { String::new() } else { format!("({path})") };
        self.new.push(path);
        (written[end..] != behind).then(|| (range.start + end..range.end, behind))
    }

    /// Code that is a name becomes a link.
    fn of_code(&mut self, code: &str, text: &str, range: Range<usize>) -> Option<(Range<usize>, String)> {
        let path = (self.link)(code)?;
        let written = &text[range.clone()];
        let link = if code == path { format!("[{written}]") } else { format!("[{written}]({path})") };
        self.new.push(path);
        Some((range, link))
    }
}

/// A target that rustdoc does not take for a Rust item: what such a path cannot be.
fn is_url(target: &str) -> bool {
    let is_of_a_path = |c: char| c.is_alphanumeric() || ":_<>, !*&;@()`".contains(c);
    match target.split_once('#') {
        _ if target.contains('/') => true,
        Some(("", anchor)) => !anchor.contains('#'),
        Some((path, anchor)) => !anchor.contains('#') && !path.contains('`') && !path.chars().all(is_of_a_path),
        None => !target.contains('`') && !target.chars().all(is_of_a_path),
    }
}

fn starts_of_urls(text: &str) -> impl Iterator<Item = usize> {
    let starts = text.match_indices("http").map(|(start, _)| start);
    starts.filter(|start| ["http://", "https://"].iter().any(|scheme| text[*start..].starts_with(scheme)))
}

/// The URL that starts here, without what ends a sentence.
fn url(text: &str) -> Option<&str> {
    let end = text.find(|c: char| c.is_whitespace() || c.is_control() || "<>\"`|[]{}\\".contains(c));
    let mut url = &text[..end.unwrap_or(text.len())];
    while let Some(shorter) = url.strip_suffix(|c| ".,;:!?'*_~)".contains(c)) {
        if url.ends_with(')') && url.contains('(') {
            break;
        }
        url = shorter;
    }
    url.split_once("://").filter(|(_, rest)| !rest.is_empty()).map(|_| url)
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
    // Of what looks like one of its words, rustdoc warns.
    let joined = info.to_ascii_lowercase().replace(['-', '_'], "");
    let is_order = joined.starts_with("ignore") || joined.starts_with("edition");
    is_word && !is_error_code && !is_order && !RUSTDOC_WORDS.contains(&joined.as_str())
}

/// Those of rustdoc's own parse.
fn rustdoc_options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_SMART_PUNCTUATION
}

pub(super) fn longest_run_of_ticks(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of a schema that declares `VM` as `Vm`, and `Disk`.
    fn link(name: &str) -> Option<String> {
        match name {
            "VM" => Some("Vm".to_owned()),
            "Disk" => Some("Disk".to_owned()),
            _ => None,
        }
    }

    fn harmless(text: &str) -> String {
        super::harmless(text, &link)
    }

    fn is_left_alone(text: &str) -> bool {
        edited(text, &mut Linking { link: &link, made: Vec::new(), new: Vec::new() }).is_none()
    }

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
            assert!(is_left_alone(text), "{text}");
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
        assert_eq!(harmless("```compile-fail\nx\n```"), "```text\nx\n```");
        assert_eq!(harmless("```E0308\nx\n```"), "```text\nx\n```");
    }

    #[test]
    fn names_of_the_schema_become_links() {
        assert_eq!(harmless("Starts a [VM]."), "Starts a [VM](Vm).");
        assert_eq!(harmless("Starts a `VM` with each [`Disk`]."), "Starts a [`VM`](Vm) with each [`Disk`].");
        assert_eq!(harmless("`Disk`, [Disk][], [Disk][Disk], [Disk](Disk)"), "[`Disk`], [Disk], [Disk], [Disk]");
        assert_eq!(
            harmless("[machine][VM], [`machine`](VM), [Vm](VM), [VM][]"),
            "[machine](Vm), [`machine`](Vm), [Vm], [VM](Vm)"
        );
        assert_eq!(harmless("[`VM`](https://example.org) `VM.Disk`"), "[`VM`](https://example.org) `VM.Disk`");
        assert_eq!(
            harmless("```text\n[VM] `VM` https://example.org\n```"),
            "```text\n[VM] `VM` https://example.org\n```"
        );
    }

    #[test]
    fn links_to_nothing_are_text() {
        assert_eq!(harmless("at [index], a [`Vec`], [a, b]"), "at \\[index], a \\[`Vec`], \\[a, b]");
        assert_eq!(harmless("[x](std::io) [y][z] [w][]"), "\\[x](std::io) \\[y]\\[z] \\[w][]");
        assert_eq!(harmless("[a [b] c]"), "\\[a \\[b] c]");
        for link in ["[a](#b)", "[a](b.md)", "[a](../b)", "[a](mailto:b@c.de)", "[a]\n\n[a]: https://example.org"] {
            assert_eq!(harmless(link), link);
        }
    }

    #[test]
    fn backtick_that_opens_no_code_is_escaped() {
        assert_eq!(harmless("`a`, \\` and b` c"), "`a`, \\` and b\\` c");
        assert_eq!(harmless("[b ``c](https://d.de)"), "[b \\`\\`c](https://d.de)");
        assert_eq!(harmless("```text\n`\n```"), "```text\n`\n```");
    }

    #[test]
    fn bare_urls_become_links() {
        assert_eq!(harmless("See https://example.org/a_b(c)."), "See <https://example.org/a_b(c)>.");
        assert_eq!(harmless("(*http://a.de/?x=1&y*)"), "(*<http://a.de/?x=1&y>*)");
        assert_eq!(harmless("[at http://a.de]"), "\\[at <http://a.de>]");
        for text in
            ["<https://example.org>", "[https://a.de](https://a.de)", "`https://a.de`", "https:// http", "https://"]
        {
            assert_eq!(harmless(text), text);
        }
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
        assert!(is_left_alone(&harmless("<div>\nopen")));
        assert!(is_left_alone(&harmless("<!-- open")));
    }

    #[test]
    fn unclosed_fence_ends_with_its_text() {
        assert_eq!(harmless("```text\nopen"), "````text\n```text\nopen\n````");
    }

    #[test]
    fn characters_that_rustc_refuses_in_comments_are_gone() {
        assert_eq!(harmless("a\u{202e}b\rc"), "ab c");
    }
}
