//! Why a piece did not parse, in the user's words: what pest expected, where, and what a writer of another language meant.

use pest::error::{Error, ErrorVariant, InputLocation};

use super::members::{OBJECT_MEMBER, object_member_words};
use super::{Parser, Rule, Shape};
use crate::diagnostic::{Diagnostic, Fix, Problem};
use crate::scan::{Piece, TokenKind};
use crate::source::Span;
use crate::vocabulary::{self, OBJECT_MEMBERS};

impl Parser<'_> {
    /// The one diagnostic of a piece that failed.
    pub(super) fn explain(&self, shape: Shape, piece: &Piece, error: &Error<Rule>) -> Diagnostic {
        let at = match error.location {
            InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
        };
        let found = self.token_from(piece.span.start as usize + at, piece);
        let behind_piece = found.start >= piece.span.end;
        let place = if behind_piece { self.place_of_next(piece) } else { found };
        let at_start = piece.keyword.is_none_or(|keyword| keyword.start == found.start);
        if at_start && shape.rule == OBJECT_MEMBER.rule {
            return self.unknown_member(piece, place, found);
        }
        let words = match &error.variant {
            ErrorVariant::ParsingError { positives, .. } => expected(positives, shape),
            ErrorVariant::CustomError { .. } => Vec::new(),
        };
        let separator = format!("`{}`", shape.end);
        let text = match words.as_slice() {
            words if at_start || words.is_empty() => format!("a {}", shape.noun),
            [only] if *only == separator => format!("{separator} after the {}", shape.noun),
            words => alternatives(words),
        };
        let fix = self.meant(&words, found, piece);
        let problem = Problem::Unexpected { expected: text, found: self.found(found) };
        Diagnostic::new(place, problem).fix(fix)
    }

    fn unknown_member(&self, piece: &Piece, place: Span, found: Span) -> Diagnostic {
        let is_word = piece.keyword.is_some_and(|token| token.kind == TokenKind::Word);
        let word = if is_word { self.slice(found) } else { "" };
        let fix = vocabulary::foreign_member(word)
            .map(|own| Fix::replace(format!("the word for it is `{own}`"), found, own))
            .or_else(|| {
                let own = vocabulary::nearest(word, OBJECT_MEMBERS)?;
                Some(Fix::replace(format!("did you mean `{own}`?"), found, own))
            });
        let problem = Problem::UnknownWord { word: self.found(found), expected: "a method or stream" };
        Diagnostic::new(place, problem).fix(fix.unwrap_or_else(object_member_words))
    }

    /// The token at a place in a piece, past space and comments; what follows the piece, if there is none.
    fn token_from(&self, at: usize, piece: &Piece) -> Span {
        let end = piece.span.end as usize;
        let mut at = at;
        loop {
            let rest = self.text.get(at..end).unwrap_or_default();
            let trimmed = rest.trim_start();
            at += rest.len() - trimmed.len();
            if trimmed.is_empty() {
                return piece.next;
            }
            if trimmed.starts_with("//") {
                at += trimmed.find('\n').unwrap_or(trimmed.len());
            } else if trimmed.starts_with("/*") {
                at += trimmed.find("*/").map_or(trimmed.len(), |length| length + 2);
            } else {
                let length = token_length(trimmed);
                return self.span(at, at + length);
            }
        }
    }

    /// What the writer meant, where that is a habit from elsewhere.
    fn meant(&self, expected: &[String], found: Span, piece: &Piece) -> Option<Fix> {
        let text = self.slice(found);
        let wants = |word: &str| expected.iter().any(|one| one == word);
        let is_word = text.starts_with(|c: char| c.is_ascii_alphabetic());
        let inside = found.start < piece.span.end;
        if wants("`:`") && inside && (is_word || text == "[") {
            let before = self.text.get(..found.start as usize)?.trim_end().len();
            let (end, own) = match text {
                "[" => (found.start, ""),
                word => (found.end, vocabulary::foreign_type(word).unwrap_or(word)),
            };
            let span = self.span(before, end as usize);
            return Some(Fix::replace("the type stands behind a `:`", span, format!(": {own}")));
        }
        let spaced = |mark: &str| {
            let before = self.text.get(..found.start as usize).unwrap_or_default();
            if before.ends_with(char::is_whitespace) { mark.to_owned() } else { format!(" {mark}") }
        };
        if wants("`->`") && matches!(text, ":" | "returns" | "=>" | "=") {
            return Some(Fix::replace("what a method returns stands behind `->`", found, spaced("->")));
        }
        if wants("`=`") && text == ":" {
            return Some(Fix::replace("write `=`", found, spaced("=")));
        }
        habit(text)
    }
}

/// What a mark that the language does not have is elsewhere.
pub(super) fn habit(text: &str) -> Option<Fix> {
    match text {
        "#" => Some(Fix::words("a comment starts with `//`")),
        "'" | "`" => Some(Fix::words("strings are written with `\"`")),
        _ => None,
    }
}

fn token_length(text: &str) -> usize {
    let word = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len());
    if word > 0 {
        return word;
    }
    if text.starts_with('"') {
        let close = text.char_indices().skip(1).find(|(_, c)| matches!(c, '"' | '\n'));
        return close.map_or(text.len(), |(at, c)| if c == '"' { at + 1 } else { at });
    }
    let marks = ["...", "->", "=>", "::", ":="];
    let mark = marks.iter().find(|mark| text.starts_with(**mark)).map(|mark| mark.len());
    mark.unwrap_or_else(|| text.chars().next().map_or(0, char::len_utf8))
}

/// The words for what pest tried, each once, in a fixed order.
fn expected(rules: &[Rule], shape: Shape) -> Vec<String> {
    let mut words: Vec<(u8, String)> = rules.iter().filter_map(|rule| word(*rule, shape)).collect();
    words.sort();
    words.dedup();
    words.into_iter().map(|(_, word)| word).collect()
}

/// A rule in words, with its rank among others; `None` for what would only lengthen the message.
fn word(rule: Rule, shape: Shape) -> Option<(u8, String)> {
    let (rank, word) = match rule {
        Rule::type_ref | Rule::list | Rule::map | Rule::foreign_generic | Rule::return_value | Rule::return_list => {
            (0, "a type")
        }
        Rule::name | Rule::bus_text | Rule::object_text | Rule::kw_as_ahead => (1, "a name"),
        Rule::string => (1, "a string in `\"`"),
        Rule::literal | Rule::argument | Rule::number => (1, "a value"),
        Rule::param => (1, "a parameter"),
        Rule::colon => (2, "`:`"),
        Rule::equals => (2, "`=`"),
        Rule::comma => (3, "`,`"),
        Rule::paren_open | Rule::params => (3, "`(`"),
        Rule::paren_close => (4, "`)`"),
        Rule::bracket_close => (4, "`]`"),
        Rule::angle_close => (4, "`>`"),
        Rule::arrow | Rule::returns => (5, "`->`"),
        Rule::throws | Rule::kw_throws => (6, "`throws`"),
        Rule::kw_as => (6, "`as`"),
        Rule::kw_fn => (6, "`fn`"),
        Rule::EOI => return Some((7, format!("`{}`", shape.end))),
        _ => return None,
    };
    Some((rank, word.to_owned()))
}

fn alternatives(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}
